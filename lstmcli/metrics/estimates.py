"""A value and its bootstrap interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A score and its bootstrap percentile interval, which includes it."""

    value: float
    low: float
    high: float


def estimate(value: float, samples: NDArray[np.float64], confidence: float) -> Estimate:
    """Return the percentile interval of `samples`, (samples,); see `estimates`."""
    return estimates(np.array([value]), samples[:, None], confidence)[0]


def estimates(values: NDArray[np.float64], samples: NDArray[np.float64], confidence: float) -> list[Estimate]:
    """Return the percentile interval of each column of `samples`, (samples, columns), extended to its own value.

    The percentiles can exclude the value: a label that occurs in one row is in a resample once, twice or not at all,
    and F1 is no linear function of that.
    """
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(samples, [tail, 1.0 - tail], axis=0)
    columns = (values, np.minimum(low, values), np.maximum(high, values))
    return [Estimate(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def defined_estimates(
    values: NDArray[np.float64], samples: NDArray[np.float64], confidence: float
) -> list[Estimate | None]:
    """Do the same for scores that may be NaN: None where the value is, over the samples in which the score is not."""
    found: list[Estimate | None] = [None] * len(values)
    is_defined = ~np.isnan(samples)
    whole = np.flatnonzero(is_defined.all(axis=0) & ~np.isnan(values)).tolist()
    if whole:
        for column, each in zip(whole, estimates(values[whole], samples[:, whole], confidence), strict=True):
            found[column] = each
    for column in np.flatnonzero(~is_defined.all(axis=0) & ~np.isnan(values)).tolist():
        drawn = samples[is_defined[:, column], column]
        found[column] = estimate(values[column], drawn if len(drawn) else values[[column]], confidence)
    return found


def defined_estimate(value: float, samples: NDArray[np.float64], confidence: float) -> Estimate | None:
    """Return a figure with its interval over the samples, (samples,), in which it is defined; None if it is NaN."""
    if np.isnan(value):
        return None
    drawn = samples[~np.isnan(samples)]
    return estimate(value, drawn if len(drawn) else np.array([value]), confidence)
