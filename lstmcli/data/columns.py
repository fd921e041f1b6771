"""Selects the columns of a record that prediction reads and keeps."""

from collections.abc import Sequence

from lstmcli.data.formats import Record
from lstmcli.data.formats.text import TEXT_COLUMN, TEXT_FORMAT
from lstmcli.data.reading import Source, column_index
from lstmcli.errors import counted


class BadRowError(Exception):
    """A row that can't be predicted; the message says why."""


class TextSelector:
    """Finds the text of a record; the column is looked up once per header, and must be in the first one."""

    def __init__(self, source: Source, column: str) -> None:
        self._name = source.name
        self._column = TEXT_COLUMN if source.format_name == TEXT_FORMAT else column
        self._columns: Sequence[str] | None = None
        self._index = 0

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
        if record.columns is not self._columns:
            self.look_up(record.columns)
        text = record.cells[self._index]
        if isinstance(text, list | dict):
            raise BadRowError(f"expected text in {self._column!r}, found {text!r:.40}.")
        return "" if text is None else str(text)

    def look_up(self, columns: Sequence[str]) -> None:
        """Find the text column of the next records.

        Raises:
            BadRowError: it is missing, but an earlier record had it.
            DataError: it is missing.
        """
        if self._columns is not None and self._column not in columns:  # only JSON Lines have more than one header
            raise BadRowError(f"has no key {self._column!r}.")
        self._index = column_index(list(columns), self._column, self._name, "--text")
        self._columns = columns


class Keeper:
    """Selects the wanted columns of a record, in the wanted order; None selects all."""

    def __init__(self, wanted: Sequence[str] | None, name: str) -> None:
        self._wanted = wanted
        self._name = name
        self._columns: Sequence[str] | None = None
        self._indices: list[int | None] = []

    def __call__(self, record: Record) -> Record:
        """Return the record with the selected columns.

        Raises:
            DataError: one of them is missing, and no earlier record had it.
        """
        if self._wanted is None:
            return record
        if record.problem is not None:
            return record._replace(columns=self._wanted)
        self.kept(record.columns)
        cells = [None if index is None else record.cells[index] for index in self._indices]
        return Record(record.line, self._wanted, cells)

    def kept(self, columns: Sequence[str]) -> Sequence[str]:
        """Return the selected columns of the next records; raises as above."""
        if self._wanted is None:
            return columns
        if columns is not self._columns:
            self._look_up(list(columns), self._wanted)
            self._columns = columns
        return self._wanted

    def _look_up(self, columns: list[str], wanted: Sequence[str]) -> None:
        if self._columns is None:
            self._indices = [column_index(columns, column, self._name, "--columns") for column in wanted]
        else:  # only JSON Lines have more than one header
            self._indices = [columns.index(column) if column in columns else None for column in wanted]
