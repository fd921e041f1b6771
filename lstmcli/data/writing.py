"""Writing results: to standard output, or to a file that appears only when it is complete."""

import gzip
import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from lstmcli.errors import DataError


@contextmanager
def open_output(path: str | None) -> Iterator[TextIO]:
    """Yield a UTF-8 stream to `path` (None or "-": standard output; .gz: compressed).

    A file is written under a temporary name beside its place and moved there at the end, so an error or Ctrl-C leaves
    what was there before.

    Raises:
        DataError: the folder is missing or can't be written.
    """
    if path is None or path == "-":
        stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n")
        try:
            yield stream
            stream.flush()
        finally:
            stream.detach()
        return
    target = Path(path)
    opener = gzip.open if target.suffix == ".gz" else open
    with _destination(target) as place, opener(place, "wt", encoding="utf-8", newline="\n") as text_stream:
        yield text_stream


@contextmanager
def _destination(target: Path) -> Iterator[Path]:
    """Yield where to write: `target` itself if it is a device or a pipe, which a file must never replace."""
    if target.exists() and not target.is_file() and not target.is_dir():
        yield target
    else:
        with atomic_path(target) as temporary:
            yield temporary


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; it replaces `target` when the block ends well and vanishes otherwise.

    A link stays a link: what it points to is replaced. A file that is replaced hands down its permissions.

    Raises:
        DataError: `target` is a folder, or its folder is missing or can't be written.
    """
    if target.is_dir():
        raise DataError(f"{target}: is a folder, expected the name of a file to write.")
    target = target.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise DataError(f"{target}: can't be written ({error.strerror}). Does the folder exist?") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(_permissions(target))
        temporary.replace(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _permissions(target: Path) -> int:
    """Return the mode of an existing file, else that of any new file: mkstemp's own are for the owner alone."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
