"""`lstmcli check`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.inspect import output_style
from lstmcli.cli.messages import write_data, write_tables
from lstmcli.cli.options import (
    OUTPUT,
    SETTINGS,
    AsJson,
    ConfigFile,
    EncodingSetting,
    FormatSetting,
    LabelSetting,
    TextSetting,
)
from lstmcli.errors import DataError, UsageError, counted

PROBLEMS_FOUND = 4


def check_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Rows to look at.", show_default=False)],
    text: TextSetting = None,
    label: LabelSetting = None,
    input_format: FormatSetting = None,
    encoding: EncodingSetting = None,
    config: ConfigFile = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="RUN",
            rich_help_panel=SETTINGS,
            help="Compare the rows with those that this run was trained on; labels are not needed.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", rich_help_panel=OUTPUT, help="Let warnings count as errors in the exit code.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look for mistakes in labelled rows before a training.

    Encoding and delimiter, rows that can't be used, labels that are rare or spelt in two ways, repeated and
    conflicting texts, texts in several files, words that give a label away, cut, damaged or foreign texts. Without a
    config, columns and layout are found as by `lstmcli init`. The exit code is 4 if there is an error.

    Examples:
      lstmcli check reviews.csv
      lstmcli check train.csv --config reviews.yaml --strict
      lstmcli check new.csv --against runs/reviews --json
    """
    if sys.stdout is None:
        raise DataError("standard output is closed; redirect it to a file.")
    if config is not None and against is not None:
        raise UsageError("--config and --against can't be combined: columns are those of one or of the other.")

    from lstmcli.recipes.starting.check import Columns, check

    format_name = None if input_format is None else input_format.value
    found = check(file, Columns(text, label, format_name, encoding), config=config, against=against)
    if as_json:
        from lstmcli.reports.checking.as_json import to_json

        facts = {"file": found.name, "rows": found.num_rows, "labels": found.num_labels}
        layout = {"format": found.settings.format, "encoding": found.settings.encoding}
        write_data(to_json(facts | layout, found.problems))
    else:
        from lstmcli.reports.checking.as_text import report

        labels = "" if found.num_labels is None else f", {counted(found.num_labels, 'label')}"
        summary = f"{found.name}: {counted(found.num_rows, 'row')}{labels}"
        write_tables(report(summary, found.problems, width=output_style(no_color=True).width))
    severities = {problem.severity for problem in found.problems}
    if "error" in severities or (strict and "warning" in severities):
        raise typer.Exit(PROBLEMS_FOUND)
