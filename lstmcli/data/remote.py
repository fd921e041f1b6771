"""Files of object stores, such as s3://bucket/rows.csv, through pyarrow's file systems or those of fsspec.

Both are optional dependencies, which only a URL loads. Objects are copied to a disk and read there by the reader of all
files, so that their rows are those of a file with the same bytes.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from lstmcli.errors import DataError, did_you_mean

URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_url(path: str) -> bool:
    """Return whether `path` is in an object store, not on a disk."""
    return URL.match(path) is not None


def object_state(url: str) -> tuple[int, int]:
    """Return the size of an object in bytes, and when it was last modified, in nanoseconds (0: unknown).

    Raises:
        DataError: there is none, or its store can't be reached.
    """
    with _opened(url) as (store, path):
        found = store.get_file_info(path)
        if not found.is_file:
            raise DataError(f"{url}: no such file.{_neighbour(store, path)}")
        return found.size, found.mtime_ns or 0


def fetch(url: str, folder: Path) -> Path:
    """Copy an object to a file of the same name in `folder`, and return its path.

    Raises:
        DataError: see `object_state`.
    """
    with _opened(url) as (store, path):
        target = folder / PurePosixPath(path).name
        with store.open_input_stream(path, compression=None) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        return target


@contextmanager
def _opened(url: str) -> Iterator[tuple[Any, str]]:
    """Yield the file system of `url` and the path in it."""
    try:
        from pyarrow import ArrowException, fs
    except ImportError:
        raise DataError(f"{url}: reading it needs pyarrow; install it with: pip install 'lstmcli[ray]'") from None
    try:
        yield _store(fs, url)
    except (ArrowException, OSError, ValueError, ImportError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"{url}: can't be read ({first}).") from None


def _store(fs: Any, url: str) -> tuple[Any, str]:
    try:
        found: tuple[Any, str] = fs.FileSystem.from_uri(url)
    except ValueError as error:  # which pyarrow's own error is
        if "nrecognized filesystem" not in str(error):
            raise
        import fsspec

        store, path = fsspec.core.url_to_fs(url)
        return fs.PyFileSystem(fs.FSSpecHandler(store)), path
    return found


def _neighbour(store: Any, path: str) -> str:
    from pyarrow import fs

    parent = str(PurePosixPath(path).parent)
    names = [each.base_name for each in store.get_file_info(fs.FileSelector(parent, allow_not_found=True))]
    return did_you_mean(PurePosixPath(path).name, names)
