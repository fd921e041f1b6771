"""Compares two files of predictions, of `lstmcli evaluate --predictions` or of any other program."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings, LabelKind
from lstmcli.corpus.label_cells import BadLabelError, parse_labels
from lstmcli.corpus.label_set import SET_SEPARATOR, LabelSet
from lstmcli.data.columns import text_of
from lstmcli.data.formats import Record
from lstmcli.data.formats.base import REPEATED_HEADER
from lstmcli.data.reading import ColumnFinder, Layout, Source, Wanted, input_layout, open_records
from lstmcli.errors import DataError, UsageError, counted
from lstmcli.recipes.comparison.sides import Compared, Side, paired

PROBABILITY_PREFIX = "probability_"


@dataclass(frozen=True)
class FileOptions:
    """How the files are read.

    Attributes:
        text: column of the texts.
        gold: column of the true labels.
        prediction: column of the predicted labels.
        group: column of groups that the bootstrap resamples as a whole; None for none.
        separator: of several labels in a cell; None: found out (see `separator_of`).
        layout: format and encoding; None: by the extension, and UTF-8.
        ordered: the labels in their order; empty: they have none.
    """

    text: str = "text"
    gold: str = "gold"
    prediction: str = "prediction"
    group: str | None = None
    separator: str | None = None
    layout: Layout = field(default_factory=Layout)
    ordered: tuple[str, ...] = ()


@dataclass
class FileRows:
    """The cells of a file, and the labels that it has probabilities of.

    `folds` and `probabilities`, in the order of `label_names`, are only read if they are wanted.
    """

    name: str
    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    gold: list[Any] = field(default_factory=list)
    predictions: list[Any] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    is_scored: bool = False  # a column says which rows are right, so that an empty label is none, not a missing one
    num_left_out: int = 0
    names: set[str] = field(default_factory=set)
    label_names: list[str] = field(default_factory=list)
    probabilities: list[list[Any]] = field(default_factory=list)
    folds: list[Any] = field(default_factory=list)

    @property
    def label_cells(self) -> Iterator[Any]:
        """The cells of both columns of labels."""
        yield from self.gold
        yield from self.predictions


def compare_files(first: str, second: str, options: FileOptions) -> Compared:
    """Read both files.

    Raises:
        DataError: one can't be read or has no such column, or they have different rows.
    """
    files = [read_rows(path, options) for path in (first, second)]
    for file in files:
        if not file.texts:
            raise DataError(f"{file.name}: there is no row to compare.")
    separator = options.separator or separator_of(files)
    kind: LabelKind = "single" if separator is None else "multi"
    sides, notes = [], []
    for file in files:
        side, num_unlabelled = _side(file, separator, has_groups=options.group is not None)
        sides.append(side)
        num_left_out = file.num_left_out + num_unlabelled
        if num_left_out:
            notes.append(f"{file.name}: {counted(num_left_out, 'row')} without a true label not compared.")
    if separator is None and any(SET_SEPARATOR in str(cell) for file in files for cell in file.label_cells):
        notes.append(f"Some labels contain {SET_SEPARATOR}; if it separates several, add --label-separator '|'.")
    names = {name for side in sides for labels in (*side.gold, *side.predicted) for name in labels}
    labels = LabelSet(tuple(sorted(names)), kind)
    if options.ordered:
        check_order(options.ordered, names, kind, f"{first} and {second}")
        labels = LabelSet(options.ordered, kind, is_ordered=True)
    return paired(sides[0], sides[1], labels, list(dict.fromkeys(notes)))


def check_order(ordered: Sequence[str], names: Iterable[str], kind: LabelKind, where: str) -> None:
    """Check that an order has all labels of the rows.

    Raises:
        UsageError: it hasn't, or it has one twice, or rows have several labels.
    """
    lacking = sorted(set(names) - set(ordered))
    if lacking:
        raise UsageError(f"--ordered: lacks {', '.join(map(repr, lacking))} of {where}; name all labels.")
    if len(set(ordered)) != len(ordered) or len(ordered) < 2:
        raise UsageError(f"--ordered {','.join(ordered)}: expected at least two different labels.")
    if kind != "single":
        raise UsageError(f"--ordered: rows of {where} have several labels, which have no order.")


def read_rows(path: str, options: FileOptions, *, with_probabilities: bool = False) -> FileRows:
    """Read a file of predictions.

    Raises:
        DataError: it can't be read, or has no such column.
    """
    layout = input_layout(path, options.layout, Layout())
    with open_records(path, format_name=str(layout.format_name), encoding=str(layout.encoding)) as source:
        rows = FileRows(source.name)
        finder = _finder(source, options)
        if source.columns is not None:
            finder(source.columns)
        for record in source.records:
            is_added = _add(rows, record, finder(record.columns))
            if is_added and with_probabilities:
                _add_probabilities(rows, record)
        finder.check()
    return rows


def _finder(source: Source, options: FileOptions) -> ColumnFinder:
    wanted = [
        Wanted(options.text, "--text"),
        Wanted(options.gold, "--label"),
        Wanted(options.prediction, "--prediction"),
        Wanted(options.group, "--group"),
        Wanted("correct", "", is_optional=True),
    ]
    return ColumnFinder(source.name, wanted, varies=source.columns is None)


def _add_probabilities(rows: FileRows, record: Record) -> None:
    cells = dict(zip(map(str, record.columns), record.cells, strict=True))
    if not rows.label_names:
        rows.label_names = [
            name.removeprefix(PROBABILITY_PREFIX) for name in cells if name.startswith(PROBABILITY_PREFIX)
        ]
    rows.probabilities.append([cells.get(f"{PROBABILITY_PREFIX}{name}") for name in rows.label_names])
    rows.folds.append(cells.get("fold"))


def _add(rows: FileRows, record: Record, indices: Sequence[int | None]) -> bool:
    """Add a row, unless it is none with a prediction."""
    if record.problem is REPEATED_HEADER:
        return False
    if record.is_malformed:
        raise DataError(f"{rows.name}, line {record.line}: has more or fewer cells than the header.")
    if not rows.names:
        names = map(str, record.columns)
        rows.names = {name.removeprefix(PROBABILITY_PREFIX) for name in names if name.startswith(PROBABILITY_PREFIX)}
    text, gold, prediction, group, correct = indices
    if correct is not None and record.cells[correct] in (None, ""):  # a row that `evaluate` could not score
        rows.num_left_out += 1
        return False
    rows.is_scored |= correct is not None
    rows.lines.append(record.line)
    rows.texts.append("" if text is None else text_of(record, text))
    rows.gold.append(None if gold is None else record.cells[gold])
    rows.predictions.append(None if prediction is None else record.cells[prediction])
    rows.groups.append("" if group is None else text_of(record, group))
    return True


def separator_of(files: Iterable[FileRows]) -> str | None:
    """Return what separates labels in files of `evaluate`, if some cell has several labels or a scored row has none.

    There are probabilities of all labels, so a cell with a separator that is none of them must be several of them.
    """
    for file in files:
        for cell in file.label_cells:
            labels = str(cell or "")
            if file.names and (_is_joined(labels, file.names) or (file.is_scored and not labels)):
                return SET_SEPARATOR
    return None


def _is_joined(labels: str, names: set[str]) -> bool:
    return SET_SEPARATOR in labels and labels not in names and set(labels.split(SET_SEPARATOR)) <= names


def _side(file: FileRows, separator: str | None, *, has_groups: bool) -> tuple[Side, int]:
    """Return the rows that have true labels, and the number of the others."""
    gold, predicted = labels_of(file, separator)
    kept = rows_with_labels(file, gold, separator)
    side = Side(
        file.name,
        file.name,
        [file.lines[row] for row in kept],
        [file.texts[row] for row in kept],
        [gold[row] or () for row in kept],
        [predicted[row] or () for row in kept],
        numbered([file.groups[row] for row in kept]) if has_groups else None,
    )
    return side, len(gold) - len(kept)


Labels = list[tuple[str, ...] | None]


def labels_of(file: FileRows, separator: str | None) -> tuple[Labels, Labels]:
    """Return the true and the predicted labels of each row; None for a cell that says nothing.

    Raises:
        DataError: a cell is a list.
    """
    settings = DataSettings(label_separator=separator)
    try:
        gold, predicted = (
            [parse_labels([cell], settings) for cell in cells] for cells in (file.gold, file.predictions)
        )
    except BadLabelError:
        raise DataError(
            f"{file.name}: some labels are lists; for several labels per text, add --label-separator '|'."
        ) from None
    return gold, predicted


def rows_with_labels(file: FileRows, gold: Labels, separator: str | None) -> list[int]:
    """Return the numbers of the rows that have true labels.

    Raises:
        DataError: there is none.
    """
    kept = [row for row, labels in enumerate(gold) if labels is not None or separator is not None]
    if not kept:
        raise DataError(f"{file.name}: no row has a true label (--label).")
    return kept


def numbered(groups: Sequence[str]) -> NDArray[np.int64]:
    """Number the groups from 0; a row without a group is its own."""
    names = [f"group {group}" if group else f"row {row}" for row, group in enumerate(groups)]
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)
