"""What a prediction reads from a row, and what it adds to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.formats import Record
from lstmcli.data.formats.text import TEXT_COLUMN
from lstmcli.data.reading import Source, column_index
from lstmcli.errors import DataError
from lstmcli.inference.pool import Probabilities
from lstmcli.inference.predictor import Predictions
from lstmcli.store.model import SavedModel

TEXT_FORMAT = "text"

Additions = dict[str, str | float | None]


@dataclass(frozen=True)
class PredictOptions:
    """What to add to each row.

    Attributes:
        probabilities: one column `probability_<label>` for each label.
        top_k: with a number, the columns label_1, score_1, ... of the most probable labels.
        threshold: instead of the model's own decision rule, pick what is at least this probable.
    """

    probabilities: bool = False
    top_k: int | None = None
    threshold: float | None = None


class BadRowError(Exception):
    """A row that can't be predicted; the message says why."""


class TextSelector:
    """Finds the text of a record; the column is looked up once per header. Without it the first row is an error."""

    def __init__(self, source: Source, column: str) -> None:
        self._name = source.name
        self._column = TEXT_COLUMN if source.format_name == TEXT_FORMAT else column
        self._columns: Sequence[str] | None = None
        self._index = 0

    def __call__(self, record: Record) -> str:
        """Return the text.

        Raises:
            BadRowError: the row was broken, or has no such cell or no text in it.
            DataError: no row so far had the column.
        """
        if record.problem is not None:
            raise BadRowError(record.problem)
        if record.is_malformed:
            raise BadRowError(
                f"has {len(record.cells)} cells where the header has {len(record.columns)}; put quotes round cells "
                "with commas in them."
            )
        if record.columns is not self._columns:
            self.look_up(record.columns)
        text = record.cells[self._index]
        if isinstance(text, list | dict):
            raise BadRowError(f"{self._column!r} is no text but {text!r:.40}.")
        return "" if text is None else str(text)

    def look_up(self, columns: Sequence[str]) -> None:
        """Find the text among the columns of the next records.

        Raises:
            BadRowError: it is not there, but was in those of a record before.
            DataError: it is not there.
        """
        if self._columns is not None and self._column not in columns:  # only JSON Lines have more than one header
            raise BadRowError(f"has no key {self._column!r}.")
        self._index = column_index(list(columns), self._column, self._name, "--text")
        self._columns = columns


class Keeper:
    """Keeps the columns that are wanted of a record, in the order in which they are wanted; None: all."""

    def __init__(self, wanted: Sequence[str] | None, name: str) -> None:
        self._wanted = wanted
        self._name = name
        self._columns: Sequence[str] | None = None
        self._indices: list[int | None] = []

    def __call__(self, record: Record) -> Record:
        """Return the record with the columns that are kept.

        Raises:
            DataError: no record so far had one of them.
        """
        if self._wanted is None:
            return record
        if record.problem is not None:
            return record._replace(columns=self._wanted)
        self.kept(record.columns)
        cells = [None if index is None else record.cells[index] for index in self._indices]
        return Record(record.line, self._wanted, cells)

    def kept(self, columns: Sequence[str]) -> Sequence[str]:
        """Return what is kept of the columns of the next records; errors as above."""
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


class Adder:
    """Names and orders the cells that a prediction adds to a row."""

    def __init__(self, model: SavedModel, options: PredictOptions, format_name: str) -> None:
        self._format_name = format_name
        self._labels = model.labels
        self._options = options
        self._rule = model.rule if options.threshold is None else model.rule.with_threshold(options.threshold)
        # A ranked text line starts with the best label.
        self._has_decision = options.top_k is None or format_name != TEXT_FORMAT
        self._names: dict[bytes, str] = {}  # of the decisions met so far, by their bytes

    def additions(self, probabilities: Probabilities) -> Iterator[Additions]:
        """Return what each row gets, in order; `probabilities` are (rows, labels)."""
        columns = self._columns(Predictions.of(probabilities, self._rule))
        return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))

    def nothing(self) -> Additions:
        """Return the same cells, empty: those of a row that could not be read."""
        columns = ["prediction", "score"] if self._has_decision else []
        for rank in range(1, min(self._options.top_k or 0, len(self._labels.names)) + 1):
            columns += [f"label_{rank}", f"score_{rank}"]
        if self._options.probabilities:
            columns += [f"probability_{name}" for name in self._labels.names]
        return dict.fromkeys(columns)

    def check(self, columns: Sequence[str], name: str) -> None:
        """Raise DataError if one of the added columns is among those of the input `name`."""
        taken = [] if self._format_name == TEXT_FORMAT else [column for column in self.nothing() if column in columns]
        if taken:
            raise DataError(
                f"{name}: already has the column {taken[0]!r}, which the prediction would add (was this file predicted "
                "before?). Rename or remove it, or choose others with --columns."
            )

    def _columns(self, predictions: Predictions) -> dict[str, Sequence[str | float]]:
        options, labels, probabilities = self._options, self._labels, predictions.probabilities
        columns: dict[str, Sequence[str | float]] = {}
        if self._has_decision:
            columns["prediction"] = list(map(self._name, predictions.decisions))
            columns["score"] = predictions.scores.tolist()
        if options.top_k is not None:
            best_first = np.argsort(-probabilities, axis=1, kind="stable")[:, : options.top_k]
            scores = np.take_along_axis(probabilities, best_first, axis=1)
            for rank in range(best_first.shape[1]):
                columns[f"label_{rank + 1}"] = [labels.names[index] for index in best_first[:, rank]]
                columns[f"score_{rank + 1}"] = scores[:, rank].tolist()
        if options.probabilities:
            columns |= {f"probability_{name}": probabilities[:, at].tolist() for at, name in enumerate(labels.names)}
        return columns

    def _name(self, decisions: NDArray[np.bool_]) -> str:
        key = decisions.tobytes()
        if key not in self._names:
            self._names[key] = self._labels.join(decisions)
        return self._names[key]
