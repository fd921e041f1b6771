"""`lstmcli gradients`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcli.cli.inspect import Column, check_output, output_style, say_skipped, write_chart
from lstmcli.cli.messages import say, write_data, write_tables
from lstmcli.cli.options import INPUT, AsJson, Encoding, Format, Quiet, Svg
from lstmcli.errors import UsageError

if TYPE_CHECKING:
    from lstmcli.inspection.gradients import FileGradients
    from lstmcli.training.recall import Learning

NETWORKS = "Networks"
MEMORY_TASK = "Memory task (instead of RUN and FILE)"

MAX_DISTANCE = 1000
MAX_DISTANCES = 10


def gradients_command(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="RUN", help="Run directory or its model/ folder.", show_default=False),
    ] = None,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", show_default=False, help="Texts, with labels if there are some; - for standard input."
        ),
    ] = None,
    column: Column = None,
    input_format: Format = None,
    encoding: Encoding = None,
    texts: Annotated[
        int,
        typer.Option(
            "--texts", min=1, max=100_000, metavar="N", rich_help_panel=INPUT, help="Use the first N texts of FILE."
        ),
    ] = 500,
    member: Annotated[
        int, typer.Option("--member", min=1, metavar="N", rich_help_panel=NETWORKS, help="A network of an ensemble.")
    ] = 1,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=2**32 - 1, metavar="N", rich_help_panel=NETWORKS, help="Draws the new networks."
        ),
    ] = 1,
    recall: Annotated[
        str | None,
        typer.Option(
            "--recall",
            metavar="N,...",
            rich_help_panel=MEMORY_TASK,
            help="Train each cell to name a symbol after this many others, such as 10,50,100.",
        ),
    ] = None,
    explode: Annotated[
        bool,
        typer.Option(
            "--explode",
            rich_help_panel=MEMORY_TASK,
            help="With --recall: also train a plain network whose gradient explodes, with clipping and without.",
        ),
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", min=1, max=100, metavar="N", rich_help_panel=MEMORY_TASK, help="Train with N seeds (default: 1)."
        ),
    ] = None,
    forget_bias: Annotated[
        float | None,
        typer.Option(
            "--forget-bias",
            min=-100.0,
            max=100.0,
            metavar="X",
            rich_help_panel=MEMORY_TASK,
            help="The bias of the forget gate at the start (default: log N; a training starts at 1).",
        ),
    ] = None,
    svg: Svg = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show how gradients vanish or explode on their way back through a text.

    For each word of the texts in FILE: the norm of the gradient of the loss with respect to the state and the memory,
    by the distance from the end, in the trained network and in new ones with each cell. With --recall: which cells
    learn to remember a symbol, over which distance, and why others do not.

    Examples:
      lstmcli gradients runs/emotion data/emotion/test.csv
      lstmcli gradients runs/emotion data/emotion/test.csv --svg gradients.svg
      lstmcli gradients --recall 10,50,100
      lstmcli gradients --recall 50 --explode
    """
    check_output(svg, file, as_json=as_json)
    if recall is not None:
        _check_alone(run)
        numbers = range(seed, seed + (seeds or 1))
        _recall(_distances(recall), numbers, forget_bias, svg, explode=explode, as_json=as_json, quiet=quiet)
        return
    if explode or seeds is not None or forget_bias is not None:
        raise UsageError("--explode, --seeds and --forget-bias require --recall.")
    if run is None or file is None:
        raise UsageError("name a RUN and a FILE, or use --recall.")

    from lstmcli.recipes.gradients.texts import gradients_of_run
    from lstmcli.recipes.inspection.rows import RowOptions

    options = RowOptions(None if input_format is None else input_format.value, encoding, column)
    found, num_skipped = gradients_of_run(run, file, options, member=member, seed=seed, most=texts)
    if not quiet:
        say_skipped(found.name, num_skipped)
    _show(found, svg, as_json=as_json)


def _show(found: "FileGradients", svg: str | None, *, as_json: bool) -> None:
    from lstmcli.reports.gradients.as_json import texts_content
    from lstmcli.reports.gradients.as_svg import texts_chart
    from lstmcli.reports.gradients.table import report
    from lstmcli.reports.inspection.as_json import to_json

    if svg is not None:
        write_chart(texts_chart(found), svg)
    if as_json:
        write_data(to_json(texts_content(found)))
    elif svg != "-":
        write_tables(report(found, output_style(no_color=True)))


def _check_alone(run: Path | None) -> None:
    if run is not None:
        raise UsageError("--recall trains small networks of its own, so leave out the RUN and the FILE.")


def _distances(wanted: str) -> list[int]:
    """Return the distances that are separated by commas."""
    try:
        found = [int(part) for part in wanted.split(",")]
    except ValueError:
        found = []
    if not 1 <= len(found) <= MAX_DISTANCES or not all(1 <= each <= MAX_DISTANCE for each in found):
        raise UsageError(
            f"--recall {wanted}: expected up to {MAX_DISTANCES} numbers from 1 to {MAX_DISTANCE:,}, such as 10,50,100."
        )
    return sorted(set(found))


def _recall(
    distances: list[int],
    seeds: range,
    forget_bias: float | None,
    svg: str | None,
    *,
    explode: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from lstmcli.recipes.gradients import recall as recipe
    from lstmcli.reports.gradients.recall import explode_report, recall_chart, recall_content, recall_report
    from lstmcli.reports.inspection.as_json import to_json

    found, exploding = [], []
    for learning in recipe.recall(distances, seeds, forget_bias=forget_bias):
        found.append(learning)
        if not quiet:
            _say_learned(learning)
    if explode:
        exploding = list(recipe.explode(min(distances), seeds[0]))
    if svg is not None:
        write_chart(recall_chart(found), svg)
    if as_json:
        write_data(to_json(recall_content(found, exploding)))
    elif svg != "-":
        style = output_style(no_color=True)
        write_tables(recall_report(found, style) + (explode_report(exploding, style) if exploding else ""))


def _say_learned(learning: "Learning") -> None:
    settings, after = learning.settings, learning.learned_after
    result = f"not learned in {len(learning.accuracies)} updates" if after is None else f"learned in {after} updates"
    say(f"{settings.cell:<9}N = {settings.distance}, seed {settings.seed}: {result}")
