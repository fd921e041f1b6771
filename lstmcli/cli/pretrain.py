"""`lstmcli pretrain`."""

from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.engine import EngineChoice, RayAddressOption
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
from lstmcli.cli.training_engine import TrainingEngine, TrainingEngineOption, WorkersOption


def pretrain_command(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            show_default=False,
            help="Texts to learn from, or - for standard input (pretraining.texts; default: the texts of data.train).",
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
            help="Run directory (default: runs/NAME-pretrained, after the config or FILE).",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", rich_help_panel=OUTPUT, help="Resume an interrupted pretraining.")
    ] = False,
    overwrite: Overwrite = False,
    engine: TrainingEngineOption = EngineChoice.LOCAL,
    ray_address: RayAddressOption = None,
    workers: WorkersOption = None,
    quiet: Quiet = False,
) -> None:
    """Pretrain a network on unlabelled texts by next-word prediction, or by distillation from a sentence encoder.

    A .txt file has one text per line; in a table, the texts are in the column --text. For distillation, set
    pretraining.teacher.

    Examples:
      lstmcli pretrain all-my-texts.txt --run-dir runs/words
      lstmcli train few.csv --set model.pretrained=runs/words
      lstmcli pretrain all-my-texts.txt --set pretraining.teacher=models/MiniLM
    """
    from lstmcli.cli.several import Job, place_in
    from lstmcli.recipes.run_setup import resolve_run

    place, where = place_in(), TrainingEngine(engine, ray_address, workers)
    where.check(place)
    if not place.is_first:
        from lstmcli.cli.following import follow  # slow to import, see below

        follow(place)
        return

    arguments = {"pretraining.texts": files or None, **column_settings(text, None, input_format, encoding)}
    resolved, run = resolve_run(
        config,
        settings or [],
        run_dir,
        resume=resume,
        overwrite=overwrite,
        command="pretrain",
        arguments=arguments,
        is_restarted=place.is_restarted,
    )

    from lstmcli.cli.long_running import long_running  # slow to import, see train

    resume_with = where.resume_command(f"lstmcli pretrain --resume --run-dir {run.path}", place)
    job = Job("pretrain", None if run.is_finished else resolved)
    with long_running(run.directory, resume_with, quiet=quiet) as (reporter, stop):
        where.do(job, run, place, tell=reporter, stop=stop)
    if job.config is None:
        run.tidy()
        reporter.line("done", f"{run.path}: already finished; nothing to resume")
        return
    reporter.line("wrote", f"{run.path}  (next: lstmcli train --set model.pretrained={run.path} ...)")
