"""`lstmcli predict`: rows in, the same rows with predictions out, in order, a block at a time."""

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from lstmcli.data.formats import FORMATS, Record
from lstmcli.data.output import Output, open_output
from lstmcli.data.reading import STANDARD_INPUT, open_records
from lstmcli.errors import DataError, UsageError
from lstmcli.inference.pool import Pool, Probabilities
from lstmcli.model_format import SavedModel, find_model
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
    job: str = "",
    resume: bool = False,
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
        job: what is asked for, see `open_output`.
        resume: whether to go on where an interrupted run with the same job and output file has ended.
        warn: is told of rows that can't be read, and where the input looks like something else than it is read as.

    Raises:
        DataError: the input can't be read or has no such column.
        UsageError: a text column is named for plain text, or standard output is to be gone on with.
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
    with reading as source, open_output(output, job=job, resume=resume) as destination:
        if text_column is not None and source.format_name == TEXT_FORMAT:
            raise UsageError("--text: plain text has no columns; name the format of the input with --format.")
        select = TextSelector(source, text_column or model.columns.text)
        rows.start(source.name, select, Adder(model, options, source), destination)
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


def describe_job(run: Path, path: str, *options: object) -> str:
    """Return what tells a prediction from others: the model, the input as it is now, and the options."""
    files = sorted(find_model(run).iterdir())
    facts: list[object] = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    if path != STANDARD_INPUT and Path(path).is_file():
        facts.append((path, Path(path).stat().st_size, Path(path).stat().st_mtime_ns))
    return hashlib.sha256(repr([*facts, path, *map(str, options)]).encode("utf-8", "surrogateescape")).hexdigest()


class _Row(NamedTuple):
    """A row, its text (None where it could not be read), and which row of the input it is, from 1."""

    record: Record
    text: str | None
    number: int


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
        self._waiting: list[_Row] = []
        self._sent: deque[list[_Row]] = deque()

    def start(self, name: str, select: TextSelector, adder: Adder, output: Output) -> None:
        """Say what the input is called, where the texts are, and where the answers go; before any row."""
        self._name, self._select, self._adder, self._output = name, select, adder, output
        self._num_done = 0 if output.done is None else output.done.input_rows
        self._writer = FORMATS[adder.format_name].writer(output.stream, continues=self._num_done > 0)

    def take(self, record: Record) -> None:
        """Take one more row; pass over those that an earlier run has answered.

        Raises:
            DataError: it can't be read, and that ends the work.
        """
        self.counts.rows += 1
        text: str | None
        try:
            text = self._select(record)
        except BadRowError as problem:
            self._note(record, str(problem))
            if self._on_error == "skip":
                return
            record, text = replace(record, problem=str(problem)), None
        if self.counts.rows > self._num_done:
            self._waiting.append(_Row(record, text, self.counts.rows))
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
        texts = [row.text for row in self._waiting if row.text is not None]
        self._sent.append(self._waiting)
        self._waiting = []
        self._write(self._pool.submit(texts))

    def _write(self, due: list[Probabilities]) -> None:
        for probabilities in due:
            block = self._sent.popleft()
            additions = self._adder.additions([row.record for row in block if row.text is not None], probabilities)
            for row in block:
                self._writer.write(row.record, self._adder.nothing() if row.text is None else next(additions))
                self._output.row_written(row.number)
            self._output.stream.flush()


def _warn_of_tables(line: str, column: str, name: str, warn: Callable[[str], None]) -> None:
    """Tell a user who pipes a table that its lines are taken for texts."""
    formats = {",": "csv", "\t": "tsv", ";": "csv-semicolon"}
    for delimiter, format_name in formats.items():
        if delimiter in line and column in line.split(delimiter):
            warn(f"{name} is read as one text a line, but looks like a table; for columns add --format {format_name}")
    if line.startswith("{") and line.endswith("}"):
        warn(f"{name} is read as one text a line, but looks like JSON Lines; for keys add --format jsonl")
