"""A run that a recipe writes to: when it may be started or resumed, its lock, and its history."""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lstmcli.config.excerpts import shown
from lstmcli.config.loading import config_to_dict, dump_config
from lstmcli.config.settings import Config
from lstmcli.errors import ConfigError, RunDirectoryError
from lstmcli.store.lock import RunLock
from lstmcli.store.run_directory import RunDirectory

History = list[dict[str, Any]]


@dataclass
class OpenRun:
    """A run directory that a recipe writes to, which is locked from `start` to the end of a `with` block.

    Attributes:
        directory: where to write.
        resume: whether to continue what an interrupted recipe left there.
        overwrite: whether to replace an existing run.
        is_checked: whether `check` has already passed for the same config.
        history: one record per epoch of all networks so far.
    """

    directory: RunDirectory
    resume: bool = False
    overwrite: bool = False
    is_checked: bool = False
    history: History = field(default_factory=list)

    def __enter__(self) -> "OpenRun":
        return self

    def __exit__(self, *error: object) -> None:
        if error == (None, None, None):
            self.directory.tidy()
        self._lock.release()

    @cached_property
    def _lock(self) -> RunLock:
        return RunLock(self.path)

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

    def tidy(self) -> None:
        """Remove what is left of a finished run's training if that was killed at the very end."""
        with suppress(RunDirectoryError), self:  # a read-only run is fine as it is
            self._lock.acquire()
            self.directory.check_links()

    def check(self, config: Config, *, needs_labels: bool = True, needs_rows: bool = True) -> None:
        """Check that the run can be resumed, or that a new one may be written here; nothing is changed.

        Args:
            config: of the run.
            needs_labels: as for `load_config`.
            needs_rows: as for `load_config`.

        Raises:
            LstmcliError: see `check_same_config` and `RunDirectory.check_free`.
        """
        self._lock.check_free()
        if self.is_checked:
            return
        if self.resume:
            check_same_config(config, self.directory, needs_labels=needs_labels, needs_rows=needs_rows)
        else:
            self.directory.check_free(overwrite=self.overwrite)
        self.is_checked = True

    def start(self, config: Config) -> None:
        """Lock the folder, and write the config of a new run.

        Raises:
            RunDirectoryError: another process is using it, or see `RunDirectory.check_free` and `RunDirectory.claim`.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunDirectoryError(f"{self.path}: can't be created ({error.strerror}).") from None
        self._lock.acquire()
        if self.resume:
            self.directory.check_links()
            self.directory.tidy()
            return
        self.directory.check_free(overwrite=self.overwrite)  # somebody may have started a run here since `check`
        self.directory.claim(keeps_teacher=config.pretraining.teacher is not None)
        self.directory.write_config(dump_config(config))

    def keep_history(self, history: History) -> None:
        """Replace the records of all epochs."""
        self.history = history
        self.directory.write_history(history)

    def add_epoch(self, record: dict[str, Any]) -> None:
        """Add the record of an epoch."""
        self.keep_history([*self.history, record])


class FollowedRun(OpenRun):
    """The run of another process, which checks, locks and writes it. Nothing here touches a file."""

    def __exit__(self, *error: object) -> None:
        pass

    def within(self, directory: RunDirectory) -> OpenRun:
        """Return a run inside this one, of the same process."""
        return FollowedRun(directory)

    def check(self, config: Config, *, needs_labels: bool = True, needs_rows: bool = True) -> None:
        """Leave it to the other process."""

    def start(self, config: Config) -> None:
        """Leave it to the other process."""

    def keep_history(self, history: History) -> None:
        """Leave it to the other process."""


def check_same_config(config: Config, run: RunDirectory, *, needs_labels: bool = True, needs_rows: bool = True) -> None:
    """Compare `config` with the one that started the run; other arguments are as for `load_config`.

    Raises:
        RunDirectoryError: there is no run.
        ConfigError: some keys differ; the message lists all of them.
    """
    if not run.is_run:
        raise RunDirectoryError(f"{run.path}: there is no run to resume; omit --resume.")
    stored = config_to_dict(run.read_config(needs_labels=needs_labels, needs_rows=needs_rows))
    now = config_to_dict(config)
    changed = [
        f"{section}.{key} was {shown(value)}, is now {shown(now[section][key])}"
        for section, values in stored.items()
        for key, value in values.items()
        if section != "output" and now[section][key] != value
    ]
    if changed:
        raise ConfigError(f"{run.path}: can't be resumed with a different config: {'; '.join(changed)}.")
