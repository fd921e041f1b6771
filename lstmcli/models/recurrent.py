"""One or more recurrent layers, unidirectional or bidirectional, over batches of texts of different lengths."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstmcli.config.settings import EngineName
from lstmcli.kernels import KERNELS, Packing
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.models.cells import CELLS, Cell
from lstmcli.models.devices import to_device
from lstmcli.models.dropout import LockedDropout
from lstmcli.models.gpu.fused import FusedLayer
from lstmcli.models.gpu.layer import Layer, fused_run, gpu_layer
from lstmcli.models.gpu.texts import EvenTexts, Lengths
from lstmcli.models.kernel_layer import LayerContext, kernel_layer


class Padding(NamedTuple):
    """Where tokens are among the positions (batch, time) of padded texts.

    lengths: (batch,), steps of each text.
    positions: (tokens,), the position of each token, text after text; None: they are padded already.
    num_steps: of the longest text.
    """

    lengths: Tensor
    positions: Tensor | None
    num_steps: int

    @classmethod
    def of(cls, lengths: Tensor, device: torch.device) -> "Padding":
        """Return the positions of texts of `lengths`, on the CPU, for use on `device`."""
        num_steps = int(lengths.max())
        positions = (torch.arange(num_steps) < lengths[:, None]).flatten().nonzero().squeeze(1)
        return cls(to_device(lengths, device), to_device(positions, device), num_steps)

    def mask(self) -> Tensor:
        """Return (batch, time), True at real steps."""
        return torch.arange(self.num_steps, device=self.lengths.device) < self.lengths[:, None]

    def padded(self, rows: Tensor) -> Tensor:
        """Arrange rows (tokens, size), text after text, as (batch, time, size), 0 at padding."""
        if self.positions is None:
            return rows.view(len(self.lengths), self.num_steps, -1)
        flat = rows.new_zeros(len(self.lengths) * self.num_steps, rows.shape[1])
        return flat.index_copy(0, self.positions, rows).view(len(self.lengths), self.num_steps, -1)

    def unpadded(self, states: Tensor) -> Tensor:
        """Do the reverse."""
        flat = states.flatten(0, 1)
        return flat if self.positions is None else flat.index_select(0, self.positions)


class Encoded(NamedTuple):
    """The output of the recurrent layers. With two directions, width = 2 * hidden, the forward half first.

    states: (tokens, width), the top layer's hidden state at every step, text after text.
    final: (batch, width), the state of each direction after its last step in the text.
    lengths: (batch,), steps of each text.
    by_kernels: whether the numpy kernels are in use.
    padding: of the texts; None: found from `lengths` when it is needed.
    """

    states: Tensor
    final: Tensor
    lengths: Tensor
    by_kernels: bool
    padding: Padding | None = None

    def mask(self) -> Tensor:
        """Return (batch, time), True at real steps."""
        return self._padding().mask()

    def padded(self) -> Tensor:
        """Return the states as (batch, time, width), 0 at padding."""
        return self._padding().padded(self.states)

    def _padding(self) -> Padding:
        return self.padding or Padding.of(self.lengths.cpu(), self.lengths.device)


class Recurrent(nn.Module):
    """`layers` recurrent layers, with dropout between them that uses one mask for all steps of a text.

    Attributes:
        engine: what computes a layer. "kernels": the numpy kernels, on a CPU. "torch": on a GPU, see `gpu_layer`; on a
            CPU, torch's fused layer, if the cell has one. "reference": a loop over `Cell.step`. "auto": kernels on a
            CPU, torch on a GPU.
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

    def forward(self, vectors: Tensor, index: Tensor | None, lengths: Lengths) -> Encoded:
        """Run all layers.

        Args:
            vectors: (rows, input).
            index: (tokens,), the row of each token, text after text; None: token n has row n.
            lengths: (batch,), in tokens, at least 1. On a GPU, lengths on the CPU save waiting for the work before.
                With texts in even slots, tokens are slots.
        """
        if isinstance(lengths, EvenTexts):
            return self._even(vectors, index, lengths)
        device = vectors.device
        by_kernels = self.engine == "kernels" or (self.engine == "auto" and device.type == "cpu")
        on_host = lengths.cpu()
        pieces = on_host
        if self.chunk_tokens is not None:
            pieces = torch.from_numpy(chunk_lengths(on_host.numpy(), self.chunk_tokens))
        layer = self._kernel_layer(pieces) if by_kernels else self._gpu_layer(pieces, device)
        padding = None if by_kernels else Padding.of(on_host, device)
        lengths = lengths if padding is None else padding.lengths
        outputs = layer(self.layers[0], vectors, index)  # type: ignore[arg-type]
        for directions in self.layers[1:]:
            outputs = layer(directions, self.dropout(outputs, lengths), None)  # type: ignore[arg-type]
        return Encoded(
            outputs, self._final(outputs, lengths.cumsum(0) - lengths, lengths), lengths, by_kernels, padding
        )

    def _even(self, vectors: Tensor, index: Tensor | None, texts: EvenTexts) -> Encoded:
        cell: Cell = self.layers[0][0]  # type: ignore[index]
        run = fused_run(FusedLayer(texts.spans, self._num_directions, cell.num_gates, self.bptt_steps, has_gaps=True))
        outputs = run(self.layers[0], vectors, index)  # type: ignore[arg-type]
        for directions in self.layers[1:]:
            slots = torch.full_like(texts.lengths, texts.num_steps)
            outputs = run(directions, self.dropout(outputs, slots), None)  # type: ignore[arg-type]
        padding = Padding(texts.lengths, None, texts.num_steps)
        final = self._final(outputs, texts.starts, texts.lengths)
        return Encoded(outputs, final, texts.lengths, by_kernels=False, padding=padding)

    def _kernel_layer(self, lengths: Tensor) -> Layer:
        packing = Packing.from_lengths(lengths.numpy(), num_directions=self._num_directions)
        plan = LayerContext(self._kernel, packing, self.bptt_steps, self.threads)

        def layer(directions: nn.ModuleList, vectors: Tensor, index: Tensor | None) -> Tensor:
            return kernel_layer(vectors, index, plan, [dict(cell.named_parameters()) for cell in directions])

        return layer

    def _gpu_layer(self, lengths: Tensor, device: torch.device) -> Layer:
        layer = None
        if device.type == "cuda" and self.engine != "reference":
            cell: Cell = self.layers[0][0]  # type: ignore[index]
            layer = gpu_layer(cell, lengths, device, num_directions=self._num_directions, bptt_steps=self.bptt_steps)
        return layer or self._torch_layer(lengths, device)

    def _torch_layer(self, lengths: Tensor, device: torch.device) -> Layer:
        padding = Padding.of(lengths, device)

        def layer(directions: nn.ModuleList, vectors: Tensor, index: Tensor | None) -> Tensor:
            inputs = padding.padded(vectors if index is None else vectors[index])
            outputs = []
            for number, cell in enumerate(directions):
                if number == 0:
                    outputs.append(self._run(cell, inputs))  # type: ignore[arg-type]
                else:
                    # Reversing each text within its own length keeps padding at the end, so no state passes through
                    # it.
                    turned = self._run(cell, reverse_sequences(inputs, padding.lengths))  # type: ignore[arg-type]
                    outputs.append(reverse_sequences(turned, padding.lengths))
            return padding.unpadded(torch.cat(outputs, dim=-1))

        return layer

    def _run(self, cell: Cell, inputs: Tensor) -> Tensor:
        run = cell.walk if self.engine == "reference" else cell.forward
        return run(inputs, bptt_steps=self.bptt_steps)

    def _final(self, outputs: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
        hidden_size = self.output_size // self._num_directions
        return torch.cat([outputs[starts + lengths - 1, :hidden_size], outputs[starts, hidden_size:]], dim=-1)


def reverse_sequences(inputs: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each sequence within its length, (batch, time, size) -> (batch, time, size). Padding stays at the end."""
    time = torch.arange(inputs.shape[1], device=inputs.device)
    source = torch.where(time < lengths[:, None], lengths[:, None] - 1 - time, time)
    starts = torch.arange(inputs.shape[0], device=inputs.device)[:, None] * inputs.shape[1]
    # An index over (batch * time) rows is several times faster than `gather`, whose backward pass adds up elements.
    return inputs.flatten(0, 1).index_select(0, (starts + source).flatten()).view_as(inputs)
