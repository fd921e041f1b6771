"""The input part of the first layer, word by word: computed when a word is met and, if it is a frequent one, kept."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lstmcli.inference.lanes import product_by_row
from lstmcli.kernels.weights import Array

# Of all networks together. Words are numbered by how frequent they are, so these are the rows that are needed most.
MAX_KEPT_BYTES = 1 << 25


class ProjectedWords:
    """W x + b for the vector x of each word. It is more than half of a network's arithmetic, and the same every time.

    A row does not depend on the words it is computed with, see `lanes`.
    """

    def __init__(
        self,
        embedding: NDArray[np.floating],
        inputs: Array,
        bias: Array,
        *,
        lanes: int,
        dtype: DTypeLike,
        max_bytes: int = MAX_KEPT_BYTES,
    ) -> None:
        """Compute nothing yet.

        Args:
            embedding: (words, size), perhaps mapped into memory, the most frequent words first.
            inputs: (directions, 1, width, size), W of each direction.
            bias: (directions, 1, width, 1).
            lanes: of a tile.
            dtype: of the arithmetic.
            max_bytes: what may be kept.
        """
        self._embedding = embedding
        self._inputs, self._bias = inputs[:, 0], bias[:, 0, :, 0]
        self._lanes, self._dtype = lanes, np.dtype(dtype)
        num_directions, width = self._bias.shape
        num_kept = min(len(embedding), max_bytes // (num_directions * width * self._dtype.itemsize))
        self._kept = np.empty((num_directions, num_kept, width), self._dtype)  # memory is taken by rows in use alone
        self._is_kept = np.zeros(num_kept, dtype=bool)

    def rows(self, words: NDArray[np.integer]) -> Array:
        """Return (directions, words, width) of distinct `words` in ascending order."""
        num_frequent = int(np.searchsorted(words, len(self._is_kept)))
        frequent = words[:num_frequent]
        new = frequent[~self._is_kept[frequent]]
        for number, rows in enumerate(self._computed(new)):
            self._kept[number, new] = rows
        self._is_kept[new] = True
        found = np.empty((len(self._kept), len(words), self._kept.shape[2]), self._dtype)
        for number, rows in enumerate(self._computed(words[num_frequent:])):
            np.take(self._kept[number], frequent, axis=0, out=found[number, :num_frequent], mode="clip")
            found[number, num_frequent:] = rows
        return found

    def _computed(self, words: NDArray[np.integer]) -> list[Array]:
        vectors = self._embedding[words].astype(self._dtype)
        return [
            product_by_row(inputs, vectors, self._lanes) + bias
            for inputs, bias in zip(self._inputs, self._bias, strict=True)
        ]
