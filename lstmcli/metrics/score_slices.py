"""Figures of predicted numbers on parts of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import EvaluationSettings
from lstmcli.metrics.estimates import Estimate, defined_estimate
from lstmcli.metrics.score_metrics import agreement_from_sums, agreement_statistics, mean_defined, point_agreement
from lstmcli.metrics.scores import BOOTSTRAP_SEED, bootstrap_sums
from lstmcli.metrics.slices import MIN_SLICE

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreSlice:
    """The model on the rows with one value.

    Attributes:
        value: of the column.
        num_rows: number of rows.
        num_groups: number of groups that these rows belong to, if groups are drawn.
        is_small: whether there are fewer than MIN_SLICE of what is drawn.
        figures: by name, the mean over the scores for which it is defined; None for none.
    """

    value: str
    num_rows: int
    num_groups: int | None
    is_small: bool
    figures: dict[str, Estimate | None]


@dataclass(frozen=True)
class ScoreSlicing:
    """The slices by one column."""

    name: str
    slices: tuple[ScoreSlice, ...]


def slice_numbers(
    name: str,
    values: Sequence[str],
    parts: NDArray[np.int64],
    targets: Floats,
    predicted: Floats,
    settings: EvaluationSettings,
    groups: NDArray[np.int64] | None = None,
) -> ScoreSlicing:
    """Score each slice; the bootstrap draws its rows, or the groups of these.

    Args:
        name: of the column.
        values: of the slices.
        parts: (rows,), the slice of each row as an index of `values`, each with at least one row.
        targets: (rows, scores), NaN where a row lacks a score.
        predicted: (rows, scores).
        settings: of the bootstrap.
        groups: (rows,), see `evaluate_scores`.
    """
    found = []
    for part, value in enumerate(values):
        rows = parts == part
        own = None if groups is None else np.unique(groups[rows], return_inverse=True)[1].astype(np.int64)
        num_groups = None if own is None else int(own.max()) + 1
        num_drawn = int(rows.sum()) if num_groups is None else num_groups
        figures = _figures(targets[rows], predicted[rows], settings, own)
        found.append(ScoreSlice(value, int(rows.sum()), num_groups, num_drawn < MIN_SLICE, figures))
    return ScoreSlicing(name, tuple(found))


def _figures(
    targets: Floats, predicted: Floats, settings: EvaluationSettings, groups: NDArray[np.int64] | None
) -> dict[str, Estimate | None]:
    statistics = agreement_statistics(targets, predicted)
    (sums,) = bootstrap_sums([statistics], num_samples=settings.bootstrap_samples, seed=BOOTSTRAP_SEED, clusters=groups)
    drawn, found = agreement_from_sums(sums, targets.shape[1]), dict[str, Estimate | None]()
    for figure, values in point_agreement(statistics).items():
        counted = ~np.isnan(values)
        mean = float(mean_defined(values[None], counted)[0])
        found[figure] = defined_estimate(mean, mean_defined(drawn[figure], counted), settings.confidence)
    return found
