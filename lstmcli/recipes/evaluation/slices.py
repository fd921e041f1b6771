"""Scores the model on parts of the rows, by the values of a column or by the length of the texts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.rereading import can_read_again, read_again
from lstmcli.data.columns import text_of
from lstmcli.data.formats.delimited_writer import as_text
from lstmcli.data.reading import ColumnFinder, Wanted, open_records
from lstmcli.errors import DataError, UsageError
from lstmcli.metrics.score_slices import slice_numbers
from lstmcli.metrics.scores import row_statistics
from lstmcli.metrics.slices import length_bins, slice_scores, value_bins
from lstmcli.recipes.reporting.effects import LENGTH
from lstmcli.recipes.score import ScoredRows
from lstmcli.recipes.scores.score import ScoredNumbers

# More are a name or a number of each row rather than groups of rows.
MAX_VALUES = 50


def check_slices(names: Sequence[str], paths: Sequence[str], settings: DataSettings) -> None:
    """Check that the files have the columns, as far as their headers tell.

    Raises:
        DataError: a column is missing.
        UsageError: a file can't be read twice.
    """
    if set(names) <= {LENGTH}:
        return
    for path in paths:
        if not can_read_again(path):
            raise UsageError("--slice: the rows are read twice, so they can't come through a pipe; name a file.")
        with open_records(path, format_name=settings.format, encoding=settings.encoding) as source:
            if source.columns is not None:
                _finder(names, source.name, source.columns, varies=False)(source.columns)


def with_slices(
    names: Sequence[str],
    scored: ScoredRows,
    paths: Sequence[str],
    settings: DataSettings,
    evaluation: EvaluationSettings,
) -> ScoredRows:
    """Return the rows with an evaluation that has the slices.

    Args:
        names: of columns; LENGTH is the number of words, unless the files have such a column.
        scored: the rows.
        paths: see `read_examples`.
        settings: see `read_examples`.
        evaluation: of the bootstrap.

    Raises:
        DataError: a column is missing or has too many values, or the files have changed.
    """
    model, kind = scored.systems[0], scored.labels.kind
    statistics = row_statistics(scored.targets, model.decisions, model.probabilities, kind)
    groups = scored.examples.groups
    slicings = [
        slice_scores(name, values, parts, statistics, kind, evaluation, groups)
        for name, values, parts in _sliced(names, scored.examples, paths, settings)
    ]
    return replace(scored, evaluation=replace(scored.evaluation, slices=tuple(slicings)))


def with_score_slices(
    names: Sequence[str],
    scored: ScoredNumbers,
    paths: Sequence[str],
    settings: DataSettings,
    evaluation: EvaluationSettings,
) -> ScoredNumbers:
    """Do the same for scores."""
    values, groups = scored.systems[0].values, scored.examples.groups
    slicings = [
        slice_numbers(name, names_of, parts, scored.targets, values, evaluation, groups)
        for name, names_of, parts in _sliced(names, scored.examples, paths, settings)
    ]
    return replace(scored, evaluation=replace(scored.evaluation, slices=tuple(slicings)))


def _sliced(
    names: Sequence[str], examples: Examples, paths: Sequence[str], settings: DataSettings
) -> Iterator[tuple[str, list[str], NDArray[np.int64]]]:
    """Yield each column with its values, and the value of each row as an index of these."""
    names = list(dict.fromkeys(names))
    for name, cells in zip(names, _cells(names, examples, paths, settings), strict=True):
        values, parts = _lengths(examples) if cells is None else value_bins(cells)
        if len(values) > MAX_VALUES:
            raise DataError(
                f"{examples.name}: column {name!r} has {len(values):,} values, more than {MAX_VALUES} slices; "
                "choose a column that groups the rows."
            )
        yield name, values, parts


def _lengths(examples: Examples) -> tuple[list[str], NDArray[np.int64]]:
    return length_bins(np.array([len(text.split()) for text in examples.texts]))


def _cells(
    names: Sequence[str], examples: Examples, paths: Sequence[str], settings: DataSettings
) -> list[list[str] | None]:
    """Return the cells of each column, one per scored row; None for the built-in LENGTH."""
    if not all(map(can_read_again, paths)):  # then LENGTH is all that `check_slices` allows
        return [None] * len(names)
    columns: list[list[str]] = [[] for _ in names]
    finder: ColumnFinder | None = None
    is_built_in = [name == LENGTH for name in names]
    for source, record, row in read_again(examples, paths, settings):
        if row is None:
            continue
        if finder is None:
            finder = _finder(names, source.name, record.columns, varies=source.columns is None)
        for number, (column, index) in enumerate(zip(columns, finder(record.columns), strict=True)):
            is_built_in[number] &= index is None
            cell = None if index is None else record.cells[index]
            is_nested = isinstance(cell, list | dict | bytes)
            column.append("" if index is None else as_text(cell) if is_nested else text_of(record, index))
    if finder is not None:
        finder.check()
    return [None if built_in else column for built_in, column in zip(is_built_in, columns, strict=True)]


def _finder(names: Sequence[str], source: str, columns: Sequence[str], *, varies: bool) -> ColumnFinder:
    wanted = [Wanted(name, "--slice", is_optional=name == LENGTH and LENGTH not in columns) for name in names]
    return ColumnFinder(source, wanted, varies=varies)
