"""Collects token ids into a flat array through a temporary file, with one block in memory at a time."""

import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.temporary import temporary_space

# Flat arrays of more bytes than this are mapped into memory from a file that vanishes when the process ends.
MEMORY_BYTES = 16 << 20

# Ids in memory at a time.
BLOCK_IDS = 1 << 18

_SPOOL_TYPE = np.dtype(np.int32)


class TokenIdsOnDisk:
    """The token ids of many texts, written once; `flat` reads them back, renumbered if needed.

    Attributes:
        offsets: (texts + 1,); text n is `flat[offsets[n]:offsets[n + 1]]`.
        counts: (ids,), how often each id occurs.
    """

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        """Store the ids of all `texts`, each of which must have at least one."""
        self.counts = np.zeros(0, dtype=np.int64)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as this object)
        weakref.finalize(self, self._file.close)
        try:
            self.offsets = self._take(texts)
        except BaseException:
            self._file.close()
            raise

    def _take(self, texts: Iterable[Sequence[int]]) -> NDArray[np.int64]:
        offsets, block = array("q", [0]), array("i")
        for ids in texts:
            if not ids:
                raise ValueError(f"expected at least one token per text, got none in text {len(offsets) - 1}")
            block.extend(ids)
            offsets.append(offsets[-1] + len(ids))
            if len(block) >= BLOCK_IDS:
                self._write(block)
                del block[:]
        self._write(block)
        return np.array(offsets, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def _write(self, block: "array[int]") -> None:
        ids = np.array(block, dtype=_SPOOL_TYPE)
        with temporary_space():
            self._file.write(ids.tobytes())
        counts = np.bincount(ids, minlength=len(self.counts))
        counts[: len(self.counts)] += self.counts
        self.counts = counts

    def texts(self, numbers: NDArray[np.int64] | None = None) -> Iterator[list[int]]:
        """Yield the ids of each text, or of the texts with the given `numbers` in ascending order."""
        offsets = self.offsets.tolist()
        block, start = np.empty(0, dtype=_SPOOL_TYPE), 0
        for number in range(len(self)) if numbers is None else numbers.tolist():
            first, end = offsets[number], offsets[number + 1]
            if end > start + len(block):
                self._file.seek(first * _SPOOL_TYPE.itemsize)
                data = self._file.read(max(BLOCK_IDS, end - first) * _SPOOL_TYPE.itemsize)
                block, start = np.frombuffer(data, dtype=_SPOOL_TYPE), first
            yield block[first - start : end - start].tolist()

    def flat(self, new_ids: NDArray[np.integer] | None = None) -> NDArray[np.integer]:
        """Return all ids end to end, in the narrowest type that fits.

        Args:
            new_ids: (ids,), the new id for each id; None keeps them.
        """
        largest = len(self.counts) if new_ids is None else int(new_ids.max(initial=0))
        dtype = np.dtype(np.uint16 if largest < 2**16 else np.int32)
        with tempfile.TemporaryFile() as file:
            for block in self._blocks():
                with temporary_space():
                    file.write((block if new_ids is None else new_ids[block]).astype(dtype).tobytes())
                    file.flush()
            file.seek(0)
            num_ids = int(self.offsets[-1])
            if num_ids * dtype.itemsize <= MEMORY_BYTES:
                return np.fromfile(file, dtype=dtype)
            # The mapping outlives the file object.
            return np.memmap(file, dtype=dtype, mode="r", shape=(num_ids,))

    def _blocks(self) -> Iterator[NDArray[np.int32]]:
        self._file.seek(0)
        while data := self._file.read(BLOCK_IDS * _SPOOL_TYPE.itemsize):
            yield np.frombuffer(data, dtype=_SPOOL_TYPE)
