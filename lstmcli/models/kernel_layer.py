"""The numpy kernels as a torch autograd function: a recurrent layer with a hand-written backward pass."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from lstmcli.kernels import CellWeights, Kernel, Packing
from lstmcli.kernels.layer import direction_backward, direction_forward

Array = NDArray[np.floating]
Item = TypeVar("Item")
Result = TypeVar("Result")

# How long a thread may keep the interpreter while another waits for it. The numpy calls here take microseconds; with
# Python's default of 5 ms, the second thread gains half as much.
SWITCH_SECONDS = 1e-4


@dataclass(frozen=True)
class LayerContext:
    """What a recurrent layer needs in addition to tensors.

    Attributes:
        kernel: of the cell.
        packing: of the batch.
        bptt_steps: see `Cell.forward`.
        threads: with 2, the directions of a layer are computed in parallel, with identical results.
    """

    kernel: Kernel
    packing: Packing
    bptt_steps: int | None
    threads: int


def kernel_layer(
    vectors: Tensor, index: Tensor | None, context: LayerContext, directions: Sequence[dict[str, Tensor]]
) -> Tensor:
    """Run one recurrent layer on the CPU, differentiable with respect to `vectors` and all weights.

    Args:
        vectors: (rows, input).
        index: (tokens,), the row of each token, text after text; None: token n has row n.
        context: kernel and packing.
        directions: the weights of each direction by name.

    Returns:
        (tokens, directions * hidden), text after text.
    """
    names = tuple(directions[0])
    tensors = [weights[name] for weights in directions for name in names]
    result: Tensor = _KernelLayer.apply(vectors, index, context, names, *tensors)  # type: ignore[no-untyped-call]
    return result


class _KernelLayer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, vectors: Tensor, index: Tensor | None, context: LayerContext, names: tuple[str, ...], *tensors: Tensor
    ) -> Tensor:
        arrays = [tensor.detach().numpy() for tensor in tensors]
        rows = None if index is None else index.numpy()
        directions = [
            _Direction(context, number, rows, dict(zip(names, arrays[start : start + len(names)], strict=True)))
            for number, start in enumerate(range(0, len(arrays), len(names)))
        ]
        values = vectors.detach().numpy()
        outputs = _side_by_side(context.threads, lambda direction: direction.forward(values), directions)
        ctx.context, ctx.names, ctx.directions = context, names, directions
        ctx.save_for_backward(vectors)
        return torch.from_numpy(np.concatenate(outputs, axis=1))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_outputs: Tensor) -> tuple[Any, ...]:
        vectors, directions = ctx.saved_tensors[0].numpy(), ctx.directions
        parts = np.split(grad_outputs.numpy(), len(directions), axis=1)
        needs_vectors = ctx.needs_input_grad[0]

        def go_back(number: int) -> tuple[Array | None, dict[str, Array]]:
            gradients: tuple[Array | None, dict[str, Array]] = directions[number].backward(
                parts[number], vectors, needs_vectors=needs_vectors
            )
            return gradients

        results = _side_by_side(ctx.context.threads, go_back, range(len(directions)))
        grad_vectors = torch.from_numpy(sum(grad_vectors for grad_vectors, _ in results)) if needs_vectors else None
        grad_weights = [torch.from_numpy(grad_weights[name]) for _, grad_weights in results for name in ctx.names]
        return (grad_vectors, None, None, None, *grad_weights)


class _Direction:
    """One direction of the layer, with what its backward pass needs.

    The weights are copies, so the gradient matches the forward pass even if a weight is changed in between.
    """

    def __init__(
        self, context: LayerContext, number: int, index: NDArray[np.int64] | None, weights: dict[str, Array]
    ) -> None:
        self._context = context
        self._tokens = context.packing.tokens[number]
        self._rows = self._tokens if index is None else index[self._tokens]
        self._are_shared = index is not None
        self._weights = CellWeights.from_model(weights, context.kernel.gate_order)
        self._trace: Any = None

    def forward(self, vectors: Array) -> Array:
        """Return h[t] of every token, text after text."""
        context = self._context
        self._trace = direction_forward(
            vectors, self._rows, self._weights, context.kernel, context.packing, are_shared=self._are_shared
        )
        outputs: Array = np.empty_like(self._trace.hidden)
        outputs[self._tokens] = self._trace.hidden
        return outputs

    def backward(
        self, grad_outputs: Array, vectors: Array, *, needs_vectors: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Return the gradients with respect to `vectors`, if needed, and the weights."""
        context, weights = self._context, self._weights
        num_gates, size, input_size = weights.weight_input.shape
        gradients = direction_backward(
            grad_outputs[self._tokens],
            self._trace,
            weights,
            context.kernel,
            context.packing,
            bptt_steps=context.bptt_steps,
        )
        grad_rows = _sum_by_row(gradients.gates, self._rows, num_rows=len(vectors))
        grad_weights = CellWeights(
            weight_input=(grad_rows.T @ vectors).reshape(num_gates, size, input_size),
            weight_hidden=gradients.weight_hidden,
            bias=None if weights.bias is None else grad_rows.sum(axis=0).reshape(num_gates, size),
            weight_cell=gradients.weight_cell,
        )
        grad_vectors = grad_rows @ weights.weight_input.reshape(-1, input_size) if needs_vectors else None
        return grad_vectors, grad_weights.to_model(context.kernel.gate_order)


def _sum_by_row(gates: Array, rows: NDArray[np.int64], *, num_rows: int) -> Array:
    """Add up the gradients of tokens that share a row: (gates, tokens, hidden) -> (rows, gates * hidden)."""
    num_gates, _, size = gates.shape
    sums = np.zeros((num_gates, num_rows, size), dtype=gates.dtype)
    index = torch.from_numpy(rows)
    for gate in range(num_gates):
        # Much faster than numpy's add.at and add.reduceat.
        torch.from_numpy(sums[gate]).index_add_(0, index, torch.from_numpy(gates[gate]))
    return sums.transpose(1, 0, 2).reshape(num_rows, -1)


def _side_by_side(threads: int, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    if threads == 1 or len(items) == 1:
        return [function(item) for item in items]
    return list(_executor().map(function, items))


@lru_cache(maxsize=1)
def _executor() -> ThreadPoolExecutor:
    sys.setswitchinterval(SWITCH_SECONDS)
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="direction")
