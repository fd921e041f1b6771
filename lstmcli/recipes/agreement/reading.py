"""Reads what annotators say: a column for each of them, or a row for each rating."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lstmcli.corpus.label_cells import is_no_label, labels_in
from lstmcli.corpus.label_names import clean_label, quoted
from lstmcli.data.columns import text_of
from lstmcli.data.formats import Record
from lstmcli.data.reading import ColumnFinder, Source, Wanted
from lstmcli.errors import DataError, UsageError, counted
from lstmcli.metrics.agreement import MISSING, Ratings, Scale

MAX_NAMES_SHOWN = 5


@dataclass(frozen=True)
class RatingColumns:
    """Where ratings are: in a column for each annotator, or in rows of an item, an annotator and a label.

    Attributes:
        annotators: columns, each with the ratings of an annotator.
        item: the column that says which rows are about the same item.
        annotator: the column that says whose rating a row is.
        label: the column of the rating in such a row.
        text: a column that is read, too, if a model is to rate the items.
        separator: between the labels of one rating; None: a rating is one label.
    """

    annotators: tuple[str, ...] = ()
    item: str | None = None
    annotator: str | None = None
    label: str | None = None
    text: str | None = None
    separator: str | None = None

    @property
    def wanted(self) -> list[Wanted]:
        """Return the columns to look for, that of the text last."""
        if self.annotators:
            found = [Wanted(column, "--labels") for column in self.annotators]
        else:
            named = ((self.item, "--item"), (self.annotator, "--annotator"), (self.label, "--label"))
            found = [Wanted(column, option) for column, option in named]
        return [*found, Wanted(self.text, "--text")]


@dataclass
class RatedItems:
    """The ratings of each item by annotator, "" for none, and the item's text, if one was asked for.

    `num_spelt_missing` counts cells such as NA.
    """

    annotators: tuple[str, ...]
    ratings: list[Mapping[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    num_spelt_missing: int = 0
    separator: str | None = None

    def used(self) -> list[int]:
        """Return the numbers of the items that someone rated."""
        return [number for number, own in enumerate(self.ratings) if any(own.values())]


def read_ratings(source: Source, columns: RatingColumns) -> RatedItems:
    """Read all rows of an input.

    Raises:
        DataError: a column is missing, or an annotator rates an item twice.
    """
    find = ColumnFinder(source.name, columns.wanted, varies=source.columns is None)
    rows = _rows(source, find)
    items = _by_column(rows, columns) if columns.annotators else _by_row(rows, source.name, columns.separator)
    find.check()
    if not items.used():
        raise DataError(f"{source.name}: nobody has rated anything in these columns.")
    return items


def _rows(source: Source, find: ColumnFinder) -> Iterator[tuple[int, list[str]]]:
    """Yield the line of each row, and its cells."""
    for record in source.records:
        if record.is_malformed:
            raise DataError(
                f"{source.name}, line {record.line}: has {counted(len(record.cells), 'cell')}, but the header has "
                f"{len(record.columns)}; put quotes around cells that contain the delimiter."
            )
        if record.problem is None:  # the only problem here is the header once more
            yield record.line, [_cell(record, index) for index in find(record.columns)]


def _cell(record: Record, index: int | None) -> str:
    if index is None:
        return ""
    cell = record.cells[index]
    return str(cell) if isinstance(cell, list | dict | bytes) else text_of(record, index)


def _by_column(rows: Iterator[tuple[int, list[str]]], columns: RatingColumns) -> RatedItems:
    items = RatedItems(columns.annotators, separator=columns.separator)
    for _, (*cells, text) in rows:
        items.ratings.append({name: _rating(cell, items) for name, cell in zip(items.annotators, cells, strict=True)})
        items.texts.append(text)
    return items


def _by_row(rows: Iterator[tuple[int, list[str]]], name: str, separator: str | None) -> RatedItems:
    items = RatedItems((), separator=separator)
    of_item: dict[str, dict[str, str]] = {}
    for line, (item, who, label, text) in rows:
        who = clean_label(who)
        if not who or not item:
            raise DataError(f"{name}, line {line}: the cell of the {'item' if who else 'annotator'} is empty.")
        if item not in of_item:
            of_item[item] = {}
            items.texts.append(text)
        if who in of_item[item]:
            raise DataError(f"{name}, line {line}: {who!r:.60} has already rated the item {item!r:.60}; keep one row.")
        of_item[item][who] = _rating(label, items)
    items.annotators = tuple(dict.fromkeys(who for own in of_item.values() for who in own))
    items.ratings = list(of_item.values())
    return items


def _rating(cell: str, items: RatedItems) -> str:
    rating = clean_label(cell)
    if items.separator is not None:
        rating = items.separator.join(labels_in(cell, items.separator))
    if is_no_label(rating):
        items.num_spelt_missing += 1
        return ""
    return rating


def as_ratings(
    annotators: Sequence[str], rated: Sequence[Mapping[str, str]], scale: Scale, order: Sequence[str]
) -> Ratings:
    """Return ratings as numbers.

    Args:
        annotators: the columns of the result.
        rated: for each item, the category by annotator, "" or absent for none.
        scale: of the categories.
        order: of the categories, ascending; empty for that of their numbers.

    Raises:
        DataError: a category is no number where it must be one, or not in `order`.
    """
    used = Counter(category for own in rated for category in own.values() if category)
    categories = _in_order(used, scale, order)
    code = {category: number for number, category in enumerate(categories)} | {"": MISSING}
    codes = np.array([[code[own.get(name, "")] for name in annotators] for own in rated], dtype=np.int64)
    values = np.arange(len(categories), dtype=np.float64)
    if scale == "interval":
        values = np.array([_number(category) for category in categories])
    return Ratings(tuple(annotators), tuple(categories), codes.reshape(-1, len(annotators)), values, scale)


def _in_order(used: Counter[str], scale: Scale, order: Sequence[str]) -> list[str]:
    if scale in ("nominal", "sets"):
        return sorted(used)
    if order:
        unknown = sorted(set(used) - set(order))
        if unknown:
            raise DataError(f"--order lacks {_some(unknown, used)}.")
        return [category for category in order if category in used]
    words = sorted(category for category in used if math.isnan(_number(category)))
    if words:
        advice = "; name the categories from the lowest to the highest with --order" if scale == "ordinal" else ""
        raise DataError(f"--scale {scale} needs numbers, found {_some(words, used)}{advice}.")
    return sorted(used, key=_number)


def _some(names: Sequence[str], used: Counter[str]) -> str:
    shown = ", ".join(f"{quoted(name)} ({counted(used[name], 'time')})" for name in names[:MAX_NAMES_SHOWN])
    return shown + (" and others" if len(names) > MAX_NAMES_SHOWN else "")


def _number(text: str) -> float:
    """Return a finite number, NaN for anything else; a comma may stand for the decimal point."""
    try:
        number = float(text.replace(",", ".", 1))
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def parse_order(words: str | None) -> tuple[str, ...]:
    """Return the categories of "none,mild,severe".

    Raises:
        UsageError: one is named twice.
    """
    order = tuple(name for part in (words or "").split(",") if (name := clean_label(part)))
    twice = [name for name, count in Counter(order).items() if count > 1]
    if twice:
        raise UsageError(f"--order: names {twice[0]!r:.60} twice.")
    return order
