"""Calibration error: how far probabilities differ from observed frequencies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind, OutputKind
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.ordinal import outputs_of
from lstmcli.metrics.scores import PROBABILITY_FLOOR

NUM_BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """Predictions of about the same probability: their mean probability, the true fraction, and their number."""

    probability: float
    true_fraction: float
    count: int


def calibration_error(targets: NDArray[np.bool_], probabilities: NDArray[np.floating], kind: LabelKind) -> float:
    """Return the expected calibration error, from 0 (predictions at 80 % are right 8 times in 10) to 1.

    Probabilities are sorted into bins of equal width. The error is the mean difference between the mean probability of
    a bin and its fraction of true labels, weighted by the size of the bin. "single" uses the most probable label of
    each row, the other kinds every label of every row. Source: Guo et al. 2017, arXiv 1706.04599.

    Args:
        targets: (rows, labels).
        probabilities: (rows, labels).
        kind: of the labels.
    """
    sure, true, bins = _binned(targets, probabilities, kind)
    gaps = np.bincount(bins, weights=sure - true, minlength=NUM_BINS)
    return float(np.abs(gaps).sum() / sure.size)


def reliability_bins(
    targets: NDArray[np.bool_], probabilities: NDArray[np.floating], kind: LabelKind
) -> list[ReliabilityBin]:
    """Return the bins of `calibration_error` that are not empty, from low to high probabilities."""
    sure, true, bins = _binned(targets, probabilities, kind)
    counts = np.bincount(bins, minlength=NUM_BINS)
    sums = [np.bincount(bins, weights=values, minlength=NUM_BINS) for values in (sure, true)]
    return [
        ReliabilityBin(float(sums[0][number] / counts[number]), float(sums[1][number] / counts[number]), count)
        for number, count in enumerate(counts.tolist())
        if count
    ]


def _binned(
    targets: NDArray[np.bool_], probabilities: NDArray[np.floating], kind: LabelKind
) -> tuple[NDArray[np.floating], NDArray[np.bool_], NDArray[np.int64]]:
    """Return the probabilities that count, whether each came true, and the bin of each, (predictions,)."""
    if kind == "single":
        best = probabilities.argmax(axis=1)[:, None]
        sure, true = np.take_along_axis(probabilities, best, 1), np.take_along_axis(targets, best, 1)
    else:
        sure, true = probabilities, targets
    bins = np.minimum((sure.ravel() * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    return sure.ravel(), true.ravel(), bins


def without_temperature(
    probabilities: NDArray[np.floating], kind: OutputKind, temperature: float
) -> NDArray[np.float64]:
    """Return `probabilities`, (rows, labels), as they were before their logits were divided by `temperature`."""
    if kind == "ordered":
        return probabilities_from_logits(outputs_of(probabilities, floor=PROBABILITY_FLOOR) * temperature, kind)
    clipped = np.clip(probabilities.astype(np.float64), PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR)
    logits = np.log(clipped) if kind == "single" else np.log(clipped) - np.log1p(-clipped)
    return probabilities_from_logits(logits * temperature, kind)
