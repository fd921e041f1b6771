"""Checkpoints: the state of an unfinished training, and the weights of its best epoch."""

import json
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from lstmcli.data.atomic import recover, replaced_folder
from lstmcli.errors import RunDirectoryError


class Checkpoints:
    """The saved states of one network of a run."""

    def __init__(self, folder: Path) -> None:
        self.last = folder / "last"
        self.best = folder / "best"

    def save_state(self, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
        """Write `checkpoints/last`."""
        with replaced_folder(self.last) as folder:
            _save_tensors(tensors, folder / "state.safetensors")
            (folder / "progress.json").write_text(json.dumps(progress, indent=2) + "\n", encoding="utf-8")
            _sync(folder / "progress.json")

    @property
    def exist(self) -> bool:
        """Whether a state was saved."""
        recover(self.last)
        return self.last.exists()

    def load_state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Read what `save_state` wrote.

        Raises:
            RunDirectoryError: there is none, or it is damaged.
        """
        if not self.exist:
            raise RunDirectoryError(
                f"{self.last.parent.parent}: stopped before any state was saved; start again with --overwrite."
            )
        try:
            progress = json.loads((self.last / "progress.json").read_text(encoding="utf-8"))
            return load_file(self.last / "state.safetensors"), progress
        except (OSError, ValueError, SafetensorError) as error:
            raise RunDirectoryError(f"{self.last}: can't be resumed ({error}).") from None

    def save_best(self, tensors: dict[str, Tensor]) -> None:
        """Write `checkpoints/best`."""
        with replaced_folder(self.best) as folder:
            _save_tensors(tensors, folder / "average.safetensors")

    def load_best(self) -> dict[str, Tensor]:
        """Read what `save_best` wrote.

        Raises:
            RunDirectoryError: there is none, or it is damaged.
        """
        recover(self.best)
        try:
            return load_file(self.best / "average.safetensors")
        except (OSError, SafetensorError) as error:
            raise RunDirectoryError(f"{self.best}: can't be read ({error}).") from None


def _save_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    save_file({name: value.detach().contiguous().cpu() for name, value in tensors.items()}, path)
    _sync(path)


def _sync(path: Path) -> None:
    """Wait until the content is on disk, so that a power cut can't leave a renamed but empty file."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
