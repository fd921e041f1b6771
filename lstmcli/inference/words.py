"""The input projection of the first layer for each word, computed when the word first occurs, and cached."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lstmcli.data.sealed import RowGuard
from lstmcli.kernels.weights import Array

Places = NDArray[np.int64]

# Of all networks together. The first words to occur are mostly the most frequent ones.
MAX_KEPT_BYTES = 1 << 25


class ProjectedWords:
    """W x + b for the vector x of each word, which would otherwise be more than half of a network's arithmetic.

    A row does not depend on the words with which it is computed, see `batch_invariant`.
    """

    def __init__(
        self,
        embedding: NDArray[np.floating],
        projections: Sequence[Callable[[Array], Array]],
        *,
        width: int,
        dtype: DTypeLike,
        max_bytes: int = MAX_KEPT_BYTES,
        guard: RowGuard | None = None,
    ) -> None:
        """Create an empty cache.

        Args:
            embedding: (words, size), possibly memory-mapped.
            projections: functions from (words, size) to (words, width), one for each direction.
            width: of a row.
            dtype: of the computation.
            max_bytes: maximum size of the cache.
            guard: checks rows of `embedding` before they are read.
        """
        self._guard = guard
        self._embedding = embedding
        self._projections, self._dtype = projections, np.dtype(dtype)
        self._max_kept = max_bytes // (len(projections) * width * self._dtype.itemsize)
        # (rows, width) for each direction: first the cached words, then those of the last batch only.
        self._tables = [np.empty((0, width), self._dtype) for _ in projections]
        self._num_kept = 0
        self._rows = np.zeros(len(embedding), dtype=np.int64)  # row + 1 of cached words, 0 for others

    def look_up(self, words: NDArray[np.integer]) -> tuple[list[Array], Places]:
        """Return (rows, width) for each direction, valid until the next call, and the row of each word, (tokens,).

        Args:
            words: (tokens,) ids.
        """
        places = self._rows[words] - 1
        is_new = places < 0
        if not is_new.any():
            return self._tables, places
        new, number_of_new = np.unique(words[is_new], return_inverse=True)
        if self._guard is not None:
            self._guard(new)
        first, end = self._num_kept, self._num_kept + len(new)
        self._grow(end)
        vectors = self._embedding[new].astype(self._dtype)
        for table, project in zip(self._tables, self._projections, strict=True):
            table[first:end] = project(vectors)
        self._num_kept = min(end, max(first, self._max_kept))
        self._rows[new[: self._num_kept - first]] = np.arange(first, self._num_kept) + 1
        places[is_new] = first + number_of_new
        return self._tables, places

    def _grow(self, num_rows: int) -> None:
        """Make room for `num_rows` rows and more, so that this is rarely needed."""
        kept = self._num_kept
        wanted = min(self._max_kept, 2 * num_rows) if num_rows < self._max_kept else 2 * num_rows - self._max_kept
        for number, table in enumerate(self._tables):
            if num_rows > len(table):
                longer = np.empty((wanted, table.shape[1]), self._dtype)
                longer[:kept] = table[:kept]
                self._tables[number] = longer
