"""The plain recurrent network: s[t] = tanh(U x[t] + W s[t-1])."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def simple_forward(
    projected: NDArray[np.floating], weights: Mapping[str, NDArray[np.floating]]
) -> NDArray[np.floating]:
    """Return the states of all steps, (batch, time, hidden), from a state of zeros.

    Args:
        projected: (batch, time, hidden), U x[t] of all steps.
        weights: `weight_hidden` (hidden, hidden) is W.
    """
    recurrent = weights["weight_hidden"].T
    state = np.zeros_like(projected[:, 0])
    outputs = np.empty_like(projected)
    for t in range(projected.shape[1]):
        state = np.tanh(projected[:, t] + state @ recurrent)
        outputs[:, t] = state
    return outputs
