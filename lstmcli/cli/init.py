"""`lstmcli init`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.messages import say, write_data
from lstmcli.cli.options import INPUT, OUTPUT, FormatChoice, Quiet
from lstmcli.errors import DataError

NAME_WIDTH = 9


def init_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Labelled rows to learn from.", show_default=False)],
    text: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="COLUMN", rich_help_panel=INPUT, help="Text column (default: found by its cells)."
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="A,B",
            rich_help_panel=INPUT,
            help="Label column, or several yes/no columns (default: found by their cells).",
        ),
    ] = None,
    input_format: Annotated[
        FormatChoice | None,
        typer.Option(
            "--format", "-f", metavar="FORMAT", rich_help_panel=INPUT, help="Input format (default: found by the rows)."
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding", metavar="NAME", rich_help_panel=INPUT, help="Input encoding (default: found by the bytes)."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="CONFIG",
            rich_help_panel=OUTPUT,
            help="Config to write, or - for standard output (default: NAME.yaml in this folder, after FILE).",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", rich_help_panel=OUTPUT, help="Replace an existing config.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Look at a file and write a config that trains on it.

    Delimiter, encoding, text column, label columns and author are found by what the file holds, and the config says
    why. Nothing is asked; where a choice would be a guess, the candidates are listed instead.

    Examples:
      lstmcli init reviews.csv && lstmcli train --config reviews.yaml
      lstmcli init survey.csv --text answer --label mood --output survey.yaml
    """
    from lstmcli.config.lists import split_list
    from lstmcli.recipes.starting.propose import config_name, start

    to_stdout = str(output) == "-"
    if to_stdout and sys.stdout is None:
        raise DataError("standard output is closed; redirect it to a file.")
    path = output or config_name(file)
    if not to_stdout and path.exists() and not overwrite:
        raise DataError(f"{path}: exists; replace it with --overwrite, or choose another --output.")
    started = start(
        file,
        text=text,
        labels=[] if label is None else split_list(label),
        format_name=None if input_format is None else input_format.value,
        encoding=encoding,
    )
    if not quiet:
        say(*(f"{name.ljust(NAME_WIDTH)}{sentence}" for name, sentence in started.lines()))
    if to_stdout:
        write_data(started.to_yaml())
        return
    from lstmcli.data.atomic import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text(started.to_yaml(), encoding="utf-8", newline="\n")
    if not quiet:
        say(f"{'wrote'.ljust(NAME_WIDTH)}{path}  (next: lstmcli train --config {shlex.quote(str(path))})")
