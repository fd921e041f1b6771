"""Reads all rows of a file for a check: what can't be used becomes a problem instead of an error."""

from dataclasses import dataclass, field

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.checks.problems import Problem, graded, of_rows
from lstmcli.corpus.columns import CellSelector
from lstmcli.corpus.example_rows import text_key
from lstmcli.corpus.feature_cells import BadFeatureError
from lstmcli.corpus.label_cells import BadLabelError, parse_labels
from lstmcli.corpus.label_map import with_map
from lstmcli.corpus.row_texts import RowSelector
from lstmcli.corpus.score_cells import ScoreRows
from lstmcli.data.blank import is_blank
from lstmcli.data.columns import BadRowError, BlankTextError, TextSelector
from lstmcli.data.formats import Record
from lstmcli.data.formats.base import REPEATED_HEADER
from lstmcli.data.reading import Source, open_records
from lstmcli.errors import DataError

# Rows with a problem that are told apart by what is wrong with them.
ADVICE = {
    "repeated header": "delete these lines; files were probably joined with their headers",
    "malformed row": "put quotes around cells that contain the delimiter or a line end",
    "unreadable row": "mend these lines; a training stops at the first one",
    "invalid label": "write yes or no (1/0, y/n, true/false), or choose other label columns",
    "invalid feature": "write numbers with a decimal point, or nothing; or set the kind of the column to category",
    "missing label": "label these rows, or delete them; a training drops them",
    "blank text": "delete these rows; a training drops them",
}

# A training stops at the first of these.
FATAL = {"unreadable row", "invalid label", "invalid feature"}


@dataclass
class CheckedRows:
    """The usable rows of a file.

    Attributes:
        name: of the file.
        num_rows: all of them, also those that can't be used.
        lines: of the usable rows.
        texts: of the usable rows.
        labels: of the usable rows, sorted names.
        keys: of the texts, see `text_key`.
        problems: what was found while reading.
    """

    name: str
    num_rows: int = 0
    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    labels: list[tuple[str, ...]] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def append(self, line: int, text: str, labels: tuple[str, ...]) -> None:
        """Add a usable row."""
        self.lines.append(line)
        self.texts.append(text)
        self.labels.append(labels)
        self.keys.append(text_key(text))


def read_rows(path: str, settings: DataSettings, *, has_labels: bool = True) -> CheckedRows:
    """Read a file as a training would.

    Args:
        path: of the file.
        settings: its columns, format and encoding.
        has_labels: whether there are labels to be read.

    Raises:
        DataError: it can't be opened, or lacks a column.
    """
    settings = with_map(settings, is_strict=True)
    with open_records(path, format_name=settings.format, encoding=settings.encoding, keeps_broken=True) as source:
        reader = _Reader(source, settings, has_labels=has_labels)
        for record in source.records:
            reader.take(record)
        reader.check()
    return reader.finished()


class _Reader:
    """Sorts the rows of a file into those that can be used and those with a problem."""

    def __init__(self, source: Source, settings: DataSettings, *, has_labels: bool) -> None:
        self._rows = CheckedRows(source.name)
        self._found: dict[str, list[int]] = {kind: [] for kind in ADVICE}
        self._reasons: dict[str, str] = {}  # of the first row of a kind
        self._settings = settings
        self._select: CellSelector | TextSelector = (
            CellSelector(source, settings, soft=False, needs_group=False)
            if has_labels
            else RowSelector(source, settings, settings.text)
        )

    def take(self, record: Record) -> None:
        """Take the next row."""
        self._rows.num_rows += 1
        if record.problem is REPEATED_HEADER:
            self._note("repeated header", record)
        elif record.problem is not None:
            self._note("unreadable row", record, record.problem)
        elif record.is_malformed:
            self._note("malformed row", record)
        elif isinstance(self._select, CellSelector):
            self._take_labelled(record, self._select)
        else:
            self._take_text(record, self._select)

    def _take_labelled(self, record: Record, selector: CellSelector) -> None:
        try:
            cells = selector.select(record)
        except BadFeatureError as error:
            self._note("invalid feature", record, str(error))
            return
        try:
            labels = self._parsed(cells.labels)
        except BadLabelError as error:
            self._note("invalid label", record, str(error))
            return
        is_usable = labels is not None or self._settings.unlabelled == "keep"
        if not is_usable:
            self._note("missing label", record)
        if is_blank(cells.text):
            self._note("blank text", record)
        elif is_usable:
            self._rows.append(record.line, cells.text, labels or ())

    def _parsed(self, cells: list[object]) -> tuple[str, ...] | None:
        """Return the labels of a row, none for one with scores; None without any of both."""
        if not self._settings.scores:
            return parse_labels(cells, self._settings)
        return None if ScoreRows(self._settings.scores).parse(cells) is None else ()

    def _take_text(self, record: Record, select: TextSelector) -> None:
        try:
            self._rows.append(record.line, select(record), ())
        except BlankTextError:
            self._note("blank text", record)
        except BadRowError as error:
            self._note("unreadable row", record, str(error))

    def _note(self, kind: str, record: Record, reason: str = "") -> None:
        self._found[kind].append(record.line)
        self._reasons.setdefault(kind, reason)

    def check(self) -> None:
        """Raise a DataError if there were rows, but none with one of the columns."""
        self._select.check()

    def finished(self) -> CheckedRows:
        """Return the usable rows, with the problems of the others.

        Raises:
            DataError: there are no rows.
        """
        rows = self._rows
        if not rows.num_rows:
            raise DataError(f"{rows.name}: there are no rows below the header.")
        rows.problems = [self._problem(kind, lines) for kind, lines in self._found.items() if lines]
        return rows

    def _problem(self, kind: str, lines: list[int]) -> Problem:
        num_rows = self._rows.num_rows
        why = f" ({self._reasons[kind].rstrip('.')})" if self._reasons[kind] else ""
        severity = "error" if kind in FATAL else graded(len(lines), num_rows, warning=0.0, error=0.5)
        what = f"{of_rows(len(lines), num_rows)}: {kind}{why}"
        is_score = kind == "invalid label" and self._settings.scores
        advice = "write numbers with a decimal point, or nothing" if is_score else ADVICE[kind]
        return Problem(kind, severity, self._rows.name, what, advice, tuple(lines))
