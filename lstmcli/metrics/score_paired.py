"""Two models of scores on the same rows: how each figure differs, with bootstrap intervals of the difference."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.estimates import Estimate, defined_estimate
from lstmcli.metrics.paired import CONFIDENCE
from lstmcli.metrics.score_evaluation import FIGURES
from lstmcli.metrics.score_metrics import agreement_from_sums, agreement_statistics, mean_defined, point_agreement
from lstmcli.metrics.scores import BOOTSTRAP_SEED, bootstrap_sums

Floats = NDArray[np.float64]

NUM_SAMPLES = 1000

# Of these, less is better.
ERRORS = ("rmse", "mae")


@dataclass(frozen=True)
class FigureDifference:
    """A figure of both models, and the second minus the first; None where one is not defined.

    `score` is the name of a score, or "" for the mean over all.
    """

    score: str
    figure: str
    first: float | None
    second: float | None
    difference: Estimate | None

    @property
    def verdict(self) -> str:
        """Return whether the second is "better" or "worse", or "not distinguishable"."""
        if self.difference is None or self.difference.low <= 0.0 <= self.difference.high:
            return "not distinguishable"
        return "better" if (self.difference.low > 0.0) != (self.figure in ERRORS) else "worse"


@dataclass(frozen=True)
class PairedScores:
    """The comparison of two models of scores.

    Attributes:
        num_rows: number of rows.
        num_groups: number of groups that were resampled as a whole; None: rows were.
        means: each figure, the mean over the scores.
        each_score: each figure of each score, if there are several.
    """

    num_rows: int
    num_groups: int | None
    means: tuple[FigureDifference, ...]
    each_score: tuple[FigureDifference, ...]


def compare_scores(
    targets: Floats,
    first: Floats,
    second: Floats,
    names: tuple[str, ...],
    *,
    groups: NDArray[np.int64] | None = None,
) -> PairedScores:
    """Compare predictions of the same rows, which the bootstrap draws for both alike.

    Args:
        targets: (rows, scores), NaN where a row lacks a score.
        first: (rows, scores), predictions of the first model.
        second: (rows, scores), of the second.
        names: of the scores.
        groups: (rows,), see `bootstrap_sums`.
    """
    statistics = [agreement_statistics(targets, each) for each in (first, second)]
    points = [point_agreement(each) for each in statistics]
    sums = bootstrap_sums(statistics, num_samples=NUM_SAMPLES, seed=BOOTSTRAP_SEED, clusters=groups)
    samples = [agreement_from_sums(each, len(names)) for each in sums]
    means, each_score = [], []
    for figure in FIGURES:
        ours, theirs = (each[figure] for each in points)
        drawn = [each[figure] for each in samples]
        counted = ~np.isnan(ours) & ~np.isnan(theirs)
        mean = [mean_defined(each[None], counted)[0] for each in (ours, theirs)]
        means.append(_difference("", figure, *mean, *(mean_defined(each, counted) for each in drawn)))
        for at, name in enumerate(names):
            each_score.append(_difference(name, figure, ours[at], theirs[at], drawn[0][:, at], drawn[1][:, at]))
    num_groups = None if groups is None else int(groups.max()) + 1
    return PairedScores(len(targets), num_groups, tuple(means), tuple(each_score) if len(names) > 1 else ())


def _difference(
    score: str, figure: str, first: float, second: float, first_drawn: Floats, second_drawn: Floats
) -> FigureDifference:
    difference = defined_estimate(float(second - first), second_drawn - first_drawn, CONFIDENCE)
    ours, theirs = (None if np.isnan(each) else float(each) for each in (first, second))
    return FigureDifference(score, figure, ours, theirs, difference)
