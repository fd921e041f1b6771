"""Ridge regression over sparse features, one score at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

Floats = NDArray[np.float64]

# Conjugate gradients stop at this relative residual; ten times less moved no validation R2 by .0005.
TOLERANCE = 1e-4


def fit_ridge(
    features: Any,
    targets: NDArray[np.floating],
    strength: float,
    weights: Floats | None = None,
    counts: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Minimise the squared error plus the squared coefficients times alpha = 1 / `strength`.

    Args:
        features: (texts, features), a scipy matrix in CSR form.
        targets: (texts, scores), NaN where a text lacks a score, which is then fitted on the other texts.
        strength: the inverse regularisation strength, as C is in a logistic regression.
        weights: (scores, features), factors on the features of each score. Features with a large weight are less
            strongly regularised. None: 1.
        counts: (texts,), how many texts each of them stands for. None: 1.

    Returns:
        Coefficients (scores, features), to be applied to the unweighted `features`, and intercepts (scores,).
    """
    coefficients = np.zeros((targets.shape[1], features.shape[1]))
    intercepts = np.zeros(targets.shape[1])
    for score, column in enumerate(targets.T.astype(np.float64)):
        rows = np.flatnonzero(~np.isnan(column))
        own = None if counts is None else counts[rows]
        intercepts[score] = np.average(column[rows], weights=own) if len(rows) else 0.0
        if len(rows) < 2 or not features.shape[1]:
            continue
        used = features if len(rows) == len(column) else features[rows]
        if weights is not None:
            used = type(used)((used.data * weights[score][used.indices], used.indices, used.indptr), used.shape)
        model = Ridge(alpha=1.0 / strength, solver="sparse_cg", tol=TOLERANCE)
        model.fit(used, column[rows], sample_weight=own)
        coefficients[score], intercepts[score] = model.coef_, model.intercept_
        if weights is not None:
            coefficients[score] *= weights[score]
    return coefficients, intercepts


def squared_error(targets: NDArray[np.floating], values: NDArray[np.floating]) -> float:
    """Return the mean squared error over the scores that are there; 0 if none is. Both are (rows, scores)."""
    errors = np.square(values.astype(np.float64) - targets)[~np.isnan(targets)]
    return float(errors.mean()) if len(errors) else 0.0
