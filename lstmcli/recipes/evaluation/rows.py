"""Writes the rows of an evaluation: the columns of the input, then true labels, predictions and probabilities."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.rereading import can_read_again, read_again
from lstmcli.data.formats import FileFormat, Record, RecordWriter, output_format
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.reading import Layout, input_layout, open_records
from lstmcli.data.whole_output import open_whole
from lstmcli.errors import DataError, UsageError, counted
from lstmcli.inference.answers import check_trait_columns, flags, refuse_taken
from lstmcli.metrics.decisions import decision_scores
from lstmcli.recipes.evaluation.wanted import RowsFile
from lstmcli.recipes.predict import OutputOptions, name_of_output_format
from lstmcli.recipes.score import ScoredRows
from lstmcli.recipes.scores.rows import NumberCells, score_columns
from lstmcli.recipes.tasks.reporting import AnyScored

Cells = Mapping[str, str | float | None]

OPTION = "--predictions"


def added_columns(labels: LabelSet, file: RowsFile, *, has_folds: bool) -> list[str]:
    """Return the names of the columns that the rows gain.

    Raises:
        UsageError: a column per label is wanted for single labels, or for scores, which have theirs.
    """
    if labels.kind == "scores":
        if file.trait_columns:
            check_trait_columns(labels)
        return score_columns(labels, has_folds=has_folds)
    columns = ["fold"] if has_folds else []
    columns += ["gold", "prediction", "correct", "score"]
    if file.trait_columns:
        check_trait_columns(labels)
        columns += [f"gold_{name}" for name in labels.names] + [f"predicted_{name}" for name in labels.names]
    return columns + [f"probability_{name}" for name in labels.names]


def check_rows(
    file: RowsFile, paths: Sequence[str], settings: DataSettings, labels: LabelSet, *, has_folds: bool
) -> None:
    """Check that the rows of `paths` can be written into `file`, as far as their headers tell.

    Raises:
        DataError: a column would be added that the files already have, or the files have different columns.
        UsageError: the format can't be written, or a file can't be read twice.
    """
    written_as = format_of_rows(file.path, paths[0], settings)
    added = added_columns(labels, file, has_folds=has_folds)
    first: Sequence[str] = ()
    for path in paths:
        if not can_read_again(path):
            raise UsageError(f"{OPTION}: the rows are read twice, so they can't come through a pipe; name a file.")
        with open_records(path, format_name=settings.format, encoding=settings.encoding) as source:
            if source.columns is None:
                continue
            refuse_taken(added, source.columns, source.name, advice="")
            if written_as.names_are_unique and len(set(source.columns)) < len(source.columns):
                raise DataError(f"{source.name}: some columns have the same name, which JSON can't hold; rename them.")
            first = first or source.columns
            others = [column for column in source.columns if column not in first]
        if others:
            raise DataError(f"{path}: has a column {others[0]!r} that {paths[0]} lacks, so {OPTION} can't hold both.")


def write_rows(file: RowsFile, scored: AnyScored, paths: Sequence[str], settings: DataSettings) -> list[str]:
    """Write all rows of the files in their order; those that were not scored have empty cells.

    Args:
        file: to write, or to replace.
        scored: what was read from the files.
        paths: see `read_examples`.
        settings: see `read_examples`.

    Returns:
        what a user should know about cells that could not be written as they are.

    Raises:
        DataError: the files have changed, or have rows that the format can't hold. Nothing is written.
    """
    written_as = format_of_rows(file.path, paths[0], settings)
    with open_whole(file.path) as stream:
        return _write(stream, written_as, file, scored, paths, settings)


def _write(
    stream: TextIO,
    written_as: FileFormat,
    file: RowsFile,
    scored: AnyScored,
    paths: Sequence[str],
    settings: DataSettings,
) -> list[str]:
    columns = added_columns(scored.labels, file, has_folds=scored.fold is not None)
    cells: _RowCells | NumberCells
    if isinstance(scored, ScoredRows):
        cells = _RowCells(scored, columns, trait_columns=file.trait_columns)
    else:
        cells = NumberCells(scored)
    writer: RecordWriter | None = None
    for source, record, number in read_again(scored.examples, paths, settings):
        if source.columns is None:
            refuse_taken(columns, record.columns, f"{source.name}, line {record.line}", advice="")
        if writer is None:
            writer = written_as.writer(stream)
            writer.start(record.columns if source.columns is None else source.columns, columns, continues=False)
        try:
            writer.write(_flagged(record), cells.nothing if number is None else cells.of_row(number))
        except DataError as error:
            raise DataError(f"{source.name}, {_with_own_advice(str(error))}") from None
    return [] if writer is None else writer.notes()


def _with_own_advice(error: str) -> str:
    """Return an error of a writer without options that this command does not have."""
    message, advised, _ = error.partition(" Choose columns with --columns")
    return f"{message} Name a .jsonl file with {OPTION}." if advised else message


def _flagged(record: Record) -> Record:
    """Return the record with what is wrong with it, so that it can be written all the same."""
    if record.problem is None and record.is_malformed:
        num_cells = counted(len(record.cells), "cell")
        return record._replace(problem=f"has {num_cells}, but the header has {len(record.columns)}.")
    return record


class _RowCells:
    """The cells that are added to each row."""

    def __init__(self, scored: ScoredRows, columns: Sequence[str], *, trait_columns: bool) -> None:
        self.nothing: Cells = dict.fromkeys(columns)
        self._scored, self._columns, self._has_flags = scored, columns, trait_columns
        model = scored.systems[0]
        self._scores = decision_scores(model.probabilities, model.decisions)

    def of_row(self, number: int) -> Cells:
        """Return the cells of a scored row."""
        scored, model = self._scored, self._scored.systems[0]
        gold, predicted = scored.targets[number], model.decisions[number]
        cells: list[str | float | None] = [] if scored.fold is None else [int(scored.fold[number])]
        cells += [scored.labels.join(gold), scored.labels.join(predicted)]
        cells += [int((gold == predicted).all()), float(self._scores[number])]
        if self._has_flags:
            cells += [*flags(gold), *flags(predicted)]
        cells += model.probabilities[number].astype(float).tolist()
        return dict(zip(self._columns, cells, strict=True))


def format_of_rows(path: Path, first_input: str, settings: DataSettings, option: str = OPTION) -> FileFormat:
    """Return the format that the extension of `path`, the value of `option`, stands for, else that of the input.

    Raises:
        UsageError: it can't be written.
    """
    layout = input_layout(first_input, Layout(settings.format, settings.encoding), Layout())
    name = name_of_output_format(OutputOptions(str(path)), layout.format_name)
    if name == TEXT_FORMAT:
        raise UsageError(f"{option} {path}: plain text has no columns; choose .csv, .tsv or .jsonl.")
    return output_format(name)
