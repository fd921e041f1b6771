"""The run directory: its contents, when it may be written to, and atomic writes.

config.yaml  history.jsonl  metrics.json  report.md  report.html
model/                 see `store.model`
language_model/        see `store.language_model`: replaces model/, baselines/ and reports in a pretraining
baselines/             the baselines, for comparison in later evaluations
checkpoints/last/      state.safetensors and progress.json: everything that `train --resume` needs
checkpoints/best/      average.safetensors: the averaged weights of the best epoch
checkpoints/network-2/ and so on: the same for the other networks of an ensemble
pretraining/           the pretraining of a training on its own texts, itself a run directory
folds/1/ and so on     the folds of a cross-validation, each itself a run directory
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lstmcli.config.loading import config_to_dict, dump_config, load_config
from lstmcli.config.settings import Config
from lstmcli.data.atomic import atomic_path, unwritable_parent
from lstmcli.errors import ConfigError, RunDirectoryError
from lstmcli.store.layout import (
    BASELINES_FOLDER,
    CHECKPOINTS_FOLDER,
    CONFIG_FILE,
    FOLDS_FILE,
    FOLDS_FOLDER,
    HISTORY_FILE,
    HTML_FILE,
    LANGUAGE_FOLDER,
    MARKDOWN_FILE,
    METRICS_FILE,
    MODEL_FOLDER,
    PRETRAINING_FOLDER,
)

FOLDERS = (
    MODEL_FOLDER,
    LANGUAGE_FOLDER,
    BASELINES_FOLDER,
    CHECKPOINTS_FOLDER,
    PRETRAINING_FOLDER,
    FOLDS_FOLDER,
)

# The first line of config.yaml distinguishes a run from a folder that happens to contain another config.yaml.
RUN_MARK = "# The resolved config of this lstmcli run.\n"


class RunDirectory:
    """The paths of a run, and safe ways to write to them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model = path / MODEL_FOLDER
        self.language_model = path / LANGUAGE_FOLDER
        self.baselines = path / BASELINES_FOLDER

    def checkpoints(self, member: int) -> Path:
        """Return the `Checkpoints` folder of network number `member`, from 1; only ensembles have more than one."""
        folder = self.path / CHECKPOINTS_FOLDER
        return folder if member == 1 else folder / f"network-{member}"

    @property
    def pretraining(self) -> "RunDirectory":
        """The run of this training's pretraining on its own texts."""
        return RunDirectory(self.path / PRETRAINING_FOLDER)

    def fold(self, number: int) -> "RunDirectory":
        """Return the run of fold `number`, from 1, of a cross-validation."""
        return RunDirectory(self.path / FOLDS_FOLDER / str(number))

    @property
    def is_run(self) -> bool:
        """Whether a recipe has started a run here."""
        try:
            with (self.path / CONFIG_FILE).open(encoding="utf-8") as stream:
                return stream.readline() == RUN_MARK
        except (OSError, UnicodeDecodeError):
            return False

    @property
    def is_finished(self) -> bool:
        """Whether the training that wrote here has finished."""
        return self.is_run and (self.path / METRICS_FILE).is_file()

    def check_free(self, *, overwrite: bool) -> None:
        """Check that a new run may be written here; nothing is changed.

        Raises:
            RunDirectoryError: it contains a run and `overwrite` is False, or other files, or can't be created.
        """
        if not _is_utf8(self.path):
            raise RunDirectoryError(
                f"{self.path}: the name is not valid UTF-8, so weights can't be stored there; choose another folder."
            )
        if self.is_run and not overwrite:
            state = "a finished run" if self.is_finished else "an unfinished run (continue it with --resume)"
            raise RunDirectoryError(
                f"{self.path}: holds {state}. Choose another folder, or replace it with --overwrite."
            )
        if self.path.exists() and not self.is_run and (not self.path.is_dir() or any(self.path.iterdir())):
            raise RunDirectoryError(f"{self.path}: exists and is not a run directory; choose another folder.")
        obstacle = unwritable_parent(self.path)
        if obstacle is not None:
            reason = "can't be written" if obstacle.is_dir() else "is a file, not a folder"
            raise RunDirectoryError(f"{self.path}: can't be created: {obstacle} {reason}. Choose another folder.")

    def claim(self, *, overwrite: bool) -> None:
        """Create the folder, or delete what an earlier run wrote there; other files are kept.

        Raises:
            RunDirectoryError: see `check_free`.
        """
        self.check_free(overwrite=overwrite)
        try:
            if self.is_run:
                for name in FOLDERS:
                    shutil.rmtree(self.path / name, ignore_errors=True)
                for name in (METRICS_FILE, MARKDOWN_FILE, HTML_FILE, HISTORY_FILE, FOLDS_FILE, CONFIG_FILE):
                    (self.path / name).unlink(missing_ok=True)
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunDirectoryError(f"{self.path}: can't be created ({error.strerror}).") from None

    def write_text(self, name: str, content: str) -> None:
        """Write a file of the run directory atomically."""
        with atomic_path(self.path / name) as temporary:
            temporary.write_text(content, encoding="utf-8", newline="\n")

    def write_config(self, content: str) -> None:
        """Write config.yaml, which marks the folder as a run."""
        self.write_text(CONFIG_FILE, RUN_MARK + content)

    def write_history(self, epochs: list[dict[str, Any]]) -> None:
        """Write one line per epoch."""
        self.write_text(HISTORY_FILE, "".join(json.dumps(epoch) + "\n" for epoch in epochs))

    def read_history(self) -> list[dict[str, Any]]:
        """Return the epochs written so far.

        Raises:
            RunDirectoryError: the file is damaged.
        """
        path = self.path / HISTORY_FILE
        if not path.is_file():
            return []
        try:
            return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        except ValueError as error:
            raise RunDirectoryError(f"{path}: is damaged ({error}); start again with --overwrite.") from None


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:  # Python represents other bytes by lone surrogates
        return False
    return True


History = list[dict[str, Any]]


@dataclass
class OpenRun:
    """A run directory that a recipe writes to.

    Attributes:
        directory: where to write.
        resume: whether to continue what an interrupted recipe left there.
        overwrite: whether to replace an existing run.
        is_checked: whether `check` has already passed for the same config.
        history: one record per epoch of all networks so far; filled once the run has started.
    """

    directory: RunDirectory
    resume: bool = False
    overwrite: bool = False
    is_checked: bool = False
    history: History = field(default_factory=list)

    def within(self, directory: RunDirectory) -> "OpenRun":
        """Return a run inside this one, which is resumed if it exists and this one is resumed."""
        return OpenRun(directory, resume=self.resume and directory.is_run)

    @property
    def path(self) -> Path:
        """The path of the directory."""
        return self.directory.path

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing left to resume."""
        return self.resume and self.directory.is_finished

    def check(self, config: Config, *, needs_labels: bool = True, needs_rows: bool = True) -> None:
        """Check that the run can be resumed, or that a new one may be written here; nothing is changed.

        Args:
            config: of the run.
            needs_labels: as for `load_config`.
            needs_rows: as for `load_config`.

        Raises:
            LstmcliError: see `check_same_config` and `RunDirectory.check_free`.
        """
        if self.is_checked:
            return
        if self.resume:
            check_same_config(config, self.directory, needs_labels=needs_labels, needs_rows=needs_rows)
        else:
            self.directory.check_free(overwrite=self.overwrite)
        self.is_checked = True

    def start(self, config: Config) -> None:
        """Write the config of a new run, or read the history of the one to resume.

        Raises:
            RunDirectoryError: see `RunDirectory.claim` and `RunDirectory.read_history`.
        """
        if self.resume:
            self.history = self.directory.read_history()
        else:
            self.directory.claim(overwrite=self.overwrite)
            self.directory.write_config(dump_config(config))

    def keep_history(self, history: History) -> None:
        """Replace the records of all epochs."""
        self.history = history
        self.directory.write_history(history)

    def add_epoch(self, record: dict[str, Any]) -> None:
        """Add the record of an epoch."""
        self.keep_history([*self.history, record])


def check_same_config(config: Config, run: RunDirectory, *, needs_labels: bool = True, needs_rows: bool = True) -> None:
    """Compare `config` with the one that started the run; other arguments are as for `load_config`.

    Raises:
        RunDirectoryError: there is no run.
        ConfigError: some keys differ; the message lists all of them.
    """
    if not run.is_run:
        raise RunDirectoryError(f"{run.path}: there is no run to resume; omit --resume.")
    stored = config_to_dict(load_config(run.path / CONFIG_FILE, [], needs_labels=needs_labels, needs_rows=needs_rows))
    now = config_to_dict(config)
    changed = [
        f"{section}.{key} was {value!r}, is now {now[section][key]!r}"
        for section, values in stored.items()
        for key, value in values.items()
        if section != "output" and now[section][key] != value
    ]
    if changed:
        raise ConfigError(f"{run.path}: can't be resumed with a different config: {'; '.join(changed)}.")
