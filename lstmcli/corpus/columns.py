"""Selects the cells of a record that the settings name: text, labels, group and probabilities."""

from typing import NamedTuple

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.label_cells import label_columns
from lstmcli.corpus.soft_labels import PREFIX, SoftRows
from lstmcli.data.formats import Record
from lstmcli.data.reading import Source, column_index
from lstmcli.errors import DataError


class Cells(NamedTuple):
    """The selected cells of a record."""

    text: str
    labels: list[object]
    group: str
    probabilities: list[object]


class CellSelector:
    """Finds the cells of a record; a column missing from the first record is an error.

    Attributes:
        soft: collects probabilities, if they are used; set once a record has been selected.
    """

    def __init__(self, source: Source, settings: DataSettings, *, soft: bool, needs_group: bool = True) -> None:
        self.soft: SoftRows | None = None
        self._name = source.name
        self._settings = settings
        self._wants_soft, self._needs_group = soft, needs_group
        self._columns: list[str] | None = None
        self._text: int | None = None
        self._labels: list[int | None] = []
        self._group: int | None = None
        self._probabilities: list[int | None] = []

    def select(self, record: Record) -> Cells:
        """Return the cells of `record`.

        Raises:
            DataError: the first record lacks a column, or a text cell is not text.
        """
        if record.columns is not self._columns:
            self._look_up(list(record.columns))
            self._columns = record.columns  # type: ignore[assignment]
        cells = [record.cells[index] if index is not None else None for index in (self._text, self._group)]
        if isinstance(cells[0], list | dict):
            raise DataError(
                f"{self._name}, line {record.line}: expected text in {self._settings.text!r}, found {cells[0]!r:.40}."
            )
        text, group = ("" if cell is None else str(cell) for cell in cells)
        labels, probabilities = (
            [None if index is None else record.cells[index] for index in indices]
            for indices in (self._labels, self._probabilities)
        )
        return Cells(text, labels, group, probabilities)

    def _look_up(self, columns: list[str]) -> None:
        settings = self._settings
        if self._columns is not None:
            # Only JSON Lines get here more than once. Keys that an object lacks count as empty cells.
            soft_columns = [] if self.soft is None else self.soft.columns
            wanted = (settings.text, settings.group, *label_columns(settings), *soft_columns)
            self._text, self._group, *found = [columns.index(name) if name in columns else None for name in wanted]
            num_labels = len(label_columns(settings))
            self._labels, self._probabilities = found[:num_labels], found[num_labels:]
            return
        setting = "data.labels" if settings.labels else "--label (data.label)"
        self._text = column_index(columns, settings.text, self._name, "--text (data.text)")
        self._labels = [
            None if self._wants_soft and column not in columns else column_index(columns, column, self._name, setting)
            for column in label_columns(settings)
        ]
        if settings.group is not None and (self._needs_group or settings.group in columns):
            self._group = column_index(columns, settings.group, self._name, "data.group")
        if self._wants_soft:
            self._look_up_soft(columns)

    def _look_up_soft(self, columns: list[str]) -> None:
        self.soft = SoftRows(columns)
        self._probabilities = [columns.index(column) for column in self.soft.columns]
        if not self.soft.columns:
            raise DataError(
                f"{self._name}: has none of the columns {PREFIX}<label> that data.soft_labels needs; `lstmcli predict "
                "--probabilities` writes them. Set data.soft_labels=0 to train on labels alone."
            )
        labels = self._settings.labels
        if labels and set(labels) != set(self.soft.names):
            raise DataError(
                f"{self._name}: has probabilities for {', '.join(self.soft.names)}, but data.labels is "
                f"{', '.join(labels)}; they must be the same."
            )
