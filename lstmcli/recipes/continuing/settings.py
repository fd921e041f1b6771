"""The settings of a training that goes on from a model, checked before anything heavy is loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstmcli.config.loading import config_to_dict
from lstmcli.config.settings import Config
from lstmcli.data.atomic import real_path
from lstmcli.errors import ConfigError, RunDirectoryError
from lstmcli.store.description import COLUMN_KEYS
from lstmcli.store.layout import CONFIG_FILE
from lstmcli.store.model import find_model, read_model
from lstmcli.store.run_directory import RunDirectory
from lstmcli.training.continued import NETWORK_KEYS, check_fits, continued_run

ENDING = "-continued"

# The words of a vector file are in the model.
WORDS_OF_MODEL = "embedding.vectors=null"

# Of the config of the earlier training, what does not hold for one that goes on: the schedule was one from scratch.
FORGOTTEN = (
    WORDS_OF_MODEL,
    "training.epochs=null",
    "training.batch_size=null",
    "training.learning_rate=null",
    "output.run_dir=null",
)

# Settings of rows in files.
OF_FILES = (*COLUMN_KEYS, "train", "validation", "test", "annotators", "scores", "group", "soft_labels")


def config_of_run(start: Path, overrides: list[str], arguments: Mapping[str, Any]) -> Config:
    """Return the config of the run `start` for going on from it, with overrides and arguments as for `load_config`.

    Raises:
        RunDirectoryError: it has no model, or no config.
        LstmcliError: see `load_config`.
    """
    find_model(start)
    if not (start / CONFIG_FILE).is_file():
        raise RunDirectoryError(
            f"{start}: has a model, but no {CONFIG_FILE}, so name the settings with --config FILE (--config and --from "
            "can be combined)."
        )
    rules = f"tokenizer.rules={read_model(start).tokenizer.rules}"  # which configs of older releases do not have
    return RunDirectory(start).read_config([rules, *FORGOTTEN, *overrides], arguments=arguments)


def settings_to_continue(start: Path, *, in_memory: bool) -> dict[str, Any]:
    """Return the settings of the run `start` for going on from it in Python, by key.

    A copied model folder has only those of its network, its tokenizer and its columns.

    Args:
        start: a run or a model folder.
        in_memory: whether the new rows are not in files.

    Raises:
        LstmcliError: there is no model, or it can't be read.
    """
    model = read_model(start)
    sections: dict[str, dict[str, Any]] = {
        "data": {key: getattr(model.columns, key) for key in COLUMN_KEYS}
        | {"ordered": list(model.labels.names) if model.labels.is_ordered else []},
        "model": {key: getattr(model.network, key) for key in NETWORK_KEYS},
        "training": {"ensemble": len(model.members)},
    }
    if (start / CONFIG_FILE).is_file():
        sections = config_to_dict(RunDirectory(start).read_config(needs_labels=False, needs_rows=False))
    sections["tokenizer"] = vars(model.tokenizer)
    left_out = {setting.partition("=")[0] for setting in FORGOTTEN}
    if in_memory:
        left_out |= {f"data.{key}" for key in OF_FILES}
    found = {f"{section}.{key}": value for section, values in sections.items() for key, value in values.items()}
    return {key: value for key, value in found.items() if key not in left_out} | {"model.pretrained": str(start)}


def name_of_run(start: Path) -> str:
    """Return the name of the folder for what goes on from the run `start`."""
    return real_path(start).name.removesuffix(ENDING) + ENDING


def check_start(config: Config, run: Path, *, is_training: bool) -> None:
    """Check a config whose `model.pretrained` names a trained model; all others pass.

    Args:
        config: of the new run.
        run: its directory.
        is_training: False for a cross-validation.

    Raises:
        ConfigError: the model does not fit the config, or would be overwritten, or knows the rows of the folds.
        LstmcliError: see `read_model`.
    """
    start = continued_run(config.model.pretrained)
    if start is None:
        return
    if not is_training:
        raise ConfigError(
            f"model.pretrained: {start} is a trained model, which may know the rows of the folds; a cross-validation "
            "needs another start, such as auto."
        )
    if real_path(start) == real_path(run) or real_path(run) in real_path(start).parents:
        raise ConfigError(f"{run}: would replace the model that it goes on from; choose another --run-dir.")
    check_fits(start, read_model(start), config)
