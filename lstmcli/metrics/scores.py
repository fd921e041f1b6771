"""Scores and their bootstrap intervals, computed from per-row statistics.

Every score here is a function of sums over rows, such as how often a label was picked or correct. A bootstrap resample
is therefore a vector of row counts, and all resamples of all scores are one matrix product.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind, OutputKind
from lstmcli.config.settings import SCORES_BY_KIND

Floats = NDArray[np.float64]

DEFAULT_SCORE: dict[LabelKind, str] = {"single": "macro_f1", "multi": "macro_f1", "traits": "mean_accuracy"}
# Fixed, so that equal predictions have equal intervals.
BOOTSTRAP_SEED = 20_000

LOWER_IS_BETTER = {"log_loss", "perplexity", "mse", "rmse", "mae"}

# Probabilities are clipped to this distance from 0 and 1, so that a single confident mistake has a finite log loss.
PROBABILITY_FLOOR = 1e-7


@dataclass(frozen=True)
class RowStatistics:
    """Statistics to be added up over rows, (rows, columns).

    The columns are, for each label, correct, picked and actual; then four statistics of the whole row; then 1.
    `counted_labels` (labels,) are those that occur in some row, over which macro averages are taken.
    """

    values: Floats
    counted_labels: NDArray[np.bool_]


def row_statistics(
    targets: NDArray[np.bool_], decisions: NDArray[np.bool_], probabilities: NDArray[np.floating], kind: LabelKind
) -> RowStatistics:
    """Return the statistics that `scores_from_sums` needs; all three arrays are (rows, labels)."""
    right = targets & decisions
    union = (targets | decisions).sum(axis=1)
    jaccard = np.where(union > 0, right.sum(axis=1) / np.maximum(union, 1), 1.0)
    log_loss = log_losses(targets, probabilities, kind)
    whole = [(targets == decisions).all(axis=1), (targets == decisions).mean(axis=1), jaccard, log_loss]
    values = np.column_stack([right, decisions, targets, *whole, np.ones(len(targets))])
    return RowStatistics(values.astype(np.float64), np.atleast_1d(targets.any(axis=0)))


def log_losses(targets: NDArray[np.bool_], probabilities: NDArray[np.floating], kind: OutputKind) -> Floats:
    """Return the log loss of each row in nats, (rows,); except for "single" and "ordered", the mean over the labels."""
    clipped = np.clip(probabilities.astype(np.float64), PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR)
    if kind in ("single", "ordered"):
        return np.asarray(-np.log(clipped[targets]))
    return np.asarray(-np.log(np.where(targets, clipped, 1.0 - clipped)).mean(axis=1))


def scores_from_sums(sums: Floats, counted_labels: NDArray[np.bool_]) -> dict[str, Floats]:
    """Return every score, (samples,) each; f1, precision, recall and label_accuracy are (samples, labels).

    Args:
        sums: (samples, columns), statistics added up over the rows of each sample.
        counted_labels: (labels,), which labels are included in macro averages, except in resamples without such rows.
    """
    num_labels = len(counted_labels)
    right, picked, actual = (sums[:, part * num_labels : (part + 1) * num_labels] for part in range(3))
    num_rows = sums[:, -1]
    exact, mean_accuracy, jaccard, log_loss = sums[:, 3 * num_labels : -1].T / num_rows
    f1 = _ratio(2 * right, picked + actual)
    is_counted = counted_labels & (actual > 0)
    return {
        "accuracy": exact,
        "mean_accuracy": mean_accuracy,
        "jaccard": jaccard,
        "log_loss": log_loss,
        "macro_f1": _ratio((f1 * is_counted).sum(axis=1), is_counted.sum(axis=1)),
        "micro_f1": _ratio(2 * right.sum(axis=1), (picked + actual).sum(axis=1)),
        "f1": f1,
        "precision": _ratio(right, picked),
        "recall": _ratio(right, actual),
        "label_accuracy": 1.0 - (picked + actual - 2 * right) / num_rows[:, None],
    }


def point_scores(statistics: RowStatistics) -> dict[str, Floats]:
    """Return the scores of the original rows, as a single sample."""
    return scores_from_sums(statistics.values.sum(axis=0, keepdims=True), statistics.counted_labels)


def headline_scores(
    targets: NDArray[np.bool_], decisions: NDArray[np.bool_], probabilities: NDArray[np.floating], kind: LabelKind
) -> dict[str, float]:
    """Return the scores reported for `kind`, without intervals."""
    scores = point_scores(row_statistics(targets, decisions, probabilities, kind))
    return {name: float(scores[name][0]) for name in SCORES_BY_KIND[kind]}


def bootstrap_sums(
    statistics: list[RowStatistics], *, num_samples: int, seed: int, clusters: NDArray[np.int64] | None = None
) -> list[Floats]:
    """Return the sums (samples, columns) of each system over the same resamples of rows.

    The resamples are shared, so the difference of two systems' scores within a sample is a paired one.

    Args:
        statistics: of each system.
        num_samples: number of resamples.
        seed: of the random draws.
        clusters: (rows,), the number of each row's cluster, consecutive from 0. Rows of a cluster are drawn together,
            since rows by one author carry less information than rows by many. None: rows are drawn independently.
    """
    values = [system.values if clusters is None else _sums_by(clusters, system.values) for system in statistics]
    parts = [[counts @ each for each in values] for counts in _draw_counts(len(values[0]), num_samples, seed)]
    return [np.concatenate([part[number] for part in parts]) for number in range(len(statistics))]


def bootstrap_part_sums(
    statistics: RowStatistics,
    parts: NDArray[np.int64],
    num_parts: int,
    *,
    num_samples: int,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
) -> list[Floats]:
    """Return, for each part of the rows, the sums (samples, columns) over its rows in resamples of all rows.

    Args:
        statistics: of all rows.
        parts: (rows,), the number of each row's part, from 0.
        num_parts: number of parts, each with at least one row.
        num_samples: number of resamples.
        seed: of the random draws.
        clusters: see `bootstrap_sums`.
    """
    unit_of_row = np.arange(len(parts)) if clusters is None else clusters
    rows_of_parts = [np.flatnonzero(parts == part) for part in range(num_parts)]
    by_part = [
        (np.unique(unit_of_row[rows]), _sums_by(unit_of_row[rows], statistics.values[rows])) for rows in rows_of_parts
    ]
    draws = _draw_counts(int(unit_of_row.max()) + 1, num_samples, seed)
    blocks = [[counts[:, units] @ sums for units, sums in by_part] for counts in draws]
    return [np.concatenate([block[part] for block in blocks]) for part in range(num_parts)]


def _sums_by(clusters: NDArray[np.int64], values: Floats) -> Floats:
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    return np.asarray(np.add.reduceat(values[order], starts, axis=0))


def _draw_counts(num_units: int, num_samples: int, seed: int) -> Iterator[Floats]:
    """Yield blocks of counts, (samples, units): how often each resample drew each unit. About 2 million per block."""
    generator = np.random.default_rng(seed)
    block = max(1, 2_000_000 // num_units)
    for start in range(0, num_samples, block):
        size = min(block, num_samples - start)
        draws = generator.integers(num_units, size=(size, num_units))
        yield np.stack([np.bincount(row, minlength=num_units) for row in draws]).astype(np.float64)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, with 0 for 0 / 0: a label that is neither picked nor present scores 0."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator, dtype=np.float64), where=denominator > 0)
