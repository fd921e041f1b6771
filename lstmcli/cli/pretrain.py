"""`lstmcli pretrain`."""

from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.options import ConfigFile, Overwrite, Settings


def pretrain_command(
    config: ConfigFile = None,
    settings: Settings = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir", "-o", metavar="DIR", help="Where to write (default: runs/ and the config's name, -pretrained)."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted pretraining.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Learn to predict the next word of texts without labels, for a training to start from.

    Examples:
      lstmcli pretrain --set pretraining.texts=all-my-texts.txt --run-dir runs/words

      lstmcli train --config configs/emotion.yaml --set model.pretrained=runs/words
    """
    from lstmcli.recipes.run_setup import resolve_run
    from lstmcli.store.run import OpenRun

    resolved, run = resolve_run(config, settings or [], run_dir, resume=resume, overwrite=overwrite, command="pretrain")

    from lstmcli.cli.running import long_running
    from lstmcli.recipes.pretrain import pretrain  # takes seconds, see train

    open_run = OpenRun(run, resume, overwrite, is_checked=True)
    with long_running(run, f"lstmcli pretrain --resume --run-dir {run.path}") as (reporter, stop):
        if open_run.is_finished:
            reporter.line("done", f"{run.path}: is finished already; nothing to resume")
            return
        pretrain(resolved, open_run, tell=reporter, stop=stop)
    reporter.line("wrote", f"{run.path}  (next: lstmcli train --set model.pretrained={run.path} ...)")
