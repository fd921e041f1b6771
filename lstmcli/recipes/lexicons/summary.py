"""Means over the rows that are written, and over those of each group."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

import numpy as np

from lstmcli.data.columns import text_of
from lstmcli.data.formats import FileFormat, Record, RecordWriter
from lstmcli.data.formats.base import RowByRow, Rows
from lstmcli.data.formats.header import listed, position
from lstmcli.errors import DataError, did_you_mean
from lstmcli.inference.rows import BLOCK_ROWS
from lstmcli.metrics.group_means import Group, Moments, Summary, column_means, standardised_differences

# More different cells are no labels.
MAX_GROUPS = 50


class Collector:
    """Adds up rows, each with its group."""

    def __init__(self, names: Sequence[str], by: str | None) -> None:
        self._names, self._by = names, by
        self._groups: dict[str, Moments] = {}
        self._counts: dict[str, int] = {}
        self._waiting: dict[str, list[list[float]]] = {}
        self._num_waiting = 0
        self._columns: Sequence[str] | None = None
        self._index: int | None = None
        self._is_found = by is None

    def look_up(self, columns: Sequence[str]) -> None:
        """Find the groups in rows with these columns.

        Raises:
            DataError: the column occurs twice.
        """
        if self._by is None or columns is self._columns:
            return
        if list(columns).count(self._by) > 1:
            raise DataError(f"--by {self._by}: the column occurs more than once; rename all but one.")
        self._columns, self._index = columns, position(list(columns), self._by)
        self._is_found |= self._index is not None

    def take(self, record: Record, values: Iterable[Any]) -> None:
        """Add a row that has been described."""
        self.look_up(record.columns)
        name = self._name(record)
        self._waiting.setdefault(name, []).append([np.nan if value is None else float(value) for value in values])
        self._num_waiting += 1
        self._counts[name] = self._counts.get(name, 0) + 1
        if len(self._counts) - ("" in self._counts) > MAX_GROUPS:
            raise DataError(f"--by {self._by}: the column has more than {MAX_GROUPS} different cells; is it a label?")
        if self._num_waiting == BLOCK_ROWS:
            self._add_waiting()

    def _name(self, record: Record) -> str:
        if self._index is None or isinstance(record.cells[self._index], list | dict | bytes):
            return ""
        return text_of(record, self._index).strip()

    def _add_waiting(self) -> None:
        for name, rows in self._waiting.items():
            self._groups.setdefault(name, Moments(len(self._names))).add(np.array(rows))
        self._waiting, self._num_waiting = {}, 0

    def summary(self) -> Summary:
        """Return what was added up.

        Raises:
            DataError: no row has the column of the groups.
        """
        self._add_waiting()
        if not self._is_found:
            columns = self._columns or []
            raise DataError(
                f"--by {self._by}: there is no such column. Columns: {listed(columns)}."
                f"{did_you_mean(str(self._by), columns)}"
            )
        everyone = self._merged(self._groups)
        named = sorted(name for name in self._groups if name) if self._by is not None else []
        return Summary(
            tuple(self._names),
            sum(self._counts.values()),
            tuple(column_means(everyone)),
            self._by,
            tuple(self._group(name, named) for name in named),
            self._counts.get("", 0) if self._by is not None else 0,
        )

    def _merged(self, names: Iterable[str]) -> Moments:
        merged = Moments(len(self._names))
        for name in names:
            merged.merge(self._groups[name])
        return merged

    def _group(self, name: str, named: Sequence[str]) -> Group:
        own, others = self._groups[name], self._merged(other for other in named if other != name)
        return Group(
            name,
            self._counts[name],
            tuple(column_means(own)),
            tuple(column_means(others)),
            tuple(standardised_differences(own, others)),
        )


class Summarising:
    """A file format that passes each row that it writes to a `Collector`, too, or only there."""

    def __init__(self, inner: FileFormat, collector: Collector, *, writes_rows: bool) -> None:
        self.names_are_unique = inner.names_are_unique
        self._inner, self._collector, self._writes_rows = inner, collector, writes_rows

    def read(self, lines: Iterable[str], name: str) -> Rows:
        """See `FileFormat`."""
        return self._inner.read(lines, name)

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat`."""
        return _Writer(self._inner.writer(stream) if self._writes_rows else None, self._collector)


class _Writer(RowByRow):
    def __init__(self, inner: RecordWriter | None, collector: Collector) -> None:
        self._inner, self._collector = inner, collector

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        self._collector.look_up(columns)
        if self._inner is not None:
            self._inner.start(columns, added, continues=continues)

    def write(self, record: Record, additions: Mapping[str, str | float | None]) -> None:
        values = list(additions.values())
        if values[0] is not None:  # the number of words, which every text has
            self._collector.take(record, values)
        if self._inner is not None:
            self._inner.write(record, additions)

    def notes(self) -> list[str]:
        return [] if self._inner is None else self._inner.notes()
