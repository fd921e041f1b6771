"""Folders whose files are listed with checksums, so that damage is noticed before it can change a result.

`checksums.json` holds the size of each file and the CRC-32 of each of its blocks. A file that is read whole is compared
whole. A block of a mapped file is compared when something in it is first read, so a large table opens as fast as a
small one. CRC-32 detects damage, not forgery.
"""

import json
import os
import stat
import zlib
from collections.abc import Callable, Collection, Iterable
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.atomic import atomic_path
from lstmcli.errors import DamagedFileError

CHECKSUMS_FILE: Final = "checksums.json"

# Blocks are as small as a page, since rows of a table are read in no order, but a file has no more than this many.
SMALLEST_BLOCK: Final = 4096
MOST_BLOCKS: Final = 4096

# Files that are always compared whole need no small blocks.
LARGE_BLOCK: Final = 1 << 20

# More than any description needs. Parsed, JSON takes up to 30 times as much memory.
MAX_JSON_BYTES: Final = 4 << 20

# The exponent of float16, whose bits are all set in infinities and NaN.
EXPONENT: Final = np.uint16(0x7C00)

OUTSIDE: Final = "is a link that leads out of the run, from which nothing is read"

RowGuard = Callable[[NDArray[np.integer]], None]


def seal(folder: Path) -> None:
    """Write the checksums of all files in `folder`, which must not change afterwards."""
    sums = {path.name: _sums_of(path) for path in sorted(folder.iterdir())}
    (folder / CHECKSUMS_FILE).write_bytes(_serialised(sums))


def reseal(folder: Path, names: Iterable[str], *, changed: Collection[str] = ()) -> None:
    """Write the checksums of the files `names` alone, replacing those of others; known ones are kept if unchanged.

    Raises:
        DamagedFileError: the list of checksums is damaged.
    """
    known = {name: sums for name, sums in SealedFolder(folder).sums.items() if name not in changed}
    sums = {name: known.get(name) or _sums_of(folder / name, smallest_block=LARGE_BLOCK) for name in names}
    with atomic_path(folder / CHECKSUMS_FILE, follows_links=False) as temporary:
        temporary.write_bytes(_serialised(sums))


def _serialised(sums: dict[str, Any]) -> bytes:
    return json.dumps({"files": sums}).encode() + b"\n"


def _sums_of(path: Path, *, smallest_block: int = SMALLEST_BLOCK) -> dict[str, Any]:
    num_bytes = path.stat().st_size
    block = smallest_block
    while block * MOST_BLOCKS < num_bytes:
        block *= 2
    with path.open("rb") as stream:
        sums = [zlib.crc32(content) for content in iter(lambda: stream.read(block), b"")]
    return {"bytes": num_bytes, "block": block, "crc32": sums}


def parse_json(content: bytes) -> Any:
    """Parse JSON of unknown origin.

    Raises:
        ValueError: it is not JSON, or contains NaN or infinities.
    """
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def reason_of(error: Exception) -> str:
    """Return what is wrong with a file, in words, for an exception that its content has caused."""
    return f"has no {error}" if isinstance(error, KeyError) else f"{error!s:.200}"


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


class SealedFolder:
    """Reads files of a folder; a file that differs from its checksum raises DamagedFileError.

    Only regular files are opened, and links only if they stay inside the folder, so that a folder from a stranger can
    neither make a reader wait nor read anything else.

    Attributes:
        path: of the folder.
        sums: the checksums of each file.
        is_sealed: whether it has checksums; folders written before they were introduced do not.
    """

    def __init__(self, path: Path, *, within: Path | None = None) -> None:
        """Open `path`.

        Args:
            path: of the folder.
            within: the folder that links must not leave, `path` by default.

        Raises:
            DamagedFileError: its list of checksums is damaged, or it is a link that leaves `within`.
        """
        self.path = path
        self._within = os.path.realpath(within or path)
        if not self._is_within(path):
            raise DamagedFileError(path, OUTSIDE)
        self.sums: dict[str, Any] = {}
        self.is_sealed = os.path.lexists(path / CHECKSUMS_FILE)
        if self.is_sealed:
            content = self._content(CHECKSUMS_FILE, MAX_JSON_BYTES)
            try:
                self.sums = dict(parse_json(content)["files"])
                if _serialised(self.sums) != content:  # the only file without a checksum has only one form
                    raise ValueError("it is not as it was written")
            except (ValueError, KeyError, TypeError) as error:
                raise self.damaged(CHECKSUMS_FILE, f"is damaged ({error})") from None

    def damaged(self, name: str, reason: str) -> DamagedFileError:
        """Return an error about a file."""
        return DamagedFileError(self.path / name, reason)

    @property
    def names(self) -> list[str]:
        """The names of all sealed files."""
        return list(self.sums)

    def read(self, name: str, *, most: int = MAX_JSON_BYTES) -> bytes:
        """Return the content of a file of at most `most` bytes.

        Raises:
            DamagedFileError: it is damaged, missing or longer.
        """
        content = self._content(name, most)
        self._guarded(name, memoryview(content)).check(0, len(content))
        return content

    def read_json(self, name: str, *, most: int = MAX_JSON_BYTES) -> Any:
        """Return the content of a JSON file of at most `most` bytes.

        Raises:
            DamagedFileError: it is damaged or missing, or not JSON.
        """
        try:
            return parse_json(self.read(name, most=most))
        except ValueError as error:
            raise self.damaged(name, f"is damaged ({error})") from None

    def map(self, name: str) -> "MappedFile":
        """Return a file that is mapped into memory; its blocks are checked by who reads them.

        Raises:
            DamagedFileError: it is missing, or has another size than it should.
        """
        with self._open(name) as stream:
            if not os.fstat(stream.fileno()).st_size:
                raise self.damaged(name, "is damaged: it is empty")
            return self._guarded(name, mmap(stream.fileno(), 0, access=ACCESS_READ))

    def check(self, name: str) -> None:
        """Compare a whole file with its checksum.

        Raises:
            DamagedFileError: it is damaged or missing.
        """
        mapped = self.map(name)
        mapped.check(0, len(mapped.content))

    def _guarded(self, name: str, content: "mmap | memoryview") -> "MappedFile":
        if not self.is_sealed:
            return MappedFile(self.path / name, content, SMALLEST_BLOCK, None)
        try:
            sums = self.sums[name]
            num_bytes, block, checksums = sums["bytes"], sums["block"], sums["crc32"]
            if type(block) is not int or block < SMALLEST_BLOCK or len(checksums) != -(-num_bytes // block):
                raise ValueError("wrong number of blocks")
        except (KeyError, TypeError, ValueError):
            raise self.damaged(CHECKSUMS_FILE, f"is damaged: it has no checksum of {name}") from None
        if num_bytes != len(content):
            raise self.damaged(name, f"is damaged: it has {len(content):,} bytes, expected {num_bytes:,}")
        return MappedFile(self.path / name, content, block, checksums)

    def _content(self, name: str, most: int) -> bytes:
        with self._open(name) as stream:
            num_bytes = os.fstat(stream.fileno()).st_size
            if num_bytes > most:
                raise self.damaged(name, f"is damaged: it has {num_bytes:,} bytes")
            content: bytes = stream.read()
        return content

    def _is_within(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self._within)

    def _open(self, name: str) -> Any:
        path = self.path / name
        try:
            if path.is_symlink() and not self._is_within(path):
                raise self.damaged(name, OUTSIDE)
            if not stat.S_ISREG(path.stat().st_mode):
                raise self.damaged(name, "is not a regular file")
            return path.open("rb")
        except FileNotFoundError:
            raise self.damaged(name, "is missing") from None
        except OSError as error:
            raise self.damaged(name, f"can't be read ({error.strerror or error})") from None


class MappedFile:
    """The content of a file, whose blocks are compared with their checksums before they are read.

    Attributes:
        path: of the file, for messages.
        content: all bytes.
    """

    def __init__(self, path: Path, content: "mmap | memoryview", block: int, sums: list[int] | None) -> None:
        """Store `content`, with the CRC-32 of each `block` of bytes, or None if they are not known."""
        self.path = path
        self.content = content
        self._block, self._sums = block, sums
        self._is_checked = bytearray(-(-len(content) // block))
        self._flags = np.frombuffer(self._is_checked, dtype=np.uint8)
        self._floats_from: int | None = None

    def damaged(self, reason: str) -> DamagedFileError:
        """Return an error about this file."""
        return DamagedFileError(self.path, reason)

    def check(self, start: int, end: int) -> None:
        """Check that the bytes from `start` to `end` are undamaged.

        Raises:
            DamagedFileError: they are not.
        """
        for block in range(start // self._block, -(-end // self._block)):
            if not self._is_checked[block]:
                self._check_block(block)

    def guard_floats(self, start: int, row_bytes: int, *, data_start: int) -> RowGuard:
        """Return a function that checks rows of a float16 table by their numbers, before they are read.

        Besides damage, values that are not finite are refused.

        Args:
            start: the place of row 0 in the file.
            row_bytes: the size of a row.
            data_start: where the first float16 of the file is, a multiple of 2.
        """
        self._floats_from = data_start
        blocks_per_row = -(-row_bytes // self._block) + 1

        def check(rows: NDArray[np.integer]) -> None:
            first = start + rows.astype(np.int64) * row_bytes
            last = (first + row_bytes - 1) // self._block
            first //= self._block
            for step in range(blocks_per_row):
                blocks = np.minimum(first + step, last)
                unchecked = blocks[self._flags[blocks] == 0]
                for block in set(unchecked.tolist()):  # np.unique would import numpy.ma
                    self._check_block(block)

        return check

    def _check_block(self, number: int) -> None:
        start = number * self._block
        content = self.content[start : start + self._block]
        if self._sums is not None and zlib.crc32(content) != self._sums[number]:
            raise self.damaged("is damaged: its content does not match its checksum")
        if self._floats_from is not None and start + len(content) > self._floats_from:
            values = np.frombuffer(content, dtype=np.uint16, offset=max(0, self._floats_from - start))
            if ((values & EXPONENT) == EXPONENT).any():
                raise self.damaged("is damaged: it contains values that are not finite")
        self._is_checked[number] = 1
