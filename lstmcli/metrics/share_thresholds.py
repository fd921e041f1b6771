"""The threshold from which on as many rows get a label as have it.

A probability that leans to one side for all rows alike, as the mean of many weak hints does, then still tells more from
less.
"""

import numpy as np
from numpy.typing import NDArray


def share_threshold(probabilities: NDArray[np.float64], targets: NDArray[np.bool_]) -> float:
    """Return the threshold that gives the label to as many validation rows as have it, or as nearly as can be.

    It lies midway between two different probabilities, or between the outermost one and 0 or 1.

    Args:
        probabilities: (rows,).
        targets: (rows,).
    """
    ascending = np.unique(probabilities)
    cuts = np.concatenate([[ascending[0] / 2], (ascending[1:] + ascending[:-1]) / 2, [(ascending[-1] + 1.0) / 2]])
    num_picked = len(probabilities) - np.searchsorted(np.sort(probabilities), cuts)
    return float(cuts[np.abs(num_picked - targets.sum()).argmin()])
