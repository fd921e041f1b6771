"""Lines of text in a temporary file, appended once and read back by place."""

import tempfile
import weakref
from collections.abc import Iterable, Iterator

from lstmcli.corpus.temporary import temporary_space

# JSON can contain lone surrogates, which plain UTF-8 can't.
ERRORS = "surrogatepass"

# Bytes read at a time. Many parts of a file may be read in turn.
BLOCK_BYTES = 1 << 15


class LinesOnDisk:
    """Lines, which contain no newline, in a file that vanishes with this object."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as this object)
        weakref.finalize(self, self._file.close)
        self._size = 0

    def append(self, lines: Iterable[str]) -> range:
        """Add `lines` at the end, and return their place in the file, in bytes."""
        start = self._size
        with temporary_space():
            self._file.seek(start)
            for line in lines:
                self._size += self._file.write(line.encode("utf-8", ERRORS) + b"\n")
            self._file.flush()
        return range(start, self._size)

    def read(self, place: range) -> Iterator[str]:
        """Yield the lines at a place that `append` returned; several places may be read in turn."""
        rest = b""
        for start in range(place.start, place.stop, BLOCK_BYTES):
            self._file.seek(start)
            *lines, rest = (rest + self._file.read(min(BLOCK_BYTES, place.stop - start))).split(b"\n")
            for line in lines:
                yield line.decode("utf-8", ERRORS)
