"""`lstmcli join`."""

from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.messages import say
from lstmcli.cli.options import OUTPUT, OutputFile, Quiet


def join_command(
    shards: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Outputs of all shards of a prediction, in any order, or the folder that --engine ray has written.",
            show_default=False,
        ),
    ],
    output: OutputFile = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", rich_help_panel=OUTPUT, help="Resume an interrupted command, appending to its partial --output."
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Join the outputs of `lstmcli predict --shard`.

    The rows come in the order of the input, with one header: the result is, byte for byte, what one command without
    --shard would have written. Each output needs the file FILE.shard.json beside it. Missing, repeated, damaged and
    foreign shards are refused before anything is written.

    Examples:
      lstmcli join part-*.csv --output labelled.csv
      lstmcli join part-*.jsonl.gz --output labelled.jsonl.gz
      lstmcli join labelled/ --output labelled.csv
    """
    from lstmcli.data.output import check_output
    from lstmcli.data.reading import STANDARD_INPUT
    from lstmcli.recipes.shards.join import join_shards

    check_output(output, [str(path) for path in shards], STANDARD_INPUT)
    join_shards(shards, output, resume=resume, tell=(lambda _: None) if quiet else say)
