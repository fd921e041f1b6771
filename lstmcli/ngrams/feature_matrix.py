"""The values of features beside the n-grams for many texts, to be fitted."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from scipy import sparse

from lstmcli.ngrams.row_features import RowFeatures, values_of

# Rows whose values are computed at a time.
BLOCK_ROWS = 1 << 14


def feature_matrix(sources: Sequence[RowFeatures], texts: Iterable[str]) -> Any:
    """Return the values of all features, (texts, features), as a sparse matrix; None without features."""
    if not sources:
        return None
    remaining, blocks = iter(texts), []
    while block := list(islice(remaining, BLOCK_ROWS)):
        blocks.append(sparse.csr_matrix(values_of(sources, block)))
    return sparse.vstack(blocks, format="csr")
