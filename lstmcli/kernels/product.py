"""Matrix products of the size of one time step."""

import numpy as np

from lstmcli.kernels.weights import Array

# Up to this many multiplications, OpenBLAS, numpy's matrix library, has routines that skip copying both matrices into
# an internal order. For products of the size of a time step, they are up to a fifth faster.
SMALL_PRODUCT = 1_000_000

# Rows that its routines process at a time.
ROW_UNIT = 16


def step_product(left: Array, right: Array, out: Array) -> Array:
    """Write left @ right into `out` and return it, in blocks of rows small enough for the fast routines.

    Args:
        left: (rows, size) or (matrices, rows, size).
        right: (matrices, size, columns).
        out: (matrices, rows, columns).
    """
    num_rows, size = left.shape[-2:]
    num_blocks = -(-num_rows * size * right.shape[-1] // SMALL_PRODUCT)
    if num_blocks <= 1:
        return np.matmul(left, right, out=out)
    block = -(-num_rows // (num_blocks * ROW_UNIT)) * ROW_UNIT
    for start in range(0, num_rows, block):
        rows = slice(start, start + block)
        np.matmul(left[..., rows, :], right, out=out[..., rows, :])
    return out
