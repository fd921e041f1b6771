"""Token ids of a whole corpus in one flat array, and batches of texts of like length cut from it."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Batches are sorted inside pools of this many batches: lengths match almost as well as in a full sort, order stays
# random.
POOL_BATCHES = 50


@dataclass(frozen=True)
class TokenIds:
    """Texts as token ids, end to end: text n is `flat[offsets[n]:offsets[n + 1]]`. No text is empty."""

    flat: NDArray[np.integer]
    offsets: NDArray[np.int64]

    @classmethod
    def from_texts(cls, texts: Iterable[Sequence[int]]) -> "TokenIds":
        """Store texts that are given as ids, each with at least one."""
        offsets, flat = array("q", [0]), array("i")
        for ids in texts:
            if not ids:
                raise ValueError(f"expected at least one token per text, got none in text {len(offsets) - 1}")
            flat.extend(ids)
            offsets.append(len(flat))
        return cls(np.array(flat, dtype=np.int32), np.array(offsets, dtype=np.int64))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(texts,) number of tokens of each text."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def joined(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
        """Return the ids of `rows` end to end, (tokens,), and their lengths (rows,)."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        shift = starts - (np.cumsum(lengths) - lengths)
        return self.flat[np.repeat(shift, lengths) + np.arange(lengths.sum())], lengths


def training_batches(
    lengths: NDArray[np.int64],
    *,
    batch_size: int,
    generator: "np.random.Generator",  # in quotes: predicting needs no random numbers
) -> list[NDArray[np.int64]]:
    """Cut all rows into batches of like length, in random order.

    Rows are shuffled, sorted by length inside pools of POOL_BATCHES batches, cut, and the batches shuffled.

    Returns:
        Row numbers of each batch; every row is in exactly one, only one batch of a pool is smaller than `batch_size`.
    """
    shuffled = generator.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), batch_size * POOL_BATCHES):
        pool = shuffled[start : start + batch_size * POOL_BATCHES]
        batches.extend(batches_by_length(lengths, rows=pool, batch_size=batch_size))
    return [batches[index] for index in generator.permutation(len(batches))]


def batches_by_length(
    lengths: NDArray[np.int64],
    *,
    rows: NDArray[np.int64] | None = None,
    batch_size: int,
    max_tokens: int | None = None,
) -> Iterator[NDArray[np.int64]]:
    """Yield `rows` (default: all) sorted by length and cut into batches: the least padding.

    Args:
        lengths: (texts,) in tokens.
        rows: which texts.
        batch_size: rows of a batch at most.
        max_tokens: padded token positions of a batch at most, but always one row.
    """
    if rows is None:
        rows = np.arange(len(lengths))
    by_length = rows[np.argsort(lengths[rows], kind="stable")]
    start = 0
    while start < len(by_length):
        size = batch_size
        if max_tokens is not None:
            longest = int(lengths[by_length[min(start + size, len(by_length)) - 1]])
            size = max(1, min(size, max_tokens // longest))
        yield by_length[start : start + size]
        start += size
