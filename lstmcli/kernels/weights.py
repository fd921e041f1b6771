"""A layer's weights as the kernels take them: directions and gates stacked, gates in the kernel's order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


@dataclass(frozen=True)
class LayerWeights:
    """The weights of one layer. One matrix a gate: then all that the kernels read lies in one piece of memory.

    Attributes:
        weight_input: (directions, gates, hidden, input).
        weight_hidden: (directions, gates, hidden, hidden).
        bias: (directions, gates, hidden), where the cell has one.
        weight_cell: (directions, hidden, hidden), where the cell has one.
    """

    weight_input: Array
    weight_hidden: Array
    bias: Array | None = None
    weight_cell: Array | None = None

    @classmethod
    def stacked(cls, directions: Sequence[Mapping[str, Array]], gate_order: Sequence[int]) -> "LayerWeights":
        """Copy the weights of each direction; gate n of the result is gate `gate_order[n]` of theirs."""
        order = list(gate_order)
        stacks = {}
        for name in directions[0]:
            values = np.stack([weights[name] for weights in directions])
            if name != "weight_cell":
                values = values.reshape(len(directions), len(order), -1, *values.shape[2:])[:, order]
            stacks[name] = values
        return cls(**stacks)

    def unstacked(self, gate_order: Sequence[int]) -> list[dict[str, Array]]:
        """Undo `stacked`."""
        back = np.argsort(gate_order)
        directions: list[dict[str, Array]] = [{} for _ in self.weight_input]
        for name, values in vars(self).items():
            if values is None:
                continue
            for weights, value in zip(directions, values, strict=True):
                weights[name] = value if name == "weight_cell" else value[back].reshape(-1, *value.shape[2:])
        return directions


def scaled_gates(values: Array, scales: Sequence[float]) -> Array:
    """Return (directions, gates, ...) with gate n multiplied by `scales[n]`."""
    if set(scales) == {1.0}:
        return values
    result: Array = values * np.array(scales, values.dtype).reshape(-1, *[1] * (values.ndim - 2))
    return result


def transposed(matrices: Array) -> Array:
    """Return (..., columns, rows) in memory of its own, which matrix products read fastest."""
    return np.ascontiguousarray(matrices.swapaxes(-1, -2))
