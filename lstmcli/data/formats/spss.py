"""SPSS files (.sav, .zsav), read with pyreadstat, an optional dependency that is loaded only for such files.

Codes are replaced by their value labels ("joy" for 1), since these are what a person wrote into the questionnaire. What
SPSS takes for missing is None. Whole numbers lose the ".0" that SPSS stores them with, and dates and times are written
in ISO form.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lstmcli.data.formats.base import Record, Rows
from lstmcli.errors import DataError

# Rows in memory at a time. Each block is found by skipping all rows before it.
BLOCK_ROWS = 50_000


def read_spss(path: str) -> Rows:
    """Read the variables of a file and return its records, which are read lazily; `line` is the row's number.

    Raises:
        DataError: pyreadstat is missing, or the file is not an SPSS file.
    """
    try:
        import pyreadstat
    except ImportError:
        raise DataError(
            f"{path}: reading SPSS files needs the package pyreadstat; install it with: pip install "
            "'lstmcli[spss]', or export the data as CSV (UTF-8) and read that."
        ) from None
    errors = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError, OverflowError)
    try:
        _, found = pyreadstat.read_sav(path, metadataonly=True, output_format="dict")
    except errors as error:
        raise DataError(f"{path}: is damaged or not an SPSS file ({_first_line(error)}).") from None
    columns = list(found.column_names)
    labels = [found.variable_value_labels.get(column, {}) for column in columns]
    return Rows(columns, _records(path, columns, labels, errors))


def _records(
    path: str, columns: Sequence[str], labels: Sequence[Mapping[Any, str]], errors: tuple[type[Exception], ...]
) -> Iterator[Record]:
    from pyreadstat import read_sav

    number = 0
    while True:
        try:
            block, _ = read_sav(path, row_offset=number, row_limit=BLOCK_ROWS, output_format="dict")
        except errors as error:
            raise DataError(f"{path}: rows after row {number:,} can't be read ({_first_line(error)}).") from None
        cells = [
            [_cell(value, of_column) for value in _plain(block[column])]
            for column, of_column in zip(columns, labels, strict=True)
        ]
        num_rows = len(cells[0]) if cells else 0
        for row in zip(*cells, strict=True):
            number += 1
            yield Record(number, columns, list(row))
        if num_rows < BLOCK_ROWS:
            return


def _plain(values: Any) -> list[Any]:
    """Return the values of a variable, which come as an array or as a list."""
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _cell(value: Any, labels: Mapping[Any, str]) -> Any:
    """Return a value as text, a number or None."""
    if value is None or value != value:  # NaN
        return None
    if value in labels:
        return labels[value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | float) else str(value)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].rstrip(".")
