"""Temperature scaling: one number that makes probabilities honest without changing which label is most probable."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from lstmcli.config.settings import LabelKind
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.scores import row_statistics

MAX_TEMPERATURE = 10.0


def fit_temperature(logits: NDArray[np.floating], targets: NDArray[np.bool_], kind: LabelKind) -> float:
    """Return the temperature with the lowest log loss on these (validation) rows, between 0.1 and 10.

    Source: Guo et al. 2017, arXiv 1706.04599.

    Args:
        logits: (rows, labels).
        targets: (rows, labels).
        kind: softmax or sigmoids.
    """

    def log_loss(log_temperature: float) -> float:
        probabilities = probabilities_from_logits(logits, kind, temperature=float(np.exp(log_temperature)))
        return float(row_statistics(targets, targets, probabilities, kind).values[:, -1].mean())

    bound = float(np.log(MAX_TEMPERATURE))
    return float(np.exp(minimize_scalar(log_loss, bounds=(-bound, bound), method="bounded").x))
