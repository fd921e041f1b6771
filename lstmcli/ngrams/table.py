"""The linear model over hashed n-grams, as fitted by training and read by prediction."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.sealed import RowGuard


class PairKinds(IntEnum):
    """The pairs of tokens that are features. A model keeps the kinds with which it was trained; new ones are MARKED."""

    ADJACENT = 1
    """Adjacent tokens."""
    MARKED = 2
    """Adjacent tokens and tokens over another one, with marks at both ends of the text."""


class NgramTable(NamedTuple):
    """A linear model over hashed n-grams.

    Attributes:
        sizes: of the character n-grams; empty for words only.
        rows: (buckets, 1 + labels) float16: the idf of a bucket, then idf times its coefficient for each label.
        intercepts: (labels,).
        guard: checks rows before they are read, if they are in a file.
        pairs: the pairs of tokens among the features.
    """

    sizes: range
    rows: NDArray[np.float16]
    intercepts: NDArray[np.float64]
    guard: RowGuard | None = None
    pairs: PairKinds = PairKinds.MARKED
