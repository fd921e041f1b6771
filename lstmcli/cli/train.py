"""`lstmcli train`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.options import ConfigFile, Overwrite, Settings


def train_command(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", show_default=False, help="Rows to learn from: data.train.")
    ] = None,
    config: ConfigFile = None,
    settings: Settings = None,
    run_dir: Annotated[
        Path | None,
        typer.Option("--run-dir", "-o", metavar="DIR", help="Where to write (default: runs/ and the config's name)."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted training, bit for bit.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Train a classifier from labelled rows and write a run directory.

    Examples:
      lstmcli train --config configs/emotion.yaml

      lstmcli train reviews.csv --set data.label=stars --run-dir runs/reviews

      lstmcli train --resume --run-dir runs/reviews
    """
    from lstmcli.recipes.run_setup import resolve_run
    from lstmcli.store.run import OpenRun

    resolved, run = resolve_run(config, settings or [], run_dir, resume=resume, overwrite=overwrite, train_file=file)

    # torch, pandas and scikit-learn take seconds to import: a mistake that was found by now need not wait for them.
    from lstmcli.cli.running import long_running
    from lstmcli.recipes.train import train
    from lstmcli.reports.files import to_console_text

    open_run = OpenRun(run, resume, overwrite, is_checked=True)
    with long_running(run, f"lstmcli train --resume --run-dir {run.path}") as (reporter, stop):
        if open_run.is_finished:
            reporter.line("done", f"{run.path}: is finished already; nothing to resume")
            return
        evaluations = train(resolved, open_run, tell=reporter, stop=stop)
    typer.echo(to_console_text(evaluations[-1], is_terminal=sys.stdout.isatty()), nl=False)
    reporter.line("wrote", f"{run.path}  (next: lstmcli predict {run.path} FILE)")
