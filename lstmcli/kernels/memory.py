"""The memory cell, `lstm` and `peephole` in one kernel: the latter has a matrix V_o more."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def memory_cell_forward(
    projected: NDArray[np.floating], weights: Mapping[str, NDArray[np.floating]]
) -> NDArray[np.floating]:
    """Return the hidden states of all steps, (batch, time, hidden), from states of zeros.

    The equations stand at `lstmcli.models.cells.LstmCell` and `PeepholeCell`.

    Args:
        projected: (batch, time, 4 * hidden), W x[t] + b of all steps, in the order input gate, forget gate, candidate,
            output gate.
        weights: `weight_hidden` (4 * hidden, hidden) is U; `weight_cell` (hidden, hidden), where there is one, is V_o.
    """
    batch, time, width = projected.shape
    size = width // 4
    recurrent = weights["weight_hidden"].T
    cell_matrix = weights["weight_cell"].T if "weight_cell" in weights else None
    hidden: NDArray[np.floating] = np.zeros((batch, size), dtype=projected.dtype)
    cell = np.zeros_like(hidden)
    outputs = np.empty((batch, time, size), dtype=projected.dtype)
    for t in range(time):
        gates: NDArray[np.floating] = projected[:, t] + hidden @ recurrent
        kept = sigmoid(gates[:, : 2 * size])  # input gate and forget gate
        cell = kept[:, :size] * np.tanh(gates[:, 2 * size : 3 * size]) + kept[:, size:] * cell
        output_gate: NDArray[np.floating] = gates[:, 3 * size :]
        if cell_matrix is not None:
            output_gate = output_gate + cell @ cell_matrix
        hidden = sigmoid(output_gate) * np.tanh(cell)
        outputs[:, t] = hidden
    return outputs


def sigmoid(inputs: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return 1 / (1 + exp(-x)) through tanh, which can't overflow."""
    half = inputs.dtype.type(0.5)
    result: NDArray[np.floating] = half * np.tanh(half * inputs) + half
    return result
