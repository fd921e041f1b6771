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
from lstmcli.errors import DataError, counted
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
        separator: of several labels in a cell; None: found out (see `_separator`).
        layout: format and encoding; None: by the extension, and UTF-8.
    """

    text: str = "text"
    gold: str = "gold"
    prediction: str = "prediction"
    group: str | None = None
    separator: str | None = None
    layout: Layout = field(default_factory=Layout)


@dataclass
class _Rows:
    """The cells of a file, and the labels that it has probabilities of."""

    name: str
    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    gold: list[Any] = field(default_factory=list)
    predictions: list[Any] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    is_scored: bool = False  # a column says which rows are right, so that an empty label is none, not a missing one
    num_left_out: int = 0
    names: set[str] = field(default_factory=set)

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
    files = [_read(path, options) for path in (first, second)]
    separator = options.separator or _separator(files)
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
    return paired(sides[0], sides[1], LabelSet(tuple(sorted(names)), kind), list(dict.fromkeys(notes)))


def _read(path: str, options: FileOptions) -> _Rows:
    layout = input_layout(path, options.layout, Layout())
    with open_records(path, format_name=str(layout.format_name), encoding=str(layout.encoding)) as source:
        rows = _Rows(source.name)
        finder = _finder(source, options)
        if source.columns is not None:
            finder(source.columns)
        for record in source.records:
            _add(rows, record, finder(record.columns))
        finder.check()
    if not rows.texts:
        raise DataError(f"{rows.name}: there is no row to compare.")
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


def _add(rows: _Rows, record: Record, indices: Sequence[int | None]) -> None:
    if record.problem is REPEATED_HEADER:
        return
    if record.is_malformed:
        raise DataError(f"{rows.name}, line {record.line}: has more or fewer cells than the header.")
    if not rows.names:
        names = map(str, record.columns)
        rows.names = {name.removeprefix(PROBABILITY_PREFIX) for name in names if name.startswith(PROBABILITY_PREFIX)}
    text, gold, prediction, group, correct = indices
    if correct is not None and record.cells[correct] in (None, ""):  # a row that `evaluate` could not score
        rows.num_left_out += 1
        return
    rows.is_scored |= correct is not None
    rows.lines.append(record.line)
    rows.texts.append("" if text is None else text_of(record, text))
    rows.gold.append(None if gold is None else record.cells[gold])
    rows.predictions.append(None if prediction is None else record.cells[prediction])
    rows.groups.append("" if group is None else text_of(record, group))


def _separator(files: Iterable[_Rows]) -> str | None:
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


def _side(file: _Rows, separator: str | None, *, has_groups: bool) -> tuple[Side, int]:
    """Return the rows that have true labels, and the number of the others."""
    settings = DataSettings(label_separator=separator)
    try:
        gold, predicted = (
            [parse_labels([cell], settings) for cell in cells] for cells in (file.gold, file.predictions)
        )
    except BadLabelError:
        raise DataError(
            f"{file.name}: some labels are lists; for several labels per text, add --label-separator '|'."
        ) from None
    kept = [row for row, labels in enumerate(gold) if labels is not None or separator is not None]
    if not kept:
        raise DataError(f"{file.name}: no row has a true label (--label).")
    side = Side(
        file.name,
        file.name,
        [file.lines[row] for row in kept],
        [file.texts[row] for row in kept],
        [gold[row] or () for row in kept],
        [predicted[row] or () for row in kept],
        _numbered([file.groups[row] for row in kept]) if has_groups else None,
    )
    return side, len(gold) - len(kept)


def _numbered(groups: Sequence[str]) -> NDArray[np.int64]:
    """Number the groups from 0; a row without a group is its own."""
    names = [f"group {group}" if group else f"row {row}" for row, group in enumerate(groups)]
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)
