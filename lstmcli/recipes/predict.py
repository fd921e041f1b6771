"""`lstmcli predict`: rows in, the same rows with predictions out, in order, a block at a time."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from lstmcli.data.formats import FORMATS, Record
from lstmcli.data.formats.text import TEXT_COLUMN
from lstmcli.data.reading import Source, column_index, open_records
from lstmcli.data.writing import open_output
from lstmcli.errors import DataError, UsageError
from lstmcli.inference.pool import Pool, Probabilities
from lstmcli.inference.predictor import Predictions
from lstmcli.model_format import SavedModel

# Rows that are read, predicted and written together: enough to sort by length, few enough to answer soon.
BLOCK_ROWS = 2048

TEXT_FORMAT = "text"


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


def predict_file(
    model: SavedModel,
    pool: Pool,
    path: str,
    *,
    output: str | None,
    options: PredictOptions,
    format_name: str = "auto",
    encoding: str = "utf-8",
    text_column: str | None = None,
    warn: Callable[[str], None],
) -> int:
    """Predict every row of `path` ("-": standard input) and return their number.

    The output has the input's format: CSV and TSV keep all columns, JSON Lines all keys; plain text gives a line of
    tab-separated values for each line.

    Args:
        model: says what the probabilities are of.
        pool: computes them.
        path: the input.
        output: a file, or None for standard output.
        options: what to add.
        format_name: of input and output, or "auto".
        encoding: of the input. Output is UTF-8.
        text_column: default: the one that training used.
        warn: is told where the input looks like something else than it is read as.

    Raises:
        DataError: the input can't be read or has no such column.
        UsageError: a text column is named for plain text.
    """
    # Who types a line into a pipe is answered at once: before a read would wait, whatever was read is answered.
    rows = _Rows(pool)
    reading = open_records(path, format_name=format_name, encoding=encoding, before_waiting=rows.answer)
    with reading as source, open_output(output) as stream:
        if text_column is not None and source.format_name == TEXT_FORMAT:
            raise UsageError("--text: plain text has no columns; name the format of the input with --format.")
        rows.start(_TextSelector(source, text_column or model.columns.text), _Adder(model, options, source), stream)
        while record := _next(source.records, before_failing=rows.answer):
            if not rows.num_rows and source.format_name == TEXT_FORMAT:
                _warn_of_tables(record.cells[0], model.columns.text, source.name, warn)
            rows.take(record)
        rows.answer()
    return rows.num_rows


class _Rows:
    """Rows on their way: read, sent in blocks to who computes them, written in order.

    Attributes:
        num_rows: taken so far.
    """

    def __init__(self, pool: Pool) -> None:
        self.num_rows = 0
        self._pool = pool
        self._waiting: list[Record] = []
        self._sent: deque[list[Record]] = deque()

    def start(self, select: "_TextSelector", adder: "_Adder", stream: TextIO) -> None:
        """Say where the texts are and where the answers go; before any row."""
        self._select, self._adder, self._stream = select, adder, stream
        self._writer = FORMATS[adder.format_name].writer(stream)

    def take(self, record: Record) -> None:
        """Take one more row."""
        self.num_rows += 1
        self._waiting.append(record)
        if len(self._waiting) == BLOCK_ROWS:
            self._send()

    def answer(self) -> None:
        """Answer all rows that were taken."""
        if self._waiting:
            self._send()
        self._write(self._pool.drain())

    def _send(self) -> None:
        texts = list(map(self._select, self._waiting))
        self._sent.append(self._waiting)
        self._waiting = []
        self._write(self._pool.submit(texts))

    def _write(self, due: list[Probabilities]) -> None:
        for probabilities in due:
            for record, additions in self._adder.additions(self._sent.popleft(), probabilities):
                self._writer.write(record, additions)
            self._stream.flush()


def _next(records: Iterator[Record], *, before_failing: Callable[[], None]) -> Record | None:
    """Return the next record, None at the end; the rows before one that can't be read are not lost."""
    try:
        return next(records, None)
    except DataError:
        before_failing()
        raise


def _warn_of_tables(line: str, column: str, name: str, warn: Callable[[str], None]) -> None:
    """Tell a user who pipes a table that its lines are taken for texts."""
    formats = {",": "csv", "\t": "tsv", ";": "csv-semicolon"}
    for delimiter, format_name in formats.items():
        if delimiter in line and column in line.split(delimiter):
            warn(f"{name} is read as one text a line, but looks like a table; for columns add --format {format_name}")
    if line.startswith("{") and line.endswith("}"):
        warn(f"{name} is read as one text a line, but looks like JSON Lines; for keys add --format jsonl")


class _TextSelector:
    """Finds the text of a record; the column is looked up once per header."""

    def __init__(self, source: Source, column: str) -> None:
        self._name = source.name
        self._column = TEXT_COLUMN if source.format_name == TEXT_FORMAT else column
        self._columns: Sequence[str] | None = None
        self._index = 0

    def __call__(self, record: Record) -> str:
        if record.is_malformed:
            raise DataError(
                f"{self._name}, line {record.line}: has {len(record.cells)} cells where the header has "
                f"{len(record.columns)}; put quotes round cells with commas in them."
            )
        if record.columns is not self._columns:
            where = self._name if self._columns is None else f"{self._name}, line {record.line}:"
            self._index = column_index(list(record.columns), self._column, where, "--text")
            self._columns = record.columns
        text = record.cells[self._index]
        if isinstance(text, list | dict):
            raise DataError(f"{self._name}, line {record.line}: {self._column!r} is no text but {text!r:.40}.")
        return "" if text is None else str(text)


class _Adder:
    """Names and orders the columns that predictions add."""

    def __init__(self, model: SavedModel, options: PredictOptions, source: Source) -> None:
        self.format_name = source.format_name
        self._labels = model.labels
        self._options = options
        self._source = source
        self._checked: Sequence[str] | None = None
        self._rule = model.rule if options.threshold is None else model.rule.with_threshold(options.threshold)

    def additions(
        self, block: list[Record], probabilities: Probabilities
    ) -> Iterator[tuple[Record, dict[str, str | float]]]:
        """Yield each record of `block` with what it gets, in order."""
        predictions = Predictions.of(probabilities, self._rule)
        for row, record in enumerate(block):
            additions = self._row(predictions, row)
            self._check_columns(record, additions)
            yield record, additions

    def _row(self, predictions: Predictions, row: int) -> dict[str, str | float]:
        options, labels = self._options, self._labels
        probabilities = predictions.probabilities[row]
        additions: dict[str, str | float] = {}
        if (
            options.top_k is None or self._source.format_name != TEXT_FORMAT
        ):  # a ranked text line starts with the best label
            additions["prediction"] = labels.join(predictions.decisions[row])
            additions["score"] = float(predictions.scores[row])
        if options.top_k is not None:
            best_first = np.argsort(-probabilities, kind="stable")[: options.top_k]
            for rank, index in enumerate(best_first, start=1):
                additions[f"label_{rank}"] = labels.names[index]
                additions[f"score_{rank}"] = float(probabilities[index])
        if options.probabilities:
            for name, probability in zip(labels.names, probabilities, strict=True):
                additions[f"probability_{name}"] = float(probability)
        return additions

    def _check_columns(self, record: Record, additions: dict[str, str | float]) -> None:
        if record.columns is self._checked or self._source.format_name == TEXT_FORMAT:
            return
        taken = [name for name in additions if name in record.columns]
        if taken:
            raise DataError(
                f"{self._source.name}: already has the column {taken[0]!r}, which the prediction would add (was this "
                "file predicted before?). Rename or remove it."
            )
        self._checked = record.columns
