"""`lstmcli predict`."""

from enum import StrEnum
from typing import Annotated

import typer

from lstmcli.cli.options import Encoding, Format, FormatChoice, Run, TextColumn

# The exit code where some rows have no prediction.
SOME_ROWS_BROKEN = 3


class OnErrorChoice(StrEnum):
    """The choices of --on-error."""

    FLAG = "flag"
    SKIP = "skip"
    STOP = "stop"


def predict_command(
    run: Run,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Texts; - or nothing is standard input.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write (default: standard output).")
    ] = None,
    input_format: Format = FormatChoice.AUTO,
    output_format: Annotated[
        FormatChoice, typer.Option("--output-format", "-F", help="auto: by the name of --output, else as the input.")
    ] = FormatChoice.AUTO,
    text: TextColumn = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B", help="Columns of the input to keep, in this order (default: all)."),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", "-p", help="Add a column probability_<label> for each label.")
    ] = False,
    top_k: Annotated[
        int | None, typer.Option("--top-k", "-k", min=1, metavar="N", help="Add the N most probable labels, ranked.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", min=0.0, max=1.0, metavar="X", help="Pick only labels with at least this probability."
        ),
    ] = None,
    encoding: Encoding = "utf-8",
    on_error: Annotated[
        OnErrorChoice,
        typer.Option(
            "--on-error",
            help="What becomes of a row that can't be read: flag keeps it, without a prediction (exit code 3); skip "
            "leaves it out; stop ends.",
        ),
    ] = OnErrorChoice.FLAG,
    jobs: Annotated[
        int,
        typer.Option("--jobs", "-j", min=1, metavar="N", help="Processes that compute; worth it from 10,000 rows on."),
    ] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the --output of the same command where it was interrupted.")
    ] = False,
    progress: Annotated[bool, typer.Option("--progress", help="Tell on stderr how many rows are done.")] = False,
    line_buffered: Annotated[
        bool,
        typer.Option(
            "--line-buffered",
            help="Answer each row before reading the next; a pipe that pauses is answered at once anyway.",
        ),
    ] = False,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, metavar="N", help="Rows computed together.")] = 240,
) -> None:
    """Label texts: the rows of a file or of a pipe, in order, with prediction and score added.

    Standard input is one text a line unless --format says otherwise; each line gets `label<TAB>score`.

    Examples:
      echo "what a lovely surprise" | lstmcli predict runs/emotion

      lstmcli predict runs/emotion reviews.csv --probabilities > labelled.csv

      lstmcli predict runs/emotion < lines.txt | cut -f1 | sort | uniq -c
    """
    from pathlib import Path

    from lstmcli.config.lists import split_list
    from lstmcli.inference.answers import PredictOptions
    from lstmcli.inference.pool import open_pool
    from lstmcli.recipes.predict import InputOptions, OutputOptions, describe_job, predict_files
    from lstmcli.reports.row_progress import RowProgress
    from lstmcli.store.model import read_model

    paths = files or ["-"]
    kept = None if columns is None else split_list(columns)
    inputs = InputOptions(input_format.value, encoding, text, on_error.value)
    options = PredictOptions(probabilities=probabilities, top_k=top_k, threshold=threshold)
    job = "" if output is None else describe_job(Path(run), paths, inputs, options, kept, output_format)
    model = read_model(Path(run))
    row_progress = RowProgress() if progress else None
    with open_pool(model, Path(run), jobs=jobs, batch_size=batch_size) as pool:
        counts = predict_files(
            model,
            pool,
            paths,
            inputs=inputs,
            output=OutputOptions(output, output_format.value, kept, job, resume, line_buffered),
            options=options,
            warn=lambda message: typer.echo(f"note: {message}", err=True),
            watch=(lambda _: None) if row_progress is None else row_progress.done,
        )
    if row_progress is not None:
        row_progress.finish()
    if counts.broken and (on_error is OnErrorChoice.FLAG or counts.broken == counts.rows):
        raise typer.Exit(SOME_ROWS_BROKEN)
