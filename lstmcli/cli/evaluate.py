"""`lstmcli evaluate`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcli.cli.evaluation import (
    Mistakes,
    PredictionsFile,
    RowTraitColumns,
    Shown,
    Slices,
    WriteUp,
    show_scores,
    wanted_extras,
)
from lstmcli.cli.limits import FailBelow, FailOver, FailUnder, check_limits, wanted_limits
from lstmcli.cli.options import (
    INPUT,
    OUTPUT,
    PREDICTIONS,
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
    from lstmcli.recipes.score import ScoredRows

FOLDS = "Cross-validation"

AsJson = Annotated[bool, typer.Option("--json", rich_help_panel=OUTPUT, help="Print JSON instead of tables.")]
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
    """
    limits = wanted_limits(fail_under, fail_over, fail_below, baselines=baselines)
    extras = wanted_extras(predictions, slices, trait_columns=trait_columns)
    if folds is None:
        run, file = _run_and_file(run, file, trains=config is not None or bool(settings) or resume or overwrite)
        columns = None if input_format is None else input_format.value, encoding, text, label
        scored, has_texts = _evaluate_run(
            run,
            file,
            columns,
            output,
            baselines=baselines,
            no_texts=no_texts,
            threshold=threshold,
            quiet=quiet,
            extras=extras,
        )
        name, place = str(run), run
    else:
        _check_folds(run, file, threshold)
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
        )
        name = name_of_folds(folds, place)
    show_scores(scored, name, place, Shown(as_json=as_json, mistakes=mistakes, write_up=write_up, texts=has_texts))
    check_limits(limits, scored)


def _run_and_file(run: Path | None, file: str | None, *, trains: bool) -> tuple[Path, str]:
    """Return both; `trains` says whether there are options that only a training has."""
    if run is None or file is None:
        raise UsageError("name a RUN and a FILE to score it on, or use --folds N with a FILE or --config to train on.")
    if trains:
        raise UsageError("--config, --set, --resume and --overwrite require --folds; a RUN is scored as it is.")
    return run, file


def _check_folds(run: Path | None, file: str | None, threshold: str | None) -> None:
    if file is not None:
        raise UsageError(f"--folds trains its own models from one FILE, so leave out the RUN ({run}).")
    if threshold is not None:
        raise UsageError("--threshold requires a RUN; with --folds, use --set decision.thresholds=X.")


def name_of_folds(folds: int, run: Path) -> str:
    """Return what a cross-validation is called."""
    return f"{folds} folds in {run}"


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
) -> tuple["ScoredRows", bool]:
    """Return the scored rows, and whether their texts may be shown."""
    from lstmcli.recipes.evaluate import ColumnOverrides, evaluate_file, shows_texts, write_reports
    from lstmcli.recipes.reporting.folder import check_reports
    from lstmcli.reports.console import ConsoleReporter

    if output is None and sys.stdout is None:
        raise DataError("standard output is closed; name a folder for the results with --output.")
    input_format, encoding, text, label = columns
    overrides = ColumnOverrides(format=input_format, encoding=encoding, text=text, label=label)  # type: ignore[arg-type]
    if output is not None:
        check_reports(output)
    scored = evaluate_file(run, file, overrides, baselines=baselines, threshold=threshold, extras=extras)
    reporter = ConsoleReporter(quiet=quiet)
    reporter(scored.examples.report)
    if extras.rows is not None:
        reporter.line("wrote", str(extras.rows.path))
    has_texts = not no_texts and shows_texts(run)
    if output is not None:
        write_reports(output, scored, run, texts=has_texts)
    return scored, has_texts


def evaluate_folds(
    folds: int,
    config: Path | None,
    settings: list[str],
    output: Path | None,
    arguments: Mapping[str, str | None],
    *,
    baselines: bool,
    no_texts: bool,
    resume: bool,
    overwrite: bool,
    quiet: bool,
    extras: "Extras",
    command: str = "evaluate --resume --output",
) -> tuple["ScoredRows", Path, bool]:
    """Cross-validate and return the scored rows, the run directory, and whether texts may be shown.

    Args:
        folds: their number.
        config: see `resolve_run`, as for the other arguments that are not here.
        settings: overrides of the config.
        output: where to write.
        arguments: as for `load_config`.
        baselines: whether the model is compared with them.
        no_texts: whether no text is shown, whatever the config says.
        resume: whether to continue an interrupted cross-validation.
        overwrite: whether to replace an existing run.
        quiet: whether progress is not written.
        extras: what is wanted besides scores.
        command: what resumes it, but for the folder and the number of folds.
    """
    from lstmcli.recipes.run_setup import resolve_run

    if not baselines:
        settings = [*settings, "evaluation.baselines=false"]
    if no_texts:
        settings = [*settings, "evaluation.texts=false"]
    resolved, run = resolve_run(
        config, settings, output, resume=resume, overwrite=overwrite, command="folds", arguments=arguments
    )

    from lstmcli.cli.long_running import long_running
    from lstmcli.recipes.cross_validate import cross_validate  # slow to import, see train

    resume_command = f"lstmcli {command} {run.path} --folds {folds}"
    with long_running(run.directory, resume_command, quiet=quiet) as (reporter, stop):
        scored = cross_validate(resolved, run, num_folds=folds, tell=reporter, stop=stop, extras=extras)
    if extras.rows is not None:
        reporter.line("wrote", str(extras.rows.path))
    reporter.line("wrote", str(run.path))
    return scored, run.path, resolved.evaluation.texts
