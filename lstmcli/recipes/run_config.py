"""Which config a training has, and where it writes."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from lstmcli.config.loading import load_config
from lstmcli.config.settings import Config, OutputSettings
from lstmcli.errors import RunDirectoryError, UsageError
from lstmcli.model_format import CONFIG_FILE

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
) -> tuple[Config, Path]:
    """Return the checked config and the run directory: `run_dir`, else `output.run_dir`, else runs/ and a name.

    What is no training has an ending of its own behind the name, so that one config serves all commands.

    Resuming needs no config: without one, that of the run directory counts.

    Raises:
        ConfigError: see `load_config`.
        UsageError: resuming without saying what, or what is to be replaced.
        RunDirectoryError: resuming what is not there.
    """
    if resume and overwrite:
        raise UsageError("--resume and --overwrite exclude each other: one goes on with a run, the other replaces it.")
    if resume and config is None:
        if run_dir is None and not overrides:
            raise UsageError("--resume: name the run with --run-dir DIR (or the config that started it).")
        if run_dir is not None and not (run_dir / CONFIG_FILE).is_file():
            raise RunDirectoryError(f"{run_dir}: there is no run to resume; leave --resume out.")
        if run_dir is not None:
            config = run_dir / CONFIG_FILE
    resolved = load_config(config, overrides, needs_labels=command != "pretrain")
    if run_dir is not None:
        path = run_dir
    elif resolved.output.run_dir is not None and command == "train":
        path = Path(resolved.output.run_dir)
    else:
        path = RUNS_FOLDER / (_name(config, resolved) + ENDINGS[command])
    return replace(resolved, output=OutputSettings(run_dir=str(path))), path


def _name(config: Path | None, resolved: Config) -> str:
    if config is not None:
        return config.stem
    return Path(resolved.data.train or next(iter(resolved.pretraining.texts), "")).name.split(".")[0] or "run"
