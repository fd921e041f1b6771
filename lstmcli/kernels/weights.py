"""The weights of one direction of a layer as the kernels take them: one matrix per gate, in the kernel's order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

# Weights by their names in a model.
Weights = dict[str, Array]


class Product(Protocol):
    """Multiplies a state by a matrix."""

    def __call__(self, state: Array, *, out: Array) -> Array:
        """Write the product into `out` and return it."""


@dataclass(frozen=True)
class CellWeights:
    """The weights of one direction of a layer.

    Attributes:
        weight_input: (gates, hidden, input).
        weight_hidden: (gates, hidden, hidden).
        bias: (gates, hidden), if the cell has one.
        weight_cell: (hidden, hidden), if the cell has one.
    """

    weight_input: Array
    weight_hidden: Array
    bias: Array | None = None
    weight_cell: Array | None = None

    @classmethod
    def from_model(cls, weights: Mapping[str, Array], gate_order: Sequence[int]) -> "CellWeights":
        """Copy a model's weights, (gates * hidden, ...). Gate n of the result is the model's gate `gate_order[n]`."""
        order = list(gate_order)
        return cls(
            **{
                name: value.copy() if name == "weight_cell" else _by_gate(value, len(order))[order]
                for name, value in weights.items()
            }
        )

    def to_model(self, gate_order: Sequence[int]) -> dict[str, Array]:
        """Return the weights as a model stores them, the inverse of `from_model`."""
        back = np.argsort(gate_order)
        return {
            name: value if name == "weight_cell" else value[back].reshape(-1, *value.shape[2:])
            for name, value in vars(self).items()
            if value is not None
        }


def _by_gate(value: Array, num_gates: int) -> Array:
    return value.reshape(num_gates, -1, *value.shape[1:])


def scaled_gates(values: Array, scales: Sequence[float]) -> Array:
    """Return (gates, ...) with gate n multiplied by `scales[n]`."""
    if set(scales) == {1.0}:
        return values
    result: Array = values * np.array(scales, values.dtype).reshape(-1, *[1] * (values.ndim - 1))
    return result


def transposed(matrices: Array) -> Array:
    """Return a contiguous copy, (..., columns, rows), which matrix products read fastest."""
    return np.ascontiguousarray(matrices.swapaxes(-1, -2))
