"""Resolves and checks the config and the run directory of a command, without importing anything slow."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from lstmcli.config.loading import load_config
from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import Config, OutputSettings
from lstmcli.corpus.columns import CellSelector
from lstmcli.corpus.feature_cells import BadFeatureError
from lstmcli.corpus.label_map import with_map
from lstmcli.data.reading import STANDARD_INPUT, check_exist, open_records
from lstmcli.errors import LstmcliError, RunDirectoryError, UsageError
from lstmcli.lexicons.reading import read_lexicon
from lstmcli.recipes.continuing.settings import WORDS_OF_MODEL, check_start, config_of_run, name_of_run
from lstmcli.store.model import find_model
from lstmcli.store.run import OpenRun, check_same_config
from lstmcli.store.run_directory import RunDirectory
from lstmcli.training.teacher import check_teacher

RUNS_FOLDER = Path("runs")

Command = Literal["train", "pretrain", "folds"]
# Rows of JSON Lines in which the columns are looked for before anything heavy is loaded.
MAX_ROWS_CHECKED = 1000

ENDINGS: dict[Command, str] = {"train": "", "pretrain": "-pretrained", "folds": "-folds"}


def resolve_run(
    config: Path | None,
    overrides: list[str],
    run_dir: Path | None,
    *,
    resume: bool,
    overwrite: bool,
    command: Command = "train",
    arguments: Mapping[str, Any] | None = None,
    start: Path | None = None,
    is_restarted: bool = False,
) -> tuple[Config, OpenRun]:
    """Return the checked config and the run, in `run_dir`, else `output.run_dir`, else a folder of runs/.

    `arguments` are as for `load_config`. Commands other than train append a suffix to the folder's name, so that one
    config serves all commands. To resume without a config, the one in the run directory is used; to go on from the run
    `start` without one, that of this run. A command that `is_restarted` after its processes died resumes what they
    left, see `resumed`.

    Raises:
        ConfigError: see `load_config`.
        UsageError: `resume` without a run to resume, or together with `overwrite`.
        LstmcliError: see `open_run`.
    """
    if resume and overwrite:
        raise UsageError("--resume and --overwrite can't be combined: one continues a run, the other replaces it.")
    if start is not None:
        find_model(start)
        arguments = {**(arguments or {}), "model.pretrained": str(start)}
        overrides = [WORDS_OF_MODEL, *overrides]
    if resume and config is None and run_dir is None and not overrides and not any((arguments or {}).values()):
        raise UsageError("--resume: name the run with --run-dir DIR (or pass the config that started it).")
    if resume and config is None and run_dir is not None:
        resolved = _stored_config(run_dir, overrides, command, arguments)
        # Without overrides, this is the run's own config, so there is nothing to compare.
        is_checked = not overrides and not any((arguments or {}).values())
    elif start is not None and config is None:
        resolved, is_checked = config_of_run(start, overrides, arguments or {}), False
    else:
        resolved = load_config(config, overrides, needs_labels=command != "pretrain", arguments=arguments)
        is_checked = False
    path = run_dir or default_run_dir(resolved, config, command=command, start=start)
    run = OpenRun(RunDirectory(path), resume, overwrite, is_checked)
    if is_restarted:
        run = resumed(run, resolved)
    return open_run(resolved, run, command=command), run


def resumed(run: OpenRun, config: Config) -> OpenRun:
    """Return the run as the same command opens it again after its processes died.

    It is resumed if they have started it. With --overwrite, a run that is finished or has another config may be one
    that was to be replaced, so it is.
    """
    if run.resume or not run.directory.is_run:
        return run
    if run.overwrite:
        if run.directory.is_finished:
            return run
        try:
            check_same_config(config, run.directory, needs_labels=False, needs_rows=False)
        except LstmcliError:
            return run
    return OpenRun(run.directory, resume=True)


def _stored_config(
    run_dir: Path, overrides: list[str], command: Command, arguments: Mapping[str, Any] | None
) -> Config:
    """Return the config of a run to resume."""
    if not RunDirectory(run_dir).is_run:
        raise RunDirectoryError(f"{run_dir}: there is no run to resume; omit --resume.")
    stored = RunDirectory(run_dir).read_config(overrides, needs_labels=False, needs_rows=False, arguments=arguments)
    if command != "pretrain" and stored.data.train is None:
        if stored.pretraining.texts:
            raise RunDirectoryError(f"{run_dir}: is a pretraining; `lstmcli pretrain --resume` continues it.")
        raise RunDirectoryError(f"{run_dir}: was started from Python with texts in memory; resume it from Python.")
    return stored


def open_run(config: Config, run: OpenRun, *, command: Command = "train", has_rows: bool = True) -> Config:
    """Return the config as the run will store it, after quick checks of the run directory and the input files.

    Args:
        config: of the run.
        run: where to write.
        command: what the run is for.
        has_rows: whether the rows are in files, which can be checked.

    Raises:
        LstmcliError: see `OpenRun.check` and `check_start`.
        DataError: see `check_rows` and `check_pretraining`.
    """
    config = replace(config, output=OutputSettings(run_dir=str(run.directory.path)))
    run.check(config, needs_labels=command != "pretrain" and has_rows, needs_rows=has_rows)
    if command != "pretrain" and not run.is_finished:
        check_start(config, run.directory.path, is_training=command == "train")
    if has_rows and not run.is_finished:
        if command == "pretrain":
            check_pretraining(config)
        else:
            check_rows(config, with_test=command == "train")
    return config


def default_run_dir(
    resolved: Config, config: Path | None = None, *, command: Command = "train", start: Path | None = None
) -> Path:
    """Return the run directory to use if none is named.

    Args:
        resolved: the config.
        config: the file that it was loaded from.
        command: what the run is for.
        start: the run that it goes on from.
    """
    if resolved.output.run_dir is not None and command == "train":
        return Path(resolved.output.run_dir)
    if start is not None:
        return RUNS_FOLDER / name_of_run(start)
    if config is not None:
        return RUNS_FOLDER / (config.stem + ENDINGS[command])
    file = resolved.data.train or next(iter(resolved.pretraining.texts), STANDARD_INPUT)
    name = "run" if file == STANDARD_INPUT else Path(file).name.split(".")[0] or "run"
    return RUNS_FOLDER / (name + ENDINGS[command])


def check_rows(config: Config, *, with_test: bool) -> None:
    """Check the first row of each labelled file (in JSON Lines, the first ones), including `data.test` if `with_test`.

    Raises:
        DataError: a file is missing or can't be read, or lacks a column; or a lexicon can't be read.
        UsageError: there is no such label map.
    """
    data = with_map(config.data, is_strict=True)
    for lexicon in data.lexicons:
        read_lexicon(lexicon)
    files = {data.train: data.soft_labels > 0.0, data.validation: False}
    if with_test:
        files[data.test] = False
    for path, soft in files.items():
        if path is not None:
            _check_first_rows(path, data, soft=soft)


def check_pretraining(config: Config) -> None:
    """Check that the text files exist and, with a teacher, its files and the first rows of labelled files for a probe.

    Raises:
        DataError: a file is missing or a folder; see also `check_rows`.
        ConfigError: see `check_teacher`.
    """
    check_exist(config.pretraining.texts)
    if config.pretraining.teacher is not None:
        check_teacher(Path(config.pretraining.teacher))
        if config.data.train is not None and config.data.validation is not None:
            check_rows(config, with_test=False)


def _check_first_rows(path: str, settings: DataSettings, *, soft: bool) -> None:
    check_exist([path])
    if not Path(path).is_file():  # a pipe can be read only once
        return
    with open_records(path, format_name=settings.format, encoding=settings.encoding) as source:
        selector = CellSelector(source, settings, soft=soft)
        for number, record in enumerate(source.records, start=1):
            if not record.is_malformed:
                with suppress(BadFeatureError):  # told with all others, once rows are read
                    selector.select(record)
            if source.columns is not None or selector.is_settled or number == MAX_ROWS_CHECKED:
                return
        selector.check()
