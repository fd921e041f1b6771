"""Matrix products in which the result of a row, to the last bit, depends neither on its position nor on other rows.

A matrix library computes a large product in small blocks. It has special routines for the remainders at the edges,
which add up numbers in a different order or without fused operations. In float32, this changes probabilities by up to
1e-6 from one batch to another. Two measures make all results come from the same routine: numbers of rows that leave no
remainder, and columns of zeros at the edges of the matrix, whose results are discarded. How many are needed depends on
the library and the processor, so this is tested with the library in use and the matrices of the model. If no tiling
passes, float64 makes the differences smaller than any printed digit.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from lstmcli.inference.one_thread import ONE_THREAD
from lstmcli.kernels.weights import Array

# Rows that are multiplied at once: enough for the speed of large products, few enough to keep results in the cache.
MAX_ROWS = 240

# Maximum outputs of a matrix. OpenBLAS splits matrices with more than 320 columns, margins included, in half, which
# creates edges in the middle.
MAX_OUTPUTS = 304

# The library processes eight columns at a time; a remainder would be another edge.
_COLUMN_UNIT = 8


class Tiling(NamedTuple):
    """One way of multiplying rows.

    Attributes:
        rows: the number of rows is a multiple of this. It divides MAX_ROWS.
        margin: columns of zeros on either side of a matrix.
        is_tiled: whether each tile of `rows` rows is a separate product.
        dtype: of all numbers.
        most_rows: that are multiplied at once, a multiple of `rows`.
    """

    rows: int
    margin: int
    is_tiled: bool = False
    dtype: DTypeLike = np.float32
    most_rows: int = MAX_ROWS

    def padded(self, num_rows: int) -> int:
        """Return how many rows to compute for `num_rows` rows of data."""
        return -(-num_rows // self.rows) * self.rows


# Fastest first. With 12 rows and 8 columns, OpenBLAS's routines for 256-bit registers have no edges.
TILINGS = (
    Tiling(12, 8),
    Tiling(16, 16),
    Tiling(48, 16),
    Tiling(16, 0, is_tiled=True),
    Tiling(8, 0, is_tiled=True),
)
FLOAT64_FALLBACK = Tiling(12, 0, dtype=np.float64)


class RowProduct:
    """Multiplies rows by several matrices at once."""

    def __init__(self, matrices: Array, tiling: Tiling) -> None:
        """Take `matrices`, (matrices, outputs, size)."""
        num_matrices, outputs, size = matrices.shape
        width = -(-(outputs + 2 * tiling.margin) // _COLUMN_UNIT) * _COLUMN_UNIT if tiling.margin else outputs
        self._tiling = tiling
        self._columns = slice(tiling.margin, tiling.margin + outputs)
        self._right = np.zeros((num_matrices, size, width), tiling.dtype)
        self._right[:, :, self._columns] = matrices.swapaxes(1, 2)
        self._results = np.empty((num_matrices, tiling.most_rows, width), tiling.dtype)

    def __call__(self, rows: Array) -> Array:
        """Return (matrices, rows, outputs), valid until the next call.

        Args:
            rows: (rows, size), a number of rows that `Tiling.padded` returns, at most `Tiling.most_rows`.
        """
        results, right = self._results[:, : len(rows)], self._right
        if self._tiling.is_tiled:
            shape = len(rows) // self._tiling.rows, self._tiling.rows
            tiled = results.reshape(len(results), *shape, -1)
            np.matmul(rows.reshape(*shape, -1), right[:, None], out=tiled)
        else:
            np.matmul(rows, right, out=results)
        return results[:, :, self._columns]

    def of_all(self, rows: Array) -> Array:
        """Return (rows, matrices * outputs) for any number of rows, (rows, size)."""
        num_matrices, size, _ = self._right.shape
        found = np.empty((len(rows), num_matrices, self._columns.stop - self._columns.start), self._tiling.dtype)
        for start in range(0, len(rows), self._tiling.most_rows):
            some = rows[start : start + self._tiling.most_rows]
            padded = np.zeros((self._tiling.padded(len(some)), size), self._tiling.dtype)
            padded[: len(some)] = some
            found[start : start + len(some)] = self(padded)[:, : len(some)].swapaxes(0, 1)
        return found.reshape(len(rows), -1)


def split_outputs(matrix: Array) -> Array:
    """Split a matrix (outputs, size) into (matrices, outputs, size); the last one is padded with rows of zeros."""
    num_matrices = -(-len(matrix) // MAX_OUTPUTS)
    outputs = -(-len(matrix) // num_matrices)
    matrices = np.zeros((num_matrices * outputs, matrix.shape[1]), matrix.dtype)
    matrices[: len(matrix)] = matrix
    return matrices.reshape(num_matrices, outputs, -1)


def choose_tiling(matrices: Iterable[Array], *, most_rows: int = MAX_ROWS) -> Tiling:
    """Return the first of TILINGS that is batch-invariant for all `matrices`, or FLOAT64_FALLBACK.

    Args:
        matrices: those that will be passed to `RowProduct`.
        most_rows: that are multiplied at once, a multiple of MAX_ROWS.
    """
    distinct = {matrix.shape: matrix for matrix in matrices}.values()  # a library chooses its routines by shape alone
    tilings = [each._replace(most_rows=most_rows) for each in (*TILINGS, FLOAT64_FALLBACK)]
    fitting = (each for each in tilings[:-1] if all(is_batch_invariant(matrix, each) for matrix in distinct))
    return next(fitting, tilings[-1])


def is_batch_invariant(matrices: Array, tiling: Tiling) -> bool:
    """Whether the same vector gives the same results in all rows, for any number of rows."""
    product = RowProduct(matrices, tiling)
    vector = np.sin(np.arange(1.0, matrices.shape[2] + 1.0)).astype(tiling.dtype)
    first = product(np.tile(vector, (tiling.rows, 1)))[:, :1].copy()
    counts: Sequence[int] = range(tiling.rows, tiling.most_rows + 1, tiling.rows)
    if ONE_THREAD.is_certain():
        # With one thread, the routine depends only on the size, so three sizes suffice. With several threads, it also
        # depends on how they divide each number of rows.
        counts = counts[0], counts[len(counts) // 3], counts[-1]
    return all(bool((product(np.tile(vector, (num_rows, 1))) == first).all()) for num_rows in counts)
