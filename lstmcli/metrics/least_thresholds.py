"""Thresholds of one label for at least some precision or recall on new rows, from a few validation rows."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The rows above a threshold are joined by so many whose precision is what the model expects of them.
EXPECTED_ROWS = 10.0

# How far below the estimate the bound lies, in standard errors.
STANDARD_ERRORS = 0.5


def precision_threshold(probabilities: Floats, targets: NDArray[np.bool_], least: float) -> float | None:
    """Return the lowest threshold whose precision is at least `least` by `careful_precision`; None if none reaches it.

    A threshold lies midway between two adjacent probabilities.

    Args:
        probabilities: (rows,).
        targets: (rows,).
        least: above 0 and below 1.
    """
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order]
    num_picked = np.arange(1, len(ordered) + 1)
    expected = ordered.cumsum()
    reaches = careful_precision(targets[order].cumsum(), expected, num_picked) >= least
    below = np.append(ordered[1:], 0.0)
    found = np.flatnonzero(reaches & (ordered > below))  # a threshold cannot separate equal probabilities
    return float((ordered[found[-1]] + below[found[-1]]) / 2) if len(found) else None


def careful_precision(num_right: NDArray[np.integer], expected: Floats, num_picked: NDArray[np.integer]) -> Floats:
    """Return a lower bound of the precision on new rows, so that two lucky rows are no evidence.

    It is Wilson's bound (1927), after adding EXPECTED_ROWS rows with the precision that the probabilities promise.

    Args:
        num_right: rows at or above each threshold that have the label.
        expected: the sum of the probabilities of the rows at or above each threshold.
        num_picked: the number of these rows.
    """
    num_rows = num_picked + EXPECTED_ROWS
    share = (num_right + EXPECTED_ROWS * expected / num_picked) / num_rows
    spread = STANDARD_ERRORS**2 / num_rows
    width = np.sqrt(spread * (share * (1.0 - share) + spread / 4.0))
    bound: Floats = (share + spread / 2.0 - width) / (1.0 + spread)
    return bound


def recall_threshold(probabilities: Floats, targets: NDArray[np.bool_], least: float) -> float | None:
    """Return the highest threshold that at least the share `least` of new rows with the label can be expected to reach.

    If a new row with the label is as likely to rank anywhere among the n validation rows with it, it reaches the k-th
    highest of their probabilities with probability k / (n + 1) (conformal prediction, Vovk et al. 2005). None: even the
    lowest of them is not enough.

    Args:
        probabilities: (rows,).
        targets: (rows,).
        least: above 0 and below 1.
    """
    ordered = np.sort(probabilities[targets])[::-1]
    rank = math.ceil(least * (len(ordered) + 1) - 1e-9)
    return float(ordered[rank - 1]) if rank <= len(ordered) else None
