"""Stores the texts of a corpus end to end in UTF-8; large corpora go to a temporary file."""

import hashlib
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.numbers_on_disk import NumbersOnDisk
from lstmcli.corpus.temporary import temporary_space
from lstmcli.data.row_text import RowText

# Up to this many bytes stay in memory; larger corpora go to a file that vanishes when the process ends.
MEMORY_BYTES = 4 << 20

# Bytes read at a time.
BLOCK_BYTES = 1 << 20

# The places of texts in the file are in a file too, but for those of the last texts, at most this many.
BLOCK_TEXTS = 1 << 16

# Texts whose places are read at a time.
PLACES_AHEAD = 1 << 10

# JSON can contain lone surrogates, which plain UTF-8 can't.
ERRORS = "surrogatepass"

# Numbers of texts.
Numbers = NDArray[np.int64] | range


class TextStore:
    """Stores texts one by one and returns them by number, fastest in ascending order."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 (lives as long as the store)
        weakref.finalize(self, self._file.close)
        self._ends = NumbersOnDisk(np.int64)  # without the last ones
        self._last_ends = array("q")
        self._end = 0
        self._digest = hashlib.sha256()

    def append(self, text: str) -> None:
        """Add one text."""
        data = text.encode("utf-8", ERRORS)
        with temporary_space():
            self._file.write(data)
        self._end += len(data)
        self._last_ends.append(self._end)
        if len(self._last_ends) >= BLOCK_TEXTS:
            self._ends.append(np.array(self._last_ends))
            del self._last_ends[:]
        self._digest.update(len(data).to_bytes(8, "little") + data)

    def __len__(self) -> int:
        return len(self._ends) + len(self._last_ends)

    def digest(self) -> bytes:
        """Return a hash of all texts."""
        return self._digest.digest()

    def read(self, numbers: Numbers) -> Iterator[str]:
        """Yield the texts with the given `numbers`, in that order."""
        block, block_start = b"", 0
        for start, end in self._places(numbers):
            if start < block_start or end > block_start + len(block):
                self._file.seek(start)
                block, block_start = self._file.read(max(BLOCK_BYTES, end - start)), start
            yield block[start - block_start : end - block_start].decode("utf-8", ERRORS)

    def _places(self, numbers: Numbers) -> Iterator[tuple[int, int]]:
        """Yield where each text starts and ends in the file."""
        first, ends = 0, list[int]()  # the ends of some texts, and of the one before them
        for start in range(0, len(numbers), BLOCK_TEXTS):
            for number in np.asarray(numbers[start : start + BLOCK_TEXTS]).tolist():
                if not first <= number < first + len(ends) - 1:
                    first = number
                    ends = self._some_ends(number, number + (PLACES_AHEAD if len(numbers) > 1 else 1)).tolist()
                yield ends[number - first], ends[number - first + 1]

    def _some_ends(self, start: int, end: int) -> NDArray[np.int64]:
        """Return the end of text `start` - 1, 0 for the first, and those of the texts up to `end`."""
        stored = self._ends.read(min(max(start - 1, 0), len(self._ends)), min(end, len(self._ends)))
        num_stored = len(self._ends)
        last = self._last_ends[max(start - 1 - num_stored, 0) : max(end - num_stored, 0)]
        before = [np.zeros(1, dtype=np.int64)] if start == 0 else []
        return np.concatenate([*before, stored, np.array(last, dtype=np.int64)])


# Separates the cells of a row in a store. No cell contains it.
SEPARATOR = "\x1f"


def joined_cells(cells: Sequence[str]) -> str:
    """Return cells as one text of a store."""
    return SEPARATOR.join(cell.replace(SEPARATOR, " ") for cell in cells)


class Texts(Sequence[str]):
    """Some texts of a store, in order, perhaps with the cells of their rows."""

    def __init__(self, store: TextStore, numbers: Numbers, cells: TextStore | None = None) -> None:
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
        return next(self._read(np.array([self.numbers[index]])))

    def _read(self, numbers: Numbers) -> Iterator[str]:
        if self.cells is None:
            return self.store.read(numbers)
        pairs = zip(self.store.read(numbers), self.cells.read(numbers), strict=True)
        return (RowText(text, cells.split(SEPARATOR)) for text, cells in pairs)
