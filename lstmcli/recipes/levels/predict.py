"""`lstmcli predict --by`: one row for each person, from all rows of theirs."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from lstmcli.corpus.row_texts import RowSelector
from lstmcli.data.columns import BadRowError, BlankTextError, text_of
from lstmcli.data.formats import Record, output_format
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.output import open_output
from lstmcli.data.reading import ColumnFinder, Source, Wanted, check_exist, open_records
from lstmcli.errors import DataError, UsageError, counted
from lstmcli.inference.answers import Adder, Additions, PredictOptions, refuse_taken
from lstmcli.inference.pool import Pool as BlockPool
from lstmcli.inference.predictor import Answers
from lstmcli.inference.row_counts import RowCounts
from lstmcli.inference.rows import BLOCK_ROWS
from lstmcli.inference.score_answers import refuse_label_options
from lstmcli.metrics import people
from lstmcli.recipes.predict import InputOptions, OutputOptions, input_layouts, name_of_output_format
from lstmcli.store.model import SavedModel

ROWS, LOW, HIGH = "rows", "score_low", "score_high"


def predict_people(
    model: SavedModel,
    pool: BlockPool,
    paths: Sequence[str],
    *,
    by: str,
    inputs: InputOptions,
    output: OutputOptions,
    options: PredictOptions,
    warn: Callable[[str], None],
    watch: Callable[[int], None],
) -> RowCounts:
    """Write a row for each different cell of the column `by`, in the order in which they come, and count what was read.

    A row has the cell, the number of rows it comes from, what `predict` adds to a row, and an interval of the score.
    For the other arguments and errors, see `predict_files`.
    """
    if options.interval is not None:
        raise UsageError(
            "--by: can't be combined with --interval, which is that of a single text; low_<score> and high_<score> say "
            "how much a person's score depends on which texts there are."
        )
    if output.columns is not None or output.resume or output.line_buffered:
        raise UsageError(
            "--by: writes one row for each person once all rows are read, so --columns, --resume and --line-buffered "
            "don't apply."
        )
    if options.top_k is not None:
        raise UsageError("--by: can't be combined with --top-k; use --probabilities.")
    check_exist(paths)
    layouts = input_layouts(model, paths, inputs)
    format_name = name_of_output_format(output, layouts[0].format_name)
    if format_name == TEXT_FORMAT:
        raise UsageError("--by: lines of plain text have no column; add --format for the input, such as csv.")
    written_as = output_format(format_name, escapes_formulas=output.escape_formulas)
    columns_of = _columns_of(model, options, format_name)
    found = _People(model, pool, by, inputs, watch)
    with open_output(output.path, job=output.job, resume=False) as destination:
        for path, layout in zip(paths, layouts, strict=True):
            with open_records(path, **layout._asdict(), keeps_broken=inputs.on_error != "stop") as source:
                found.read(source, inputs.text_column or model.columns.text)
        found.finish()
        writer = written_as.writer(destination.stream)
        columns = [by, ROWS]
        added = columns_of.names
        refuse_taken(added, columns, f"--by {by}", advice="")
        writer.start(columns, added, continues=False)
        for record, additions in found.rows(columns_of):
            writer.write(record, additions)
    found.summarise(warn, columns_of)
    return found.counts


class _Columns(Protocol):
    """What is said about each person.

    Attributes:
        names: of the columns, in order.
    """

    names: Sequence[str]

    def of(self, found: people.PooledPeople) -> Iterator[Additions]:
        """Yield the cells of each person."""

    def left_empty(self) -> str:
        """Return what to tell a user about uncertain answers; "" if there are none."""


def _columns_of(model: SavedModel, options: PredictOptions, format_name: str) -> _Columns:
    if model.scores is not None:
        refuse_label_options(options)
        return _ScoreColumns(model.labels.names)
    return _LabelColumns(
        Adder(model if model.group_rule is None else replace(model, rule=model.group_rule), options, format_name)
    )


class _LabelColumns:
    """What `predict` adds to a row, and an interval of the score."""

    def __init__(self, adder: Adder) -> None:
        self._adder = adder
        self.names: Sequence[str] = [*adder.nothing(), LOW, HIGH]

    def of(self, found: people.PooledPeople) -> Iterator[Additions]:
        """See `_Columns`."""
        decisions = self._adder.decide(found.probabilities)
        ends = zip(*(_of_score(end, found.probabilities, decisions) for end in (found.low, found.high)), strict=True)
        additions = self._adder.additions(Answers(found.probabilities, 0))
        for own, (one, other) in zip(additions, ends, strict=True):
            low, high = sorted((one, other)) if one == one else (None, None)
            yield {**own, LOW: low, HIGH: high}

    def left_empty(self) -> str:
        """See `_Columns`."""
        return self._adder.on_uncertain(self._adder.num_uncertain) if self._adder.num_uncertain else ""


class _ScoreColumns:
    """The mean of each score, and an interval."""

    def __init__(self, scores: Sequence[str]) -> None:
        self.names: Sequence[str] = [f"{prefix}_{name}" for name in scores for prefix in ("predicted", "low", "high")]

    def of(self, found: people.PooledPeople) -> Iterator[Additions]:
        """See `_Columns`."""
        cells = np.stack([found.probabilities, found.low, found.high], axis=2).reshape(len(found.low), len(self.names))
        for row in cells.tolist():
            yield {name: None if value != value else value for name, value in zip(self.names, row, strict=True)}

    def left_empty(self) -> str:
        """See `_Columns`."""
        return ""


class _People:
    """Reads rows and adds up what the model says about them by person."""

    def __init__(
        self, model: SavedModel, pool: BlockPool, by: str, inputs: InputOptions, watch: Callable[[int], None]
    ) -> None:
        self.counts = RowCounts()
        self._model, self._pool, self._by, self._inputs, self._watch = model, pool, by, inputs, watch
        self._numbers: dict[str, int] = {}
        num_labels, kind = len(model.labels.names), model.labels.kind
        self._added = people.ScorePool(num_labels) if kind == "scores" else people.Pool(num_labels, kind)
        self._texts: list[str] = []
        self._whose: list[int] = []
        self._sent: deque[list[int]] = deque()
        self._num_without_person = 0

    def read(self, source: Source, text_column: str) -> None:
        """Read all rows of an input.

        Raises:
            DataError: a column is missing, or a row can't be read and that ends the work.
        """
        select = RowSelector(source, self._model.columns, text_column)
        find = ColumnFinder(source.name, [Wanted(self._by, "--by")], varies=source.columns is None)
        if source.columns is not None:
            find(source.columns)
        for record in source.records:
            self.counts.rows += 1
            try:
                text = select(record)
            except BadRowError as problem:
                if self._inputs.on_error == "stop":
                    raise DataError(f"{source.name}, line {record.line}: {problem}") from None
                self.counts.broken += 1
                self.counts.blank += isinstance(problem, BlankTextError)
                continue
            self._take(text, record, find)
        select.check()
        find.check()

    def _take(self, text: str, record: Record, find: ColumnFinder) -> None:
        (index,) = find(record.columns)
        cell = None if index is None else record.cells[index]
        name = "" if index is None or isinstance(cell, list | dict | bytes) else text_of(record, index).strip()
        if not name:
            self._num_without_person += 1
            return
        self._texts.append(text)
        self._whose.append(self._numbers.setdefault(name, len(self._numbers)))
        if len(self._texts) == BLOCK_ROWS:
            self._send()

    def _send(self) -> None:
        self._sent.append(self._whose)
        texts, self._texts, self._whose = self._texts, [], []
        self._add(self._pool.submit(texts))

    def _add(self, answers: Sequence[Answers]) -> None:
        for each in answers:
            whose = self._sent.popleft()
            self.counts.without_known_word += each.num_without_known_word
            self._added.add(each.probabilities, np.array(whose, dtype=np.int64))
            self._watch(len(whose))

    def finish(self) -> None:
        """Answer all rows that were read."""
        if self._texts:
            self._send()
        self._add(self._pool.drain())

    def rows(self, columns: _Columns) -> Iterator[tuple[Record, Additions]]:
        """Yield the row of each person, and what is added to it."""
        if not self._numbers:
            return
        cells = columns.of(self._added.answers())
        rows = zip(self._numbers, self._added.counts.tolist(), cells, strict=True)
        for line, (name, num_rows, additions) in enumerate(rows, start=2):
            yield Record(line, [self._by, ROWS], [name, num_rows]), additions

    def summarise(self, warn: Callable[[str], None], columns: _Columns) -> None:
        """Say which rows are in no answer."""
        unreadable = self.counts.broken - self.counts.blank
        for number, what in (
            (unreadable, "that could not be read"),
            (self.counts.blank, "with a blank text"),
            (self._num_without_person, f"without a cell in {self._by!r}"),
        ):
            if number:
                warn(f"{counted(number, 'row')} {what}: left out.")
        if told := columns.left_empty():
            warn(told)


def _of_score(
    ends: people.Floats, probabilities: people.Floats, decisions: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]"
) -> list[float]:
    """Return the end of the interval of each score; see `decision_scores` for which label it belongs to."""
    rows = np.arange(len(ends))
    least = np.where(decisions, probabilities, np.inf).argmin(axis=1)
    best = probabilities.argmax(axis=1)
    found: list[float] = np.where(decisions.any(axis=1), ends[rows, least], 1.0 - ends[rows, best]).tolist()
    return found
