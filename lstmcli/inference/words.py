"""The input part of the first layer, word by word: computed when a word is met, and kept while there is room."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lstmcli.inference.lanes import product_by_row
from lstmcli.kernels.weights import Array

# Of all networks together. The words that are met first are mostly those that will be met most.
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
            embedding: (words, size), perhaps mapped into memory.
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
        self._max_kept = max_bytes // (num_directions * width * self._dtype.itemsize)
        self._kept = np.empty((num_directions, 0, width), self._dtype)
        self._num_kept = 0
        self._places = np.zeros(len(embedding), dtype=np.int32)  # among those kept, from 1; 0: not kept

    def rows(self, words: NDArray[np.integer]) -> Array:
        """Return (directions, words, width) of distinct `words` in ascending order."""
        places = self._places[words]
        is_new = places == 0
        found = np.empty((len(self._kept), len(words), self._kept.shape[2]), self._dtype)
        computed = self._computed(words[is_new])
        for number, rows in enumerate(computed):
            found[number, is_new] = rows
            found[number, ~is_new] = self._kept[number].take(places[~is_new] - 1, axis=0)
        self._keep(words[is_new], computed)
        return found

    def _keep(self, words: NDArray[np.integer], computed: list[Array]) -> None:
        """Keep the first of new `words`, as many as there is room for."""
        first, words = self._num_kept, words[: self._max_kept - self._num_kept]
        self._num_kept += len(words)
        if self._num_kept > self._kept.shape[1]:
            longer = np.empty(
                (len(self._kept), min(self._max_kept, 2 * self._num_kept), self._kept.shape[2]), self._dtype
            )
            longer[:, :first] = self._kept[:, :first]
            self._kept = longer
        for number, rows in enumerate(computed):
            self._kept[number, first : self._num_kept] = rows[: len(words)]
        self._places[words] = np.arange(first + 1, self._num_kept + 1)

    def _computed(self, words: NDArray[np.integer]) -> list[Array]:
        vectors = self._embedding[words].astype(self._dtype)
        return [
            product_by_row(inputs, vectors, self._lanes) + bias
            for inputs, bias in zip(self._inputs, self._bias, strict=True)
        ]
