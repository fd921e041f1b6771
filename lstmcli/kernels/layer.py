"""One direction of a recurrent layer around a kernel: input projection, forward and backward pass."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.kernels import Array, CellWeights, Kernel, Packing
from lstmcli.kernels.weights import scaled_gates


@dataclass(frozen=True)
class RecurrentGradients:
    """The gradients that `direction_backward` returns.

    Attributes:
        gates: (gates, tokens, hidden), with respect to the input part of all gates, in packed order.
        weight_hidden: (gates, hidden, hidden).
        weight_cell: (hidden, hidden), if the cell has one.
    """

    gates: Array
    weight_hidden: Array
    weight_cell: Array | None


def direction_forward(
    vectors: Array, rows: NDArray[np.int64], weights: CellWeights, kernel: Kernel, packing: Packing, *, are_shared: bool
) -> Any:
    """Run one direction of a layer over the texts of a batch and return the kernel's trace.

    Args:
        vectors: (rows, input), such as the vectors of the batch's distinct words.
        rows: (tokens,), the row of each token, in packed order.
        weights: of this direction.
        kernel: of the cell.
        packing: of the batch.
        are_shared: whether many tokens share a row. If so, the input part of the gates is computed once per row.
    """
    weight_input = scaled_gates(weights.weight_input, kernel.gate_scales).swapaxes(-1, -2)
    bias = None if weights.bias is None else scaled_gates(weights.bias, kernel.gate_scales)[:, None]
    num_gates, size = weights.weight_input.shape[:2]
    gates = np.empty((num_gates, packing.num_tokens, size), dtype=vectors.dtype)
    if are_shared:
        projected = vectors @ weight_input
        if bias is not None:
            projected += bias
        np.take(projected, rows, axis=1, out=gates, mode="clip")  # "raise" would copy
    else:
        np.matmul(vectors[rows], weight_input, out=gates)
        if bias is not None:
            gates += bias
    return kernel.forward(gates, weights, packing)


def direction_backward(
    grad_hidden: Array,
    trace: Any,
    weights: CellWeights,
    kernel: Kernel,
    packing: Packing,
    *,
    bptt_steps: int | None = None,
) -> RecurrentGradients:
    """Back-propagate the gradient with respect to h[t] to the input part of the gates and the recurrent weights.

    The gradient of a weight matrix is one product over the tokens of all steps.

    Args:
        grad_hidden: (tokens, hidden), in packed order.
        trace: as returned by `direction_forward`.
        weights: of this direction.
        kernel: of the cell.
        packing: of the batch.
        bptt_steps: see `memory_cell_backward`.
    """
    gates = kernel.backward(grad_hidden, trace, weights, packing, bptt_steps=bptt_steps)
    before = trace.hidden[packing.previous]
    weight_hidden = np.matmul(gates[:, packing.num_texts :].swapaxes(-1, -2), before)
    weight_cell = None if weights.weight_cell is None else gates[-1].T @ trace.cell
    return RecurrentGradients(gates, weight_hidden, weight_cell)
