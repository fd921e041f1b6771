"""The settings of a training that goes on from a model, checked before anything heavy is loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstmcli.config.settings import Config
from lstmcli.data.atomic import real_path
from lstmcli.errors import ConfigError, RunDirectoryError
from lstmcli.store.layout import CONFIG_FILE
from lstmcli.store.model import find_model, read_model
from lstmcli.store.run_directory import RunDirectory
from lstmcli.training.continued import check_fits, continued_run

ENDING = "-continued"

# Of the config of the earlier training, what does not hold for one that goes on: the word vectors are in the model, and
# the schedule was one from scratch.
FORGOTTEN = (
    "embedding.vectors=null",
    "training.epochs=null",
    "training.batch_size=null",
    "training.learning_rate=null",
    "output.run_dir=null",
)


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
