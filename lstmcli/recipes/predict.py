"""`lstmcli predict`: rows in, the same rows with predictions out, in order, a block at a time."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from lstmcli.data.columns import BadRowError, Keeper, TextSelector
from lstmcli.data.formats import BINARY_FORMATS, FileFormat, Record, RecordWriter, output_format
from lstmcli.data.formats.header import FORMATS_BY_DELIMITER
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.output import STANDARD_OUTPUT, Output, open_output
from lstmcli.data.reading import STANDARD_INPUT, Layout, Source, check_exist, format_of, input_layout, open_records
from lstmcli.errors import DataError, UsageError, counted
from lstmcli.inference.answers import Adder, PredictOptions
from lstmcli.inference.pool import Pool
from lstmcli.inference.predictor import Probabilities
from lstmcli.store.model import SavedModel, find_model

# Rows that are read, predicted and written together: enough to sort by length, few enough to answer soon.
BLOCK_ROWS = 2048

DEFAULT_TABLE = "csv"  # what the rows of a format that is not written become

MAX_PROBLEMS_SHOWN = 5  # so many rows that can't be read are told one by one

OnError = Literal["flag", "skip", "stop"]


@dataclass(frozen=True)
class InputOptions:
    """How the inputs are read.

    Attributes:
        format_name: or "auto", by each one's extension; None: as in training, see `input_layout`.
        encoding: of the text; None: as in training.
        text_column: None: the one that training used.
        on_error: what becomes of a row that can't be read: it keeps its place without a prediction, it is left out, or
            it ends the work once the rows before it are written.
    """

    format_name: str | None = None
    encoding: str | None = None
    text_column: str | None = None
    on_error: OnError = "flag"


@dataclass(frozen=True)
class OutputOptions:
    """How the output is written, in UTF-8.

    Attributes:
        path: a file; None or "-" for standard output.
        format_name: or "auto", by the extension of `path`, else that of the first input.
        columns: those of the input that are kept; None: all.
        job: what is asked for, see `open_output`.
        resume: whether to go on where an interrupted run with the same job and path has ended.
        line_buffered: whether each row is answered before the next one is read.
        escape_formulas: whether cells that a spreadsheet could run are escaped.
    """

    path: str | None = None
    format_name: str = "auto"
    columns: Sequence[str] | None = None
    job: str = ""
    resume: bool = False
    line_buffered: bool = False
    escape_formulas: bool = False


@dataclass
class RowCounts:
    """Rows of the inputs: all, and those that could not be read."""

    rows: int = 0
    broken: int = 0


def predict_files(
    model: SavedModel,
    pool: Pool,
    paths: Sequence[str],
    *,
    inputs: InputOptions,
    output: OutputOptions,
    options: PredictOptions,
    warn: Callable[[str], None],
    watch: Callable[[int], None],
) -> RowCounts:
    """Predict every row of the `paths` ("-": standard input), one input after the other, and count them.

    CSV and TSV keep all columns, JSON Lines all keys; plain text gives a line of tab-separated values for each line.

    Args:
        model: says what the probabilities are of.
        pool: computes them.
        paths: of the inputs.
        inputs: how they are read.
        output: how and where the rows are written.
        options: what to add to each.
        warn: is told of rows that can't be read, and where an input looks like something else than it is read as.
        watch: is told how many more rows have been written.

    Raises:
        DataError: an input can't be read or has no such column.
        UsageError: the options don't fit together.
    """
    check_exist(paths)
    trained = Layout(model.columns.format, model.columns.encoding)
    layouts = [input_layout(path, Layout(inputs.format_name, inputs.encoding), trained) for path in paths]
    format_name = _output_format(output, layouts[0].format_name)
    written_as = output_format(format_name, escapes_formulas=output.escape_formulas)
    rows = _Rows(pool, Adder(model, options, format_name), written_as, inputs.on_error, warn, watch)
    with open_output(output.path, job=output.job, resume=output.resume) as destination:
        rows.write_to(destination)
        try:
            for path, layout in zip(paths, layouts, strict=True):
                _predict_input(path, layout, rows, inputs, output, model.columns.text)
        except DataError:
            rows.answer()  # what was read before is not lost
            raise
        rows.answer()
    rows.summarise()
    return rows.counts


def _output_format(output: OutputOptions, first: str | None) -> str:
    wanted = output.format_name if output.format_name != "auto" else None
    if wanted is None and output.path not in {None, STANDARD_OUTPUT}:
        wanted = format_of(str(output.path))
    if wanted in BINARY_FORMATS:
        raise UsageError(f"predictions can't be written as {wanted}; choose csv, tsv or jsonl.")
    return wanted or (DEFAULT_TABLE if first in BINARY_FORMATS else first) or TEXT_FORMAT


def _predict_input(
    path: str, layout: Layout, rows: "_Rows", inputs: InputOptions, output: OutputOptions, text_column: str
) -> None:
    keeps_broken = inputs.on_error != "stop"
    # Who types a line into a pipe is answered at once: before a read would wait, whatever was read is answered.
    with open_records(path, **layout._asdict(), keeps_broken=keeps_broken, before_waiting=rows.answer) as source:
        if inputs.text_column is not None and source.format_name == TEXT_FORMAT:
            raise UsageError("--text: plain text has no columns; name the format of the input with --format.")
        select = TextSelector(source, inputs.text_column or text_column)
        rows.read_from(source, select, Keeper(output.columns, source.name))
        if source.columns is not None:
            rows.start(source.columns)
        for number, record in enumerate(source.records):
            if number == 0 and source.format_name == TEXT_FORMAT:
                rows.look_for_tables(record.cells[0], text_column)
            rows.take(record)
            if output.line_buffered:
                rows.answer()


def describe_job(run: Path, paths: Sequence[str], *options: object) -> str:
    """Return what tells a prediction from others: the model, the inputs as they are now, and the options."""
    import hashlib  # only a file that is written needs it

    files = [*sorted(find_model(run).iterdir()), *(Path(path) for path in paths if path != STANDARD_INPUT)]
    facts = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
    return hashlib.sha256(repr([*facts, *map(str, options)]).encode("utf-8", "surrogateescape")).hexdigest()


class _Row(NamedTuple):
    """A row as it will be written, its text (None where it could not be read), and where it comes from.

    `number` is its place among all rows, from 1; `source` is the name of its input.
    """

    record: Record
    text: str | None
    number: int
    source: str


class _Rows:
    """Rows on their way: read, sent in blocks to who computes them, written in order.

    Attributes:
        counts: of the rows taken so far.
    """

    def __init__(
        self,
        pool: Pool,
        adder: Adder,
        written_as: FileFormat,
        on_error: OnError,
        warn: Callable[[str], None],
        watch: Callable[[int], None],
    ) -> None:
        self.counts = RowCounts()
        self._pool = pool
        self._adder = adder
        self._format = written_as
        self._on_error = on_error
        self._warn = warn
        self._watch = watch
        self._waiting: list[_Row] = []
        self._sent: deque[list[_Row]] = deque()
        self._writer: RecordWriter | None = None  # there is one when the first row has come

    def write_to(self, output: Output) -> None:
        """Say where the rows go; before any row."""
        self._output = output
        self._num_done = 0 if output.done is None else output.done.input_rows

    def read_from(self, source: Source, select: TextSelector, keep: Keeper) -> None:
        """Say where the next rows come from, where their text is, and what is kept of them."""
        self._name, self._select, self._keep = source.name, select, keep

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
            record, text = record._replace(problem=str(problem)), None
        record = self._keep(record)
        if self._writer is None and text is not None:
            self._start(record.columns)
        if self.counts.rows > self._num_done:
            self._waiting.append(_Row(record, text, self.counts.rows, self._name))
            if len(self._waiting) == BLOCK_ROWS:
                self._send()

    def start(self, columns: Sequence[str]) -> None:
        """Say which columns the next rows have, before the first one: there may be none."""
        self._select.look_up(columns)
        kept = self._keep.kept(columns)
        if self._writer is None:
            self._start(kept)

    def _start(self, columns: Sequence[str]) -> None:
        self._adder.check(columns, self._name)
        self._writer = self._format.writer(self._output.stream)
        self._writer.start(columns, list(self._adder.nothing()), continues=self._num_done > 0)

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
            what = "kept without a prediction" if self._on_error == "flag" else "left out"
            self._warn(f"{counted(self.counts.broken, 'row')} that could not be read: {what}.")

    def _send(self) -> None:
        if self._writer is None:  # no row so far could be read
            self._start(self._waiting[0].record.columns)
        texts = [row.text for row in self._waiting if row.text is not None]
        self._sent.append(self._waiting)
        self._waiting = []
        self._write(self._pool.submit(texts))

    def _write(self, due: list[Probabilities]) -> None:
        for probabilities in due:
            assert self._writer is not None  # a row has come
            additions = self._adder.additions(probabilities)
            sent = self._sent.popleft()
            for row in sent:
                try:
                    self._writer.write(row.record, self._adder.nothing() if row.text is None else next(additions))
                except DataError as error:
                    raise DataError(f"{row.source}, {error}") from None
                self._output.row_written(row.number)
            self._output.stream.flush()
            self._watch(len(sent))

    def look_for_tables(self, line: str, column: str) -> None:
        """Tell a user who pipes a table that its lines are taken for texts."""
        read_as = f"{self._name} is read as one text a line, but looks like"
        for delimiter, format_name in FORMATS_BY_DELIMITER.items():
            if delimiter in line and column in line.split(delimiter):
                self._warn(f"{read_as} a table; for columns add --format {format_name}")
        if line.startswith("{") and line.endswith("}"):
            self._warn(f"{read_as} JSON Lines; for keys add --format jsonl")
