"""Collects token ids through a temporary file, with one block in memory at a time."""

from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.numbers_on_disk import NumbersOnDisk
from lstmcli.corpus.stored_token_ids import token_ids_of
from lstmcli.text.token_ids import TokenIds

# Ids in memory at a time.
BLOCK_IDS = 1 << 18

_SPOOL_TYPE = np.dtype(np.int32)


class TokenIdsOnDisk:
    """The token ids of many texts, written once; `flat` reads them back, renumbered if needed.

    Attributes:
        counts: (ids,), how often each id occurs.
        longest: the number of ids of the longest text.
    """

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        """Store the ids of all `texts`, each of which must have at least one."""
        self.counts = np.zeros(0, dtype=np.int64)
        self.longest = 0
        self._ids, self._lengths = NumbersOnDisk(_SPOOL_TYPE), NumbersOnDisk(_SPOOL_TYPE)
        self._take(texts)

    def _take(self, texts: Iterable[Sequence[int]]) -> None:
        block, lengths = array("i"), array("i")
        for ids in texts:
            if not ids:
                number = len(self._lengths) + len(lengths)
                raise ValueError(f"expected at least one token per text, got none in text {number}")
            block.extend(ids)
            lengths.append(len(ids))
            if len(block) >= BLOCK_IDS:
                self._write(block, lengths)
                del block[:], lengths[:]
        self._write(block, lengths)

    @property
    def offsets(self) -> NDArray[np.int64]:
        """(texts + 1,); text n is `flat[offsets[n]:offsets[n + 1]]`."""
        return np.concatenate([[0], np.cumsum(self._lengths.all(), dtype=np.int64)])

    @property
    def num_tokens(self) -> int:
        """The number of ids of all texts."""
        return len(self._ids)

    def __len__(self) -> int:
        return len(self._lengths)

    def _write(self, block: "array[int]", lengths: "array[int]") -> None:
        ids = np.array(block, dtype=_SPOOL_TYPE)
        self._ids.append(ids)
        self._lengths.append(np.array(lengths, dtype=_SPOOL_TYPE))
        self.longest = max(self.longest, max(lengths, default=0))
        counts = np.bincount(ids, minlength=len(self.counts))
        counts[: len(self.counts)] += self.counts
        self.counts = counts

    def texts(self, numbers: NDArray[np.int64] | None = None) -> Iterator[list[int]]:
        """Yield the ids of each text, or of the texts with the given `numbers` in ascending order."""
        first_text = first_id = place = 0
        for lengths in self._lengths.blocks():
            ends = first_id + np.cumsum(lengths, dtype=np.int64)
            starts = ends - lengths
            wanted: slice | NDArray[np.int64] = slice(None)
            if numbers is not None:
                end = int(np.searchsorted(numbers, first_text + len(lengths)))
                wanted, place = numbers[place:end] - first_text, end
            yield from self._read(starts[wanted].tolist(), ends[wanted].tolist())
            first_text, first_id = first_text + len(lengths), int(ends[-1])

    def _read(self, starts: list[int], ends: list[int]) -> Iterator[list[int]]:
        """Yield what lies between each start and end, which are ascending."""
        block, first = np.empty(0, dtype=_SPOOL_TYPE), 0
        for start, end in zip(starts, ends, strict=True):
            if end > first + len(block):
                block, first = self._ids.read(start, min(len(self._ids), max(end, start + BLOCK_IDS))), start
            yield block[start - first : end - first].tolist()

    def token_ids(self, new_ids: NDArray[np.integer] | None = None) -> TokenIds:
        """Return all texts, in memory unless they are many; `new_ids` as for `flat`."""
        return token_ids_of(self._renumbered(new_ids), self._lengths)

    def flat(self, new_ids: NDArray[np.integer] | None = None) -> NDArray[np.integer]:
        """Return all ids end to end, in the narrowest type that fits.

        Args:
            new_ids: (ids,), the new id for each id; None keeps them.
        """
        flat = self._renumbered(new_ids)
        return flat.all() if flat.is_small else flat.mapped()

    def _renumbered(self, new_ids: NDArray[np.integer] | None) -> NumbersOnDisk:
        largest = len(self.counts) if new_ids is None else int(new_ids.max(initial=0))
        found = NumbersOnDisk(np.uint16 if largest < 2**16 else np.int32)
        for block in self._ids.blocks():
            found.append(block if new_ids is None else new_ids[block])
        return found
