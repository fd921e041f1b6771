"""The linear model over hashed n-grams, as fitted by training and read by prediction."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.sealed import RowGuard


class FeatureKinds(IntEnum):
    """The features of a model beside words and character n-grams. A model keeps the kinds with which it was trained."""

    ADJACENT = 1
    """Pairs of adjacent tokens."""
    MARKED = 2
    """Pairs of adjacent tokens and of tokens over another one, with marks at both ends of the text."""
    NEGATED = 3
    """As MARKED; and words in the scope of a negation are features of their own, see `ngrams.negation`."""


class NgramTable(NamedTuple):
    """A linear model over hashed n-grams.

    Attributes:
        sizes: of the character n-grams; empty for words only.
        rows: (buckets, 1 + labels) float16: the idf of a bucket, then idf times its coefficient for each label.
        intercepts: (labels,).
        guard: checks rows before they are read, if they are in a file.
        kinds: its features.
        further: (labels, features beside the n-grams), the coefficients of `row_features`; None without any.
    """

    sizes: range
    rows: NDArray[np.float16]
    intercepts: NDArray[np.float64]
    guard: RowGuard | None = None
    kinds: FeatureKinds = FeatureKinds.MARKED
    further: NDArray[np.float64] | None = None
