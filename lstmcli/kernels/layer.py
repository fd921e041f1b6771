"""A recurrent layer around a kernel: input projection in, hidden states in the order of the texts out, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.kernels import Array, Kernel, LayerWeights, Packing
from lstmcli.kernels.weights import scaled_gates


@dataclass(frozen=True)
class RecurrentGradients:
    """What `layer_backward` finds.

    Attributes:
        gates: (directions, gates, tokens, hidden), gradient by the input part of all gates, in packed order.
        weight_hidden: (directions, gates, hidden, hidden).
        weight_cell: (directions, hidden, hidden), where the cell has one.
    """

    gates: Array
    weight_hidden: Array
    weight_cell: Array | None


def layer_forward(
    vectors: Array, index: NDArray[np.int64] | None, weights: LayerWeights, kernel: Kernel, packing: Packing
) -> tuple[Array, Any]:
    """Run one layer over the texts of a batch.

    The input part of the gates is computed once for every row of `vectors`, however many tokens share it.

    Args:
        vectors: (rows, input), such as the vectors of the batch's distinct words.
        index: (tokens,), the row of each token, text after text; None: token n has row n.
        weights: of the layer.
        kernel: of its cell.
        packing: of the batch.

    Returns:
        h[t] of every token, text after text: (tokens, directions * hidden); and the kernel's trace.
    """
    num_directions, num_gates, size, _ = weights.weight_input.shape
    weight_input = scaled_gates(weights.weight_input, kernel.gate_scales).swapaxes(-1, -2)
    bias = None if weights.bias is None else scaled_gates(weights.bias, kernel.gate_scales)[:, :, None]
    gates = np.empty((num_directions, num_gates, packing.num_tokens, size), dtype=vectors.dtype)
    for direction, tokens in enumerate(packing.tokens):
        if index is None:
            np.matmul(vectors[tokens], weight_input[direction], out=gates[direction])
            if bias is not None:
                gates[direction] += bias[direction]
        else:
            projected = vectors @ weight_input[direction]
            if bias is not None:
                projected += bias[direction]
            np.take(projected, index[tokens], axis=1, out=gates[direction], mode="clip")  # "raise" would copy
    trace = kernel.forward(gates, weights, packing)
    outputs = np.empty((packing.num_tokens, num_directions * size), dtype=vectors.dtype)
    for direction, tokens in enumerate(packing.tokens):
        outputs[tokens, direction * size : (direction + 1) * size] = trace.hidden[direction]
    return outputs, trace


def layer_backward(
    grad_outputs: Array,
    trace: Any,
    weights: LayerWeights,
    kernel: Kernel,
    packing: Packing,
    *,
    bptt_steps: int | None = None,
) -> RecurrentGradients:
    """Send the gradient by `layer_forward`'s outputs, (tokens, directions * hidden), back to the input of the gates.

    The gradient of a weight matrix is one product over the tokens of all steps.

    Args:
        grad_outputs: text after text.
        trace: from `layer_forward`.
        weights: of the layer.
        kernel: of its cell.
        packing: of the batch.
        bptt_steps: see `memory_cell_backward`.
    """
    num_directions = len(packing.tokens)
    size = grad_outputs.shape[1] // num_directions
    grad_hidden = np.empty((num_directions, packing.num_tokens, size), dtype=grad_outputs.dtype)
    for direction, tokens in enumerate(packing.tokens):
        grad_hidden[direction] = grad_outputs[tokens, direction * size : (direction + 1) * size]
    gates = kernel.backward(grad_hidden, trace, weights, packing, bptt_steps=bptt_steps)
    before = trace.hidden[:, None, packing.previous]
    weight_hidden = np.matmul(gates[:, :, packing.num_texts :].swapaxes(-1, -2), before)
    weight_cell = None
    if weights.weight_cell is not None:
        weight_cell = np.matmul(gates[:, -1].swapaxes(-1, -2), trace.cell)
    return RecurrentGradients(gates, weight_hidden, weight_cell)
