"""Compares what a model predicts for texts and for changed ones."""

from dataclasses import replace

import numpy as np

from lstmcli.data.row_text import with_cells_of
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.variants import VariantExample, VariantResult, changes
from lstmcli.recipes.score import ScoredRows
from lstmcli.variants import VARIANTS, variant

# Fixed, so that several models are compared on the same typos.
SEED = 1


def with_variants(scored: ScoredRows, predictor: Predictor, *, seed: int = SEED) -> ScoredRows:
    """Return the rows with an evaluation that says how many predictions each kind of change alters.

    Args:
        scored: the rows.
        predictor: the model that has predicted them.
        seed: of the typos.
    """
    results = tuple(_result(kind, scored, predictor, seed) for kind in VARIANTS)
    return replace(scored, evaluation=replace(scored.evaluation, variants=results))


def _result(kind: str, scored: ScoredRows, predictor: Predictor, seed: int) -> VariantResult:
    rows, texts, changed_texts = [], [], []
    for row, text in enumerate(scored.examples.texts):
        changed_text = variant(kind, text, seed=seed)
        if changed_text is not None:
            rows.append(row)
            texts.append(text)
            changed_texts.append(with_cells_of(changed_text, text))
    if not rows:
        return VariantResult(kind, 0, 0, 0, 0, ())
    before, after = scored.systems[0].decisions[rows], predictor.predict(changed_texts).decisions
    found = changes(scored.targets[np.array(rows)], before, after)
    join = scored.labels.join
    examples = tuple(
        VariantExample(texts[at], changed_texts[at], join(before[at]), join(after[at])) for at in found.chosen()
    )
    changed, broken, fixed = (int(each.sum()) for each in (found.changed, found.broken, found.fixed))
    return VariantResult(kind, len(rows), changed, broken, fixed, examples)
