"""CSV and its variants (RFC 4180: quoted newlines, commas and doubled quotes), based on the csv module."""

import csv
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from lstmcli.data.formats.base import Record, RecordWriter, Rows
from lstmcli.data.formats.delimited_writer import DelimitedWriter
from lstmcli.errors import DataError


class Delimited:
    """A header line, then one row per record, with cells separated by `delimiter`."""

    names_are_unique = False

    def __init__(self, delimiter: str, *, quoting: bool = True) -> None:
        # strict: otherwise, a quote that closes in the middle of a cell would silently swallow rows.
        self.dialect: dict[str, Any] = {"delimiter": delimiter, "lineterminator": "\n", "strict": True}
        if not quoting:
            # In a raw TSV, cells can't contain the delimiter or a newline, and a quote is an ordinary character.
            self.dialect |= {"quoting": csv.QUOTE_NONE, "quotechar": None}

    def read(self, lines: Iterable[str], name: str) -> Rows:
        """See `FileFormat.read`. A blank line is a row only if there is a single column; its cell is empty."""
        # The csv module limits cells to 131,072 characters; the format has no such limit.
        csv.field_size_limit(sys.maxsize)
        feeder = _LineFeeder(lines)
        rows = csv.reader(feeder, **self.dialect)
        columns = _header(rows, name)
        return Rows(columns, self._records(feeder, rows, columns))

    def _records(self, feeder: "_LineFeeder", rows: Iterator[list[str]], columns: Sequence[str]) -> Iterator[Record]:
        while True:
            feeder.start_row()
            try:
                cells = next(rows, None)
            except csv.Error as error:
                problem = f"{_explain(error)}.{other_delimiter_hint(columns)}"
                line = feeder.row_line
                yield Record(line, columns, [feeder.broken_line()], problem)
                continue
            if cells is None:
                return
            if cells or len(columns) == 1:
                yield Record(feeder.row_line, columns, cells or [""])

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat.writer`. The columns are those of the first record."""
        return DelimitedWriter(stream, self.dialect)


def format_setting(format_name: str) -> str:
    """Return the option and the setting that choose a format."""
    return f"--format {format_name} (data.format)"


def other_delimiter_hint(columns: Sequence[str]) -> str:
    """Return a hint, starting with a space, if a header with one column seems to contain several, else ""."""
    if len(columns) != 1:
        return ""
    formats = {";": "csv-semicolon", "\t": "tsv", ",": "csv"}
    return next(
        (
            f" The header contains {delimiter!r} and no other delimiter: try {format_setting(format_name)}."
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
        return "there is a carriage return outside quotes; convert the line endings, for example with dos2unix -c mac"
    if "unexpected end" in str(error):
        return (
            "a quote opened in this row is never closed. Close it, double the quotes inside quoted cells, or read a "
            "TSV without quoting with --format tsv-raw"
        )
    if "expected after" in str(error):
        return (
            "a quote closes in the middle of a cell; double the quotes inside quoted cells, or read a TSV without "
            "quoting with --format tsv-raw"
        )
    return f"can't be read as a row ({error})"


# Maximum number of lines in total that are read a second time because a row before them was broken.
MAX_LINES_TAKEN_BACK = 1_000_000


class _LineFeeder:
    """Feeds lines to the csv module and remembers those of the current row.

    An unclosed quote makes the module read on, to the next quote or to the end of the input. Only the line with the
    quote is broken, so the others can be taken back and fed again.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._row: list[str] = []
        self._again: deque[str] = deque()
        self._num_lines = 0
        self._left_to_take_back = MAX_LINES_TAKEN_BACK

    @property
    def row_line(self) -> int:
        """The 1-based number of the first line of the row."""
        return self._num_lines - len(self._row) + 1

    def start_row(self) -> None:
        """Forget the lines fed so far; the next one starts a new row."""
        self._row.clear()

    def broken_line(self) -> str:
        """Return the first line of this row, without its ending, and feed the others again.

        Beyond MAX_LINES_TAKEN_BACK, the others are returned as part of the broken row, so that no line is ever lost.
        """
        later = self._row[1:]
        if len(later) <= self._left_to_take_back:
            self._left_to_take_back -= len(later)
            self._again.extendleft(reversed(later))
            self._num_lines -= len(later)
            del self._row[1:]
        return "".join(self._row).removesuffix("\n").removesuffix("\r")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._row.append(line)
        self._num_lines += 1
        return line
