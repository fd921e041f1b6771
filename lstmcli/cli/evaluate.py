"""`lstmcli evaluate`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.options import Encoding, Format, FormatChoice, Run, TextColumn


def evaluate_command(
    run: Run,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Labelled rows, or - for standard input.", show_default=False)
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Also write metrics.json, report.md and report.html here."),
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
) -> None:
    """Score a model on labelled rows, with intervals, beside its baselines.

    Examples:
      lstmcli evaluate runs/emotion data/emotion/test.csv

      lstmcli evaluate runs/emotion test.csv --json | jq '.evaluations[].scores'
    """
    from lstmcli.recipes.evaluate import ColumnOverrides, evaluate_file, write_reports
    from lstmcli.reports.console import Reporter
    from lstmcli.reports.files import to_console_text, to_json

    overrides = ColumnOverrides(format=input_format.value, encoding=encoding, text=text, label=label)
    examples, evaluation = evaluate_file(run, file, overrides, baselines=baselines)
    Reporter().rows(examples.report)
    if as_json:
        typer.echo(to_json([evaluation], {"model": str(run)}), nl=False)
    else:
        typer.echo(to_console_text(evaluation, is_terminal=sys.stdout.isatty()), nl=False)
    if output is not None:
        write_reports(output, evaluation, run)
