"""Chooses what computes a recurrent layer on a GPU."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lstmcli.models.cells import Cell
from lstmcli.models.devices import to_device
from lstmcli.models.gpu.fused import MAX_SIZE, FusedLayer, fused_layer, missing_kernels
from lstmcli.models.gpu.packed import FUNCTIONS, PackedTexts, packed_layer

Layer = Callable[[nn.ModuleList, Tensor, Tensor | None], Tensor]


def gpu_layer(
    cell: Cell, lengths: Tensor, device: torch.device, *, num_directions: int, bptt_steps: int | None
) -> Layer | None:
    """Return a function that runs a layer without padding, or None if only a loop over steps can.

    Args:
        cell: of the network, for its kind and size.
        lengths: (texts,), in tokens, on the CPU.
        device: of the network.
        num_directions: 1 or 2.
        bptt_steps: see `Cell.forward`.
    """
    if runs_fused(cell, device):
        return fused_run(FusedLayer(_spans(lengths, device), num_directions, cell.num_gates, bptt_steps))
    is_truncated = bptt_steps is not None and int(lengths.max()) > bptt_steps
    if type(cell) not in FUNCTIONS or is_truncated:
        return None
    texts = PackedTexts(lengths, device)
    return lambda directions, vectors, index: packed_layer(directions, vectors, index, texts)


def runs_fused(cell: Cell, device: torch.device) -> bool:
    """Return whether the Triton kernels can compute a layer of such cells."""
    return cell.hidden_size <= MAX_SIZE and missing_kernels(device) is None


def _spans(lengths: Tensor, device: torch.device) -> Tensor:
    longest_first = torch.argsort(lengths, descending=True, stable=True)
    spans = torch.stack([lengths.cumsum(0) - lengths, lengths]).index_select(1, longest_first)
    return to_device(spans.int(), device)


def fused_run(layer: FusedLayer) -> Layer:
    """Return a function that runs a layer with the Triton kernels."""

    def run(directions: nn.ModuleList, vectors: Tensor, index: Tensor | None) -> Tensor:
        cells = [dict(cell.named_parameters()) for cell in directions]
        together = {name: torch.cat([weights[name] for weights in cells]) for name in cells[0]}
        projected = nn.functional.linear(vectors, together["weight_input"], together.get("bias"))
        return fused_layer(projected, together["weight_hidden"], together.get("weight_cell"), index, layer)

    return run
