"""Numbers in a temporary file, appended once and read back by place, so that memory holds only what is being used."""

import tempfile
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lstmcli.corpus.temporary import temporary_space

# More bytes than this are mapped into memory or read in parts.
MEMORY_BYTES = 16 << 20

# Numbers read at a time.
BLOCK_NUMBERS = 1 << 18


class NumbersOnDisk:
    """Numbers of one type in a file that vanishes with this object.

    The file is read, not mapped: mapped pages count as memory of the process for as long as the system has room.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as this object)
        weakref.finalize(self, self._file.close)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def is_small(self) -> bool:
        """Whether all numbers may be in memory."""
        return self._length * self.dtype.itemsize <= MEMORY_BYTES

    def append(self, numbers: NDArray[Any]) -> None:
        """Add `numbers` at the end."""
        data = numbers.astype(self.dtype).tobytes()
        with temporary_space():
            self._file.seek(self._length * self.dtype.itemsize)
            self._file.write(data)
        self._length += len(numbers)

    def read(self, start: int, end: int) -> NDArray[Any]:
        """Return the numbers from place `start` up to `end`."""
        with temporary_space():  # what is still buffered is written first
            self._file.seek(start * self.dtype.itemsize)
        return np.frombuffer(self._file.read((end - start) * self.dtype.itemsize), dtype=self.dtype)

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield all numbers, some at a time."""
        for start in range(0, self._length, BLOCK_NUMBERS):
            yield self.read(start, min(start + BLOCK_NUMBERS, self._length))

    def all(self) -> NDArray[Any]:
        """Return all numbers, in memory."""
        return self.read(0, self._length)

    def mapped(self) -> NDArray[Any]:
        """Return all numbers, mapped into memory; the mapping may outlive this object."""
        with temporary_space():
            self._file.flush()
        return np.memmap(self._file, dtype=self.dtype, mode="r", shape=(self._length,))
