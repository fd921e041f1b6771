"""`lstmcli evaluate`."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcli.cli.evaluation import (
    ROWS,
    Maps,
    Mistakes,
    PredictionsFile,
    RowTraitColumns,
    Shown,
    Slices,
    SuspectsFile,
    Variants,
    WriteUp,
    show_scores,
    wanted_extras,
)
from lstmcli.cli.folds import evaluate_folds, name_files, name_of_folds, refuse_with_folds
from lstmcli.cli.limits import FailBelow, FailOver, FailUnder, check_limits, wanted_limits
from lstmcli.cli.options import (
    INPUT,
    OUTPUT,
    PREDICTIONS,
    AsJson,
    ConfigFile,
    Encoding,
    Format,
    NoTexts,
    Overwrite,
    Quiet,
    Settings,
    TextColumn,
    column_settings,
)
from lstmcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from lstmcli.recipes.evaluation.wanted import Extras
    from lstmcli.recipes.tasks.reporting import AnyScored

FOLDS = "Cross-validation"

Baselines = Annotated[
    bool,
    typer.Option(
        "--baselines/--no-baselines",
        rich_help_panel=OUTPUT,
        help="Compare with the majority class, TF-IDF and the n-grams alone.",
    ),
]


def evaluate_command(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="RUN", help="Run directory or its model/ folder; not with --folds.", show_default=False),
    ] = None,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Labelled rows, or - for standard input.", show_default=False)
    ] = None,
    input_format: Format = None,
    encoding: Encoding = None,
    text: TextColumn = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label", metavar="COLUMN", rich_help_panel=INPUT, help="Label column (default: as in training)."
        ),
    ] = None,
    threshold: Annotated[
        str | None,
        typer.Option(
            "--threshold",
            metavar="X",
            rich_help_panel=PREDICTIONS,
            help="Thresholds to try instead of the model's own, with several labels per text or yes/no columns: a "
            "number (0 to 1, or a percentage), half, or f1, jaccard, precision=P or recall=R, tuned on the validation "
            "rows of the RUN.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            rich_help_panel=OUTPUT,
            help="Also write metrics.json, report.md and report.html here.",
        ),
    ] = None,
    as_json: AsJson = False,
    baselines: Baselines = True,
    predictions: PredictionsFile = None,
    trait_columns: RowTraitColumns = False,
    mistakes: Mistakes = None,
    slices: Slices = None,
    suspects: SuspectsFile = None,
    variants: Variants = False,
    maps: Maps = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            rich_help_panel=ROWS,
            help="Also score one answer for each person (or other different cell of a column) from all rows of theirs, "
            "and say what more rows bring; intervals resample people.",
        ),
    ] = None,
    write_up: WriteUp = False,
    no_texts: NoTexts = False,
    fail_under: FailUnder = None,
    fail_over: FailOver = None,
    fail_below: FailBelow = None,
    quiet: Quiet = False,
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds",
            min=2,
            max=100,
            metavar="N",
            rich_help_panel=FOLDS,
            help="Train and score N models, like lstmcli cross-validate; takes a FILE but no RUN.",
        ),
    ] = None,
    config: ConfigFile = None,
    settings: Settings = None,
    resume: Annotated[
        bool, typer.Option("--resume", rich_help_panel=FOLDS, help="Resume an interrupted cross-validation.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Score a model on labelled rows, with confidence intervals and baselines.

    --config, --set, --resume and --overwrite require --folds.

    Examples:
      lstmcli evaluate runs/emotion data/emotion/test.csv
      lstmcli evaluate runs/emotion test.csv --json | jq '.evaluations[].scores'
      lstmcli evaluate runs/emotion survey.csv --text answer --label mood
      lstmcli evaluate runs/comments test.csv --threshold jaccard
      lstmcli evaluate runs/emotion test.csv --predictions rows.csv --mistakes 10
      lstmcli evaluate runs/emotion test.csv --slice source --fail-below tfidf
      lstmcli evaluate runs/emotion test.csv --variants --suspects suspects.csv
      lstmcli evaluate runs/comments test.csv --map goemotions-ekman
    """
    shown = Shown(as_json=as_json, mistakes=mistakes, write_up=write_up, suspects=suspects)
    limits = wanted_limits(fail_under, fail_over, fail_below, baselines=baselines)
    extras = wanted_extras(
        predictions, suspects, trait_columns=trait_columns, slices=slices, maps=maps, by=by, variants=variants
    )
    if folds is None:
        run, file = _run_and_file(run, file, trains=config is not None or bool(settings) or resume or overwrite)
        columns = None if input_format is None else input_format.value, encoding, text, label
        shown_as = {"baselines": baselines, "no_texts": no_texts, "quiet": quiet}
        scored, has_texts = _evaluate_run(run, file, columns, output, threshold=threshold, extras=extras, **shown_as)
        name, place = str(run), run
    else:
        refuse_with_folds(run, file, by, threshold, variants=variants)
        arguments = {
            "data.train": None if run is None else str(run),
            **column_settings(text, label, input_format, encoding),
        }
        scored, place, has_texts = evaluate_folds(
            folds,
            config,
            settings or [],
            output,
            arguments,
            baselines=baselines,
            no_texts=no_texts,
            resume=resume,
            overwrite=overwrite,
            quiet=quiet,
            extras=extras,
            shown=shown,
        )
        name = name_of_folds(folds, place)
    show_scores(scored, name, place, replace(shown, texts=has_texts))
    check_limits(limits, scored)


def _run_and_file(run: Path | None, file: str | None, *, trains: bool) -> tuple[Path, str]:
    """Return both; `trains` says whether there are options that only a training has."""
    if run is None or file is None:
        raise UsageError("name a RUN and a FILE to score it on, or use --folds N with a FILE or --config to train on.")
    if trains:
        raise UsageError("--config, --set, --resume and --overwrite require --folds; a RUN is scored as it is.")
    return run, file


def _evaluate_run(
    run: Path,
    file: str,
    columns: tuple[str | None, str | None, str | None, str | None],
    output: Path | None,
    *,
    baselines: bool,
    no_texts: bool,
    threshold: str | None,
    quiet: bool,
    extras: "Extras",
) -> tuple["AnyScored", bool]:
    """Return the scored rows, and whether their texts may be shown."""
    from lstmcli.recipes.evaluate import ColumnOverrides, evaluate_file, shows_texts, write_reports
    from lstmcli.recipes.reporting.content import without_texts
    from lstmcli.recipes.reporting.folder import check_reports
    from lstmcli.recipes.score import ScoredRows
    from lstmcli.reports.console import ConsoleReporter

    if output is None and sys.stdout is None:
        raise DataError("standard output is closed; name a folder for the results with --output.")
    input_format, encoding, text, label = columns
    overrides = ColumnOverrides(format=input_format, encoding=encoding, text=text, label=label, group=extras.by)  # type: ignore[arg-type]
    if output is not None:
        check_reports(output)
    scored = evaluate_file(run, file, overrides, baselines=baselines, threshold=threshold, extras=extras)
    reporter = ConsoleReporter(quiet=quiet)
    reporter(scored.examples.report)
    name_files(extras, reporter)
    has_texts = not no_texts and shows_texts(run)
    if not has_texts and isinstance(scored, ScoredRows):
        scored = without_texts(scored)
    if output is not None:
        write_reports(output, scored, run, texts=has_texts)
    return scored, has_texts
