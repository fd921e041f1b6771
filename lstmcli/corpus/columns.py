"""Selects the cells of a record that the settings name: text, labels, group, weight and probabilities."""

from typing import NamedTuple

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.label_cells import label_columns
from lstmcli.corpus.row_texts import RowColumns
from lstmcli.corpus.soft_labels import PREFIX, SoftRows
from lstmcli.data.columns import text_of
from lstmcli.data.formats import Record
from lstmcli.data.reading import ColumnFinder, Source, Wanted
from lstmcli.errors import DataError

LABEL_OPTION = "--label (data.label)"


class Cells(NamedTuple):
    """The selected cells of a record."""

    text: str
    labels: list[object]
    group: str
    probabilities: list[object]
    weight: object = None


class CellSelector:
    """Finds the cells of a record. A missing column is an error; in JSON Lines, only if all records lack it.

    Attributes:
        soft: collects probabilities, if they are used; set once a record has been selected.
    """

    def __init__(
        self,
        source: Source,
        settings: DataSettings,
        *,
        soft: bool,
        needs_group: bool = True,
        weighted: bool = False,
    ) -> None:
        self.soft: SoftRows | None = None
        self._name = source.name
        self._varies = source.columns is None
        self._settings = settings
        self._wants_soft, self._needs_group, self._weighted = soft, needs_group, weighted
        self._row = RowColumns(settings)
        self._find: ColumnFinder | None = None

    def select(self, record: Record) -> Cells:
        """Return the cells of `record`.

        Raises:
            DataError: a column is missing, or a text cell is not text.
            BadFeatureError: a cell of a feature is not what it should be.
        """
        if self._find is None:
            self._find = ColumnFinder(self._name, self._wanted(list(record.columns)), varies=self._varies)
        indices = self._find(record.columns)
        num_beside = len(self._row.wanted)
        text, group, weight, *others = (None if index is None else record.cells[index] for index in indices)
        if isinstance(text, list | dict | bytes):
            raise DataError(
                f"{self._name}, line {record.line}: expected text in {self._settings.text!r}, found {text!r:.40}."
            )
        num_labels = len(label_columns(self._settings))
        if type(text) is not str:
            text = "" if indices[0] is None else text_of(record, indices[0])
        text = self._row.text(text, record, indices[3 : 3 + num_beside])
        others = others[num_beside:]
        group = "" if group is None else str(group)
        return Cells(text, others[:num_labels], group, others[num_labels:], weight)

    @property
    def is_settled(self) -> bool:
        """Whether each column has been found in some record."""
        return self._find is not None and self._find.is_settled

    def check(self) -> None:
        """Raise a DataError if there were records, but none with one of the columns."""
        if self._find is not None:
            self._find.check()

    def _wanted(self, columns: list[str]) -> list[Wanted]:
        """Return text, group, weight, labels and probabilities, as far as the first record has what is optional."""
        settings = self._settings
        setting = "data.labels" if settings.labels else "data.annotators" if settings.annotators else LABEL_OPTION
        setting = "data.scores" if settings.scores else setting
        labels = [Wanted(column, setting, is_optional=self._wants_soft) for column in label_columns(settings)]
        soft_columns = self._soft_columns(columns) if self._wants_soft else []
        return [
            Wanted(settings.text, "--text (data.text)"),
            Wanted(settings.group, "data.group", is_optional=not self._needs_group),
            Wanted(settings.weight if self._weighted else None, "data.weight"),
            *self._row.wanted,
            *labels,
            *(Wanted(column, "data.soft_labels") for column in soft_columns),
        ]

    def _soft_columns(self, columns: list[str]) -> list[str]:
        self.soft = SoftRows(columns)
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
        return self.soft.columns
