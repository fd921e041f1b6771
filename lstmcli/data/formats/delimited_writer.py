"""Writes CSV and its variants."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TextIO

from lstmcli.data.formats.base import (
    RAW_COLUMNS,
    JsonText,
    Record,
    UnwritableRowError,
    bytes_as_text,
    format_cell,
)
from lstmcli.data.formats.jsonl import SURROGATE, exact_cells
from lstmcli.errors import DataError, counted

# What ends a cell or a row where there are no quotes.
ENDS = re.compile("[\t\r\n]")

# Cells of JSON that are the same text however they are written, except 0, which may be -0.
PLAIN_TYPES = {str, int, type(None), bool, JsonText}


class DelimitedWriter:
    """Writes each record as a row of a table, whose columns are those of the first record."""

    def __init__(self, stream: TextIO, dialect: Mapping[str, Any], *, escapes_formulas: bool = False) -> None:
        self._escape: Callable[[Iterable[str]], list[str]] | None = None
        if escapes_formulas:
            from lstmcli.data.formats.formulas import escape_formulas  # rarely needed

            self._escape = escape_formulas
        self._stream = stream
        self._delimiter = dialect["delimiter"]
        self._dialect = dialect
        self._quoted_rows = csv.writer(stream, **{**dialect, "quoting": csv.QUOTE_ALL, "quotechar": '"'})
        self._is_raw = dialect.get("quoting") == csv.QUOTE_NONE
        self._columns: Sequence[str] = []
        self._num_cut_rows = 0

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        """See `RecordWriter`."""
        self._columns = columns
        header = [*columns, *added]
        if self._is_raw and ENDS.search("".join(header)):
            raise DataError(f"the name of a column {_NOT_RAW}")
        if not continues:
            self._write_all([header])

    def write(self, record: Record, additions: Mapping[str, str | float | None]) -> None:
        """See `RecordWriter`."""
        self._write_all([self._row(record, additions)])

    def write_rows(self, records: Sequence[Record], additions: Sequence[Mapping[str, str | float | None]]) -> None:
        """See `RecordWriter`."""
        rows: list[list[str]] = []
        try:
            for record, added in zip(records, additions, strict=True):
                rows.append(self._row(record, added))
        except DataError as error:
            raise UnwritableRowError(len(rows), str(error)) from None
        finally:
            self._write_all(rows)

    def _row(self, record: Record, additions: Mapping[str, str | float | None]) -> list[str]:
        cells = [*self._cells(record), *map(format_cell, additions.values())]
        if self._is_raw and ENDS.search("".join(cells)):
            if record.problem is None:
                raise DataError(f"line {record.line}: a cell {_NOT_RAW}")
            cells = [ENDS.sub(" ", cell) for cell in cells]
        return cells

    def notes(self) -> list[str]:
        """See `RecordWriter`."""
        if not self._num_cut_rows:
            return []
        rows = counted(self._num_cut_rows, "row")
        return [
            f"{rows} with half of a surrogate pair (an emoji cut in two), which UTF-8 can't hold: written as U+FFFD."
        ]

    def _cells(self, record: Record) -> list[str]:
        cells = record.cells
        if record.source is not None and (not PLAIN_TYPES.issuperset(map(type, cells)) or 0 in cells):
            cells = exact_cells(record.source)
        cells = [cell if type(cell) is str else as_text(cell) for cell in cells]
        if record.columns is self._columns or record.columns == self._columns:
            return cells if len(cells) == len(self._columns) else self._fitted(cells)
        if record.problem is None:
            return self._by_name(record, cells)
        if record.is_malformed or record.columns is RAW_COLUMNS:
            return self._fitted(cells)
        try:
            return self._by_name(record, cells)
        except DataError:  # all of it must be kept, though it has no place
            return self._fitted([self._delimiter.join(cells) if record.source is None else record.source.strip()])

    def _fitted(self, cells: list[str]) -> list[str]:
        """Return as many cells as there are columns."""
        size = len(self._columns)
        if len(cells) <= size:
            return cells + [""] * (size - len(cells))
        return [*cells[: size - 1], self._delimiter.join(cells[size - 1 :])] if size else []

    def _by_name(self, record: Record, cells: list[str]) -> list[str]:
        """Return the cells in the order of the table."""
        found = dict(zip(record.columns, cells, strict=True))
        if found.keys() - set(self._columns):
            unknown = next(column for column in record.columns if column not in self._columns)
            raise DataError(
                f"line {record.line}: key {unknown!r} does not occur in the first row, which sets the columns of a "
                "table. Choose columns with --columns, or write JSON Lines (--output-format jsonl)."
            )
        if len(found) < len(cells) or len(set(self._columns)) < len(self._columns):
            raise DataError(
                f"line {record.line}: some columns occur more than once, so those of this input can't be matched with "
                "those of the first one. Rename them, or choose others with --columns."
            )
        return [found.get(column, "") for column in self._columns]

    def _write_all(self, rows: Sequence[list[str]]) -> None:
        if self._escape is not None:
            rows = list(map(self._escape, rows))
        text = self._as_text(rows)
        if "\r" not in text and (text.isascii() or not SURROGATE.search(text)):
            self._stream.write(text)
        else:
            for cells in rows:
                self._write_row(cells)

    def _write_row(self, cells: list[str]) -> None:
        text = "".join(cells)
        if not text.isascii() and SURROGATE.search(text):
            self._num_cut_rows += 1
            cells = [SURROGATE.sub("\ufffd", cell) for cell in cells]
        if "\r" in text and not self._is_raw:
            # The csv module leaves a lone carriage return unquoted, which readers reject.
            self._quoted_rows.writerow(cells)
        else:
            self._stream.write(self._as_text([cells]))

    def _as_text(self, rows: Sequence[list[str]]) -> str:
        if self._is_raw:
            return "".join(["\t".join(cells) + "\n" for cells in rows])
        buffer = io.StringIO(newline="")
        csv.writer(buffer, **self._dialect).writerows(rows)
        return buffer.getvalue()


_NOT_RAW = (
    "contains a tab or a line break, which tsv-raw can't hold; choose a format with quotes, such as "
    "--output-format tsv."
)


def as_text(cell: object) -> str:
    """Return a cell of any format as text for a table."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, list | dict | bool):
        return json.dumps(cell, ensure_ascii=False)
    return bytes_as_text(cell) if isinstance(cell, bytes) else str(cell)
