"""The Triton kernels as a torch autograd function: a recurrent layer in one launch forward and one backward."""

import os
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Texts of a program: the fewest rows of which a matrix unit takes a product.
BLOCK_TEXTS = 16

# The largest state whose matrices fit into the memory of a multiprocessor, one gate at a time.
MAX_SIZE = 128

SMALLEST_BLOCK = 16

# Products of float32 in three parts: as exact as float32, several times faster.
PRECISION = "tf32x3"

NUM_WARPS = 8


class FusedLayer(NamedTuple):
    """What the kernels need in addition to tensors.

    spans: (2, texts), int32, the first token of each text, then its length, longest text first.
    num_directions: 1 or 2.
    num_gates: of the cell.
    bptt_steps: see `Cell.forward`.
    has_gaps: whether there are tokens of no text. Their states are 0.
    """

    spans: Tensor
    num_directions: int
    num_gates: int
    bptt_steps: int | None
    has_gaps: bool = False


@lru_cache
def missing_kernels(device: torch.device) -> str | None:
    """Return why the kernels can't run on `device`, or None.

    Triton belongs to torch's builds for CUDA, but it is not in all of them, and needs a C compiler.
    """
    try:
        from lstmcli.models.gpu import kernels

        if device.type == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
            return "they run on a GPU"
        spans = torch.tensor([[0], [1]], dtype=torch.int32, device=device)
        weights = torch.zeros(1, SMALLEST_BLOCK, device=device)
        layer = FusedLayer(spans, num_directions=1, num_gates=1, bptt_steps=None)
        _forward(kernels, weights, weights.new_zeros(SMALLEST_BLOCK, SMALLEST_BLOCK), None, _arange(1, device), layer)
    except Exception as error:  # whatever the compiler, the driver or the import says, training goes on without it
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return None


def fused_layer(
    projected: Tensor, weight_hidden: Tensor, weight_cell: Tensor | None, rows: Tensor | None, layer: FusedLayer
) -> Tensor:
    """Run one recurrent layer, differentiable with respect to the first three arguments.

    Args:
        projected: (rows, directions * gates * hidden), the input part of all gates.
        weight_hidden: (directions * gates * hidden, hidden).
        weight_cell: (directions * hidden, hidden), of `peephole`, or None.
        rows: (tokens,), the row of each token, text after text; None: token n has row n.
        layer: all else.

    Returns:
        (tokens, directions * hidden), text after text.
    """
    result: Tensor = _FusedLayer.apply(projected, weight_hidden, weight_cell, rows, layer)  # type: ignore[no-untyped-call]
    return result


class _Trace(NamedTuple):
    states: Tensor
    cells: Tensor
    before: Tensor
    gates: Tensor


class _FusedLayer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        projected: Tensor,
        weight_hidden: Tensor,
        weight_cell: Tensor | None,
        rows: Tensor | None,
        layer: FusedLayer,
    ) -> Tensor:
        from lstmcli.models.gpu import kernels

        places = _arange(len(projected), projected.device) if rows is None else rows
        trace = _forward(kernels, projected, weight_hidden, weight_cell, places, layer)
        ctx.layer, ctx.num_rows = layer, len(projected)
        ctx.save_for_backward(weight_hidden, weight_cell, rows, *trace)
        return trace.states.view(len(places), -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Any, ...]:
        from lstmcli.models.gpu import kernels

        weight_hidden, weight_cell, rows, *trace = ctx.saved_tensors
        layer, (_, cells, before, _) = ctx.layer, trace
        grad_gates = _backward(kernels, grad_states.contiguous(), weight_hidden, weight_cell, _Trace(*trace), layer)
        size = weight_hidden.shape[1]
        # (directions, gates * hidden, tokens) @ (directions, tokens, hidden)
        by_unit = grad_gates.flatten(2).permute(1, 2, 0)
        grad_hidden = torch.bmm(by_unit, before.transpose(0, 1)).view(-1, size)
        grad_cell = None
        if weight_cell is not None:
            grad_cell = torch.bmm(by_unit[:, -size:], cells.transpose(0, 1)).view(-1, size)
        grad_projected = grad_gates.flatten(1)
        if rows is not None:
            # Adds up the tokens of a row in the same order each time, unlike `index_add`.
            grad_projected = torch.ops.aten.embedding_dense_backward(grad_projected, rows, ctx.num_rows, -1, False)
        return grad_projected, grad_hidden, grad_cell, None, None


def _forward(
    kernels: Any,
    projected: Tensor,
    weight_hidden: Tensor,
    weight_cell: Tensor | None,
    rows: Tensor,
    layer: FusedLayer,
) -> _Trace:
    size, num_tokens = weight_hidden.shape[1], len(rows)
    new = projected.new_zeros if layer.has_gaps else projected.new_empty
    states, cells, before = new(3, num_tokens, layer.num_directions, size).unbind()
    gates = projected.new_empty(num_tokens, layer.num_directions, layer.num_gates, size)
    kernels.forward[_grid(layer)](
        projected,
        rows,
        layer.spans,
        weight_hidden,
        weight_hidden if weight_cell is None else weight_cell,
        states,
        cells,
        before,
        gates,
        layer.spans.shape[1],
        **_constants(size, weight_cell is not None, layer),
    )
    return _Trace(states, cells, before, gates)


def _backward(
    kernels: Any,
    grad_states: Tensor,
    weight_hidden: Tensor,
    weight_cell: Tensor | None,
    trace: _Trace,
    layer: FusedLayer,
) -> Tensor:
    grad_gates = torch.zeros_like(trace.gates) if layer.has_gaps else torch.empty_like(trace.gates)
    kernels.backward[_grid(layer)](
        grad_states,
        layer.spans,
        weight_hidden,
        weight_hidden if weight_cell is None else weight_cell,
        trace.states,
        trace.cells,
        trace.gates,
        grad_gates,
        layer.spans.shape[1],
        bptt_steps=layer.bptt_steps or 0,
        **_constants(weight_hidden.shape[1], weight_cell is not None, layer),
    )
    return grad_gates


def _grid(layer: FusedLayer) -> tuple[int, int]:
    return -(-layer.spans.shape[1] // BLOCK_TEXTS), layer.num_directions


def _constants(size: int, has_peephole: bool, layer: FusedLayer) -> dict[str, Any]:
    return {
        "size": size,
        "num_directions": layer.num_directions,
        "num_gates": layer.num_gates,
        "has_peephole": has_peephole,
        "block_texts": BLOCK_TEXTS,
        "block_size": max(SMALLEST_BLOCK, 1 << (size - 1).bit_length()),
        "precision": PRECISION,
        "num_warps": NUM_WARPS,
        "num_stages": 1,  # or Triton would keep several matrices at once
    }


def _arange(num: int, device: torch.device) -> Tensor:
    return torch.arange(num, device=device)
