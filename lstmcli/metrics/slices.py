"""Scores of parts of the rows: those of a source, of an age, of a length."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import EvaluationSettings
from lstmcli.errors import counted
from lstmcli.metrics.estimates import Estimate, estimate
from lstmcli.metrics.scores import (
    BOOTSTRAP_SEED,
    DEFAULT_SCORE,
    Floats,
    RowStatistics,
    bootstrap_part_sums,
    scores_from_sums,
)

# With fewer rows (or groups, where these are drawn), intervals are far too narrow.
MIN_SLICE = 20

# A mean over rows, which does not depend on the labels that a slice happens to have. It decides which slice is worst.
ROW_SCORE: dict[LabelKind, str] = {"single": "accuracy", "multi": "jaccard", "traits": "mean_accuracy"}

EMPTY = "(empty)"


@dataclass(frozen=True)
class SliceScores:
    """The model on the rows with one value.

    Attributes:
        value: of the column.
        num_rows: number of rows.
        num_groups: number of groups that these rows belong to, if groups are drawn.
        is_small: whether there are fewer than MIN_SLICE of what is drawn.
        scores: by name: accuracy, ROW_SCORE and the main score. Macro-F1 is over the labels that the slice has.
        gaps: by name: ROW_SCORE and the main score of the slice minus those of all other rows; empty without others.
    """

    value: str
    num_rows: int
    num_groups: int | None
    is_small: bool
    scores: dict[str, float]
    gaps: dict[str, Estimate]


@dataclass(frozen=True)
class Slicing:
    """The slices by one column.

    `worst` is the value with the lowest `score` among those that are not small; None if all of them are.
    """

    name: str
    slices: tuple[SliceScores, ...]
    score: str
    worst: str | None


def slice_scores(
    name: str,
    values: Sequence[str],
    parts: NDArray[np.int64],
    statistics: RowStatistics,
    kind: LabelKind,
    settings: EvaluationSettings,
    groups: NDArray[np.int64] | None = None,
) -> Slicing:
    """Score each slice and compare it with the rest of the rows.

    Args:
        name: of the column.
        values: of the slices.
        parts: (rows,), the slice of each row as an index of `values`, each with at least one row.
        statistics: of the model's predictions.
        kind: of the labels.
        settings: of the bootstrap.
        groups: (rows,), see `evaluate`.
    """
    sums = [statistics.values[parts == part].sum(axis=0) for part in range(len(values))]
    drawn = bootstrap_part_sums(
        statistics, parts, len(values), num_samples=settings.bootstrap_samples, seed=BOOTSTRAP_SEED, clusters=groups
    )
    totals, all_drawn = np.sum(sums, axis=0), np.sum(drawn, axis=0)
    found = []
    for part, value in enumerate(values):
        rows = parts == part
        num_groups = None if groups is None else len(np.unique(groups[rows]))
        own, rest = _Sums(sums[part], drawn[part]), _Sums(totals - sums[part], all_drawn - drawn[part])
        num_drawn = int(rows.sum()) if num_groups is None else num_groups
        names = dict.fromkeys(["accuracy", ROW_SCORE[kind], DEFAULT_SCORE[kind]])
        scores = {score: own.scores[score] for score in names}
        gaps = {} if rows.all() else _gaps(own, rest, (ROW_SCORE[kind], DEFAULT_SCORE[kind]), settings.confidence)
        found.append(SliceScores(value, int(rows.sum()), num_groups, num_drawn < MIN_SLICE, scores, gaps))
    large = [each for each in found if not each.is_small]
    worst = min(large, key=lambda each: each.scores[ROW_SCORE[kind]]).value if len(found) > 1 and large else None
    return Slicing(name, tuple(found), ROW_SCORE[kind], worst)


class _Sums:
    """Statistics of a part of the rows: (columns,) and (samples, columns)."""

    def __init__(self, sums: Floats, drawn: Floats) -> None:
        num_labels = (len(sums) - 5) // 3
        self._has_label = sums[2 * num_labels : 3 * num_labels] > 0
        self.drawn = drawn
        self.scores = {} if sums[-1] == 0 else {name: float(each[0]) for name, each in self._of(sums[None]).items()}

    def _of(self, sums: Floats) -> dict[str, Floats]:
        found = scores_from_sums(sums, self._has_label)
        return {name: found[name] for name in {"accuracy", *ROW_SCORE.values(), *DEFAULT_SCORE.values()}}

    def samples(self, which: NDArray[np.bool_]) -> dict[str, Floats]:
        """Return the scores of some resamples, (samples,)."""
        return self._of(self.drawn[which])


def _gaps(own: _Sums, rest: _Sums, names: Sequence[str], confidence: float) -> dict[str, Estimate]:
    """Return the differences of both parts, over the resamples that drew rows of both."""
    has_both = (own.drawn[:, -1] > 0) & (rest.drawn[:, -1] > 0.5)  # a difference of sums is rarely exactly 0
    ours, theirs = own.samples(has_both), rest.samples(has_both)
    return {
        name: estimate(own.scores[name] - rest.scores[name], ours[name] - theirs[name], confidence) for name in names
    }


def length_bins(lengths: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of at most four bins of about as many rows each, and the bin of each row, (rows,).

    Args:
        lengths: (rows,), number of words.
    """
    edges = np.unique(np.quantile(lengths, [0.25, 0.5, 0.75], method="lower"))
    bins = np.unique(np.searchsorted(edges, lengths, side="left"), return_inverse=True)[1]
    ranges = [(int(lengths[bins == each].min()), int(lengths[bins == each].max())) for each in range(bins.max() + 1)]
    return [counted(low, "word") if low == high else f"{low}-{high} words" for low, high in ranges], np.asarray(bins)


def value_bins(cells: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct values in order, numbers by size, and the value of each row as an index, (rows,)."""
    names = [cell.strip() or EMPTY for cell in cells]
    values = sorted(set(names), key=_order)
    place = {value: number for number, value in enumerate(values)}
    return values, np.array([place[name] for name in names], dtype=np.int64)


def _order(value: str) -> tuple[bool, float, str]:
    """Return numbers before words, and what is empty last."""
    try:
        number = float(value)
    except ValueError:
        number = math.inf
    return value == EMPTY, number if math.isfinite(number) else math.inf, value
