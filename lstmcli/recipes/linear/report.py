"""What the features of rows bring to the linear model, in figures."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.events import FeaturesScored
from lstmcli.ngrams.fit import FittedNgrams
from lstmcli.recipes.tasks.task import Task


def scored_features(task: Task, ngrams: FittedNgrams, without: Mapping[str, NDArray[np.float64]]) -> FeaturesScored:
    """Score the linear model on validation rows with all features, and `without` some, see `LinearModel`."""
    headline = task.headline

    def score(logits: NDArray[np.float64]) -> float:
        return task.scores_without_ngrams(logits)[headline]

    each = tuple((name, score(logits)) for name, logits in without.items() if name)
    return FeaturesScored(headline, score(ngrams.validation_logits), score(without[""]), each)


def feature_facts(scored: FeaturesScored) -> dict[str, Any]:
    """Return the figures for metrics.json."""
    facts: dict[str, Any] = {"ngrams_without_features": round(scored.without, 4)}
    if scored.without_each:
        facts["without_feature"] = {name: round(value, 4) for name, value in scored.without_each}
    return facts
