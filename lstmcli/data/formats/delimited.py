"""CSV and its variants (RFC 4180: quoted newlines, commas and doubled quotes), based on the csv module."""

import csv
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import Any, TextIO

from lstmcli.data.formats.base import REPEATED_HEADER, Record, RecordWriter, Rows
from lstmcli.data.formats.delimited_writer import DelimitedWriter
from lstmcli.data.formats.header import json_hint, other_delimiter_hint
from lstmcli.errors import DataError


class Delimited:
    """A header line, then one row per record, with cells separated by `delimiter`."""

    names_are_unique = False

    @property
    def has_quotes(self) -> bool:
        """Whether cells may be quoted, and then have line breaks."""
        return "quoting" not in self.dialect

    def __init__(self, delimiter: str, *, quoting: bool = True) -> None:
        self._escapes_formulas = False
        # strict: otherwise, a quote that closes in the middle of a cell would silently swallow rows.
        self.dialect: dict[str, Any] = {"delimiter": delimiter, "lineterminator": "\n", "strict": True}
        if not quoting:
            # In a raw TSV, cells can't contain the delimiter or a newline, and a quote is an ordinary character.
            self.dialect |= {"quoting": csv.QUOTE_NONE, "quotechar": None}

    def read(self, lines: Iterable[str], name: str) -> Rows:
        """See `FileFormat.read`. A blank line is a row only if there is a single column; its cell is empty."""
        # The csv module limits cells to 131,072 characters; rows have a limit of ours.
        csv.field_size_limit(sys.maxsize)
        feeder = _LineFeeder(lines)
        separator = feeder.take_separator()
        dialect = self.dialect if separator is None else {**self.dialect, "delimiter": separator}
        rows = csv.reader(feeder, **dialect)
        columns = _header(feeder, rows, name)
        return Rows(columns, self._records(feeder, rows, columns))

    def _records(self, feeder: "_LineFeeder", rows: Iterator[list[str]], columns: Sequence[str]) -> Iterator[Record]:
        repeated = columns if len(columns) > 1 else None  # a text may be the word "text"
        while True:
            feeder.start_row()
            try:
                cells = next(rows, None)
            except csv.Error as error:
                problem = f"{_explain(error, feeder)}.{other_delimiter_hint(columns)}"
                line = feeder.row_line
                yield Record(line, columns, [feeder.broken_line()], problem)
                continue
            if cells is None:
                return
            if cells == repeated:
                yield Record(feeder.row_line, columns, cells, REPEATED_HEADER)
            elif cells or len(columns) == 1:
                yield Record(feeder.row_line, columns, cells or [""])

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat.writer`. The columns are those of the first record."""
        return DelimitedWriter(stream, self.dialect, escapes_formulas=self._escapes_formulas)

    def escaping_formulas(self) -> "Delimited":
        """Return the same format, whose writer escapes cells that a spreadsheet could run."""
        other = copy(self)
        other._escapes_formulas = True
        return other


def _header(feeder: "_LineFeeder", rows: Iterator[list[str]], name: str) -> list[str]:
    columns: list[str] | None = []
    while columns == []:  # blank lines above the header
        feeder.start_row()
        try:
            columns = next(rows, None)
        except csv.Error as error:
            line = feeder.row_line
            explained = f" {_explain(error, feeder)}."
            hint = json_hint(feeder.broken_line()) or explained
            raise DataError(f"{name}, line {line}:{hint}") from None
    if columns is None:
        raise DataError(f"{name} is empty: expected a header line with column names.")
    return columns


def _explain(error: csv.Error, feeder: "_LineFeeder") -> str:
    if feeder.is_too_long:
        return f"a quote opened in this row is not closed within {MAX_ROW_CHARACTERS:,} characters; close it"
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

# A row with an unclosed quote ends here, or it would take in the whole file.
MAX_ROW_CHARACTERS = 1 << 24
MAX_ROW_LINES = MAX_LINES_TAKEN_BACK

# The first line of a table by Excel may name its delimiter.
SEPARATOR_LINE = r'"?sep=([^\w\s"]|\t)"?\s*'


class _LineFeeder:
    """Feeds lines to the csv module and remembers those of the current row.

    An unclosed quote makes the module read on, to the next quote or to the end of the input. Only the line with the
    quote is broken, so the others can be taken back and fed again.

    Attributes:
        is_too_long: whether the current row was ended because it exceeds MAX_ROW_CHARACTERS or MAX_ROW_LINES.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._row: list[str] = []
        self._num_characters = 0  # of the row, if it has several lines
        self.is_too_long = False
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

    def take_separator(self) -> str | None:
        """Return the delimiter that the first line names, or None if it is a line like any other."""
        line = next(self, None)
        self._row.clear()
        if line is None:
            return None
        named = re.fullmatch(SEPARATOR_LINE, line, re.IGNORECASE)
        if named is not None:
            return named[1]
        self._again.append(line)
        self._num_lines -= 1
        return None

    def broken_line(self) -> str:
        """Return the first line of this row, without its ending, and feed the others again.

        Beyond MAX_LINES_TAKEN_BACK, the others are returned as part of the broken row, so that no line is ever lost.
        """
        self.is_too_long = False
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
        if self._row and self._has_too_much():
            raise StopIteration  # to the csv module, the input ends within quotes
        line = self._again.popleft() if self._again else next(self._lines)
        self._row.append(line)
        self._num_lines += 1
        return line

    def _has_too_much(self) -> bool:
        num_lines = len(self._row)
        self._num_characters = len(self._row[-1]) + (self._num_characters if num_lines > 1 else 0)
        self.is_too_long = self._num_characters > MAX_ROW_CHARACTERS or num_lines > MAX_ROW_LINES
        return self.is_too_long
