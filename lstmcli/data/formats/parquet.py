"""Parquet, read with pyarrow, an optional dependency that is loaded only for such files.

Cells become strings, numbers, booleans, None, or lists and dicts of these. Bytes are decoded if they are UTF-8, and
otherwise stay bytes. Dates and times are written in ISO form, with all their digits, and decimals without an exponent.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lstmcli.data.formats.base import Record, Rows, bytes_as_text
from lstmcli.errors import DataError

# Rows in memory at a time.
BATCH_ROWS = 4096

NANOSECONDS_PER_MICROSECOND = 1000


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
    errors = (pyarrow.ArrowException, OSError, ValueError, OverflowError)
    try:
        file = parquet.ParquetFile(path, page_checksum_verification=True)
    except errors as error:
        raise DataError(f"{path}: is damaged or not a Parquet file ({_first_line(error)}).") from None
    columns = list(file.schema_arrow.names)
    return Rows(columns, _records(file, columns, path, errors))


def _records(file: Any, columns: Sequence[str], path: str, errors: tuple[type[Exception], ...]) -> Iterator[Record]:
    number = 0
    batches = file.iter_batches(batch_size=BATCH_ROWS)
    while True:
        try:
            batch = next(batches, None)
            rows = [] if batch is None else list(zip(*map(_cells, batch.columns), strict=True))
        except errors as error:
            raise DataError(f"{path}: rows after row {number:,} can't be read ({_first_line(error)}).") from None
        if batch is None:
            return
        for cells in rows:
            number += 1
            yield Record(number, columns, list(cells))


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].rstrip(".")


def _cells(column: Any) -> list[Any]:
    """Return the cells of an Arrow array."""
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if types.is_timestamp(kind) and kind.unit == "ns":
        return _nanoseconds(column.cast(kind))
    cells = column.to_pylist()
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or _is_string(kind):
        return list(cells)
    convert: Callable[[Any], Any] = _bytes_or_text if _is_binary(kind) else _plain
    return [None if cell is None else convert(cell) for cell in cells]


def _is_string(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _is_binary(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind))


def _bytes_or_text(cell: bytes) -> str | bytes:
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return cell


def _plain(value: Any) -> Any:
    """Return a value as what JSON can hold."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes):
        return bytes_as_text(value)
    if hasattr(value, "as_tuple"):  # a Decimal, whose module would slow down the start for other formats
        return f"{value:f}"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else str(value)


def _nanoseconds(column: Any) -> list[str | None]:
    """Return times with nanoseconds as text; Python's own have microseconds, and pandas is slow to import."""
    import pyarrow

    kind = pyarrow.timestamp("us", column.type.tz)
    numbers = column.cast(pyarrow.int64()).to_pylist()
    microseconds = [None if number is None else number // NANOSECONDS_PER_MICROSECOND for number in numbers]
    times = pyarrow.array(microseconds, pyarrow.int64()).cast(kind).to_pylist()
    return [
        None if number is None else _with_nanoseconds(time, number % NANOSECONDS_PER_MICROSECOND)
        for time, number in zip(times, numbers, strict=True)
    ]


def _with_nanoseconds(time: Any, nanoseconds: int) -> str:
    if not nanoseconds:
        return str(time)
    zone = time.isoformat()[len(time.replace(tzinfo=None).isoformat()) :]
    fraction = f"{time.microsecond:06}{nanoseconds:03}"
    return f"{time.replace(tzinfo=None, microsecond=0)}.{fraction}{zone}"
