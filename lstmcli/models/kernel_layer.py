"""The numpy kernels as an operation of torch's autograd: a whole recurrent layer, forward and backward by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from lstmcli.kernels import Kernel, LayerWeights, Packing
from lstmcli.kernels.layer import layer_backward, layer_forward


@dataclass(frozen=True)
class LayerPlan:
    """What a layer needs beside tensors: its kernel, the batch's packing, and where gradients through time end."""

    kernel: Kernel
    packing: Packing
    bptt_steps: int | None


def kernel_layer(
    vectors: Tensor, index: Tensor | None, plan: LayerPlan, directions: Sequence[dict[str, Tensor]]
) -> Tensor:
    """Run one recurrent layer on the CPU, differentiable by `vectors` and all weights.

    Args:
        vectors: (rows, input).
        index: (tokens,) the row of each token, text after text; None: token n has row n.
        plan: kernel and packing.
        directions: the weights of each direction by name.

    Returns:
        (tokens, directions * hidden), text after text.
    """
    names = tuple(directions[0])
    flat = [weights[name] for weights in directions for name in names]
    result: Tensor = _KernelLayer.apply(vectors, index, plan, names, *flat)  # type: ignore[no-untyped-call]
    return result


class _KernelLayer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, vectors: Tensor, index: Tensor | None, plan: LayerPlan, names: tuple[str, ...], *flat: Tensor
    ) -> Tensor:
        arrays = [tensor.detach().numpy() for tensor in flat]
        directions = [
            dict(zip(names, arrays[start : start + len(names)], strict=True))
            for start in range(0, len(arrays), len(names))
        ]
        weights = LayerWeights.stacked(directions, plan.kernel.gate_order)
        rows = None if index is None else index.numpy()
        outputs, trace = layer_forward(vectors.detach().numpy(), rows, weights, plan.kernel, plan.packing)
        # What the trace holds is not seen by torch, so a weight that was changed in between goes unnoticed; `weights`
        # are copies, so the gradient is that of the forward pass all the same.
        ctx.plan, ctx.names, ctx.weights, ctx.trace = plan, names, weights, trace
        ctx.save_for_backward(vectors, index)
        return torch.from_numpy(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_outputs: Tensor) -> tuple[Any, ...]:
        plan, weights = ctx.plan, ctx.weights
        vectors, index = ctx.saved_tensors
        vectors, index = vectors.numpy(), None if index is None else index.numpy()
        gradients = layer_backward(
            grad_outputs.numpy(), ctx.trace, weights, plan.kernel, plan.packing, bptt_steps=plan.bptt_steps
        )
        num_directions, num_gates, size, input_size = weights.weight_input.shape
        grad_rows = _sum_by_row(gradients.gates, index, plan.packing, num_rows=len(vectors))
        grad_weights = LayerWeights(
            weight_input=(grad_rows.T @ vectors).reshape(num_directions, num_gates, size, input_size),
            weight_hidden=gradients.weight_hidden,
            bias=None if weights.bias is None else grad_rows.sum(axis=0).reshape(num_directions, num_gates, size),
            weight_cell=gradients.weight_cell,
        )
        grad_vectors = None
        if ctx.needs_input_grad[0]:
            grad_vectors = torch.from_numpy(grad_rows @ weights.weight_input.reshape(-1, input_size))
        directions = grad_weights.unstacked(plan.kernel.gate_order)
        flat = [torch.from_numpy(gradient[name]) for gradient in directions for name in ctx.names]
        return (grad_vectors, None, None, None, *flat)


def _sum_by_row(
    gates: NDArray[np.floating], index: NDArray[np.int64] | None, packing: Packing, *, num_rows: int
) -> NDArray[np.floating]:
    """Add up the gradients of the tokens that share a row.

    (directions, gates, tokens, hidden), packed -> (rows, directions * gates * hidden).
    """
    num_directions, num_gates, _, size = gates.shape
    sums = np.zeros((num_directions, num_gates, num_rows, size), dtype=gates.dtype)
    for direction, tokens in enumerate(packing.tokens):
        rows = torch.from_numpy(tokens if index is None else index[tokens])
        for gate in range(num_gates):
            # Far faster than numpy's add.at and add.reduceat.
            torch.from_numpy(sums[direction, gate]).index_add_(0, rows, torch.from_numpy(gates[direction, gate]))
    return sums.transpose(2, 0, 1, 3).reshape(num_rows, -1)
