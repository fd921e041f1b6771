"""The forward pass of a saved network in numpy: token ids to logits. The modules in `models` say what it computes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.inference.lanes import choose_arithmetic, from_tiles, product_by_row
from lstmcli.inference.pooling import POOLINGS, PieceStates
from lstmcli.inference.words import MAX_KEPT_BYTES, ProjectedWords
from lstmcli.kernels import KERNELS, CellWeights
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.kernels.weights import Array, scaled_gates
from lstmcli.model_checks import Weights

Ids = NDArray[np.int64]

# Steps times tiles that are computed together: enough to make little of the calls, few enough to stay in the cache.
MAX_TILE_STEPS = 1024
MAX_TILES = 16


@dataclass(frozen=True)
class _Layer:
    """The weights of all directions, the kernel's gates one below the other, scaled as it wants them.

    recurrent: (directions, 1, gates * hidden, hidden).
    inputs: (directions, 1, gates * hidden, input).
    bias: (directions, 1, gates * hidden, 1).
    cell: (directions, 1, hidden, hidden), or None.
    """

    recurrent: Array
    inputs: Array
    bias: Array
    cell: Array | None

    def matrices(self) -> list[Array]:
        """Return all that states are multiplied with, each (rows, size)."""
        stacks = [self.recurrent, self.inputs] if self.cell is None else [self.recurrent, self.inputs, self.cell]
        return [matrix for stack in stacks for matrix in stack[:, 0]]

    def astype(self, dtype: DTypeLike) -> "_Layer":
        """Return the same in other numbers."""
        cell = None if self.cell is None else self.cell.astype(dtype)
        return _Layer(self.recurrent.astype(dtype), self.inputs.astype(dtype), self.bias.astype(dtype), cell)


class Network:
    """Runs a network with `stored` weights. A row's logits do not depend on its neighbours, see `lanes`."""

    def __init__(self, settings: ModelSettings, stored: Weights, *, max_kept_bytes: int = MAX_KEPT_BYTES) -> None:
        """Take `stored` weights; the input parts of words may take `max_kept_bytes`."""
        self._kernel = KERNELS[settings.cell]
        self._hidden_size = settings.hidden_size
        self._chunk_tokens = settings.chunk_tokens
        directions = range(2 if settings.bidirectional else 1)
        layers = [
            self._layer([_part(stored, f"recurrent.layers.{layer}.{direction}.") for direction in directions])
            for layer in range(settings.layers)
        ]
        pooling = _part(stored, "pooling.")
        matrices = [value for value in pooling.values() if value.ndim == 2 and len(value) > 1]
        matrices += [matrix for layer in layers for matrix in layer.matrices()]
        arithmetic = choose_arithmetic([*matrices, stored["output.weight"]])
        self._lanes, self._dtype = arithmetic.lanes, arithmetic.dtype
        self._layers = [layer.astype(self._dtype) for layer in layers]
        self._words = ProjectedWords(
            stored["embedding.weight"],
            self._layers[0].inputs,
            self._layers[0].bias,
            lanes=self._lanes,
            dtype=self._dtype,
            max_bytes=max_kept_bytes,
        )
        pooling = {name: value.astype(self._dtype) for name, value in pooling.items()}
        self._pooling = POOLINGS[settings.pooling](pooling, settings.hidden_size)
        self._output = stored["output.weight"].astype(self._dtype)
        self._output_bias = stored["output.bias"].astype(self._dtype)

    def _layer(self, directions: list[Weights]) -> _Layer:
        kernel, size = self._kernel, self._hidden_size
        weights = [CellWeights.from_model(weights, kernel.gate_order) for weights in directions]

        def stacked(name: str) -> Array:
            values = [scaled_gates(getattr(direction, name), kernel.gate_scales) for direction in weights]
            return np.stack(values).reshape(len(weights), 1, kernel.num_gates * size, -1)

        width = kernel.num_gates * size
        bias = stacked("bias") if kernel.has_bias else np.zeros((len(weights), 1, width, 1), np.float32)
        cells = [direction.weight_cell for direction in weights if direction.weight_cell is not None]
        cell = kernel.gate_scales[-1] * np.stack(cells)[:, None] if cells else None  # it speaks to the last gate
        return _Layer(stacked("weight_hidden"), stacked("weight_input"), bias, cell)

    def logits(self, token_ids: NDArray[np.integer], lengths: NDArray[np.int64]) -> Array:
        """Return (texts, labels).

        Args:
            token_ids: (tokens,), the texts end to end.
            lengths: (texts,), tokens of each text, at least 1.
        """
        projected, index = self._words.look_up(token_ids)
        pieces = chunk_lengths(lengths, self._chunk_tokens)
        starts = np.cumsum(pieces) - pieces
        numbers: Array | None = None
        for rows in self._stacks(pieces):
            found = self._of_pieces(projected, index, starts[rows], pieces[rows])
            if numbers is None:
                numbers = np.empty((len(pieces), found.shape[1]), self._dtype)
            numbers[rows] = found
        assert numbers is not None  # there is a text
        first_pieces = np.searchsorted(starts, np.cumsum(lengths) - lengths)
        pooled = self._pooling.of_texts(numbers, first_pieces)
        logits: Array = product_by_row(self._output, pooled, self._lanes) + self._output_bias
        return logits

    def _stacks(self, lengths: Ids) -> Iterator[Ids]:
        """Yield the pieces by length, in stacks of some tiles."""
        by_length = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(lengths):
            tiles = max(1, min(MAX_TILES, MAX_TILE_STEPS // int(lengths[by_length[start]])))
            yield by_length[start : start + tiles * self._lanes]
            start += tiles * self._lanes

    def _of_pieces(self, projected: list[Array], index: Ids, starts: Ids, lengths: Ids) -> Array:
        """Return (pieces, numbers), what pooling keeps of each of these pieces."""
        num_steps, num_tiles = int(lengths.max()), -(-len(lengths) // self._lanes)
        lanes = np.zeros((2, num_tiles * self._lanes), dtype=np.int64)
        lanes[:, : len(lengths)] = starts, lengths
        last = np.maximum(lanes[1] - 1, 0)
        words = index[lanes[0] + np.minimum(np.arange(num_steps)[:, None], last)]
        shape = num_tiles, self._lanes
        lane_lengths = lanes[1].reshape(shape)

        def add_words(gates: Array, steps: tuple[int, ...]) -> None:
            for direction, step in enumerate(steps):
                gates[direction] += projected[direction][words[step]].reshape(*shape, -1).swapaxes(1, 2)

        outputs = self._run(self._layers[0], add_words, lane_lengths, num_steps)
        for layer in self._layers[1:]:
            below = outputs

            def add_states(gates: Array, steps: tuple[int, ...], layer: _Layer = layer, below: Array = below) -> None:
                for direction, step in enumerate(steps):
                    gates[direction] += layer.inputs[direction] @ below[step]
                    gates[direction] += layer.bias[direction]

            outputs = self._run(layer, add_states, lane_lengths, num_steps)
        found = self._pooling.of_pieces(PieceStates(outputs, lane_lengths))
        return from_tiles(found, len(lengths))

    def _run(
        self, layer: _Layer, add_inputs: Callable[[Array, tuple[int, ...]], None], lengths: Ids, num_steps: int
    ) -> Array:
        """Run all directions of a layer and return (steps, tiles, directions * hidden, lanes).

        Args:
            layer: its weights.
            add_inputs: adds to (directions, tiles, gates * hidden, lanes) the input part at the step of each direction.
            lengths: (tiles, lanes).
            num_steps: of the longest piece.
        """
        size, (num_tiles, lanes), num_directions = self._hidden_size, lengths.shape, len(layer.recurrent)
        hidden, cell, spare = np.zeros((3, num_directions, num_tiles, size, lanes), self._dtype)
        gates = np.zeros((num_directions, num_tiles, layer.recurrent.shape[2], lanes), self._dtype)
        by_gate = np.moveaxis(gates.reshape(num_directions, num_tiles, -1, size, lanes), 2, 0)
        outputs = np.empty((num_steps, num_tiles, num_directions * size, lanes), self._dtype)
        peephole = None if layer.cell is None else _Product(layer.cell)
        shortest = int(lengths.min())
        for step in range(num_steps):
            back = num_steps - 1 - step
            steps = (step, back)[:num_directions]
            if step:
                np.matmul(layer.recurrent, hidden, out=gates)
            add_inputs(gates, steps)
            self._kernel.step(by_gate, hidden, cell, spare, peephole)
            outputs[step, :, :size] = hidden[0]
            if num_directions == 2:
                if back >= shortest:  # going backward, a shorter piece starts later
                    is_read = (back < lengths)[:, None].astype(self._dtype)
                    hidden[1] *= is_read
                    cell[1] *= is_read
                outputs[back, :, size:] = hidden[1]
        return outputs


class _Product:
    def __init__(self, matrix: Array) -> None:
        self._matrix = matrix

    def __call__(self, state: Array, *, out: Array) -> Array:
        return np.matmul(self._matrix, state, out=out)


def _part(weights: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
