"""One logistic regression a label over sparse features."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]

# The dual solver visits texts in random order. It is several times faster than the primal one here, and what it leaves
# undone at this tolerance moves no score (measured on the CARER and GoEmotions corpora, docs/accuracy.md).
TOLERANCE = 0.1
SOLVER_SEED = 0


def fit_one_vs_rest(features: Any, targets: NDArray[np.bool_], strength: float) -> tuple[Floats, Floats]:
    """Fit each label against all others.

    A label without both answers gets its smoothed share alone.

    Args:
        features: (texts, features), a scipy matrix in CSR form.
        targets: (texts, labels).
        strength: the inverse of the regularisation, C.

    Returns:
        Coefficients (labels, features) and intercepts (labels,).
    """
    coefficients = np.zeros((targets.shape[1], features.shape[1]))
    intercepts = np.zeros(targets.shape[1])
    for label, column in enumerate(targets.T):
        if column.all() or not column.any():
            share = (column.sum() + 0.5) / (len(column) + 1.0)
            intercepts[label] = np.log(share / (1.0 - share))
            continue
        model = LogisticRegression(
            C=strength, solver="liblinear", dual=True, tol=TOLERANCE, random_state=SOLVER_SEED
        ).fit(features, column)
        coefficients[label], intercepts[label] = model.coef_[0], model.intercept_[0]
    return coefficients, intercepts
