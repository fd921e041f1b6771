"""Rows on their way: read, computed in blocks, written in order, with what became of each counted."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal

from lstmcli.data.columns import BadRowError, BlankTextError, Keeper, TextSelector
from lstmcli.data.formats import FileFormat, Record, RecordWriter
from lstmcli.data.formats.base import RAW_COLUMNS, UnwritableRowError
from lstmcli.data.formats.delimited import Delimited
from lstmcli.data.output_stream import Output
from lstmcli.data.reading import Source
from lstmcli.data.shards import Shard, Tally
from lstmcli.errors import DataError, counted
from lstmcli.inference.blocks import AnswersT, BlockPool, CellAdder
from lstmcli.inference.origins import ORIGIN, Row, num_characters, origin_of, refuse_origin
from lstmcli.inference.row_counts import RowCounts

# Rows that are read, predicted and written together: enough to sort by length, few enough to answer soon.
BLOCK_ROWS = 4096

# A block ends earlier where its rows are long, so that memory does not grow with them.
BLOCK_CHARACTERS = 2**22

# So many rows that can't be read are told one by one.
MAX_PROBLEMS_SHOWN = 5

OnError = Literal["flag", "skip", "stop"]

KEPT_OR_LEFT_OUT = {"flag": "kept without a {}", "skip": "left out"}


class RowStream(Generic[AnswersT]):
    """Takes rows, sends them in blocks to who computes them, and writes them in order.

    Attributes:
        counts: of the rows taken so far; of those of the shard, if there is one.
        num_read: rows of the inputs, those of other shards too.
        tally: of the written rows of a shard.
    """

    def __init__(
        self,
        pool: BlockPool[AnswersT],
        adder: CellAdder[AnswersT],
        output_format: FileFormat,
        on_error: OnError,
        warn: Callable[[str], None],
        watch: Callable[[int], None],
        *,
        result: str = "prediction",
        shard: Shard | None = None,
        has_origin: bool = False,
    ) -> None:
        """Prepare.

        Args:
            pool: computes the blocks.
            adder: makes cells of the results.
            output_format: of the rows.
            on_error: what to do with a row that can't be read or has a blank text.
            warn: is told of such rows.
            watch: is told how many more rows have been written.
            result: what a row gets, for messages.
            shard: the part of the rows that is answered; None: all.
            has_origin: whether the columns of ORIGIN are added, too.
        """
        self.counts = RowCounts()
        self.num_read = 0
        self._shard = shard
        self.tally = None if shard is None else Tally(shard)
        self._pool = pool
        self._adder = adder
        self._has_origin = has_origin
        self._added = frozenset([*adder.names_in_rows, *(ORIGIN if has_origin else ())])
        self._format = output_format
        self._on_error = on_error
        self._warn = warn
        self._watch = watch
        self._result = result
        self._waiting: list[Row] = []
        self._num_characters = 0  # of the rows that wait
        self._sent: deque[list[Row]] = deque()
        self._writer: RecordWriter | None = None  # there is one when the first row has come
        self._has_failed = False
        self._first_blank = ""
        self._held_notes: list[str] = []

    def write_to(self, output: Output) -> None:
        """Say where the rows go; before any row."""
        self._output = output
        self._num_done = 0 if output.done is None else output.done.input_rows

    def read_from(self, source: Source, select: TextSelector, keep: Keeper, *, name: str | None = None) -> None:
        """Say where the next rows come from (`name`: in other words), where their text is, and what is kept."""
        self._name, self._select, self._keep = name or source.name, select, keep
        self._varies = source.columns is None
        self._num_before = self.num_read
        if source.columns is None:
            return
        select.look_up(source.columns)
        kept = keep.kept(source.columns)  # even where no row follows
        self._check(kept)
        if self._writer is None:
            self._start(kept)

    def take(self, record: Record) -> None:
        """Take one more row; pass over those that an earlier run has answered.

        Raises:
            DataError: the row can't be predicted, and that ends the work; or the input has no such column.
        """
        self.num_read += 1
        is_own = self._shard is None or self._shard.takes(self.num_read)
        if not is_own and self._has_layout:
            return
        self.counts.rows += is_own
        kept, text = self._read(record, is_own=is_own)
        if self.num_read - self._num_before == BLOCK_ROWS:
            self._check_columns()
        if text is not None:
            self._tell_held_notes()
            if self._writer is None:
                self._start(kept.columns)
        elif self._on_error == "skip":
            return
        if is_own and self.tally is not None:
            self.tally.add(self.num_read)
        if self.num_read > self._num_done and (is_own or self._writer is None):
            self._keep_waiting(record, (kept, text, self.num_read, self._name, self.num_read - self._num_before))

    def _read(self, record: Record, *, is_own: bool) -> tuple[Record, str | None]:
        """Return the row as it will be written, and its text, None for a row without a prediction."""
        kept = self._keep(record)
        try:
            text = self._select(record)
            if self._varies:
                self._refuse_taken_keys(kept)
        except BadRowError as problem:
            self._note(record, problem, is_own=is_own)
            return self._flagged(record, kept, str(problem)), None
        return kept, text

    def _keep_waiting(self, record: Record, row: Row) -> None:
        self._waiting.append(row)
        self._num_characters += num_characters(record)
        if len(self._waiting) == BLOCK_ROWS or self._num_characters >= BLOCK_CHARACTERS:
            self._check_columns()
            self._send()

    def end_input(self) -> None:
        """Say that the input has no more rows.

        Raises:
            DataError: all rows lacked a column.
        """
        self._check_columns()
        self._tell_held_notes()

    def answer(self) -> None:
        """Answer all rows that were taken, unless one of them could not be written."""
        if self._has_failed:
            return
        self._tell_held_notes()
        if self._waiting:
            self._send()
        self._write(self._pool.drain())

    def summarise(self) -> None:
        """Say how many rows have no prediction or one that rests on little, and what was written differently."""
        what = KEPT_OR_LEFT_OUT.get(self._on_error, "").format(self._result)
        unreadable = self.counts.broken - self.counts.blank
        if unreadable:
            self._warn(f"{counted(unreadable, 'row')} that could not be read: {what}.")
        if self.counts.blank:
            first = self._first_blank if self.counts.blank == 1 else f"the first: {self._first_blank}"
            self._warn(f"{counted(self.counts.blank, 'row')} with a blank text ({first}): {what}.")
        if self.counts.without_known_word:
            self._warn(self._adder.on_unknown_words(self.counts.without_known_word))
        if self._adder.num_uncertain:
            self._warn(self._adder.on_uncertain(self._adder.num_uncertain))
        for note in [] if self._writer is None else self._writer.notes():
            self._warn(note)

    def _refuse_taken_keys(self, kept: Record) -> None:
        """Raise BadRowError if a later row has a key that would be added; in the first row it ends the work."""
        if self._writer is not None and not self._added.isdisjoint(kept.columns):
            taken = next(column for column in kept.columns if column in self._added)
            raise BadRowError(f"already has a key {taken!r}, which the {self._result} would add.")

    def _flagged(self, record: Record, kept: Record, problem: str) -> Record:
        """Return a row as it is written without a prediction; one with the names of added keys as the line it was."""
        if record.source is not None and not self._added.isdisjoint(kept.columns):
            return Record(record.line, RAW_COLUMNS, [record.source.rstrip("\r\n")], problem)
        return kept._replace(problem=problem)

    def _check(self, columns: Sequence[str]) -> None:
        """Raise a DataError if rows with these columns can't be written without loss."""
        self._adder.check(columns, self._name)
        if self._has_origin:
            refuse_origin(columns, self._name)
        if self._format.names_are_unique and len(set(columns)) < len(columns):
            twice = next(column for column in columns if list(columns).count(column) > 1)
            raise DataError(
                f"{self._name}: the column {twice!r} occurs more than once, but an object of JSON Lines holds each key "
                "only once. Rename one, select other columns with --columns, or write a table (--output-format csv)."
            )

    def _start(self, columns: Sequence[str]) -> None:
        self._check(columns)
        self._writer = self._format.writer(self._output.stream)
        try:
            self._writer.start(
                columns, [*(ORIGIN if self._has_origin else ()), *self._adder.nothing()], continues=self._num_done > 0
            )
        except DataError as error:
            raise DataError(f"{self._name}: {error}") from None

    def _check_columns(self) -> None:
        """Raise a DataError if no row of this input so far has one of the columns; such rows are not answered."""
        try:
            self._select.check()
            self._keep.check()
        except DataError:
            self._waiting = [row for row in self._waiting if row[2] <= self._num_before]
            self._held_notes.clear()
            raise

    @property
    def _has_layout(self) -> bool:
        """Whether it is known how the rows of this input look: the first ones decide, whoever answers them."""
        return self._writer is not None and self.num_read - self._num_before > BLOCK_ROWS

    @property
    def has_header(self) -> bool:
        """Whether the output starts with a header."""
        return self._writer is not None and isinstance(self._format, Delimited)

    def _note(self, record: Record, problem: BadRowError, *, is_own: bool) -> None:
        place = f"{self._name}, line {record.line}"
        if self._on_error == "stop":
            if self._varies and not self._select.is_settled:
                self._select.check()
            raise DataError(f"{place}: {problem}")
        if not is_own:
            return
        self.counts.broken += 1
        if isinstance(problem, BlankTextError):
            self.counts.blank += 1
            self._first_blank = self._first_blank or place
        elif self.counts.broken - self.counts.blank <= MAX_PROBLEMS_SHOWN:
            self._held_notes.append(f"{place}: {problem}")
            if not self._varies or self._select.is_settled:
                self._tell_held_notes()

    def _tell_held_notes(self) -> None:
        """Tell what was held back while it was open whether the rows or the command are wrong."""
        for note in self._held_notes:
            self._warn(note)
        self._held_notes.clear()

    def _send(self) -> None:
        if self._writer is None:  # no row so far could be read
            self._start(self._waiting[0][0].columns)
        rows, self._waiting, self._num_characters = self._waiting, [], 0
        if self._shard is not None:
            rows = [row for row in rows if self._shard.takes(row[2])]
        if rows:
            self._sent.append(rows)
            self._write(self._pool.submit([row[1] for row in rows if row[1] is not None]))

    def _write(self, due: Sequence[AnswersT]) -> None:
        for answers in due:
            self.counts.without_known_word += answers.num_without_known_word
            nothing, additions = self._adder.nothing(), self._adder.additions(answers)
            sent = self._sent.popleft()
            added = [nothing if row[1] is None else next(additions) for row in sent]
            if self._has_origin:
                added = [{**origin_of(row), **cells} for row, cells in zip(sent, added, strict=True)]
            start = 0
            while start < len(sent):
                end = min(len(sent), start + self._output.rows_at_once)
                self._write_rows(sent[start:end], added[start:end])
                start = end
            self._output.stream.flush()
            self._watch(len(sent))

    def _write_rows(self, rows: Sequence[Row], added: Sequence[Mapping[str, Any]]) -> None:
        assert self._writer is not None  # a row has come
        try:
            self._writer.write_rows([row[0] for row in rows], added)
        except UnwritableRowError as error:
            self._has_failed = True
            raise DataError(f"{rows[error.number][3]}, {error}") from None
        self._output.rows_written(rows[-1][2], len(rows))
