"""Split-conformal prediction intervals: how far validation rows were off says how far new ones will be.

Source: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman 2018, "Distribution-Free Predictive Inference for Regression".
"""

import math

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.score_outputs import COVERAGES

Floats = NDArray[np.float64]


def conformal_reaches(targets: Floats, values: Floats) -> Floats:
    """Return how far intervals reach to each side, (scores, COVERAGES); NaN where there are too few rows.

    Of n residuals, the ceil((n + 1) * coverage)-th smallest holds the truth of a new row with at least this
    probability, if new rows are like these.

    Args:
        targets: (rows, scores) of validation rows, NaN where a score is missing.
        values: (rows, scores), what is predicted for them.
    """
    reaches = np.full((targets.shape[1], len(COVERAGES)), np.nan)
    for score, residuals in enumerate(np.abs(targets - values).T):
        ordered = np.sort(residuals[~np.isnan(residuals)])
        for place, coverage in enumerate(COVERAGES):
            rank = math.ceil((len(ordered) + 1) * coverage - 1e-9)
            if rank <= len(ordered):
                reaches[score, place] = ordered[rank - 1]
    return reaches
