"""FILE.part.json, the mark beside a partial output FILE.part: how far it is good, and for which job."""

import json
import os
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from lstmcli.data.atomic import sync_descriptor
from lstmcli.errors import DataError

MAX_MARK_BYTES = 4096

# Never follow a link, wait for a pipe, or translate line endings; not every system has each of these.
SAFELY = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


@dataclass(frozen=True)
class Mark:
    """How far a partial output is good.

    Attributes:
        job: what was asked for, so that nothing else continues it.
        input_rows: rows of the input that are done.
        written_rows: rows of the output.
        num_bytes: of the output.
        crc32: of these bytes.
        inode: of the file, which tells it from another one of its name.
    """

    job: str
    input_rows: int = 0
    written_rows: int = 0
    num_bytes: int = 0
    crc32: int = 0
    inode: int = 0

    def to_json(self) -> str:
        """Return the content of a mark's file."""
        facts = asdict(self)
        return json.dumps({**facts, "checksum": _checksum(facts)}) + "\n"

    @classmethod
    def from_json(cls, content: bytes) -> "Mark":
        """Return the mark in a file with this content.

        Raises:
            ValueError, TypeError, RecursionError: `to_json` has not written it.
        """
        facts = json.loads(content.decode("utf-8"))
        checksum = facts.pop("checksum", None) if isinstance(facts, dict) else None
        mark = cls(**facts)
        if any(type(getattr(mark, field.name)) is not field.type for field in fields(cls)):
            raise TypeError("a fact has another type")
        if type(checksum) is not int or checksum != _checksum(asdict(mark)):
            raise ValueError("the checksum is wrong")
        return mark


def _checksum(facts: dict[str, object]) -> int:
    return zlib.crc32(json.dumps(facts, sort_keys=True).encode())


def mark_path(part: Path) -> Path:
    """Return the path of FILE.part.json."""
    return part.with_name(f"{part.name}.json")


def read_mark(part: Path) -> Mark | None:
    """Return the mark beside `part`, or None if there is none.

    Raises:
        DataError: there is a file of that name, but no valid mark.
    """
    path = mark_path(part)
    try:
        descriptor = os.open(path, os.O_RDONLY | SAFELY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _no_mark(path, part, error.strerror) from None
    try:
        content = os.read(descriptor, MAX_MARK_BYTES + 1)
        if len(content) > MAX_MARK_BYTES:
            raise ValueError("it is too long")
        return Mark.from_json(content)
    except OSError as error:
        raise _no_mark(path, part, error.strerror) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise _no_mark(path, part, str(error).splitlines()[0]) from None
    finally:
        os.close(descriptor)


def _no_mark(path: Path, part: Path, reason: str | None) -> DataError:
    return DataError(
        f"{path}: is damaged or was not written by this version of lstmcli ({reason}), so it is left alone. To start "
        f"again, move or delete it and {part.name}, or choose another --output."
    )


def write_mark(part: Path, mark: Mark, descriptor: int) -> Mark:
    """Write `mark` for the open `part`, and return it with the inode of that file."""
    mark = replace(mark, inode=os.fstat(descriptor).st_ino)
    temporary = part.with_name(f".{part.name}.json.new")
    with suppress(FileNotFoundError):
        temporary.unlink()  # left by a process that was killed; only one process at a time comes here
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | SAFELY, 0o666), "wb") as stream:
            stream.write(mark.to_json().encode())
            stream.flush()
            if mark.num_bytes:
                sync_descriptor(stream.fileno())
        temporary.replace(mark_path(part))
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    return mark
