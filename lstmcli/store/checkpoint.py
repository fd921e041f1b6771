"""Checkpoints: the state of an unfinished training, the state before it, and the weights of the best epoch."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from lstmcli.data.atomic import recover, replaced_folder, saving_tensors
from lstmcli.data.sealed import CHECKSUMS_FILE, SealedFolder, reason_of, seal
from lstmcli.errors import DamagedFileError, RunDirectoryError
from lstmcli.store.layout import BEST_FOLDER, LAST_FOLDER, PREVIOUS_FOLDER

STATE_FILE = "state.safetensors"
PROGRESS_FILE = "progress.json"
AVERAGE_FILE = "average.safetensors"

# Progress contains a line for each epoch.
MAX_PROGRESS_BYTES = 1 << 26


class State(NamedTuple):
    """A saved state.

    Attributes:
        tensors: of the trainer.
        progress: all else, as JSON.
        damage: why a later state could not be used, or None.
    """

    tensors: dict[str, Tensor]
    progress: dict[str, Any]
    damage: DamagedFileError | None


class Checkpoints:
    """The saved states of one network of a run."""

    def __init__(self, folder: Path) -> None:
        self.last = folder / LAST_FOLDER
        self.previous = folder / PREVIOUS_FOLDER
        self.best = folder / BEST_FOLDER

    def save_state(self, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
        """Write `checkpoints/last`; the state that was there becomes `checkpoints/previous`."""
        with replaced_folder(self.last, previous=self.previous) as folder:
            _save_tensors(tensors, folder / STATE_FILE)
            (folder / PROGRESS_FILE).write_text(json.dumps(progress, indent=2) + "\n", encoding="utf-8")
            seal(folder)

    @property
    def exist(self) -> bool:
        """Whether a state was saved."""
        return self.last.exists() or self.previous.exists()

    def load_state(self) -> State:
        """Read the last state that `save_state` wrote and that can be used.

        A state can't be used if the weights of its best epoch are damaged, unless they are yet to be found again.

        Raises:
            RunDirectoryError: there is none.
            DamagedFileError: all are damaged.
        """
        if not self.exist:
            raise RunDirectoryError(
                f"{self.last.parent.parent}: stopped before any state was saved; start again with --overwrite."
            )
        damage, best_epoch = None, 0
        for place in (self.last, self.previous):
            if not place.exists():
                continue
            try:
                tensors, progress = self._load(place)
                if progress["best_epoch"] and progress["best_epoch"] >= best_epoch:
                    best_epoch = progress["best_epoch"]
                    self.load_best()
                return State(tensors, progress, damage)
            except DamagedFileError as error:
                damage = damage or error
        assert damage is not None  # a state exists
        raise damage

    def _load(self, place: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
        folder = _sealed(place)
        progress = folder.read_json(PROGRESS_FILE, most=MAX_PROGRESS_BYTES)
        if not isinstance(progress, dict) or type(progress.get("best_epoch")) is not int:
            raise folder.damaged(PROGRESS_FILE, "is damaged: it does not describe a training")
        return _load_tensors(folder, STATE_FILE), progress

    def save_best(self, tensors: dict[str, Tensor]) -> None:
        """Write `checkpoints/best`."""
        with replaced_folder(self.best) as folder:
            _save_tensors(tensors, folder / AVERAGE_FILE)
            seal(folder)

    def load_best(self) -> dict[str, Tensor]:
        """Read what `save_best` wrote.

        Raises:
            DamagedFileError: there is none, or it is damaged.
        """
        recover(self.best)
        return _load_tensors(_sealed(self.best), AVERAGE_FILE)


def _sealed(place: Path) -> SealedFolder:
    folder = SealedFolder(place)
    if not folder.is_sealed:
        raise folder.damaged(CHECKSUMS_FILE, "is missing")
    return folder


def _save_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    with saving_tensors(path):
        save_file({name: value.detach().contiguous().cpu() for name, value in tensors.items()}, path)


def _load_tensors(folder: SealedFolder, name: str) -> dict[str, Tensor]:
    folder.check(name)
    try:
        return load_file(folder.path / name)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise folder.damaged(name, f"is damaged ({reason_of(error)})") from None
