"""`lstmcli predict`: rows in, the same rows with predictions out, in order, a block at a time."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.feature_cells import wanted_features
from lstmcli.corpus.row_texts import RowSelector
from lstmcli.data.columns import Keeper
from lstmcli.data.formats import BINARY_FORMATS, output_format
from lstmcli.data.formats.header import FORMATS_BY_DELIMITER
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.output import STANDARD_OUTPUT, open_output, refuse_spreadsheet
from lstmcli.data.reading import STANDARD_INPUT, Layout, check_exist, format_of, input_layout, open_records
from lstmcli.errors import DataError, UsageError
from lstmcli.inference.answers import Adder, PredictOptions
from lstmcli.inference.pool import Pool
from lstmcli.inference.predictor import StageAnswers
from lstmcli.inference.row_counts import RowCounts
from lstmcli.inference.rows import OnError, RowStream
from lstmcli.inference.score_answers import adder_of
from lstmcli.recipes.cascade.result import Fast
from lstmcli.store.model import SavedModel, find_model

if TYPE_CHECKING:
    from lstmcli.recipes.shards.manifest import ShardJob, ShardNotes

# What the rows of a format that is not written become.
DEFAULT_TABLE = "csv"


class InputOptions(NamedTuple):
    """How the inputs are read.

    Attributes:
        format_name: or "auto", by each one's extension; None: as in training, see `input_layout`.
        encoding: of the text; None: as in training.
        text_column: None: the one that training used.
        on_error: what to do with a row that can't be read or has a blank text: keep it in its place with empty added
            cells ("flag"), leave it out ("skip"), or end the work once the rows before it are written ("stop").
    """

    format_name: str | None = None
    encoding: str | None = None
    text_column: str | None = None
    on_error: OnError = "flag"


class OutputOptions(NamedTuple):
    """How the output is written, in UTF-8.

    Attributes:
        path: a file; None or "-" for standard output.
        format_name: or "auto", by the extension of `path`, else that of the first input.
        columns: those of the input that are kept; None: all.
        job: what is asked for, see `open_output`.
        resume: whether to go on where an interrupted run with the same job and path has ended.
        line_buffered: whether each row is answered before the next one is read.
        escape_formulas: whether cells that a spreadsheet could run are escaped.
        shard: the part of the rows that is answered; None: all.
        has_origin: whether columns say which input each row comes from, and which row of it it is.
        names: of the inputs, for people and those columns; None: their paths.
    """

    path: str | None = None
    format_name: str = "auto"
    columns: Sequence[str] | None = None
    job: str = ""
    resume: bool = False
    line_buffered: bool = False
    escape_formulas: bool = False
    shard: "ShardJob | None" = None
    has_origin: bool = False
    names: Sequence[str] | None = None


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
    fast: Fast | None = None,
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
        warn: is told of rows without a prediction, and where an input looks like something else than it is read as.
        watch: is told how many more rows have been written.
        fast: when the first stage of the model answers alone; `pool` must have the same first stage.

    Raises:
        DataError: an input can't be read or has no such column.
        UsageError: the options don't fit together.
    """
    check_exist(paths)
    layouts = input_layouts(model, paths, inputs)
    format_name = name_of_output_format(output, layouts[0].format_name)
    written_as = output_format(format_name, escapes_formulas=output.escape_formulas)
    kept = [inputs, layouts, output.columns, output.escape_formulas, options, None if fast is None else fast.stage]
    kept += [output.names or paths] if output.has_origin else []
    notes = None if output.shard is None else _shard_notes(output.shard, output.path, format_name, kept)
    adder = adder_of(model, options, format_name)
    shard = None if output.shard is None else output.shard.shard
    rows = RowStream(pool, adder, written_as, inputs.on_error, warn, watch, shard=shard, has_origin=output.has_origin)
    if fast is not None and isinstance(adder, Adder):
        warn(fast.note)
        adder.watch_stages = _counting_stages(rows)
    counts = answer_rows(
        rows, paths, layouts, inputs=inputs, output=output, columns=model.columns, warn=warn, notes=notes
    )
    for note in notes_on_fast(counts, fast):
        warn(note)
    return counts


def notes_on_fast(counts: RowCounts, fast: Fast | None) -> Sequence[str]:
    """Return what to tell about the rows that the first stage has answered alone, if there is one."""
    if fast is None or fast.stage is None:
        return []
    from lstmcli.inference.cascade import notes_on_stages  # rarely needed

    return notes_on_stages(counts.stages, fast.stage, fast.agreement)


def _counting_stages(rows: RowStream[Any]) -> Callable[[StageAnswers], None]:
    from lstmcli.inference.cascade import totals

    def count(answers: StageAnswers) -> None:
        rows.counts.stages = rows.counts.stages.plus(totals(answers))

    return count


def _shard_notes(job: "ShardJob", path: str | None, format_name: str, options: Sequence[object]) -> "ShardNotes":
    from lstmcli.recipes.shards.manifest import ShardNotes  # hashes, which only shards need

    return ShardNotes(job, path, format_name, options)


def input_layouts(model: SavedModel, paths: Sequence[str], inputs: InputOptions) -> list[Layout]:
    """Return how each input is read."""
    trained = Layout(model.columns.format, model.columns.encoding)
    return [input_layout(path, Layout(inputs.format_name, inputs.encoding), trained) for path in paths]


def answer_rows(
    rows: RowStream[Any],
    paths: Sequence[str],
    layouts: Sequence[Layout],
    *,
    inputs: InputOptions,
    output: OutputOptions,
    columns: DataSettings,
    warn: Callable[[str], None],
    notes: "ShardNotes | None" = None,
) -> RowCounts:
    """Send all rows of the `paths` through `rows`, and count them; see `predict_files`."""
    with open_output(output.path, job=output.job, resume=output.resume) as destination:
        rows.write_to(destination)
        try:
            names: Sequence[str | None] = output.names or [None] * len(paths)
            for path, name, layout in zip(paths, names, layouts, strict=True):
                _predict_input(path, name, layout, rows, inputs, output, columns, warn, notes)
        except DataError:
            rows.answer()  # what was read before is not lost
            raise
        rows.answer()
    if notes is not None:
        notes.write(rows)
    rows.summarise()
    return rows.counts


def name_of_output_format(output: OutputOptions, first: str | None) -> str:
    """Return the format of the output, `first` being that of the first input."""
    wanted = output.format_name if output.format_name != "auto" else None
    if wanted is None and output.path not in {None, STANDARD_OUTPUT}:
        wanted = format_of(str(output.path))
    refuse_spreadsheet(output.path)
    if wanted in BINARY_FORMATS:
        raise UsageError(f"predictions can't be written as {wanted}; choose csv, tsv or jsonl.")
    return wanted or (DEFAULT_TABLE if first in BINARY_FORMATS else first) or TEXT_FORMAT


def _predict_input(
    path: str,
    name: str | None,
    layout: Layout,
    rows: RowStream[Any],
    inputs: InputOptions,
    output: OutputOptions,
    columns: DataSettings,
    warn: Callable[[str], None],
    notes: "ShardNotes | None",
) -> None:
    keeps_broken = inputs.on_error != "stop"
    see = None if notes is None else notes.see_input()
    # Who types a line into a pipe is answered at once: before a read would wait, whatever was read is answered.
    with open_records(
        path, **layout._asdict(), keeps_broken=keeps_broken, before_waiting=rows.answer, see=see
    ) as source:
        if inputs.text_column is not None and source.format_name == TEXT_FORMAT:
            raise UsageError("--text: plain text has no columns; name the format of the input with --format.")
        select = RowSelector(source, columns, inputs.text_column or columns.text)
        rows.read_from(source, select, Keeper(output.columns, source), name=name)
        for number, record in enumerate(source.records):
            if number == 0 and source.format_name == TEXT_FORMAT:
                for note in notes_on_text(record.cells[0], columns, source.name):
                    warn(note)
            rows.take(record)
            if output.line_buffered:
                rows.answer()
        rows.end_input()


def notes_on_text(line: str, columns: DataSettings, name: str) -> Iterator[str]:
    """Yield what to tell a user about lines of text, with `line` as the first."""
    yield from notes_on_tables(line, columns.text, name)
    names = ", ".join(name for name, _ in wanted_features(columns))
    if names:
        yield f"{name}: lines of text have no {names}, which counts as missing; for columns, pass a table"


def notes_on_tables(line: str, column: str, name: str) -> Iterator[str]:
    """Yield what to tell a user who pipes a table, with `line` as its first, that is taken for lines of text."""
    read_as = f"{name} is read as one text a line, but looks like"
    for delimiter, format_name in FORMATS_BY_DELIMITER.items():
        if delimiter in line and column in line.split(delimiter):
            yield f"{read_as} a table; for columns add --format {format_name}"
    if line.startswith("{") and line.endswith("}"):
        yield f"{read_as} JSON Lines; for keys add --format jsonl"


def describe_job(run: Path, paths: Sequence[str], *options: object) -> str:
    """Return what tells a prediction from others: the model, the inputs as they are now, and the options."""
    import hashlib  # only a file that is written needs it

    files = [*sorted(find_model(run).iterdir()), *(Path(path) for path in paths if path != STANDARD_INPUT)]
    facts = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
    return hashlib.sha256(repr([*facts, *map(str, options)]).encode("utf-8", "surrogateescape")).hexdigest()
