"""`lstmcli distill`."""

from typing import Annotated

import typer

from lstmcli.cli.options import COMPUTATION, INPUT, Encoding, Format, Quiet, Run, TextColumn


def distill_command(
    run: Run,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            show_default=False,
            help="Texts to learn from, or - for standard input; labels are not needed (default: the training rows).",
        ),
    ] = None,
    input_format: Format = None,
    encoding: Encoding = None,
    text: TextColumn = None,
    rows: Annotated[
        int,
        typer.Option(
            "--rows",
            min=1,
            metavar="N",
            rich_help_panel=INPUT,
            help="Learn from the first N rows at most.",
        ),
    ] = 100_000,
    hidden_size: Annotated[
        int | None,
        typer.Option(
            "--hidden-size",
            min=1,
            max=1024,
            metavar="N",
            rich_help_panel=COMPUTATION,
            help="Units of the small network (default: 16, or 32 for more than 8 labels).",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            min=0,
            max=2**31 - 1,
            metavar="N",
            rich_help_panel=COMPUTATION,
            help="Seed of the initial weights and of the order of texts.",
        ),
    ] = 1,
    quiet: Quiet = False,
) -> None:
    """Distill a model into a small network, which `predict --fast` asks first.

    The small network learns to predict what the model predicts, best on texts like those you will predict. It is stored
    with the model, whose own predictions stay as they are. Another run of the command replaces it.

    Examples:
      lstmcli distill runs/emotion
      lstmcli distill runs/emotion comments.csv
      lstmcli predict runs/emotion comments.csv --fast 0.999 > labelled.csv
    """
    from lstmcli.cli.predict_options import check_inputs
    from lstmcli.recipes.cascade.distill import DistillOptions, distill  # slow to import, see train
    from lstmcli.recipes.predict import InputOptions
    from lstmcli.reports.console import ConsoleReporter
    from lstmcli.reports.information.screen import agreement_of
    from lstmcli.training.setup import keep_freed_memory

    check_inputs(files or [], run)
    inputs = InputOptions(None if input_format is None else input_format.value, encoding, text)
    keep_freed_memory()
    with ConsoleReporter(quiet=quiet) as reporter:
        found = distill(run, files or [], DistillOptions(inputs, rows, hidden_size, seed), tell=reporter)
        reporter.line("result", f"a small network, which {agreement_of(found.imitation)}")
        reporter.line("next", f"lstmcli predict {run} FILE --fast 0.999")
