"""One direction of a recurrent layer, over a stack of pieces of text, longest first.

A step computes only the rows of pieces that have not ended, so little work is wasted if lengths differ.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.inference.batch_invariant import MAX_OUTPUTS, RowProduct, Tiling
from lstmcli.kernels import CellWeights, Kernel
from lstmcli.kernels.weights import Array, scaled_gates

# Maps a step and a number of rows to (matrices, rows, outputs), as `RowProduct` returns them.
InputPart = Callable[[int, int], Array]


class GateMatrices(NamedTuple):
    """How the weights of all gates are divided into matrices: several gates per matrix, or several matrices per gate.

    matrices: total number.
    gates: per matrix.
    units: per gate and matrix.
    parts: matrices per gate.
    """

    matrices: int
    gates: int
    units: int
    parts: int

    @classmethod
    def of(cls, num_gates: int, hidden_size: int) -> "GateMatrices":
        """Fill matrices up to MAX_OUTPUTS; a size that cannot be divided into equal parts is not divided."""
        parts = -(-hidden_size // MAX_OUTPUTS)
        if parts > 1:
            parts = parts if hidden_size % parts == 0 else 1
            return cls(num_gates * parts, 1, hidden_size // parts, parts)
        fitting = [gates for gates in range(2, num_gates + 1) if gates * hidden_size <= MAX_OUTPUTS]
        gates = max((gates for gates in fitting if num_gates % gates == 0), default=1)
        return cls(num_gates // gates, gates, hidden_size, 1)


class DirectionMatrices(NamedTuple):
    """The weights of a direction as `RowProduct` takes them, in the kernel's order and scale.

    recurrent: (matrices, outputs, hidden).
    inputs: (matrices, outputs, input).
    bias: (matrices, outputs).
    cell: (parts, outputs, hidden), or None.
    """

    recurrent: Array
    inputs: Array
    bias: Array
    cell: Array | None

    @classmethod
    def from_model(cls, weights: dict[str, Array], kernel: Kernel, hidden_size: int) -> "DirectionMatrices":
        """Convert the weights of one direction of a layer, given by their names in a model."""
        cut = GateMatrices.of(kernel.num_gates, hidden_size)
        by_gate = CellWeights.from_model(weights, kernel.gate_order)

        def matrices(values: Array) -> Array:
            return scaled_gates(values, kernel.gate_scales).reshape(cut.matrices, cut.gates * cut.units, -1)

        bias = np.zeros((kernel.num_gates, hidden_size), np.float32) if by_gate.bias is None else by_gate.bias
        cell = by_gate.weight_cell
        if cell is not None:  # it is part of the last gate, the output gate
            cell = kernel.gate_scales[-1] * cell.reshape(cut.parts, cut.units, hidden_size)
        return cls(matrices(by_gate.weight_hidden), matrices(by_gate.weight_input), matrices(bias)[..., 0], cell)

    def products(self) -> list[Array]:
        """Return all matrices by which rows are multiplied."""
        return [self.recurrent, self.inputs, *([] if self.cell is None else [self.cell])]


class States(NamedTuple):
    """Where a direction goes on: h, (rows, hidden), and S, (parts, rows, units)."""

    hidden: Array
    cell: Array

    @classmethod
    def after(cls, tokens: NDArray[np.int64], hidden: Array, cells: Array) -> "States":
        """Take the states at `tokens`, (rows,), of (tokens, hidden) and (tokens, parts, units); -1 means zeros."""
        has_token, rows = (tokens >= 0)[:, None], np.maximum(tokens, 0)
        return cls(hidden[rows] * has_token, cells[rows].swapaxes(0, 1) * has_token)

    def padded(self, num_rows: int) -> "States":
        """Return these and further rows of zeros."""
        added = num_rows - len(self.hidden)
        return States(np.pad(self.hidden, ((0, added), (0, 0))), np.pad(self.cell, ((0, 0), (0, added), (0, 0))))


class Direction:
    """One direction of a layer.

    Attributes:
        width: of the input part of a step, all gates together.
        hidden_size: of a state.
        cell_shape: (parts, units) of the cell state.
    """

    def __init__(self, matrices: DirectionMatrices, kernel: Kernel, hidden_size: int, tiling: Tiling) -> None:
        self.width = kernel.num_gates * hidden_size
        self.hidden_size = hidden_size
        self._kernel, self._tiling = kernel, tiling
        self._cut = GateMatrices.of(kernel.num_gates, hidden_size)
        self.cell_shape = self._cut.parts, self._cut.units
        self._recurrent, self._inputs = (RowProduct(each, tiling) for each in (matrices.recurrent, matrices.inputs))
        self._bias = matrices.bias.astype(tiling.dtype)[:, None]
        self._peephole = None if matrices.cell is None else _Peephole(RowProduct(matrices.cell, tiling))

    def project(self, vectors: Array) -> Array:
        """Return W x + b, (vectors, width), for any number of `vectors` x, (vectors, input)."""
        projected: Array = self._inputs.of_all(vectors) + self._bias.reshape(-1)
        return projected

    def from_words(self, projected: Array, words: NDArray[np.int64]) -> InputPart:
        """Return an input part in which piece n reads row `words[step, n]` of `projected`, (rows, width)."""
        taken = np.empty((words.shape[1], self.width), projected.dtype)

        def input_part(step: int, count: int) -> Array:
            np.take(projected, words[step, :count], axis=0, out=taken[:count], mode="clip")  # "raise" would copy
            return taken[:count].reshape(count, self._cut.matrices, -1).swapaxes(0, 1)

        return input_part

    def from_states(self, below: Array) -> InputPart:
        """Return an input part for a layer above another one, whose states are `below`, (steps, rows, width)."""

        def input_part(step: int, count: int) -> Array:
            result = self._inputs(below[step, :count])
            result += self._bias
            return result

        return input_part

    def run(
        self,
        inputs: InputPart,
        counts: Sequence[int],
        outputs: Array,
        *,
        is_backward: bool,
        start: States | None = None,
        cells: Array | None = None,
    ) -> None:
        """Run all steps.

        Args:
            inputs: the input part of the gates.
            counts: number of pieces that have not ended, at each step.
            outputs: (steps, rows, hidden), overwritten with the states; after the end of a piece with zeros or `start`.
            is_backward: whether to start at the last step.
            start: the states before the first step of each piece; None: zeros.
            cells: (steps, parts, rows, units), overwritten with the cell states of pieces that have not ended.
        """
        cut, num_rows = self._cut, outputs.shape[1]
        gates = np.empty((self._kernel.num_gates, cut.parts, num_rows, cut.units), outputs.dtype)
        by_matrix = gates.reshape(cut.matrices, cut.gates, num_rows, cut.units)
        cell, spare = np.zeros((2, cut.parts, num_rows, cut.units), outputs.dtype)
        if start is not None:
            cell[...] = start.cell
        by_part = outputs.reshape(len(outputs), num_rows, cut.parts, cut.units).swapaxes(1, 2)
        before = None if start is None else start.hidden
        for step in reversed(range(len(outputs))) if is_backward else range(len(outputs)):
            count = self._tiling.padded(counts[step])
            gates_t, from_inputs = by_matrix[:, :, :count], self._by_gate(inputs(step, count))
            if before is None:
                gates_t[...] = from_inputs
            else:
                np.add(self._by_gate(self._recurrent(before[:count])), from_inputs, out=gates_t)
            self._kernel.step(
                gates[:, :, :count], by_part[step, :, :count], cell[:, :count], spare[:, :count], self._peephole
            )
            if cells is not None:
                cells[step, :, :count] = cell[:, :count]
            # In the backward direction, a shorter piece starts later and must find the states from which it starts.
            outputs[step, counts[step] :] = 0.0 if start is None else start.hidden[counts[step] :]
            cell[:, counts[step] : count] = 0.0 if start is None else start.cell[:, counts[step] : count]
            before = outputs[step]

    def _by_gate(self, results: Array) -> Array:
        """(matrices, rows, outputs) -> (matrices, gates, rows, units)."""
        return results.reshape(*results.shape[:2], self._cut.gates, self._cut.units).swapaxes(1, 2)


class _Peephole:
    """Computes V_o S[t], (parts, rows, units), from S[t] of the same shape."""

    def __init__(self, product: RowProduct) -> None:
        self._product = product

    def __call__(self, state: Array, *, out: Array) -> Array:
        out[...] = self._product(state.swapaxes(0, 1).reshape(state.shape[1], -1))
        return out


def running_counts(lengths: NDArray[np.int64]) -> list[int]:
    """Return for each step how many pieces of `lengths` (pieces,), longest first, have not ended."""
    counts: list[int] = np.searchsorted(-lengths, -np.arange(int(lengths[0])), side="left").tolist()
    return counts
