"""Whole-sequence kernels of the cells in numpy: what inference runs on. One line per cell here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.kernels.memory import memory_cell_forward
from lstmcli.kernels.simple import simple_forward

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Kernel:
    """A cell's kernel and what its weights look like.

    `forward` takes the input part of all gates, (batch, time, num_gates * hidden), and the cell's weights by name.
    """

    forward: Callable[[Array, Mapping[str, Array]], Array]
    num_gates: int
    has_bias: bool = True
    has_cell_matrix: bool = False

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


KERNELS: dict[str, Kernel] = {
    "rnn": Kernel(simple_forward, num_gates=1, has_bias=False),
    "lstm": Kernel(memory_cell_forward, num_gates=4),
    "peephole": Kernel(memory_cell_forward, num_gates=4, has_cell_matrix=True),
}
