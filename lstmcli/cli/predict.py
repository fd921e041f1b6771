"""`lstmcli predict`."""

from typing import TYPE_CHECKING, Annotated

import typer

from lstmcli.cli.engine import Engine, EngineChoice, EngineOption, PartsOption, RayAddressOption, RowIdsOption
from lstmcli.cli.messages import say
from lstmcli.cli.options import (
    COMPUTATION,
    PREDICTIONS,
    Encoding,
    EscapeFormulas,
    Format,
    FormatChoice,
    KeptColumns,
    OnError,
    OnErrorChoice,
    OutputFile,
    OutputFormat,
    Progress,
    Quiet,
    Resume,
    Run,
    TextColumn,
    TraitColumns,
)
from lstmcli.cli.predict_options import (
    AnsweredByOption,
    EstimateOption,
    FastOnOption,
    FastOption,
    ShardOption,
    check_combinations,
    check_inputs,
    estimating,
    facts_of_job,
    find_fast,
    parse_probability,
    shard_job,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstmcli.inference.row_counts import RowCounts
    from lstmcli.recipes.cascade.result import Fast
    from lstmcli.reports.row_progress import RowProgress

# Exit code if some rows have no prediction.
SOME_ROWS_BROKEN = 3

# More processes than this can only be a mistake, and each takes tens of MB.
MAX_JOBS = 256


def predict_command(
    run: Run,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE", show_default=False, help="Files of texts, or - for standard input (the default)."
        ),
    ] = None,
    input_format: Format = None,
    encoding: Encoding = None,
    text: TextColumn = None,
    on_error: OnError = OnErrorChoice.FLAG,
    probabilities: Annotated[
        bool,
        typer.Option(
            "--probabilities",
            "-p",
            rich_help_panel=PREDICTIONS,
            help="Add a column probability_<label> for each label.",
        ),
    ] = False,
    trait_columns: TraitColumns = False,
    top_k: Annotated[
        int | None,
        typer.Option(
            "--top-k",
            "-k",
            min=1,
            metavar="N",
            rich_help_panel=PREDICTIONS,
            help="Add columns label_1, score_1, ... for the N most probable labels.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            parser=parse_probability,
            metavar="X",
            rich_help_panel=PREDICTIONS,
            help="Predict only labels with at least this probability (0 to 1, or a percentage), possibly none. With "
            "--top-k, the cells of less probable labels stay empty.",
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            "--min-confidence",
            parser=parse_probability,
            metavar="X",
            rich_help_panel=PREDICTIONS,
            help="Leave a prediction with a score below this (0 to 1, or a percentage) empty; the score is still "
            "written.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            rich_help_panel=PREDICTIONS,
            help="Write one row for each person (or other different cell of a column): one prediction from all rows of "
            "theirs, their number, and an interval of the score.",
        ),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(
            "--interval",
            parser=parse_probability,
            metavar="X",
            rich_help_panel=PREDICTIONS,
            help="For a model of scores, add columns low_<score> and high_<score> that hold this part of the true "
            "scores (0.5 to 0.99, or a percentage).",
        ),
    ] = None,
    output: OutputFile = None,
    output_format: OutputFormat = FormatChoice.AUTO,
    columns: KeptColumns = None,
    row_ids: RowIdsOption = False,
    escape_formulas: EscapeFormulas = False,
    resume: Resume = False,
    progress: Progress = False,
    quiet: Quiet = False,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            max=MAX_JOBS,
            metavar="N",
            rich_help_panel=COMPUTATION,
            help=f"Number of worker processes, at most {MAX_JOBS}; useful above about 10,000 rows.",
        ),
    ] = 1,
    batch_size: Annotated[
        int,
        typer.Option(
            "--batch-size", min=1, metavar="N", rich_help_panel=COMPUTATION, help="Number of texts per batch."
        ),
    ] = 240,
    shard: ShardOption = None,
    engine: EngineOption = EngineChoice.LOCAL,
    ray_address: RayAddressOption = None,
    parts: PartsOption = None,
    fast: FastOption = None,
    fast_on: FastOnOption = None,
    answered_by: AnsweredByOption = False,
    estimate: EstimateOption = False,
    line_buffered: Annotated[
        bool,
        typer.Option(
            "--line-buffered",
            rich_help_panel=COMPUTATION,
            help="Answer each row before reading the next, even if more rows are available. Rarely needed, since all "
            "rows read are answered whenever a pipe pauses.",
        ),
    ] = False,
) -> None:
    """Predict the labels, or the scores, of texts from files or a pipe.

    Rows keep their order and columns, and gain a prediction and a score. Standard input has one text per line unless
    --format is given, and each line is answered with `label<TAB>score`. A model of scores adds predicted_<score>.

    Examples:
      echo "what a lovely surprise" | lstmcli predict runs/emotion
      lstmcli predict runs/emotion reviews.csv --probabilities > labelled.csv
      lstmcli predict runs/emotion < lines.txt | cut -f1 | sort | uniq -c
      lstmcli predict runs/traits posts.csv --by author --trait-columns
      lstmcli predict runs/emotion part-*.csv --engine ray --output labelled
    """
    from lstmcli.config.lists import split_list
    from lstmcli.data.output import check_output
    from lstmcli.data.reading import STANDARD_INPUT
    from lstmcli.inference.answers import PredictOptions
    from lstmcli.inference.pool import open_pool
    from lstmcli.recipes.predict import InputOptions, OutputOptions, describe_job
    from lstmcli.reports.row_progress import RowProgress
    from lstmcli.store.model import read_model

    paths = files or ["-"]
    kept = None if columns is None else split_list(columns)
    inputs = InputOptions(None if input_format is None else input_format.value, encoding, text, on_error.value)
    options = PredictOptions(probabilities, top_k, threshold, min_confidence, trait_columns, interval, answered_by)
    where = Engine(engine, ray_address, parts)
    local = {"--jobs": jobs > 1, "--line-buffered": line_buffered, "--shard": shard, "--by": by}
    where.check(paths, output, {**local, "--estimate": estimate})
    check_inputs(paths, run, may_be_urls=where.is_ray)
    check_combinations(shard, fast, fast_on, answered_by=answered_by, by=by, estimate=estimate, row_ids=row_ids)
    check_output(output, paths, STANDARD_INPUT)
    facts = facts_of_job(escape_formulas=escape_formulas, by=by, fast=fast, shard=shard, row_ids=row_ids)
    read = [*paths, *([fast_on] if fast_on else [])]
    job = "" if output is None else describe_job(run, read, inputs, options, kept, output_format, *facts)
    model = read_model(run)
    found = find_fast(model, run, fast, fast_on, paths, inputs, options)
    row_progress = RowProgress() if progress and not quiet else None
    stage = None if found is None else found.stage
    more = escape_formulas, shard_job(shard, run), row_ids
    with open_pool(model, run, jobs=1 if estimate else jobs, batch_size=batch_size, stage=stage) as pool:
        recipe = where.predicting(run, batch_size, found) if where.is_ray else _predictor(by, found, estimate=estimate)
        counts = recipe(
            model,
            pool,
            paths,
            inputs=inputs,
            output=OutputOptions(output, output_format.value, kept, job, resume, line_buffered, *more),
            options=options,
            warn=(lambda _: None) if quiet else (lambda message: say(f"note: {message}")),
            watch=(lambda _: None) if row_progress is None else row_progress.done,
        )
    _finish(counts, row_progress, on_error)


def _finish(counts: "RowCounts", progress: "RowProgress | None", on_error: OnErrorChoice) -> None:
    if progress is not None:
        progress.finish()
    if counts.broken and (on_error is OnErrorChoice.FLAG or counts.broken == counts.rows):
        raise typer.Exit(SOME_ROWS_BROKEN)


def _predictor(by: str | None, fast: "Fast | None", *, estimate: bool) -> "Callable[..., RowCounts]":
    """Return the recipe: for rows, or for people."""
    from functools import partial

    if estimate:
        return estimating()
    if by is None:
        from lstmcli.recipes.predict import predict_files

        return partial(predict_files, fast=fast)
    from lstmcli.recipes.levels.predict import predict_people

    return partial(predict_people, by=by)
