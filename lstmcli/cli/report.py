"""`lstmcli report`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.messages import write_data, write_tables
from lstmcli.cli.options import INPUT, OUTPUT, AsJson, Encoding, Format, NoTexts, Ordered, Quiet, names_in_order
from lstmcli.cli.process import is_terminal
from lstmcli.errors import UsageError


def report_command(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Predictions that `lstmcli evaluate --predictions` wrote.", show_default=False
        ),
    ],
    input_format: Format = None,
    encoding: Encoding = None,
    text: Annotated[str, typer.Option("--text", metavar="COLUMN", rich_help_panel=INPUT, help="Text column.")] = "text",
    label: Annotated[
        str, typer.Option("--label", metavar="COLUMN", rich_help_panel=INPUT, help="Column of the true labels.")
    ] = "gold",
    prediction: Annotated[
        str,
        typer.Option("--prediction", metavar="COLUMN", rich_help_panel=INPUT, help="Column of the predicted labels."),
    ] = "prediction",
    label_separator: Annotated[
        str | None,
        typer.Option(
            "--label-separator",
            metavar="TEXT",
            rich_help_panel=INPUT,
            help="What separates several labels (default: | if a text can have several, by the probabilities).",
        ),
    ] = None,
    traits: Annotated[
        bool,
        typer.Option(
            "--traits", rich_help_panel=INPUT, help="The labels are yes/no questions, which the file does not say."
        ),
    ] = False,
    ordered: Ordered = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            metavar="COLUMN",
            rich_help_panel=INPUT,
            help="Resample the rows with the same cell here together, such as those of an author.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            rich_help_panel=OUTPUT,
            help="Also write metrics.json, report.md and report.html here.",
        ),
    ] = None,
    as_json: AsJson = False,
    no_texts: NoTexts = False,
    quiet: Quiet = False,
) -> None:
    """Rebuild a report from a file of predictions, without the model.

    The majority class of the rows is the only baseline; the others need the model.

    Examples:
      lstmcli evaluate runs/emotion test.csv --predictions rows.csv
      lstmcli report rows.csv --output reports/emotion
      lstmcli report rows.csv --no-texts --output for-others
    """
    if file == "-":
        raise UsageError("FILE: name a file of predictions; standard input can't be one.")
    from lstmcli.data.reading import Layout, check_exist
    from lstmcli.recipes.comparison.prediction_files import FileOptions
    from lstmcli.recipes.reporting.folder import check_reports, write_contents
    from lstmcli.recipes.reporting.rebuild import rebuild
    from lstmcli.reports.console import ConsoleReporter
    from lstmcli.reports.files import to_console_text, to_json

    check_exist([file])
    if output is not None:
        check_reports(output)
    layout = Layout(None if input_format is None else input_format.value, encoding)
    options = FileOptions(text, label, prediction, group, label_separator, layout, names_in_order(ordered))
    content = rebuild(file, options, is_traits=traits, texts=not no_texts)
    if output is not None:
        write_contents(output, content)
        ConsoleReporter(quiet=quiet).line("wrote", str(output))
    if as_json:
        write_data(to_json(content.evaluations, content.facts, content.source))
    else:
        write_tables(to_console_text(content.main, is_terminal=is_terminal(sys.stdout)))
