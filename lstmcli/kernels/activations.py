"""σ and tanh computed from exp, which takes numpy half the time of its own tanh with 256-bit registers.

σ(x) = 1 / (1 + exp(-x)) and tanh(x) = 2 σ(2 x) - 1. Near 0, the absolute error of this tanh is that of a number near 1.
"""

import numpy as np

from lstmcli.kernels.weights import Array


def to_sigmoid(negated: Array) -> None:
    """Turn -x into σ(x) in place; where exp(-x) overflows, σ(x) is 0."""
    one = negated.dtype.type(1.0)
    with np.errstate(over="ignore"):
        np.exp(negated, out=negated)
    negated += one
    np.divide(one, negated, out=negated)


def to_tanh(sigmoid: Array) -> None:
    """Turn σ(2 x) into tanh(x) in place."""
    sigmoid *= sigmoid.dtype.type(2.0)
    sigmoid -= sigmoid.dtype.type(1.0)


def tanh(values: Array, out: Array) -> None:
    """Write the tanh of `values` into `out`, which may be the same array."""
    np.multiply(values, values.dtype.type(-2.0), out=out)
    to_sigmoid(out)
    to_tanh(out)
