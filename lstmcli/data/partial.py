"""FILE.part, in which an output grows, and FILE.part.json, its mark: how far it is good, and for which job.

A FILE.part that somebody else has made is left alone, and so is whatever a link of that name points to: a partial
output is known by its mark, which is written before the first row. Marks and the bytes that they vouch for have
checksums. They reach the disk before the mark does, so that a crash of the machine loses only what came later.
"""

import io
import os
import stat
import time
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lstmcli.data.atomic import sync, sync_descriptor
from lstmcli.data.marks import SAFELY, Mark, mark_path, read_mark, write_mark
from lstmcli.errors import DataError

# Marks are at least so far apart, since a disk may take as long for one as the computation of many rows.
MARK_SECONDS = 1.0

READ_BYTES = 1 << 20


class Part(io.BufferedIOBase):
    """An open FILE.part that no other process writes. It can be written to, and nothing is buffered.

    Attributes:
        path: of the file.
        marked: the mark beside it.
        done: what an earlier process has left to be continued, or None.
    """

    def __init__(self, target: Path, job: str, *, resume: bool) -> None:
        """Open the part of `target`, new or as an earlier process has left it.

        Args:
            target: the file that it will become.
            job: what is asked for, in words of the caller's.
            resume: whether to continue what an earlier process has left, if it has left something.

        Raises:
            DataError: it can't be written, is somebody else's, is damaged, or belongs to another job.
        """
        self.path, self._target = part_path(target), target
        try:
            self._descriptor, self.marked = self._open(job, resume=resume)
            self.done = self.marked if self.marked.input_rows else None
            self._reached, self._next_mark_at = self.marked, 0.0
            self._crc32, self._num_bytes = self.marked.crc32, self.marked.num_bytes
            self._is_over = False
        except OSError as error:
            raise DataError(f"{target}: can't be written ({error.strerror}). Does the folder exist?") from None

    def _open(self, job: str, *, resume: bool) -> tuple[int, Mark]:
        mark = read_mark(self.path)
        found = _existing(self.path)
        if found is not None:
            try:
                _claim(found, self._target, self.path)
                if _continues(found, self.path, mark, job, resume=resume):
                    assert mark is not None
                    os.ftruncate(found, mark.num_bytes)
                    os.lseek(found, mark.num_bytes, os.SEEK_SET)
                    return found, mark if mark.inode == os.fstat(found).st_ino else write_mark(self.path, mark, found)
                if os.name == "nt":  # which deletes no open files
                    os.ftruncate(found, 0)
                    return found, write_mark(self.path, Mark(job), found)
                _discard(self.path)  # rather than emptied: it may be open elsewhere
            except BaseException:
                os.close(found)
                raise
            os.close(found)
        elif mark is not None:  # of an output that was finished, or else an empty part would seem somebody else's
            mark_path(self.path).unlink(missing_ok=True)
        return self._create(job)

    def _create(self, job: str) -> tuple[int, Mark]:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFELY, 0o666)
        except FileExistsError:
            raise _is_being_written(self._target) from None
        try:
            _claim(descriptor, self._target, self.path)
            if self._target.exists() and hasattr(os, "fchmod"):  # its rows may be for fewer eyes than a new file's
                os.fchmod(descriptor, stat.S_IMODE(self._target.stat().st_mode) | stat.S_IWUSR)
            return descriptor, write_mark(self.path, Mark(job), descriptor)
        except BaseException:
            os.close(descriptor)
            self.path.unlink()
            raise

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write all of `data`; after `keep` or `discard`, nothing."""
        rest = memoryview(b"" if self._is_over else data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._crc32 = zlib.crc32(data, self._crc32)
        self._num_bytes += len(data)
        return len(data)

    def reached(self, input_rows: int, written_rows: int) -> None:
        """Note that so many rows are complete, and mark this if the last mark is old enough."""
        self._reached = replace(
            self.marked,
            input_rows=input_rows,
            written_rows=written_rows,
            num_bytes=self._num_bytes,
            crc32=self._crc32,
        )
        if time.monotonic() >= self._next_mark_at:
            self._mark()

    def _mark(self) -> None:
        if self._reached != self.marked:
            sync_descriptor(self._descriptor)
            self.marked = write_mark(self.path, self._reached, self._descriptor)
            self._next_mark_at = time.monotonic() + MARK_SECONDS

    def finish(self) -> None:
        """Move the file to its target. It is on the disk before that, and stays locked meanwhile."""
        sync_descriptor(self._descriptor)
        if not _is_same(self._descriptor, self.path):
            raise DataError(f"{self.path}: was moved or replaced by another process; nothing is written.")
        if self._target.exists():
            mode = stat.S_IMODE(self._target.stat().st_mode)
            os.chmod(self._descriptor if os.chmod in os.supports_fd else self.path, mode)  # noqa: PTH101  # no links
        if os.name == "nt":  # which renames no open files
            self.let_go()
        self.path.replace(self._target)
        with suppress(DataError):  # by now it may be another process's
            if read_mark(self.path) == self.marked:
                mark_path(self.path).unlink()
        sync(self._target.parent)

    def keep(self) -> bool:
        """Keep what is needed to continue; if there is nothing, delete all, and return False."""
        self._is_over = True
        if not _is_same(self._descriptor, self.path):  # it has become the target, or was moved
            return False
        with suppress(OSError):
            os.ftruncate(self._descriptor, self._reached.num_bytes)  # leaves room for the mark on a full disk
            self._mark()
        if self.marked.written_rows:
            return True
        self.discard()
        return False

    def discard(self) -> None:
        """Delete the file and its mark."""
        self._is_over = True
        if _is_same(self._descriptor, self.path):
            _discard(self.path)

    def let_go(self) -> None:
        """Close the file."""
        with suppress(OSError):
            os.close(self._descriptor)


def part_path(target: Path) -> Path:
    """Return the path of FILE.part."""
    return target.with_name(f"{target.name}.part")


def _existing(path: Path) -> int | None:
    """Open `path` if there is such a file.

    Raises:
        DataError: it is a link, not a plain file, or has further names.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise _foreign(path)
    return os.open(path, os.O_RDWR | SAFELY)


def _continues(descriptor: int, path: Path, mark: Mark | None, job: str, *, resume: bool) -> bool:
    """Return whether the file is continued, rather than started again.

    Raises:
        DataError: it is not ours, or can't be continued.
    """
    status = os.fstat(descriptor)
    if mark is None:
        if status.st_size:
            raise _foreign(path)
        return False  # a process was killed before it could write the mark
    is_same = mark.inode == status.st_ino
    if is_same and not resume:
        return False
    is_whole = status.st_size >= mark.num_bytes and _crc32(descriptor, mark.num_bytes) == mark.crc32
    if not is_same and not (is_whole and mark.num_bytes):
        raise _foreign(path)
    if resume and mark.job != job:
        raise DataError(
            f"{path}: was begun with another model, input or options; give the same ones, or leave --resume out to "
            "start again."
        )
    if resume and not is_whole:
        raise DataError(
            f"{path}: is damaged: its content is not what was written. It can't be resumed; leave --resume out to "
            "start again."
        )
    return resume


def _crc32(descriptor: int, num_bytes: int) -> int:
    """Return the checksum of the first bytes of a file."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    checksum = 0
    while num_bytes and (data := os.read(descriptor, min(num_bytes, READ_BYTES))):
        checksum = zlib.crc32(data, checksum)
        num_bytes -= len(data)
    return checksum


def _foreign(path: Path) -> DataError:
    return DataError(
        f"{path}: exists, but is not an unfinished output of lstmcli, so it is left alone. Move or delete it, or "
        "choose another --output."
    )


def _discard(part: Path) -> None:
    """Delete a part, and then its mark: alone, a part would be taken for somebody else's."""
    part.unlink()
    mark_path(part).unlink(missing_ok=True)


def _claim(descriptor: int, target: Path, path: Path) -> None:
    """Make sure that no other process writes the same file at the same time."""
    if os.name == "nt":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise _is_being_written(target) from None
    if not _is_same(descriptor, path):  # the process that had locked it has just finished
        raise _is_being_written(target)


def _is_being_written(target: Path) -> DataError:
    return DataError(f"{target}: is being written by another process.")


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False
