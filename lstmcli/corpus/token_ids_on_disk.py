"""Token ids on their way from texts to a flat array, through a temporary file: memory holds a block at a time."""

import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.temporary import temporary_space

# A flat array beyond so many bytes lies in a file that is mapped into memory and vanishes with the process.
MEMORY_BYTES = 16 << 20

# Ids in hand at a time.
BLOCK_IDS = 1 << 18

_SPOOL_TYPE = np.dtype(np.int32)


class TokenIdsOnDisk:
    """The ids of many texts, written down once; `flat` reads them back, with other numbers if need be.

    Attributes:
        offsets: (texts + 1,); text n is `flat[offsets[n]:offsets[n + 1]]`.
        counts: (ids,), how often each id occurs.
    """

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        """Take the ids of all `texts`, each with at least one."""
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
                raise ValueError(f"expected at least one token a text, got none in text {len(offsets) - 1}")
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
        """Yield the ids of each text, or of the texts of `numbers`, which ascend."""
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
        """Return all ids end to end, in the narrowest type that holds them.

        Args:
            new_ids: (ids,), what each id becomes; None: itself.
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
