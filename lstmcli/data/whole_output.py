"""A file of rows that appears when all of them are written, and can't be resumed; see `output` for one that can."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from lstmcli.data.atomic import atomic_path, unwritable_parent
from lstmcli.data.output import is_stream, refuse_spreadsheet
from lstmcli.errors import DataError, UsageError


def check_whole(path: Path, option: str) -> None:
    """Check that `open_whole` can write to `path`, the value of `option`, before anything is computed for it.

    Raises:
        UsageError: it is a stream or a spreadsheet.
        DataError: it is a folder, or its folder is missing or can't be written.
    """
    if is_stream(str(path)):
        raise UsageError(f"{option} {path}: expected the name of a file; standard output has the scores.")
    refuse_spreadsheet(str(path))
    if path.is_dir():
        raise DataError(f"{path}: is a folder, expected the name of a file to write.")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise DataError(f"{path}: can't be written: there is no folder {folder}.")
    if unwritable_parent(folder) is not None:
        raise DataError(f"{path}: can't be written (no file can be created in {folder}).")


@contextmanager
def open_whole(path: Path) -> Iterator[TextIO]:
    """Open `path` for writing in UTF-8 (.gz: compressed); it is replaced only if the block succeeds."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        if path.suffix != ".gz":
            with io.TextIOWrapper(file, encoding="utf-8", newline="\n") as stream:
                yield stream
            return
        with (
            gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as compressed,
            io.TextIOWrapper(compressed, encoding="utf-8", newline="\n") as stream,
        ):
            yield stream
