"""Two systems compared on the same rows: differences of scores, and McNemar's exact test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.chance_agreement import chance_scores
from lstmcli.metrics.estimates import Estimate, estimate
from lstmcli.metrics.rank_scores import RANK_SCORES, rank_scores_from_sums, rank_statistics
from lstmcli.metrics.scores import (
    BOOTSTRAP_SEED,
    LOWER_IS_BETTER,
    bootstrap_sums,
    point_scores,
    row_statistics,
    scores_from_sums,
)

Decisions = NDArray[np.bool_]
Scores = dict[str, NDArray[np.float64]]

NUM_SAMPLES = 2000
CONFIDENCE = 0.95

# Two one-sided tests at 5% each are an interval of 90%. Source: Schuirmann 1987, "A comparison of the two one-sided
# tests procedure and the power approach for assessing the equivalence of average bioavailability".
EQUIVALENCE_CONFIDENCE = 0.9

COMPARED_SCORES: dict[LabelKind, tuple[str, ...]] = {
    "single": ("accuracy", "macro_f1"),
    "multi": ("accuracy", "macro_f1", "micro_f1", "jaccard"),
    "traits": ("mean_accuracy", "accuracy", "macro_f1", "micro_f1", "jaccard"),
}


# Scores that allow for chance, compared where they are defined for both systems.
CHANCE_SCORES: dict[LabelKind, tuple[str, ...]] = {
    "single": ("kappa", "mcc"),
    "multi": ("macro_mcc",),
    "traits": ("macro_balanced_accuracy", "macro_mcc"),
}


@dataclass(frozen=True)
class ScoreDifference:
    """A score of both systems.

    Attributes:
        score: its name.
        first: of the first system.
        second: of the second.
        difference: second minus first, with an interval of CONFIDENCE.
        narrow: the same with an interval of EQUIVALENCE_CONFIDENCE.
    """

    score: str
    first: float
    second: float
    difference: Estimate
    narrow: Estimate

    def is_within(self, margin: float) -> bool:
        """Whether the systems are equivalent: the narrow interval lies between -margin and margin."""
        return -margin < self.narrow.low and self.narrow.high < margin

    @property
    def verdict(self) -> str:
        """Return "better" or "worse" for the second system if the interval excludes 0, else "not distinguishable"."""
        low, high = self.difference.low, self.difference.high
        if self.score in LOWER_IS_BETTER:
            low, high = -high, -low
        if low > 0:
            return "better"
        return "worse" if high < 0 else "not distinguishable"


@dataclass(frozen=True)
class PairedComparison:
    """How two systems differ.

    Attributes:
        kind: of the labels.
        num_rows: number of rows.
        num_groups: number of groups of rows that the bootstrap resampled as a whole; None: it resampled rows.
        scores: see `COMPARED_SCORES` and `CHANCE_SCORES`.
        only_first: the rows that only the first system has right, as indices.
        only_second: those that only the second has right.
        num_both_right: number of rows that both have right.
        num_both_wrong: number of rows that both have wrong.
        p_value: of McNemar's exact test, see `mcnemar_p_value`.
    """

    kind: LabelKind
    num_rows: int
    num_groups: int | None
    scores: tuple[ScoreDifference, ...]
    only_first: NDArray[np.int64]
    only_second: NDArray[np.int64]
    num_both_right: int
    num_both_wrong: int
    p_value: float


def compare(
    targets: Decisions,
    first: Decisions,
    second: Decisions,
    kind: LabelKind,
    *,
    groups: NDArray[np.int64] | None = None,
    num_samples: int = NUM_SAMPLES,
    is_ordered: bool = False,
) -> PairedComparison:
    """Compare the decisions of two systems; all three arrays are (rows, labels), with at least one row.

    A row is right if all its labels are. Both systems share the resamples of the bootstrap, which are drawn from the
    rows, or from `groups`, the group number of each row, (rows,), from 0. If labels are in an order (`is_ordered`),
    QWK and MAE are compared, too, as far as they are defined.
    """
    statistics = [row_statistics(targets, each, each.astype(np.float64), kind) for each in (first, second)]
    points = [point_scores(each) for each in statistics]
    sums = bootstrap_sums(statistics, num_samples=num_samples, seed=BOOTSTRAP_SEED, clusters=groups)
    samples = [scores_from_sums(each, statistics[0].counted_labels) for each in sums]
    differences = [_difference(score, points, samples) for score in COMPARED_SCORES[kind]]
    summed = [each.values.sum(axis=0, keepdims=True) for each in statistics]
    of_chance = [[chance_scores(part, targets.shape[1], kind) for part in parts] for parts in (summed, sums)]
    differences += _defined_differences(CHANCE_SCORES[kind], *of_chance)
    if is_ordered:
        differences += _rank_differences(targets, first, second, groups, num_samples)
    first_right, second_right = ((targets == each).all(axis=1) for each in (first, second))
    only_first, only_second = np.flatnonzero(first_right & ~second_right), np.flatnonzero(second_right & ~first_right)
    return PairedComparison(
        kind,
        len(targets),
        None if groups is None else int(groups.max()) + 1,
        tuple(differences),
        only_first,
        only_second,
        int((first_right & second_right).sum()),
        int((~first_right & ~second_right).sum()),
        mcnemar_p_value(len(only_first), len(only_second)),
    )


def _difference(score: str, points: Sequence[Scores], samples: Sequence[Scores]) -> ScoreDifference:
    ours, theirs = (float(point[score][0]) for point in points)
    drawn = samples[1][score] - samples[0][score]
    drawn = drawn[~np.isnan(drawn)]
    wide, narrow = (estimate(theirs - ours, drawn, each) for each in (CONFIDENCE, EQUIVALENCE_CONFIDENCE))
    return ScoreDifference(score, ours, theirs, wide, narrow)


def _rank_differences(
    targets: Decisions, first: Decisions, second: Decisions, groups: NDArray[np.int64] | None, num_samples: int
) -> list[ScoreDifference]:
    statistics = [rank_statistics(targets, each) for each in (first, second)]
    points = [rank_scores_from_sums(each.values.sum(axis=0, keepdims=True)) for each in statistics]
    sums = bootstrap_sums(statistics, num_samples=num_samples, seed=BOOTSTRAP_SEED, clusters=groups)
    return _defined_differences(RANK_SCORES, points, [rank_scores_from_sums(each) for each in sums])


def _defined_differences(
    names: Sequence[str], points: Sequence[Scores], samples: Sequence[Scores]
) -> list[ScoreDifference]:
    defined = [score for score in names if not any(np.isnan(point[score][0]) for point in points)]
    return [_difference(score, points, samples) for score in defined]


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """Return the two-sided p value of McNemar's exact test; 1 if no row tells the systems apart.

    If both are right equally often, each of the n rows that only one has right is a toss of a fair coin:
    p = min(1, 2 P(X <= k)), where X ~ Binomial(n, 1/2) and k is the smaller count. Source: McNemar 1947, "Note on the
    sampling error of the difference between correlated proportions or percentages".

    Args:
        only_first: number of rows that only the first system has right.
        only_second: number of rows that only the second has right.
    """
    num_tosses, fewer = only_first + only_second, min(only_first, only_second)
    steps = np.arange(1, fewer + 1, dtype=np.float64)
    log_binomials = np.concatenate([[0.0], np.cumsum(np.log(num_tosses + 1 - steps) - np.log(steps))])
    largest = float(log_binomials.max())  # where k is far below n / 2, each term alone would underflow
    log_sum = largest + math.log(float(np.exp(log_binomials - largest).sum()))
    return min(1.0, math.exp(min(0.0, math.log(2.0) + log_sum - num_tosses * math.log(2.0))))
