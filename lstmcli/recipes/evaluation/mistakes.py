"""The mistakes that a model was most certain of."""

import numpy as np

from lstmcli.metrics.decisions import decision_scores
from lstmcli.recipes.score import ScoredRows
from lstmcli.reports.mistakes import Mistake


def confident_mistakes(scored: ScoredRows, most: int, *, texts: bool = True) -> list[Mistake]:
    """Return at most `most` rows with a wrong prediction, the most certain first; of equal ones, in order.

    Without `texts`, they have none.
    """
    model, table = scored.systems[0], scored.examples.table
    scores = decision_scores(model.probabilities, model.decisions)
    wrong = np.flatnonzero((scored.targets != model.decisions).any(axis=1))
    chosen = wrong[np.argsort(-scores[wrong], kind="stable")[:most]]
    files = np.searchsorted(scored.examples.ends, table["text"].to_numpy()[chosen], side="right").tolist()
    has_files = len(scored.examples.ends) > 1
    shown = scored.examples.texts
    return [
        Mistake(
            file=file + 1 if has_files else None,
            line=int(table["line"].iloc[row]),
            text=shown[row] if texts else None,
            gold=scored.labels.join(scored.targets[row]),
            prediction=scored.labels.join(model.decisions[row]),
            score=float(scores[row]),
        )
        for row, file in zip(chosen.tolist(), files, strict=True)
    ]
