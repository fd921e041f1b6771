"""`lstmcli train`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.engine import EngineChoice, RayAddressOption
from lstmcli.cli.messages import write_tables
from lstmcli.cli.options import (
    OUTPUT,
    SETTINGS,
    ConfigFile,
    EncodingSetting,
    FormatSetting,
    LabelSetting,
    NoTexts,
    Overwrite,
    Quiet,
    Settings,
    TextSetting,
    TrainingFile,
    column_settings,
)
from lstmcli.cli.process import is_terminal
from lstmcli.cli.training_engine import TrainingEngine, TrainingEngineOption, WorkersOption


def train_command(
    file: TrainingFile = None,
    text: TextSetting = None,
    label: LabelSetting = None,
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
            help="Run directory (default: runs/NAME, after the config or FILE).",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="RUN",
            rich_help_panel=SETTINGS,
            help="Go on from this trained model, with its settings unless --config is given; FILE may add rows, words "
            "and labels.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            rich_help_panel=OUTPUT,
            help="Resume an interrupted training; the result is the same, bit for bit.",
        ),
    ] = False,
    overwrite: Overwrite = False,
    no_texts: NoTexts = False,
    engine: TrainingEngineOption = EngineChoice.LOCAL,
    ray_address: RayAddressOption = None,
    workers: WorkersOption = None,
    quiet: Quiet = False,
) -> None:
    """Train a classifier from labelled rows and write a run directory.

    Examples:
      lstmcli train --config configs/emotion.yaml
      lstmcli train reviews.csv --label stars --run-dir runs/reviews
      lstmcli train --resume --run-dir runs/reviews
      lstmcli train --from runs/reviews more-reviews.csv
    """
    from lstmcli.cli.several import Job, place_in
    from lstmcli.recipes.run_setup import resolve_run

    place, where = place_in(), TrainingEngine(engine, ray_address, workers)
    where.check(place)
    if not place.is_first:
        from lstmcli.cli.following import follow  # slow to import, see below

        follow(place)
        return

    arguments = {"data.train": file, **column_settings(text, label, input_format, encoding)}
    settings = [*(settings or []), *(["evaluation.texts=false"] if no_texts else [])]
    resolved, run = resolve_run(
        config,
        settings,
        run_dir,
        resume=resume,
        overwrite=overwrite,
        arguments=arguments,
        start=start,
        is_restarted=place.is_restarted,
    )

    # torch, pandas and scikit-learn take seconds to import; mistakes found above are reported without that wait.
    from lstmcli.cli.long_running import long_running
    from lstmcli.recipes.tasks.reporting import console_text

    resume_with = where.resume_command(f"lstmcli train --resume --run-dir {run.path}", place)
    job = Job("train", None if run.is_finished else resolved)
    with long_running(run.directory, resume_with, quiet=quiet) as (reporter, stop):
        evaluation = where.do(job, run, place, tell=reporter, stop=stop)
    if evaluation is None:
        run.tidy()
        reporter.line("done", f"{run.path}: already finished; nothing to resume")
        return
    write_tables(console_text(evaluation, is_terminal=is_terminal(sys.stdout)))
    reporter.line("wrote", f"{run.path}  (next: lstmcli predict {run.path} FILE)")
