"""The numpy kernels as an operation of torch's autograd: one direction of a layer, forward and backward by hand."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from lstmcli.kernels import CellWeights, Kernel, Packing
from lstmcli.kernels.layer import direction_backward, direction_forward


@dataclass(frozen=True)
class KernelPlan:
    """What the operation needs beside tensors.

    Attributes:
        kernel: of the cell.
        packing: of the batch.
        direction: 0 reads each text forward, 1 backward.
        bptt_steps: where gradients through time end, see `Cell.forward`.
    """

    kernel: Kernel
    packing: Packing
    direction: int
    bptt_steps: int | None


def kernel_layer(vectors: Tensor, index: Tensor | None, plan: KernelPlan, weights: dict[str, Tensor]) -> Tensor:
    """Run one direction of a layer on the CPU, differentiable by `vectors` and all weights.

    Args:
        vectors: (rows, input).
        index: (tokens,) the row of each token, text after text; None: token n has row n.
        plan: kernel and packing.
        weights: by name.

    Returns:
        (tokens, hidden), text after text.
    """
    result: Tensor = _KernelLayer.apply(  # type: ignore[no-untyped-call]
        vectors, index, plan, tuple(weights), *weights.values()
    )
    return result


class _KernelLayer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, vectors: Tensor, index: Tensor | None, plan: KernelPlan, names: tuple[str, ...], *tensors: Tensor
    ) -> Tensor:
        kernel, packing = plan.kernel, plan.packing
        arrays = {name: tensor.detach().numpy() for name, tensor in zip(names, tensors, strict=True)}
        weights = CellWeights.from_model(arrays, kernel.gate_order)
        tokens = packing.tokens[plan.direction]
        rows = tokens if index is None else index.numpy()[tokens]
        trace = direction_forward(
            vectors.detach().numpy(), rows, weights, kernel, packing, are_shared=index is not None
        )
        outputs = np.empty_like(trace.hidden)
        outputs[tokens] = trace.hidden
        # `weights` are copies, so the gradient is that of the forward pass even if a weight was changed in between.
        ctx.plan, ctx.names, ctx.weights, ctx.trace, ctx.rows = plan, names, weights, trace, rows
        ctx.save_for_backward(vectors)
        return torch.from_numpy(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_outputs: Tensor) -> tuple[Any, ...]:
        plan, weights = ctx.plan, ctx.weights
        kernel, packing = plan.kernel, plan.packing
        vectors = ctx.saved_tensors[0].numpy()
        num_gates, size, input_size = weights.weight_input.shape
        gradients = direction_backward(
            grad_outputs.numpy()[packing.tokens[plan.direction]],
            ctx.trace,
            weights,
            kernel,
            packing,
            bptt_steps=plan.bptt_steps,
        )
        grad_rows = _sum_by_row(gradients.gates, ctx.rows, num_rows=len(vectors))
        grad_weights = CellWeights(
            weight_input=(grad_rows.T @ vectors).reshape(num_gates, size, input_size),
            weight_hidden=gradients.weight_hidden,
            bias=None if weights.bias is None else grad_rows.sum(axis=0).reshape(num_gates, size),
            weight_cell=gradients.weight_cell,
        ).to_model(kernel.gate_order)
        grad_vectors = None
        if ctx.needs_input_grad[0]:
            grad_vectors = torch.from_numpy(grad_rows @ weights.weight_input.reshape(-1, input_size))
        return (grad_vectors, None, None, None, *(torch.from_numpy(grad_weights[name]) for name in ctx.names))


def _sum_by_row(gates: NDArray[np.floating], rows: NDArray[np.int64], *, num_rows: int) -> NDArray[np.floating]:
    """Add up the gradients of tokens that share a row: (gates, tokens, hidden) -> (rows, gates * hidden)."""
    num_gates, _, size = gates.shape
    sums = np.zeros((num_gates, num_rows, size), dtype=gates.dtype)
    index = torch.from_numpy(rows)
    for gate in range(num_gates):
        # Far faster than numpy's add.at and add.reduceat.
        torch.from_numpy(sums[gate]).index_add_(0, index, torch.from_numpy(gates[gate]))
    return sums.transpose(1, 0, 2).reshape(num_rows, -1)
