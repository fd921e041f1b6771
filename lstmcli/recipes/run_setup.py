"""Which config a training has, where it writes, and whether it may; nothing here takes long to be loaded."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from lstmcli.config.loading import load_config
from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import Config, OutputSettings
from lstmcli.corpus.columns import CellSelector
from lstmcli.data.reading import STANDARD_INPUT, check_exist, open_records
from lstmcli.errors import RunDirectoryError, UsageError
from lstmcli.store.layout import CONFIG_FILE
from lstmcli.store.run import OpenRun, RunDirectory

RUNS_FOLDER = Path("runs")

Command = Literal["train", "pretrain", "folds"]
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
) -> tuple[Config, RunDirectory]:
    """Return the checked config and the run directory: `run_dir`, else `output.run_dir`, else runs/ and a name.

    `arguments` are as for `load_config`. What is no training has an ending of its own behind the name, so that one
    config serves all commands.

    Resuming needs no config: without one, that of the run directory counts.

    Raises:
        ConfigError: see `load_config` and `check_same_config`.
        UsageError: resuming without saying what, or what is to be replaced.
        RunDirectoryError: resuming what is not there, see `check_same_config`; or see `RunDirectory.check_free`.
        DataError: see `look_at_rows` and `look_at_texts`.
    """
    if resume and overwrite:
        raise UsageError("--resume and --overwrite exclude each other: one goes on with a run, the other replaces it.")
    if resume and config is None:
        if run_dir is None and not overrides and not any((arguments or {}).values()):
            raise UsageError("--resume: name the run with --run-dir DIR (or the config that started it).")
        if run_dir is not None and not (run_dir / CONFIG_FILE).is_file():
            raise RunDirectoryError(f"{run_dir}: there is no run to resume; leave --resume out.")
        if run_dir is not None:
            config = run_dir / CONFIG_FILE
    needs_labels = command != "pretrain"
    if resume and needs_labels and run_dir is not None and config == run_dir / CONFIG_FILE:
        stored = load_config(config, overrides, needs_labels=False)
        if stored.data.train is None:
            raise RunDirectoryError(f"{run_dir}: is a pretraining; lstmcli pretrain --resume goes on with it.")
    resolved = load_config(config, overrides, needs_labels=needs_labels, arguments=arguments)
    if run_dir is not None:
        path = run_dir
    elif resolved.output.run_dir is not None and command == "train":
        path = Path(resolved.output.run_dir)
    else:
        path = RUNS_FOLDER / (_name(config, resolved) + ENDINGS[command])
    resolved, run = replace(resolved, output=OutputSettings(run_dir=str(path))), RunDirectory(path)
    OpenRun(run, resume, overwrite).check(resolved, needs_labels=needs_labels)
    if not (resume and run.is_finished):
        if needs_labels:
            look_at_rows(resolved, with_test=command == "train")
        else:
            look_at_texts(resolved)
    return resolved, run


def _name(config: Path | None, resolved: Config) -> str:
    if config is not None:
        return config.stem
    file = resolved.data.train or next(iter(resolved.pretraining.texts), STANDARD_INPUT)
    return "run" if file == STANDARD_INPUT else Path(file).name.split(".")[0] or "run"


def look_at_rows(config: Config, *, with_test: bool) -> None:
    """Look at the first row of each file of labelled rows; `with_test`: of `data.test` too.

    Raises:
        DataError: a file is missing or can't be read, or lacks a column.
    """
    data = config.data
    files = {data.train: data.soft_labels > 0.0, data.validation: False}
    if with_test:
        files[data.test] = False
    for path, soft in files.items():
        if path is not None:
            _look_at_first_row(path, data, soft=soft)


def look_at_texts(config: Config) -> None:
    """Look whether the files of texts are there.

    Raises:
        DataError: one is not.
    """
    check_exist(config.pretraining.texts)


def _look_at_first_row(path: str, settings: DataSettings, *, soft: bool) -> None:
    check_exist([path])
    if not Path(path).is_file():  # a pipe can be read only once
        return
    with open_records(path, format_name=settings.format, encoding=settings.encoding) as source:
        record = next(source.records, None)
        if record is not None and not record.is_malformed:
            CellSelector(source, settings, soft=soft).select(record)
