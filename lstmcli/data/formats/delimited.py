"""CSV and its relatives (RFC 4180: quoted newlines, commas and doubled quotes), on the csv module."""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from lstmcli.data.formats.base import Record, RecordWriter, format_cell
from lstmcli.errors import DataError


class Delimited:
    """A header line, then one row a record, cells parted by `delimiter`."""

    def __init__(self, delimiter: str, *, quoting: bool = True) -> None:
        # strict: a quote that closes in the middle of a cell would otherwise swallow rows without a word.
        self.dialect: dict[str, Any] = {"delimiter": delimiter, "lineterminator": "\n", "strict": True}
        if not quoting:
            # A raw TSV can't hold the delimiter or a newline in a cell, and a quote is an ordinary character.
            self.dialect |= {"quoting": csv.QUOTE_NONE, "quotechar": None}

    def read(self, lines: Iterable[str], name: str) -> Iterator[Record]:
        """See `FileFormat.read`. A blank line is a row only if there is a single column, where it is an empty cell."""
        # The module's own limit of 131,072 characters a cell is no limit of the format.
        csv.field_size_limit(sys.maxsize)
        feeder = _LineFeeder(lines, name)
        rows = csv.reader(feeder, **self.dialect)
        columns = _header(rows, name)
        start_line = rows.line_num + 1
        feeder.row_starts_at(start_line)
        try:
            for cells in rows:
                if cells or len(columns) == 1:
                    yield Record(start_line, columns, cells or [""])
                start_line = rows.line_num + 1
                feeder.row_starts_at(start_line)
        except csv.Error as error:
            raise DataError(f"{name}, line {start_line}: {_explain(error)}.{other_delimiter_hint(columns)}") from None

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat.writer`. The header is written before the first record."""
        return _DelimitedWriter(stream, self.dialect)


def other_delimiter_hint(columns: Sequence[str]) -> str:
    """Return a hint, starting with a space, where a header of one column seems to hold several, else ""."""
    if len(columns) != 1:
        return ""
    formats = {";": "csv-semicolon", "\t": "tsv", ",": "csv"}
    return next(
        (
            f" The header holds {delimiter!r} and no other delimiter: try format {format_name}."
            for delimiter, format_name in formats.items()
            if delimiter in columns[0]
        ),
        "",
    )


def _header(rows: Iterator[list[str]], name: str) -> list[str]:
    try:
        columns = next(rows, None)
    except csv.Error as error:
        raise DataError(f"{name}, line 1: {_explain(error)}.") from None
    if not columns:
        raise DataError(f"{name} is empty: expected a header line with column names.")
    return columns


def _explain(error: csv.Error) -> str:
    if "new-line character" in str(error):
        return "a carriage return stands outside quotes; convert the line ends, for example with dos2unix -c mac"
    if "expected after" in str(error):
        return (
            "a quote closes in the middle of a cell; double the quotes inside quoted cells, or read a TSV without "
            "quoting as format tsv-raw"
        )
    return f"can't be read as a row ({error})"


class _LineFeeder:
    """Hands lines to the csv module and notices a quote that is never closed.

    The module itself would return the rest of the file as one huge cell. Here the end of the input comes while lines
    were handed out that no row has used yet.
    """

    def __init__(self, lines: Iterable[str], name: str) -> None:
        self._lines = iter(lines)
        self._name = name
        self._row_start = 1
        self._has_open_row = False

    def row_starts_at(self, line: int) -> None:
        self._row_start = line
        self._has_open_row = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            if self._has_open_row:
                raise DataError(
                    f"{self._name}, line {self._row_start}: a quote is opened in this row and never closed. "
                    "Close it, double quotes inside quoted cells, or read a TSV without quoting as format tsv-raw."
                )
            raise StopIteration
        self._has_open_row = True
        return line


class _DelimitedWriter:
    def __init__(self, stream: TextIO, dialect: Mapping[str, Any]) -> None:
        self._stream = stream
        self._rows = csv.writer(stream, **dialect)
        self._quoted_rows = csv.writer(stream, **{**dialect, "quoting": csv.QUOTE_ALL, "quotechar": '"'})
        self._is_raw = dialect.get("quoting") == csv.QUOTE_NONE
        self._has_header = False

    def write(self, record: Record, additions: Mapping[str, str | float]) -> None:
        if not self._has_header:
            self._write_row([*record.columns, *additions])
            self._has_header = True
        self._write_row([*record.cells, *map(format_cell, additions.values())])

    def _write_row(self, cells: list[str]) -> None:
        if self._is_raw:
            self._stream.write("\t".join(cells) + "\n")
        else:
            # The module leaves a lone carriage return unquoted, which no reader would take back.
            has_return = any("\r" in str(cell) for cell in cells)
            (self._quoted_rows if has_return else self._rows).writerow(cells)
