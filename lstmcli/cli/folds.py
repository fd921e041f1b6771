"""Cross-validation from the command line, for `evaluate --folds` and `cross-validate`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lstmcli.cli.evaluation import Shown, refuse_for_scores
from lstmcli.errors import UsageError

if TYPE_CHECKING:
    from lstmcli.recipes.evaluation.wanted import Extras
    from lstmcli.recipes.tasks.reporting import AnyScored
    from lstmcli.reports.console import ConsoleReporter


def refuse_with_folds(
    run: Path | None, file: str | None, by: str | None, threshold: str | None, *, variants: bool
) -> None:
    """Raise a UsageError for what needs a model that is already there."""
    if file is not None:
        raise UsageError(f"--folds trains its own models from one FILE, so leave out the RUN ({run}).")
    if by is not None:
        raise UsageError("--by requires a RUN, whose FILE has the column.")
    if variants:
        raise UsageError("--variants requires a RUN; train one on all rows, and name other rows for it.")
    if threshold is not None:
        raise UsageError("--threshold requires a RUN; with --folds, use --set decision.thresholds=X.")


def name_of_folds(folds: int, run: Path) -> str:
    """Return what a cross-validation is called."""
    return f"{folds} folds in {run}"


def name_files(extras: "Extras", reporter: "ConsoleReporter") -> None:
    """Say which files of rows were written."""
    for path in (None if extras.rows is None else extras.rows.path, extras.suspects):
        if path is not None:
            reporter.line("wrote", str(path))


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
    shown: Shown,
    command: str = "evaluate --resume --output",
) -> tuple["AnyScored", Path, bool]:
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
        shown: what will be printed.
        command: what resumes it, but for the folder and the number of folds.
    """
    from lstmcli.cli.several import refuse_several
    from lstmcli.recipes.run_setup import resolve_run

    refuse_several("a cross-validation")
    if not baselines:
        settings = [*settings, "evaluation.baselines=false"]
    if no_texts:
        settings = [*settings, "evaluation.texts=false"]
    resolved, run = resolve_run(
        config, settings, output, resume=resume, overwrite=overwrite, command="folds", arguments=arguments
    )
    if resolved.data.scores:  # rather than after hours of training
        refuse_for_scores(shown)

    from lstmcli.cli.long_running import long_running
    from lstmcli.recipes.cross_validate import cross_validate  # slow to import, see train

    resume_command = f"lstmcli {command} {run.path} --folds {folds}"
    with long_running(run.directory, resume_command, quiet=quiet) as (reporter, stop):
        scored = cross_validate(resolved, run, num_folds=folds, tell=reporter, stop=stop, extras=extras)
    name_files(extras, reporter)
    reporter.line("wrote", str(run.path))
    return scored, run.path, resolved.evaluation.texts
