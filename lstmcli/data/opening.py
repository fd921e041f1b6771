"""Opens files, and says why one can't be opened."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from lstmcli.errors import DataError, did_you_mean


def is_there(path: str) -> bool:
    """Return whether there is something to read at `path`, not a folder."""
    try:
        return Path(path).exists() and not Path(path).is_dir()
    except (OSError, ValueError):  # such as a name that is too long
        return False


def open_file(path: str) -> BinaryIO:
    """Open a file to read its bytes.

    Raises:
        DataError: it can't be opened.
    """
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file.{did_you_mean(path, _neighbours(path))}") from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder, expected a file.") from None
    except OSError as error:
        raise DataError(f"{path:.300}: can't be opened ({error.strerror}).") from None
    except ValueError:
        raise DataError(f"{path!r:.300}: is not the name of a file: it contains a NUL character.") from None


class WatchedStream:
    """A stream of bytes that shows somebody else all that is read from it."""

    def __init__(self, stream: BinaryIO, see: Callable[[bytes], None]) -> None:
        self._stream, self._see = stream, see

    def read1(self, size: int) -> bytes:
        """Return at most `size` bytes, those of one read."""
        found: bytes = self._stream.read1(size)  # type: ignore[attr-defined]  # as all binary streams here have
        self._see(found)
        return found

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._stream.fileno()


def show_file(path: str, see: Callable[[bytes], None]) -> None:
    """Show somebody all bytes of a file."""
    with open_file(path) as stream:
        while found := stream.read(1 << 20):
            see(found)


def first_bytes(path: str) -> bytes:
    """Return some of the first bytes of a file; none of a pipe, which can be read only once.

    Raises:
        DataError: it can't be opened.
    """
    if not Path(path).is_file():
        return b""
    with open_file(path) as stream:
        return stream.read(1 << 16)


def _neighbours(path: str) -> list[str]:
    """Return the files in the folder of `path`, as far as it can be read."""
    parent = Path(path).parent
    try:
        return [str(parent / other.name) for other in parent.iterdir()]
    except OSError:
        return []
