"""Token ids of a whole corpus in one flat array, and batches of texts of similar length."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.text.epoch_order import BlockOrder, Lengths

# Texts are sorted by length within pools of this many batches: lengths match almost as well as after a full sort, and
# the order remains random.
POOL_BATCHES = 50

# More texts than this are not shuffled at once, which would take 16 bytes for each; see `epoch_order`.
MAX_SHUFFLED_TEXTS = 1 << 21


@dataclass(frozen=True)
class TokenIds:
    """Texts as token ids, text after text: text n is `flat[offsets[n]:offsets[n + 1]]`. No text is empty."""

    flat: NDArray[np.integer]
    offsets: NDArray[np.int64]

    @classmethod
    def from_texts(cls, texts: Iterable[Sequence[int]]) -> "TokenIds":
        """Store texts given as ids, at least one each."""
        offsets, flat = array("q", [0]), array("i")
        for ids in texts:
            if not ids:
                raise ValueError(f"expected at least one token per text, got none in text {len(offsets) - 1}")
            flat.extend(ids)
            offsets.append(len(flat))
        return cls(np.array(flat, dtype=np.int32), np.array(offsets, dtype=np.int64))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each text, (texts,)."""
        return np.diff(self.offsets)

    @property
    def lengths_by_row(self) -> Lengths:
        """The same, of which only those asked for need to be in memory."""
        return self.lengths

    @property
    def num_tokens(self) -> int:
        """The number of tokens of all texts."""
        return len(self.flat)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, rows: NDArray[np.int64]) -> "TokenIds":
        """Return some of the texts."""
        flat, lengths = self.joined(rows)
        return TokenIds(flat, np.concatenate([[0], np.cumsum(lengths)]))

    def joined(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
        """Return the ids of `rows`, text after text, (tokens,), and their lengths (rows,)."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        shift = starts - (np.cumsum(lengths) - lengths)
        return self.flat[np.repeat(shift, lengths) + np.arange(lengths.sum())], lengths


def training_batches(
    lengths: Lengths,
    *,
    batch_size: int,
    generator: "np.random.Generator",  # in quotes, so that prediction does not load numpy.random
) -> Sequence[NDArray[np.int64]]:
    """Divide all rows into batches of similar length, in random order.

    Rows are shuffled, sorted by length within pools of POOL_BATCHES batches, and divided into batches, which are
    shuffled. More than MAX_SHUFFLED_TEXTS rows are shuffled by blocks.

    Returns:
        Row numbers of each batch. Every row is in exactly one batch. At most one batch of a pool is smaller than
        `batch_size`.
    """
    if len(lengths) > MAX_SHUFFLED_TEXTS:
        return BlockOrder(lengths, batch_size=batch_size, pool_batches=POOL_BATCHES, generator=generator)
    shuffled = generator.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), batch_size * POOL_BATCHES):
        pool = shuffled[start : start + batch_size * POOL_BATCHES]
        batches.extend(batches_by_length(lengths, rows=pool, batch_size=batch_size))
    return [batches[index] for index in generator.permutation(len(batches))]


def batches_by_length(
    lengths: Lengths,
    *,
    rows: NDArray[np.int64] | None = None,
    batch_size: int,
    max_tokens: int | None = None,
) -> Iterator[NDArray[np.int64]]:
    """Yield `rows` (default: all), sorted by length and divided into batches, which minimises padding.

    Args:
        lengths: (texts,) in tokens.
        rows: numbers of the texts.
        batch_size: maximum number of rows in a batch.
        max_tokens: maximum number of token positions in a batch, padding included; a batch has at least one row.
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
