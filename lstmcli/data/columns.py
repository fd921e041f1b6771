"""Selects the columns of a record that prediction reads and keeps."""

from collections.abc import Sequence
from math import isnan

from lstmcli.data.blank import is_blank
from lstmcli.data.formats import Record
from lstmcli.data.formats.base import RAW_COLUMNS
from lstmcli.data.formats.jsonl import exact_cells
from lstmcli.data.formats.text import TEXT_COLUMN, TEXT_FORMAT
from lstmcli.data.reading import ColumnFinder, Source, Wanted
from lstmcli.errors import counted


class BadRowError(Exception):
    """A row that can't be predicted; the message says why."""


class BlankTextError(BadRowError):
    """A row without anything to read."""


class TextSelector:
    """Finds the text of a record; the column is looked up once per header."""

    def __init__(self, source: Source, column: str, *, option: str = "--text") -> None:
        """Look for `column` in `source`; `option` names it, for messages."""
        self._column = TEXT_COLUMN if source.format_name == TEXT_FORMAT else column
        self._find = ColumnFinder(source.name, [Wanted(self._column, option)], varies=source.columns is None)

    def __call__(self, record: Record) -> str:
        """Return the text.

        Raises:
            BadRowError: the row is broken, or its cell is missing, not text, or blank.
            DataError: the input has no such column.
        """
        if record.problem is not None:
            raise BadRowError(record.problem)
        if len(record.cells) != len(record.columns):
            raise BadRowError(
                f"has {counted(len(record.cells), 'cell')}, but the header has {len(record.columns)}; put quotes "
                "around cells that contain the delimiter."
            )
        (index,) = self._find(record.columns)
        if index is None:
            raise BadRowError(f"has no key {self._column!r}.")
        text = record.cells[index]
        if type(text) is not str:
            text = self._as_text(record, index)
        if is_blank(text):
            raise BlankTextError("the text is blank.")
        return text

    def _as_text(self, record: Record, index: int) -> str:
        text = record.cells[index]
        if isinstance(text, list | dict):
            raise BadRowError(f"expected text in {self._column!r}, found {text!r:.40}.")
        if isinstance(text, bytes):
            raise BadRowError(f"expected text in {self._column!r}, found bytes that are not UTF-8.")
        return text_of(record, index)

    @property
    def is_settled(self) -> bool:
        """Whether a record with the column has come."""
        return self._find.is_settled

    def look_up(self, columns: Sequence[str]) -> None:
        """Look for the text in the columns of the first records, of which there may be none.

        Raises:
            DataError: it is not there.
        """
        self._find(columns)

    def check(self) -> None:
        """Raise a DataError if there were records, but none with the column."""
        self._find.check()


def text_of(record: Record, index: int) -> str:
    """Return a cell that is no list or object as text: numbers as they stand in the input, "" for a missing value."""
    cell = record.cells[index]
    if cell is None or (isinstance(cell, float) and isnan(cell)):
        return ""
    return str(cell if record.source is None else exact_cells(record.source)[index])


class Keeper:
    """Selects the wanted columns of a record, in the wanted order; None selects all."""

    def __init__(self, wanted: Sequence[str] | None, source: Source) -> None:
        self._wanted = wanted
        columns = [Wanted(column, "--columns") for column in wanted or ()]
        self._find = ColumnFinder(source.name, columns, varies=source.columns is None)

    def __call__(self, record: Record) -> Record:
        """Return the record with the selected columns; cells are None where it can't be told which are theirs.

        Raises:
            DataError: the input has no such column.
        """
        if self._wanted is None:
            return record
        if record.is_malformed or record.columns is RAW_COLUMNS:
            return Record(record.line, self._wanted, [None] * len(self._wanted), record.problem)
        cells = record.cells if record.source is None else exact_cells(record.source)
        cells = [None if index is None else cells[index] for index in self._find(record.columns)]
        return Record(record.line, self._wanted, cells, record.problem)

    def kept(self, columns: Sequence[str]) -> Sequence[str]:
        """Return the selected columns of the next records; raises as above."""
        if self._wanted is None:
            return columns
        self._find(columns)
        return self._wanted

    def check(self) -> None:
        """Raise a DataError if there were records, but none with one of the columns."""
        self._find.check()
