"""`lstmcli evaluate`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcli.cli.options import ConfigFile, Encoding, Format, FormatChoice, Overwrite, Settings, TextColumn
from lstmcli.errors import UsageError

if TYPE_CHECKING:
    from lstmcli.metrics.evaluation import Evaluation


def evaluate_command(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="RUN", help="Run directory, or its model/ folder.", show_default=False),
    ] = None,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Labelled rows, or - for standard input.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Also write metrics.json, report.md and report.html here. With --folds: the folder of all that is "
            "written (default: runs/ and the config's name, -folds).",
        ),
    ] = None,
    input_format: Format = FormatChoice.AUTO,
    encoding: Encoding = "utf-8",
    text: TextColumn = None,
    label: Annotated[
        str | None,
        typer.Option("--label", metavar="COLUMN", help="Column of the label (default: as in training)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    baselines: Annotated[bool, typer.Option(help="Compare with the majority class and TF-IDF.")] = True,
    folds: Annotated[
        int | None,
        typer.Option("--folds", min=2, max=100, metavar="N", help="Instead of RUN and FILE: train N times, see above."),
    ] = None,
    config: ConfigFile = None,
    settings: Settings = None,
    resume: Annotated[bool, typer.Option("--resume", help="With --folds: go on where it was interrupted.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Score a model on labelled rows, with intervals, beside its baselines.

    With --folds, train a model for each part of the training and validation rows on the other parts, and score every
    row by the model that never saw it: for corpora too small to spare a test file. --config, --set, --resume and
    --overwrite belong to it.

    Examples:
      lstmcli evaluate runs/emotion data/emotion/test.csv

      lstmcli evaluate runs/emotion test.csv --json | jq '.evaluations[].scores'

      lstmcli evaluate --folds 10 --config configs/personality.yaml
    """
    if folds is None:
        if run is None or file is None:
            raise UsageError("name a RUN and a FILE to score it on, or --folds N and a --config to train with.")
        if config is not None or settings or resume or overwrite:
            raise UsageError("--config, --set, --resume and --overwrite belong to --folds; a RUN is scored as it is.")
        evaluation = _evaluate_run(run, file, (input_format.value, encoding, text, label), output, baselines=baselines)
        name = str(run)
    else:
        if run is not None or text or label or input_format != FormatChoice.AUTO or encoding != "utf-8":
            raise UsageError(
                "--folds trains models of its own: it takes --config and --set, no RUN, FILE, columns, format or "
                "encoding (--set data.format=..., --set data.encoding=...)."
            )
        if not baselines:
            settings = [*(settings or []), "evaluation.baselines=false"]
        evaluation, name = _evaluate_folds(folds, config, settings or [], output, resume=resume, overwrite=overwrite)
    from lstmcli.reports.files import to_console_text, to_json

    if as_json:
        typer.echo(to_json([evaluation], {"model": name}), nl=False)
    else:
        typer.echo(to_console_text(evaluation, is_terminal=sys.stdout.isatty()), nl=False)


def _evaluate_run(
    run: Path, file: str, columns: tuple[str, str, str | None, str | None], output: Path | None, *, baselines: bool
) -> "Evaluation":
    from lstmcli.recipes.evaluate import ColumnOverrides, check_reports, evaluate_file, write_reports
    from lstmcli.reports.console import ConsoleReporter

    input_format, encoding, text, label = columns
    overrides = ColumnOverrides(format=input_format, encoding=encoding, text=text, label=label)  # type: ignore[arg-type]
    if output is not None:
        check_reports(output)
    examples, evaluation = evaluate_file(run, file, overrides, baselines=baselines)
    ConsoleReporter()(examples.report)
    if output is not None:
        write_reports(output, evaluation, run)
    return evaluation


def _evaluate_folds(
    folds: int, config: Path | None, settings: list[str], output: Path | None, *, resume: bool, overwrite: bool
) -> tuple["Evaluation", str]:
    from lstmcli.recipes.run_setup import resolve_run

    resolved, run = resolve_run(config, settings, output, resume=resume, overwrite=overwrite, command="folds")

    from lstmcli.cli.running import long_running
    from lstmcli.recipes.cross_validate import cross_validate  # takes seconds, see train
    from lstmcli.store.run import OpenRun

    open_run = OpenRun(run, resume, overwrite, is_checked=True)
    resume_command = f"lstmcli evaluate --folds {folds} --resume --output {run.path}"
    with long_running(run, resume_command) as (reporter, stop):
        evaluation = cross_validate(resolved, open_run, num_folds=folds, tell=reporter, stop=stop)
    reporter.line("wrote", str(run.path))
    return evaluation, f"{folds} folds in {run.path}"
