"""`lstmcli describe`: rows in, the same rows with columns that count the words of lexicons out."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from lstmcli.config.model_settings import DataSettings
from lstmcli.data.formats import output_format
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.guessing import guess_layout
from lstmcli.data.output import STANDARD_OUTPUT
from lstmcli.data.reading import DEFAULT_ENCODING, STANDARD_INPUT, Layout, check_exist, format_of, input_layout
from lstmcli.errors import UsageError
from lstmcli.inference.row_counts import RowCounts
from lstmcli.inference.rows import RowStream
from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.lexicons.reading import read_lexicon
from lstmcli.metrics.group_means import Summary
from lstmcli.recipes.lexicons.columns import Described, Describer, DescriptionAdder, column_names
from lstmcli.recipes.lexicons.summary import Collector, Summarising
from lstmcli.recipes.predict import InputOptions, OutputOptions, answer_rows, name_of_output_format

# What a row has afterwards, for messages.
RESULT = "description"


class SummaryOptions(NamedTuple):
    """Whether means are wanted, and of which groups; `by` names their column."""

    is_wanted: bool = False
    by: str | None = None


class Description(NamedTuple):
    """What was read, and means if they were asked for."""

    counts: RowCounts
    summary: Summary | None


def describe_files(
    paths: Sequence[str],
    lexicon_paths: Sequence[str],
    *,
    inputs: InputOptions,
    output: OutputOptions,
    prefix: str,
    summary: SummaryOptions,
    warn: Callable[[str], None],
    watch: Callable[[int], None],
) -> Description:
    """Describe every row of the `paths` ("-": standard input), one input after the other.

    Args:
        paths: of the inputs.
        lexicon_paths: of the lexicons.
        inputs: how the inputs are read; what is not said is found out.
        output: how and where the rows are written. With a summary, only a file is written.
        prefix: of the names of all added columns.
        summary: whether means are wanted.
        warn: is told of rows without a text, and of what is odd in a lexicon.
        watch: is told how many more rows are done.

    Raises:
        DataError: an input or a lexicon can't be read, or an input has no such column.
        UsageError: the options don't fit together.
    """
    check_exist(paths)
    lexicons = _read(lexicon_paths, warn)
    columns = column_names(lexicons, prefix)
    layouts = [_layout(path, inputs) for path in paths]
    _check(output, summary, layouts[0].format_name)
    format_name = name_of_output_format(output, layouts[0].format_name)
    written_as = output_format(format_name, escapes_formulas=output.escape_formulas)
    collector = Collector(columns, summary.by)
    if summary.is_wanted:
        writes_rows = output.path is not None
        written_as = Summarising(written_as, collector, writes_rows=writes_rows)
        output = output if writes_rows else output._replace(path=os.devnull)
    elif format_name == TEXT_FORMAT:
        warn(f"columns: {' '.join(columns)}")  # lines of text have no header
    adder = DescriptionAdder(columns, format_name)
    rows: RowStream[Described] = RowStream(
        Describer(lexicons), adder, written_as, inputs.on_error, warn, watch, result=RESULT
    )
    counts = answer_rows(rows, paths, layouts, inputs=inputs, output=output, columns=DataSettings(), warn=warn)
    return Description(counts, collector.summary() if summary.is_wanted else None)


def _read(paths: Sequence[str], warn: Callable[[str], None]) -> list[Lexicon]:
    lexicons = [read_lexicon(path) for path in dict.fromkeys(paths)]
    for lexicon in lexicons:
        for note in lexicon.notes:
            warn(note)
    return lexicons


def _layout(path: str, inputs: InputOptions) -> Layout:
    wanted = Layout(inputs.format_name, inputs.encoding)
    if path == STANDARD_INPUT or not Path(path).is_file():
        return input_layout(path, wanted, Layout())
    format_name = inputs.format_name
    if format_name in {None, "auto"} and format_of(path) == TEXT_FORMAT:
        format_name = TEXT_FORMAT  # commas in texts make no table
    found = guess_layout(path, format_name=format_name, encoding=inputs.encoding, needs_label=False)
    return Layout(found.format_name, found.encoding or DEFAULT_ENCODING)


def _check(output: OutputOptions, summary: SummaryOptions, format_name: str | None) -> None:
    """Raise a UsageError if a summary does not fit the other options."""
    if not summary.is_wanted:
        return
    if output.path == STANDARD_OUTPUT:
        raise UsageError("--output -: a summary goes to standard output, too; name a file for the rows.")
    if output.resume:
        raise UsageError("--resume: a summary needs all rows; describe them again without --resume.")
    if summary.by is not None and format_name == TEXT_FORMAT:
        raise UsageError("--by: lines of plain text have no column; add --format for the input, such as csv.")
    if summary.by is not None and output.columns is not None and summary.by not in output.columns:
        raise UsageError(f"--by {summary.by}: is not among --columns; add it there.")


def describe_job(files: Sequence[str], *options: object) -> str:
    """Return what tells a description from others: the files as they are now, and the options."""
    paths = [Path(file) for file in files if file != STANDARD_INPUT]
    facts = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.is_file()]
    return hashlib.sha256(repr([*facts, *map(str, options)]).encode("utf-8", "surrogateescape")).hexdigest()
