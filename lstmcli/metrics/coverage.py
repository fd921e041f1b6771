"""What leaving out the least confident predictions would bring: scores of those that are kept."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.decisions import decision_scores
from lstmcli.metrics.scores import point_scores, row_statistics

COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5)

# The scores of single texts, by kind; macro averages over fewer texts would be over other labels.
COVERAGE_SCORES: dict[LabelKind, tuple[str, ...]] = {
    "single": ("accuracy",),
    "multi": ("accuracy", "jaccard"),
    "traits": ("accuracy", "mean_accuracy"),
}


@dataclass(frozen=True)
class CoverageRow:
    """Scores of the most confident predictions.

    Attributes:
        coverage: the fraction of the rows to keep.
        min_confidence: the lowest score (see `decision_scores`) among them.
        num_rows: number of rows with at least this score; more than wanted if several have it.
        scores: of these rows, by name.
    """

    coverage: float
    min_confidence: float
    num_rows: int
    scores: dict[str, float]


def coverage_rows(
    targets: NDArray[np.bool_], decisions: NDArray[np.bool_], probabilities: NDArray[np.floating], kind: LabelKind
) -> list[CoverageRow]:
    """Return a row for each of COVERAGES; all three arrays are (rows, labels)."""
    confidence = decision_scores(probabilities, decisions)
    ordered = np.sort(confidence)[::-1]
    rows = []
    for coverage in COVERAGES:
        lowest = float(ordered[math.ceil(coverage * len(ordered) - 1e-9) - 1])
        kept = confidence >= lowest
        scores = point_scores(row_statistics(targets[kept], decisions[kept], probabilities[kept], kind))
        named = {name: float(scores[name][0]) for name in COVERAGE_SCORES[kind]}
        rows.append(CoverageRow(coverage, lowest, int(kept.sum()), named))
    return rows
