"""The cells in numpy: whole sequences for training, and the single step that prediction shares. One line per cell."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from lstmcli.kernels import lstm, rnn
from lstmcli.kernels.packing import Packing
from lstmcli.kernels.weights import Array, CellWeights

__all__ = ["KERNELS", "Array", "CellWeights", "Kernel", "Packing"]


class Kernel(NamedTuple):
    """A cell's functions, and the layout of its weights.

    Attributes:
        forward: takes the input part of all gates, `CellWeights` and `Packing`, and returns a trace with an array
            `hidden`.
        backward: takes the gradient with respect to `hidden`, the trace, `CellWeights` and `Packing`, and returns the
            gradient with respect to the gates.
        step: the elementwise part of a time step, shared by training and prediction; see `memory_cell_step`.
        gate_order: the kernel's gate n is gate `gate_order[n]` of a model's weights.
        gate_scales: the kernel expects the input part of gate n multiplied by `gate_scales[n]`.
        has_bias: whether the gates have a bias.
        has_cell_matrix: whether the cell has the matrix `weight_cell`.
    """

    forward: Callable[[Array, CellWeights, Packing], Any]
    backward: Callable[..., Array]
    step: Callable[[Array, Array, Array, Array, Any], None]
    gate_order: Sequence[int]
    gate_scales: Sequence[float]
    has_bias: bool = True
    has_cell_matrix: bool = False

    @property
    def num_gates(self) -> int:
        """The number of gates, the candidate included."""
        return len(self.gate_order)

    def shapes(self, input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each weight of one direction of a layer."""
        width = self.num_gates * hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_input": (width, input_size),
            "weight_hidden": (width, hidden_size),
        }
        if self.has_bias:
            shapes["bias"] = (width,)
        if self.has_cell_matrix:
            shapes["weight_cell"] = (hidden_size, hidden_size)
        return shapes


_MEMORY_CELL = (
    lstm.memory_cell_forward,
    lstm.memory_cell_backward,
    lstm.memory_cell_step,
    lstm.GATE_ORDER,
    lstm.GATE_SCALES,
)
_SIMPLE = (rnn.simple_forward, rnn.simple_backward, rnn.simple_step, rnn.GATE_ORDER, rnn.GATE_SCALES)

KERNELS: dict[str, Kernel] = {
    "rnn": Kernel(*_SIMPLE, has_bias=False),
    "lstm": Kernel(*_MEMORY_CELL),
    "peephole": Kernel(*_MEMORY_CELL, has_cell_matrix=True),
}
