"""`lstmcli predict`: rows in, the same rows with predictions out, in order, a block at a time."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TextIO

from lstmcli.data.formats import FORMATS, Record
from lstmcli.data.reading import open_records
from lstmcli.data.writing import open_output
from lstmcli.errors import DataError, UsageError
from lstmcli.inference.pool import Pool, Probabilities
from lstmcli.model_format import SavedModel
from lstmcli.recipes.predicted_cells import TEXT_FORMAT, Adder, BadRowError, PredictOptions, TextSelector

# Rows that are read, predicted and written together: enough to sort by length, few enough to answer soon.
BLOCK_ROWS = 2048

# So many rows that can't be read are told one by one.
MAX_PROBLEMS_SHOWN = 5

OnError = Literal["flag", "skip", "stop"]


@dataclass
class RowCounts:
    """Rows of the input: all, and those that could not be read."""

    rows: int = 0
    broken: int = 0


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
    on_error: OnError = "flag",
    warn: Callable[[str], None],
) -> RowCounts:
    """Predict every row of `path` ("-": standard input) and count them.

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
        on_error: what becomes of a row that can't be read: it stays in its place with nothing in the cells that are
            added, it is left out, or it ends the work, when the rows before it have been written.
        warn: is told of rows that can't be read, and where the input looks like something else than it is read as.

    Raises:
        DataError: the input can't be read or has no such column.
        UsageError: a text column is named for plain text.
    """
    # Who types a line into a pipe is answered at once: before a read would wait, whatever was read is answered.
    rows = _Rows(pool, on_error, warn)
    reading = open_records(
        path,
        format_name=format_name,
        encoding=encoding,
        keeps_broken=on_error != "stop",
        before_waiting=rows.answer,
    )
    with reading as source, open_output(output) as stream:
        if text_column is not None and source.format_name == TEXT_FORMAT:
            raise UsageError("--text: plain text has no columns; name the format of the input with --format.")
        select = TextSelector(source, text_column or model.columns.text)
        rows.start(source.name, select, Adder(model, options, source), stream)
        try:
            for record in source.records:
                if not rows.counts.rows and source.format_name == TEXT_FORMAT:
                    _warn_of_tables(record.cells[0], model.columns.text, source.name, warn)
                rows.take(record)
        except DataError:
            rows.answer()  # what was read before is not lost
            raise
        rows.answer()
    rows.summarise()
    return rows.counts


class _Rows:
    """Rows on their way: read, sent in blocks to who computes them, written in order.

    Attributes:
        counts: of the rows taken so far.
    """

    def __init__(self, pool: Pool, on_error: OnError, warn: Callable[[str], None]) -> None:
        self.counts = RowCounts()
        self._pool = pool
        self._on_error = on_error
        self._warn = warn
        # Of each row its text, or None where it could not be read.
        self._waiting: list[tuple[Record, str | None]] = []
        self._sent: deque[list[tuple[Record, str | None]]] = deque()

    def start(self, name: str, select: TextSelector, adder: Adder, stream: TextIO) -> None:
        """Say what the input is called, where the texts are, and where the answers go; before any row."""
        self._name, self._select, self._adder, self._stream = name, select, adder, stream
        self._writer = FORMATS[adder.format_name].writer(stream)

    def take(self, record: Record) -> None:
        """Take one more row.

        Raises:
            DataError: it can't be read, and that ends the work.
        """
        text: str | None
        try:
            text = self._select(record)
        except BadRowError as problem:
            self._note(record, str(problem))
            if self._on_error == "skip":
                return
            record, text = replace(record, problem=str(problem)), None
        self.counts.rows += 1
        self._waiting.append((record, text))
        if len(self._waiting) == BLOCK_ROWS:
            self._send()

    def _note(self, record: Record, problem: str) -> None:
        message = f"{self._name}, line {record.line}: {problem}"
        if self._on_error == "stop":
            raise DataError(message)
        self.counts.broken += 1
        if self.counts.broken <= MAX_PROBLEMS_SHOWN:
            self._warn(message)

    def answer(self) -> None:
        """Answer all rows that were taken."""
        if self._waiting:
            self._send()
        self._write(self._pool.drain())

    def summarise(self) -> None:
        """Say how many rows could not be read."""
        if self.counts.broken:
            what = "have no prediction" if self._on_error == "flag" else "were left out"
            self._warn(f"{self._name}: {self.counts.broken:,} rows could not be read and {what}.")

    def _send(self) -> None:
        texts = [text for _, text in self._waiting if text is not None]
        self._sent.append(self._waiting)
        self._waiting = []
        self._write(self._pool.submit(texts))

    def _write(self, due: list[Probabilities]) -> None:
        for probabilities in due:
            block = self._sent.popleft()
            good = [record for record, text in block if text is not None]
            additions = self._adder.additions(good, probabilities)
            for record, text in block:
                self._writer.write(record, self._adder.nothing() if text is None else next(additions))
            self._stream.flush()


def _warn_of_tables(line: str, column: str, name: str, warn: Callable[[str], None]) -> None:
    """Tell a user who pipes a table that its lines are taken for texts."""
    formats = {",": "csv", "\t": "tsv", ";": "csv-semicolon"}
    for delimiter, format_name in formats.items():
        if delimiter in line and column in line.split(delimiter):
            warn(f"{name} is read as one text a line, but looks like a table; for columns add --format {format_name}")
    if line.startswith("{") and line.endswith("}"):
        warn(f"{name} is read as one text a line, but looks like JSON Lines; for keys add --format jsonl")
