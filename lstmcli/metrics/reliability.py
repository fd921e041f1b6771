"""Calibration error: how far probabilities differ from observed frequencies."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.scores import PROBABILITY_FLOOR

NUM_BINS = 15


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
    if kind == "single":
        best = probabilities.argmax(axis=1)[:, None]
        sure, true = np.take_along_axis(probabilities, best, 1), np.take_along_axis(targets, best, 1)
    else:
        sure, true = probabilities, targets
    bins = np.minimum((sure.ravel() * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    gaps = np.bincount(bins, weights=sure.ravel() - true.ravel(), minlength=NUM_BINS)
    return float(np.abs(gaps).sum() / sure.size)


def without_temperature(
    probabilities: NDArray[np.floating], kind: LabelKind, temperature: float
) -> NDArray[np.float64]:
    """Return `probabilities`, (rows, labels), as they were before their logits were divided by `temperature`."""
    clipped = np.clip(probabilities.astype(np.float64), PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR)
    logits = np.log(clipped) if kind == "single" else np.log(clipped) - np.log1p(-clipped)
    return probabilities_from_logits(logits * temperature, kind)
