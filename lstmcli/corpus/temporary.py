"""Explains what to do when the disk for temporary files is full."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from lstmcli.errors import DataError


@contextmanager
def temporary_space() -> Iterator[None]:
    """Turn an `OSError` from writing temporary files in the block into a `DataError` with advice."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{tempfile.gettempdir()}: {error.strerror or error}, while storing the corpus there. "
            "Set TMPDIR to a folder with more space."
        ) from None
