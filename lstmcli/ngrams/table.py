"""The linear model over hashed n-grams, as training fits and prediction reads it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class NgramTable(NamedTuple):
    """A linear model over hashed n-grams.

    Attributes:
        sizes: of the n-grams of characters, in letters; empty for words alone.
        rows: (buckets, 1 + labels) float16: the idf of a bucket, then idf times its coefficient for each label.
        intercepts: (labels,).
    """

    sizes: range
    rows: NDArray[np.float16]
    intercepts: NDArray[np.float64]
