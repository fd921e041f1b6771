"""Writing results: to standard output, or to a file that appears only when it is complete."""

import gzip
import io
import os
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
    with atomic_path(target) as temporary:
        opener = gzip.open if target.suffix == ".gz" else open
        with opener(temporary, "wt", encoding="utf-8", newline="\n") as text_stream:
            yield text_stream


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; it replaces `target` when the block ends well and vanishes otherwise.

    Raises:
        DataError: the folder is missing or can't be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise DataError(f"{target}: can't be written ({error.strerror}). Does the folder exist?") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files for the owner alone; a result gets the rights that any new file gets.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
