"""What the features of rows bring to the linear model, in figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.ngrams.fit import FittedNgrams
from lstmcli.recipes.tasks.task import Task
from lstmcli.reports.table import SCORE_TITLES


@dataclass(frozen=True)
class ScoredFeatures:
    """Validation scores of the linear model with all features of rows, without any, and without each of them."""

    score: str
    with_all: float
    without: float
    without_each: Mapping[str, float]

    @classmethod
    def of(cls, task: Task, ngrams: FittedNgrams, without: Mapping[str, NDArray[np.float64]]) -> "ScoredFeatures":
        """Score the model, and those `without` some features, see `LinearModel`."""
        headline = task.headline

        def score(logits: NDArray[np.float64]) -> float:
            return task.scores_without_ngrams(logits)[headline]

        each = {name: score(logits) for name, logits in without.items() if name}
        return cls(headline, score(ngrams.validation_logits), score(without[""]), each)

    def sentence(self) -> str:
        """Return what to tell of a training."""
        each = "".join(f"; {value:.3f} without {name}" for name, value in self.without_each.items())
        return (
            f"validation {SCORE_TITLES[self.score]} of n-grams and features {self.with_all:.3f}, of n-grams alone "
            f"{self.without:.3f}{each}"
        )

    def facts(self) -> dict[str, Any]:
        """Return the figures for metrics.json."""
        found: dict[str, Any] = {"ngrams_without_features": round(self.without, 4)}
        if self.without_each:
            found["without_feature"] = {name: round(value, 4) for name, value in self.without_each.items()}
        return found
