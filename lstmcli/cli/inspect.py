"""`lstmcli inspect`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.messages import say, write_data, write_tables
from lstmcli.cli.options import INPUT, OUTPUT, AsJson, Encoding, Format, Quiet, Run, Svg
from lstmcli.cli.style import output_style as output_style
from lstmcli.errors import DataError, UsageError, counted

VIEW = "What to look at"
SEARCH = "Search (with --unit, a FILE, and --text or --line)"


class SignalChoice(StrEnum):
    """The choices of --signal."""

    CELL = "cell"
    STATE = "state"
    INPUT = "input"
    FORGET = "forget"
    CANDIDATE = "candidate"
    OUTPUT = "output"
    FROM_CELL = "from_cell"


class DirectionChoice(StrEnum):
    """The choices of --direction."""

    FORWARD = "forward"
    BACKWARD = "backward"


Column = Annotated[
    str | None,
    typer.Option("--column", metavar="COLUMN", rich_help_panel=INPUT, help="Text column (default: as in training)."),
]
NoColor = Annotated[
    bool, typer.Option("--no-color", rich_help_panel=OUTPUT, help="Print no colours; NO_COLOR=1 does the same.")
]


def inspect_command(
    run: Run,
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", show_default=False, help="Texts, or - for standard input."),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", rich_help_panel=INPUT, help="The text to look at.")
    ] = None,
    line: Annotated[
        int | None,
        typer.Option(
            "--line", min=1, metavar="N", rich_help_panel=INPUT, help="Look at the text at this line of FILE."
        ),
    ] = None,
    column: Column = None,
    input_format: Format = None,
    encoding: Encoding = None,
    unit: Annotated[
        int | None,
        typer.Option(
            "--unit",
            "-u",
            min=1,
            metavar="N",
            rich_help_panel=VIEW,
            help="One unit, counted from 1, instead of the means over all units.",
        ),
    ] = None,
    layer: Annotated[
        int | None,
        typer.Option("--layer", min=1, metavar="N", rich_help_panel=VIEW, help="A layer (default: the top one)."),
    ] = None,
    member: Annotated[
        int, typer.Option("--member", min=1, metavar="N", rich_help_panel=VIEW, help="A network of an ensemble.")
    ] = 1,
    signal: Annotated[
        SignalChoice | None,
        typer.Option(
            "--signal",
            metavar="NAME",
            rich_help_panel=SEARCH,
            help="What of the unit is compared (default: cell, or state with the cell rnn).",
        ),
    ] = None,
    direction: Annotated[
        DirectionChoice | None,
        typer.Option(
            "--direction", metavar="NAME", rich_help_panel=SEARCH, help="The direction to compare (default: forward)."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="X",
            rich_help_panel=SEARCH,
            help="Look for the longest stretch of the text above X, or below a negative X (default: half of the value "
            "that is furthest from 0).",
        ),
    ] = None,
    matches: Annotated[
        int | None,
        typer.Option(
            "--matches",
            min=1,
            max=1000,
            metavar="N",
            rich_help_panel=SEARCH,
            help="The number of matches (default: 10).",
        ),
    ] = None,
    svg: Svg = None,
    as_json: AsJson = False,
    no_color: NoColor = False,
    quiet: Quiet = False,
) -> None:
    """Show what the gates of a network do, word by word.

    For a text: what gets in, what is kept, what each word leaves in the memory and for how long, and the weights of
    attention. For a FILE with several texts: gates that are stuck, units that never move, and the words that open and
    close each gate. With a text, a --unit and a FILE: where the unit does the same.

    Examples:
      lstmcli inspect runs/emotion --text "i am not happy"
      lstmcli inspect runs/emotion data/emotion/test.csv
      lstmcli inspect runs/emotion test.csv --text "i am so happy" --unit 7
      lstmcli inspect runs/emotion --text "i am not happy" --svg gates.svg
    """
    check_output(svg, file, as_json=as_json)

    from lstmcli.inspection.results import View
    from lstmcli.recipes.inspection.inspect import SearchOptions, inspect_run
    from lstmcli.recipes.inspection.rows import RowOptions
    from lstmcli.reports.inspection.as_json import content, to_json
    from lstmcli.reports.inspection.as_svg import chart
    from lstmcli.reports.inspection.text_report import report

    given = (signal, direction, threshold, matches)
    search = None
    if any(each is not None for each in given):
        search = SearchOptions(
            None if signal is None else signal.value,
            "forward" if direction is None else direction.value,
            threshold,
            10 if matches is None else matches,
        )
    found = inspect_run(
        run,
        file,
        text,
        view=View(member, layer, unit),
        line=line,
        rows=RowOptions(None if input_format is None else input_format.value, encoding, column),
        search=search,
    )
    if not quiet:
        say_skipped(found.name, found.num_skipped)
    if svg is not None:
        write_chart(chart(found), svg)
    if as_json:
        write_data(to_json(content(found)))
    elif svg != "-":
        write_tables(report(found, output_style(no_color=no_color)))


def say_skipped(name: str, num_rows: int) -> None:
    """Say how many rows of a file had no text, if there were any."""
    if num_rows:
        say(f"note: {name}: {counted(num_rows, 'row')} without a text {'was' if num_rows == 1 else 'were'} skipped")


def check_output(svg: str | None, file: str | None, *, as_json: bool) -> None:
    """Raise an error if there is nowhere to write to."""
    if sys.stdout is None:
        raise DataError("standard output is closed; redirect it to a file.")
    if svg == "-" and as_json:
        raise UsageError("--svg - and --json both write to standard output; name a file for the chart.")
    if svg is not None and file not in {None, "-"} and Path(svg).exists() and Path(svg).samefile(str(file)):
        raise UsageError(f"--svg {svg}: this is the FILE to read; choose another name.")


def write_chart(chart: str, path: str) -> None:
    """Write a chart to a file, or to standard output ("-")."""
    from lstmcli.data.atomic import atomic_path

    if path == "-":
        write_data(chart)
        return
    with atomic_path(Path(path)) as temporary:
        temporary.write_text(chart, encoding="utf-8", newline="\n")
    say(f"wrote    {path}")
