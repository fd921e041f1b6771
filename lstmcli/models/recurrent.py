"""One or more recurrent layers, unidirectional or bidirectional, over batches of texts of different lengths."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstmcli.config.settings import EngineName
from lstmcli.kernels import KERNELS, Packing
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.models.cells import CELLS, Cell
from lstmcli.models.dropout import LockedDropout
from lstmcli.models.kernel_layer import LayerContext, kernel_layer

Layer = Callable[[nn.ModuleList, Tensor, Tensor | None], Tensor]


class Encoded(NamedTuple):
    """The output of the recurrent layers. With two directions, width = 2 * hidden, the forward half first.

    states: (tokens, width), the top layer's hidden state at every step, text after text.
    final: (batch, width), the state of each direction after its last step in the text.
    lengths: (batch,), steps of each text.
    by_kernels: whether the numpy kernels are in use.
    """

    states: Tensor
    final: Tensor
    lengths: Tensor
    by_kernels: bool

    def mask(self) -> Tensor:
        """Return (batch, time), True at real steps."""
        return _mask(self.lengths)

    def padded(self) -> Tensor:
        """Return the states as (batch, time, width), 0 at padding."""
        return _padded(self.states, self.mask())


class Recurrent(nn.Module):
    """`layers` recurrent layers, with dropout between them that uses one mask for all steps of a text.

    Attributes:
        engine: what computes a layer. "kernels": the numpy kernels, on a CPU. "torch": torch's fused layer, if the cell
            has one. "reference": a loop over `Cell.step`. "auto": kernels on a CPU, torch on a GPU.
        bptt_steps: see `Cell.forward`.
        threads: see `LayerContext`.
        chunk_tokens: see `chunk_lengths`. No state is passed from one piece of a text to the next.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        *,
        layers: int,
        bidirectional: bool,
        dropout: float,
        engine: EngineName = "auto",
        bptt_steps: int | None = None,
        threads: int = 1,
        chunk_tokens: int | None = None,
    ) -> None:
        super().__init__()
        num_directions = 2 if bidirectional else 1
        self.output_size = num_directions * hidden_size
        self.layers = nn.ModuleList(
            nn.ModuleList(
                CELLS[cell](input_size if layer == 0 else self.output_size, hidden_size) for _ in range(num_directions)
            )
            for layer in range(layers)
        )
        self.dropout = LockedDropout(dropout)
        self.engine = engine
        self.bptt_steps = bptt_steps
        self.threads = threads
        self.chunk_tokens = chunk_tokens
        self._kernel = KERNELS[cell]
        self._num_directions = num_directions

    def forward(self, vectors: Tensor, index: Tensor | None, lengths: Tensor) -> Encoded:
        """Run all layers.

        Args:
            vectors: (rows, input).
            index: (tokens,), the row of each token, text after text; None: token n has row n.
            lengths: (batch,), in tokens, at least 1.
        """
        by_kernels = self.engine == "kernels" or (self.engine == "auto" and vectors.device.type == "cpu")
        pieces = lengths
        if self.chunk_tokens is not None:
            pieces = torch.from_numpy(chunk_lengths(lengths.cpu().numpy(), self.chunk_tokens)).to(lengths.device)
        layer = self._kernel_layer(pieces) if by_kernels else self._torch_layer(pieces)
        outputs = layer(self.layers[0], vectors, index)  # type: ignore[arg-type]
        for directions in self.layers[1:]:
            outputs = layer(directions, self.dropout(outputs, lengths), None)  # type: ignore[arg-type]
        return Encoded(outputs, self._final(outputs, lengths), lengths, by_kernels)

    def _kernel_layer(self, lengths: Tensor) -> Layer:
        packing = Packing.from_lengths(lengths.numpy(), num_directions=self._num_directions)
        plan = LayerContext(self._kernel, packing, self.bptt_steps, self.threads)

        def layer(directions: nn.ModuleList, vectors: Tensor, index: Tensor | None) -> Tensor:
            return kernel_layer(vectors, index, plan, [dict(cell.named_parameters()) for cell in directions])

        return layer

    def _torch_layer(self, lengths: Tensor) -> Layer:
        mask = _mask(lengths)

        def layer(directions: nn.ModuleList, vectors: Tensor, index: Tensor | None) -> Tensor:
            inputs = _padded(vectors if index is None else vectors[index], mask)
            outputs = []
            for number, cell in enumerate(directions):
                if number == 0:
                    outputs.append(self._run(cell, inputs))  # type: ignore[arg-type]
                else:
                    # Reversing each text within its own length keeps padding at the end, so no state passes through
                    # it.
                    turned = self._run(cell, reverse_sequences(inputs, lengths))  # type: ignore[arg-type]
                    outputs.append(reverse_sequences(turned, lengths))
            return torch.cat(outputs, dim=-1)[mask]

        return layer

    def _run(self, cell: Cell, inputs: Tensor) -> Tensor:
        run = cell.walk if self.engine == "reference" else cell.forward
        return run(inputs, bptt_steps=self.bptt_steps)

    def _final(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        hidden_size = self.output_size // self._num_directions
        ends = lengths.cumsum(0)
        return torch.cat([outputs[ends - 1, :hidden_size], outputs[ends - lengths, hidden_size:]], dim=-1)


def _mask(lengths: Tensor) -> Tensor:
    return torch.arange(int(lengths.max()), device=lengths.device) < lengths[:, None]


def _padded(rows: Tensor, mask: Tensor) -> Tensor:
    """Arrange rows (tokens, size), text after text, as (batch, time, size), 0 where `mask` is False."""
    positions = mask.flatten().nonzero().squeeze(1)
    flat = rows.new_zeros(mask.numel(), rows.shape[1])
    return flat.index_copy(0, positions, rows).view(*mask.shape, -1)


def reverse_sequences(inputs: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each sequence within its length, (batch, time, size) -> (batch, time, size). Padding stays at the end."""
    time = torch.arange(inputs.shape[1], device=inputs.device)
    source = torch.where(time < lengths[:, None], lengths[:, None] - 1 - time, time)
    starts = torch.arange(inputs.shape[0], device=inputs.device)[:, None] * inputs.shape[1]
    # An index over (batch * time) rows is several times faster than `gather`, whose backward pass adds up elements.
    return inputs.flatten(0, 1).index_select(0, (starts + source).flatten()).view_as(inputs)
