"""`lstmcli page`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.messages import say, write_data
from lstmcli.cli.options import OUTPUT, Quiet, Run
from lstmcli.errors import DataError


def page_command(
    run: Run,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            rich_help_panel=OUTPUT,
            show_default=False,
            help="The HTML file to write; - for standard output.",
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Write one HTML file that runs the model in a browser.

    The page shows probabilities, coloured words, and what the gates of the network do, while one types. It needs no
    server and no connection, and texts stay on the reader's device. Anyone who has the file has the model, with the
    words and labels that it learned.

    Examples:
      lstmcli page runs/emotion --output demo.html
      lstmcli page runs/emotion --output - > demo.html
    """
    if output == "-" and sys.stdout is None:
        raise DataError("standard output is closed; redirect it to a file.")

    from lstmcli.data.atomic import atomic_path
    from lstmcli.recipes.page.page import make_page

    if output == "-":
        write_data(make_page(run))
        return
    with atomic_path(Path(output)) as temporary:
        page = make_page(run)
        temporary.write_text(page, encoding="utf-8", newline="\n")
    if not quiet:
        say(f"wrote    {output} ({len(page.encode()) / 1e6:.1f} MB)")
