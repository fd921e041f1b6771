"""What a model reads of a row: a column of text, earlier ones joined before it, and the columns beside it."""

from collections.abc import Sequence

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.feature_cells import BadFeatureError, number_of, wanted_features
from lstmcli.data.columns import BadRowError, TextSelector, text_of
from lstmcli.data.formats import Record
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.reading import ColumnFinder, Source, Wanted
from lstmcli.data.row_text import RowText, joined_texts


class RowColumns:
    """The columns of a row beside that of its text.

    Attributes:
        wanted: what is to be found of each record.
        reads_more: whether anything is.
    """

    def __init__(self, settings: DataSettings) -> None:
        """Take the settings of a training, or of a model, in which the kind of each feature is set."""
        self._features = wanted_features(settings)
        self._num_before = len(settings.text_before)
        self.wanted = [
            *(Wanted(name, "data.text_before") for name in settings.text_before),
            *(Wanted(name, "data.features") for name, _ in self._features),
        ]
        self.reads_more = bool(self.wanted)

    def text(self, text: str, record: Record, indices: Sequence[int | None]) -> str:
        """Return the text of a record with what else is read of it, from where the columns `wanted` are.

        Raises:
            BadFeatureError: a cell is no number where one is expected, or holds a list.
        """
        if not self.wanted:
            return text
        cells = [_cell(record, index) for index in indices]
        text = joined_texts([*cells[: self._num_before], text])
        if not self._features:
            return text
        cells = [" ".join(cell.split()) for cell in cells[self._num_before :]]
        for (name, kind), cell in zip(self._features, cells, strict=True):
            if kind == "number":
                number_of(cell, name)
        return RowText(text, cells)

    def without_row(self, text: str) -> str:
        """Return a text that comes alone: as the last one, without any before it."""
        return joined_texts([""] * self._num_before + [text])


def _cell(record: Record, index: int | None) -> str:
    """Return a cell as text, "" for a missing one.

    Raises:
        BadFeatureError: it holds a list or bytes.
    """
    if index is None or index >= len(record.cells):
        return ""
    cell = record.cells[index]
    if isinstance(cell, list | dict | bytes):
        raise BadFeatureError(f"expected a cell with one value in column {record.columns[index]!r}, found {cell!r:.40}")
    return cell if type(cell) is str else text_of(record, index)


class RowSelector(TextSelector):
    """Finds the text of a record with what else is read of it, for predictions."""

    def __init__(self, source: Source, settings: DataSettings, column: str, *, option: str = "--text") -> None:
        """Look for the text in `column` of `source`, and for all else where `settings` say."""
        super().__init__(source, column, option=option)
        self._row = RowColumns(settings)
        self._is_text = source.format_name == TEXT_FORMAT
        wanted = [] if self._is_text else self._row.wanted
        self._find_others = ColumnFinder(source.name, wanted, varies=source.columns is None)

    def __call__(self, record: Record) -> str:
        """See `TextSelector`."""
        text = super().__call__(record)
        if not self._row.reads_more:
            return text
        if self._is_text:
            return self._row.without_row(text)
        try:
            return self._row.text(text, record, self._find_others(record.columns))
        except BadFeatureError as error:
            raise BadRowError(f"{error}.") from None

    @property
    def is_settled(self) -> bool:
        """See `TextSelector`."""
        return super().is_settled and self._find_others.is_settled

    def look_up(self, columns: Sequence[str]) -> None:
        """See `TextSelector`."""
        super().look_up(columns)
        self._find_others(columns)

    def check(self) -> None:
        """See `TextSelector`."""
        super().check()
        self._find_others.check()
