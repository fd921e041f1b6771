"""`lstmcli cross-validate`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from lstmcli.cli.evaluate import Baselines
from lstmcli.cli.evaluation import (
    Maps,
    Mistakes,
    PredictionsFile,
    RowTraitColumns,
    Shown,
    Slices,
    SuspectsFile,
    WriteUp,
    show_scores,
    wanted_extras,
)
from lstmcli.cli.folds import evaluate_folds, name_of_folds
from lstmcli.cli.limits import FailBelow, FailOver, FailUnder, check_limits, wanted_limits
from lstmcli.cli.options import (
    OUTPUT,
    AsJson,
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


def cross_validate_command(
    file: TrainingFile = None,
    folds: Annotated[
        int,
        typer.Option("--folds", min=2, max=100, metavar="N", help="Number of folds, from 2 to 100."),
    ] = 10,
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
            help="Run directory (default: runs/NAME-folds, after the config or FILE).",
        ),
    ] = None,
    as_json: AsJson = False,
    baselines: Baselines = True,
    predictions: PredictionsFile = None,
    trait_columns: RowTraitColumns = False,
    mistakes: Mistakes = None,
    slices: Slices = None,
    suspects: SuspectsFile = None,
    maps: Maps = None,
    write_up: WriteUp = False,
    no_texts: NoTexts = False,
    fail_under: FailUnder = None,
    fail_over: FailOver = None,
    fail_below: FailBelow = None,
    resume: Annotated[
        bool, typer.Option("--resume", rich_help_panel=OUTPUT, help="Resume an interrupted cross-validation.")
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Train and score with cross-validation, for corpora too small to spare a test file.

    The training and validation rows are split into folds. For each fold, a model is trained on the other folds, so
    every row is scored by a model that never saw it.

    Examples:
      lstmcli cross-validate essays.csv --label mood
      lstmcli cross-validate --folds 5 --config configs/personality.yaml
      lstmcli cross-validate essays.csv --label mood --predictions rows.csv
      lstmcli cross-validate essays.csv --label mood --suspects suspects.csv
    """
    limits = wanted_limits(fail_under, fail_over, fail_below, baselines=baselines)
    shown = Shown(as_json=as_json, mistakes=mistakes, write_up=write_up, suspects=suspects)
    scored, place, has_texts = evaluate_folds(
        folds,
        config,
        settings or [],
        run_dir,
        {"data.train": file, **column_settings(text, label, input_format, encoding)},
        baselines=baselines,
        no_texts=no_texts,
        resume=resume,
        overwrite=overwrite,
        quiet=quiet,
        extras=wanted_extras(predictions, suspects, trait_columns=trait_columns, slices=slices, maps=maps),
        shown=shown,
        command="cross-validate --resume --run-dir",
    )
    shown = replace(shown, texts=has_texts)
    show_scores(scored, name_of_folds(folds, place), place, shown)
    check_limits(limits, scored)
