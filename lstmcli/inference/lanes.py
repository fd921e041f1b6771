"""Matrix products that round a text's numbers alike wherever it stands and whatever stands beside it.

A matrix library computes a large product in blocks, and the rows of one block may be added up in another order than
those of the next: in float32 that moves probabilities by up to 1e-6 from one batch to another. So texts are computed in
tiles of a few lanes, always with a product of the same shape, for which the library in use was found to treat all lanes
alike. Where none is found, float64 makes the differences smaller than anything that is printed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lstmcli.kernels.weights import Array

# Widths of a tile to try, the fastest first.
WIDTHS = (16, 8)


@dataclass(frozen=True)
class Arithmetic:
    """How many texts a tile holds, and in what numbers they are computed."""

    lanes: int
    dtype: DTypeLike


def choose_arithmetic(matrices: Iterable[Array]) -> Arithmetic:
    """Return float32 with the first of WIDTHS at which all products with `matrices` (rows, size) treat lanes alike."""
    matrices = [np.ascontiguousarray(matrix, dtype=np.float32) for matrix in matrices]
    for lanes in WIDTHS:
        if all(_are_alike(matrix, lanes) for matrix in matrices):
            return Arithmetic(lanes, np.float32)
    return Arithmetic(WIDTHS[0], np.float64)


def _are_alike(matrix: Array, lanes: int) -> bool:
    """Whether the same vector in all lanes gives the same result in all."""
    vector = np.sin(np.arange(1.0, matrix.shape[1] + 1.0), dtype=np.float32)
    product = matrix @ np.repeat(vector[:, None], lanes, axis=1)
    return bool((product == product[:, :1]).all())


def to_tiles(rows: Array, lanes: int) -> Array:
    """Return (tiles, size, lanes) of (rows, size); lanes without a row hold zeros."""
    num_tiles = -(-len(rows) // lanes)
    tiles = np.zeros((num_tiles * lanes, rows.shape[1]), dtype=rows.dtype)
    tiles[: len(rows)] = rows
    return np.ascontiguousarray(tiles.reshape(num_tiles, lanes, rows.shape[1]).swapaxes(1, 2))


def from_tiles(tiles: Array, num_rows: int) -> NDArray[np.floating]:
    """Undo `to_tiles`: (tiles, size, lanes) -> (rows, size)."""
    return tiles.swapaxes(1, 2).reshape(-1, tiles.shape[1])[:num_rows]


def product_by_row(matrix: Array, rows: Array, lanes: int) -> Array:
    """Return (rows, outputs), `matrix` (outputs, size) times each of `rows` (rows, size)."""
    return from_tiles(matrix @ to_tiles(rows, lanes), len(rows))
