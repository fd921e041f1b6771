"""Parquet, read with pyarrow, an optional dependency that is loaded only for such files."""

from collections.abc import Iterator, Sequence
from typing import Any

from lstmcli.data.formats.base import Record, Rows
from lstmcli.errors import DataError

# Rows in memory at a time.
BATCH_ROWS = 4096


def read_parquet(path: str) -> Rows:
    """Read the schema of a file and return its records, which are read lazily; `line` is the row's number.

    Raises:
        DataError: pyarrow is missing, or the file is not a Parquet file.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DataError(
            f"{path}: reading Parquet needs the package pyarrow; install it with: pip install 'lstmcli[parquet]'"
        ) from None
    try:
        file = parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{path}: is damaged or not a Parquet file ({error}).") from None
    columns = list(file.schema_arrow.names)
    return Rows(columns, _records(file, columns))


def _records(file: Any, columns: Sequence[str]) -> Iterator[Record]:
    number = 0
    for batch in file.iter_batches(batch_size=BATCH_ROWS):
        for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield Record(number, columns, list(cells))
