"""Stores the texts of a corpus end to end in UTF-8; large corpora go to a temporary file."""

import hashlib
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.temporary import temporary_space
from lstmcli.data.row_text import RowText

# Up to this many bytes stay in memory; larger corpora go to a file that vanishes when the process ends.
MEMORY_BYTES = 4 << 20

# Bytes read at a time.
BLOCK_BYTES = 1 << 20

# JSON can contain lone surrogates, which plain UTF-8 can't.
ERRORS = "surrogatepass"


class TextStore:
    """Stores texts one by one and returns them by number, fastest in ascending order."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 (lives as long as the store)
        weakref.finalize(self, self._file.close)
        self._offsets = array("q", [0])
        self._digest = hashlib.sha256()

    def append(self, text: str) -> None:
        """Add one text."""
        data = text.encode("utf-8", ERRORS)
        with temporary_space():
            self._file.write(data)
        self._offsets.append(self._offsets[-1] + len(data))
        self._digest.update(len(data).to_bytes(8, "little") + data)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def digest(self) -> bytes:
        """Return a hash of all texts."""
        return self._digest.digest()

    def read(self, numbers: NDArray[np.int64]) -> Iterator[str]:
        """Yield the texts with the given `numbers`, in that order."""
        block, block_start = b"", 0
        for number in numbers.tolist():
            start, end = self._offsets[number], self._offsets[number + 1]
            if start < block_start or end > block_start + len(block):
                self._file.seek(start)
                block, block_start = self._file.read(max(BLOCK_BYTES, end - start)), start
            yield block[start - block_start : end - block_start].decode("utf-8", ERRORS)


# Separates the cells of a row in a store. No cell contains it.
SEPARATOR = "\x1f"


def joined_cells(cells: Sequence[str]) -> str:
    """Return cells as one text of a store."""
    return SEPARATOR.join(cell.replace(SEPARATOR, " ") for cell in cells)


class Texts(Sequence[str]):
    """Some texts of a store, in order, perhaps with the cells of their rows."""

    def __init__(self, store: TextStore, numbers: NDArray[np.int64], cells: TextStore | None = None) -> None:
        """Take the texts with these `numbers`; `cells` are those of the same rows, see `joined_cells`."""
        self.store = store
        self.numbers = numbers
        self.cells = cells

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[str]:
        return self._read(self.numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> "Texts": ...

    def __getitem__(self, index: int | slice) -> "str | Texts":
        if isinstance(index, slice):
            return Texts(self.store, self.numbers[index], self.cells)
        return next(self._read(self.numbers[index][None]))

    def _read(self, numbers: NDArray[np.int64]) -> Iterator[str]:
        if self.cells is None:
            return self.store.read(numbers)
        pairs = zip(self.store.read(numbers), self.cells.read(numbers), strict=True)
        return (RowText(text, cells.split(SEPARATOR)) for text, cells in pairs)
