"""The columns that the rows of an evaluation of scores gain."""

import math
from collections.abc import Mapping

from lstmcli.corpus.label_set import LabelSet
from lstmcli.recipes.scores.score import ScoredNumbers

Cells = Mapping[str, str | float | None]


def score_columns(labels: LabelSet, *, has_folds: bool) -> list[str]:
    """Return their names: for each score, the true one and the predicted one."""
    columns = [f"{prefix}_{name}" for name in labels.names for prefix in ("gold", "predicted")]
    return ["fold", *columns] if has_folds else columns


class NumberCells:
    """The cells that are added to each row."""

    def __init__(self, scored: ScoredNumbers) -> None:
        """Take the scored rows."""
        self._columns = score_columns(scored.labels, has_folds=scored.fold is not None)
        self.nothing: Cells = dict.fromkeys(self._columns)
        self._scored = scored

    def of_row(self, number: int) -> Cells:
        """Return the cells of a scored row."""
        scored = self._scored
        cells: list[float | None] = [] if scored.fold is None else [int(scored.fold[number])]
        gold, predicted = scored.targets[number].tolist(), scored.systems[0].values[number].tolist()
        for true, guess in zip(gold, predicted, strict=True):
            cells += [None if math.isnan(true) else true, guess]
        return dict(zip(self._columns, cells, strict=True))
