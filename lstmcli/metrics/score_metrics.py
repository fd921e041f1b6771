"""How well predicted numbers agree with true ones, computed from per-row statistics as in `scores`.

Every figure here is a function of sums over rows, so a bootstrap resample is a vector of row counts. Missing numbers
count nowhere. What is not defined, such as a correlation with a constant, is NaN.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.scores import RowStatistics

Floats = NDArray[np.float64]

# Numbers whose variance is below this fraction of their mean square are constant, but for rounding.
CONSTANT = 1e-12


def agreement_statistics(targets: Floats, values: Floats) -> RowStatistics:
    """Return the statistics that `agreement_from_sums` needs; both arrays are (rows, scores), `targets` with NaN.

    The columns are, for each score: whether it is there, truth, prediction, their squares and product, the absolute
    error and the squared error. Truth and prediction are counted from the first row's truth, or sums of squares of
    large numbers would leave few digits for their variance.
    """
    is_there = ~np.isnan(targets)
    first = np.where(is_there.any(axis=0), targets[is_there.argmax(axis=0), np.arange(targets.shape[1])], 0.0)
    truth = np.where(is_there, targets - first, 0.0)
    guess = np.where(is_there, values - first, 0.0)
    error = guess - truth
    parts = [is_there, truth, guess, truth**2, guess**2, truth * guess, np.abs(error), error**2]
    return RowStatistics(np.column_stack(parts).astype(np.float64), np.atleast_1d(is_there.any(axis=0)))


def agreement_from_sums(sums: Floats, num_scores: int) -> dict[str, Floats]:
    """Return every figure, (samples, scores) each, from sums over rows, (samples, columns).

    r is Pearson's correlation; R2 compares the squared error with that of the mean of these very rows; CCC is the
    concordance correlation, which also falls where predictions are too high or too close to the mean. Source: Lin 1989,
    "A Concordance Correlation Coefficient to Evaluate Reproducibility", with variances over n.
    """
    count, *totals = (sums[:, part * num_scores : (part + 1) * num_scores] for part in range(8))
    truth, guess, truth_squared, guess_squared, product, absolute, squared = (_ratio(each, count) for each in totals)
    truth_variance = _variance(truth, truth_squared)
    guess_variance = _variance(guess, guess_squared)
    covariance = product - truth * guess
    spread = np.sqrt(truth_variance * guess_variance)
    shift = (truth - guess) ** 2
    r = np.clip(_ratio(covariance, spread), -1.0, 1.0)
    ccc = _ratio(2.0 * np.where(guess_variance > 0.0, covariance, 0.0), truth_variance + guess_variance + shift)
    return {
        "r": r,
        "rmse": np.sqrt(squared),
        "mae": absolute,
        "r2": 1.0 - _ratio(squared, truth_variance),
        "ccc": np.where(truth_variance > 0.0, ccc, np.nan),
    }


def mean_defined(values: Floats, counted: NDArray[np.bool_]) -> Floats:
    """Return the mean over the scores that are counted, (samples,), of those that are defined in the sample; or NaN."""
    is_used = ~np.isnan(values) & counted
    return _ratio(np.where(is_used, values, 0.0).sum(axis=1), is_used.sum(axis=1).astype(np.float64))


def point_agreement(statistics: RowStatistics) -> dict[str, Floats]:
    """Return the figures of the original rows, (scores,) each."""
    num_scores = len(statistics.counted_labels)
    found = agreement_from_sums(statistics.values.sum(axis=0, keepdims=True), num_scores)
    return {name: values[0] for name, values in found.items()}


def agreement(targets: Floats, values: Floats) -> dict[str, Floats]:
    """Return the figures, (scores,) each, of predicted `values`; arguments as for `agreement_statistics`."""
    return point_agreement(agreement_statistics(targets, values))


def mean_agreement(targets: Floats, values: Floats, names: Iterable[str]) -> dict[str, float]:
    """Return the mean of each figure over the scores for which it is defined; 0 where it is for none."""
    found = agreement(targets, values)
    counted = np.ones(targets.shape[1], dtype=np.bool_)
    return {name: float(np.nan_to_num(mean_defined(found[name][None], counted)[0])) for name in names}


def _variance(mean: Floats, mean_square: Floats) -> Floats:
    variance = mean_square - mean**2
    return np.asarray(np.where(variance > CONSTANT * mean_square, variance, 0.0))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    found = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    return np.asarray(np.divide(numerator, denominator, out=found, where=denominator > 0.0))
