"""Selects the columns of a record that prediction reads and keeps."""

from collections.abc import Sequence

from lstmcli.data.formats import Record
from lstmcli.data.formats.text import TEXT_COLUMN, TEXT_FORMAT
from lstmcli.data.reading import ColumnFinder, Source, Wanted
from lstmcli.errors import counted


class BadRowError(Exception):
    """A row that can't be predicted; the message says why."""


class TextSelector:
    """Finds the text of a record; the column is looked up once per header, and must be in the first one."""

    def __init__(self, source: Source, column: str) -> None:
        self._column = TEXT_COLUMN if source.format_name == TEXT_FORMAT else column
        self._find = ColumnFinder(source.name, [Wanted(self._column, "--text")])

    def __call__(self, record: Record) -> str:
        """Return the text.

        Raises:
            BadRowError: the row is broken, or its cell is missing or not text.
            DataError: no row so far had the column.
        """
        if record.problem is not None:
            raise BadRowError(record.problem)
        if record.is_malformed:
            raise BadRowError(
                f"has {counted(len(record.cells), 'cell')}, but the header has {len(record.columns)}; put quotes "
                "around cells that contain the delimiter."
            )
        (index,) = self._find(record.columns)
        if index is None:
            raise BadRowError(f"has no key {self._column!r}.")
        text = record.cells[index]
        if isinstance(text, list | dict):
            raise BadRowError(f"expected text in {self._column!r}, found {text!r:.40}.")
        return "" if text is None else str(text)

    def look_up(self, columns: Sequence[str]) -> None:
        """Look for the text in the columns of the first records, of which there may be none.

        Raises:
            DataError: it is not there.
        """
        self._find(columns)


class Keeper:
    """Selects the wanted columns of a record, in the wanted order; None selects all."""

    def __init__(self, wanted: Sequence[str] | None, name: str) -> None:
        self._wanted = wanted
        self._find = ColumnFinder(name, [Wanted(column, "--columns") for column in wanted or ()])

    def __call__(self, record: Record) -> Record:
        """Return the record with the selected columns.

        Raises:
            DataError: one of them is missing, and no earlier record had it.
        """
        if self._wanted is None:
            return record
        if record.problem is not None:
            return record._replace(columns=self._wanted)
        cells = [None if index is None else record.cells[index] for index in self._find(record.columns)]
        return Record(record.line, self._wanted, cells)

    def kept(self, columns: Sequence[str]) -> Sequence[str]:
        """Return the selected columns of the next records; raises as above."""
        if self._wanted is None:
            return columns
        self._find(columns)
        return self._wanted
