"""`lstmcli pretrain`."""

from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.options import (
    OUTPUT,
    ConfigFile,
    EncodingSetting,
    FormatSetting,
    Overwrite,
    Quiet,
    Settings,
    TextSetting,
    column_settings,
)


def pretrain_command(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            show_default=False,
            help="Texts to learn from, or - for standard input (pretraining.texts; default: those of data.train).",
        ),
    ] = None,
    text: TextSetting = None,
    input_format: FormatSetting = None,
    encoding: EncodingSetting = None,
    config: ConfigFile = None,
    settings: Settings = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir",
            "-o",
            metavar="DIR",
            rich_help_panel=OUTPUT,
            help="Where to write (default: runs/ and the name of the config or FILE, followed by -pretrained).",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", rich_help_panel=OUTPUT, help="Continue an interrupted pretraining.")
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Learn to predict the next word of texts without labels, for a training to start from.

    A file with the extension .txt has one text per line; of a table, the column --text is read.

    Examples:
      lstmcli pretrain all-my-texts.txt --run-dir runs/words
      lstmcli train few.csv --set model.pretrained=runs/words
    """
    from lstmcli.recipes.run_setup import resolve_run

    arguments = {"pretraining.texts": files or None, **column_settings(text, None, input_format, encoding)}
    resolved, run = resolve_run(
        config,
        settings or [],
        run_dir,
        resume=resume,
        overwrite=overwrite,
        command="pretrain",
        arguments=arguments,
    )

    from lstmcli.cli.long_running import long_running
    from lstmcli.recipes.pretrain import pretrain  # takes seconds, see train

    with long_running(run.directory, f"lstmcli pretrain --resume --run-dir {run.path}", quiet=quiet) as (
        reporter,
        stop,
    ):
        if run.is_finished:
            reporter.line("done", f"{run.path}: is finished already; nothing to resume")
            return
        pretrain(resolved, run, tell=reporter, stop=stop)
    reporter.line("wrote", f"{run.path}  (next: lstmcli train --set model.pretrained={run.path} ...)")
