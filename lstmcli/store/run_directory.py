"""The run directory: its contents, when it may be written to, and atomic writes.

config.yaml  history.jsonl  metrics.json  report.md  report.html  gradients.svg
model/                 see `store.model`
language_model/        see `store.language_model`: replaces model/, baselines/ and reports in a pretraining
baselines/             the baselines, for comparison in later evaluations
checkpoints/last/      state.safetensors and progress.json: everything that `train --resume` needs
checkpoints/best/      average.safetensors: the averaged weights of the best epoch
checkpoints/network-2/ and so on: the same for the other networks of an ensemble
teacher/               see `store.teacher_vectors`: what a teacher computed for a pretraining
pretraining/           the pretraining of a training on its own texts, itself a run directory
folds/1/ and so on     the folds of a cross-validation, each itself a run directory
"""

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lstmcli.config.files import MAX_CONFIG_BYTES, open_config
from lstmcli.config.loading import load_config
from lstmcli.config.settings import Config
from lstmcli.data.atomic import atomic_path, leftovers, real_path, recover, remove, unwritable_parent
from lstmcli.data.sealed import OUTSIDE, SealedFolder
from lstmcli.errors import ConfigError, RunDirectoryError
from lstmcli.store.layout import (
    BASELINES_FOLDER,
    BEST_FOLDER,
    CHECKPOINTS_FOLDER,
    CONFIG_FILE,
    FOLDS_FILE,
    FOLDS_FOLDER,
    GRADIENTS_FILE,
    HISTORY_FILE,
    HTML_FILE,
    LANGUAGE_FOLDER,
    LAST_FOLDER,
    MARKDOWN_FILE,
    METRICS_FILE,
    MODEL_FOLDER,
    PRETRAINING_FOLDER,
    PREVIOUS_FOLDER,
    SEEN_TEXTS_FOLDER,
    TEACHER_FOLDER,
)
from lstmcli.store.lock import LOCK_FILES, RunLock

FOLDERS = (
    MODEL_FOLDER,
    LANGUAGE_FOLDER,
    BASELINES_FOLDER,
    SEEN_TEXTS_FOLDER,
    CHECKPOINTS_FOLDER,
    TEACHER_FOLDER,
    PRETRAINING_FOLDER,
    FOLDS_FOLDER,
)

FILES = (METRICS_FILE, MARKDOWN_FILE, HTML_FILE, GRADIENTS_FILE, HISTORY_FILE, FOLDS_FILE, CONFIG_FILE)

# The first line of config.yaml distinguishes a run from a folder that happens to contain another config.yaml. Since
# checksums were introduced, it continues with one of all other lines.
RUN_MARK = "# The resolved config of this lstmcli run."
CHECKSUM = re.compile(r" CRC-32 of the lines below: ([0-9a-f]{8})")


class RunDirectory:
    """The paths of a run, and safe ways to write to them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model = path / MODEL_FOLDER
        self.language_model = path / LANGUAGE_FOLDER
        self.baselines = path / BASELINES_FOLDER
        self.seen_texts = path / SEEN_TEXTS_FOLDER
        self.teacher = path / TEACHER_FOLDER

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
            with open_config(self.path / CONFIG_FILE, is_stored=True) as stream:
                return stream.read(len(RUN_MARK)) == RUN_MARK.encode()
        except (OSError, ConfigError):
            return False

    @property
    def is_sealed(self) -> bool:
        """Whether a release that knows checksums started the run, so that all its folders must have them."""
        try:
            with open_config(self.path / CONFIG_FILE, is_stored=True) as stream:
                mark = stream.readline(200).decode("utf-8", "replace").rstrip()
        except (OSError, ConfigError):
            return False
        return CHECKSUM.fullmatch(mark.removeprefix(RUN_MARK)) is not None

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
        if self.path.exists() and not self.is_run and (not self.path.is_dir() or self._others()):
            raise RunDirectoryError(f"{self.path}: exists and is not a run directory; choose another folder.")
        obstacle = unwritable_parent(self.path)
        if obstacle is not None:
            reason = "can't be written" if obstacle.is_dir() else "is a file, not a folder"
            raise RunDirectoryError(f"{self.path}: can't be created: {obstacle} {reason}. Choose another folder.")

    def _others(self) -> set[Path]:
        """Return what is in the folder besides traces of a training that was killed before it wrote a config."""
        return set(self.path.iterdir()) - set(self._leftovers()) - {self.path / name for name in LOCK_FILES}

    def _leftovers(self) -> list[Path]:
        return leftovers(self.path, (*FILES, *FOLDERS))

    def claim(self, *, keeps_teacher: bool = False) -> None:
        """Delete what an earlier run wrote here; other files are kept, and config.yaml until it is replaced.

        A finished run is unfinished from the first moment, so that a kill never leaves half of it as a whole one.

        Args:
            keeps_teacher: whether the vectors of a teacher are kept, since the new run may need the same.

        Raises:
            RunDirectoryError: something can't be deleted.
        """
        kept = {METRICS_FILE, CONFIG_FILE}
        if keeps_teacher and not self.teacher.is_symlink():
            kept.add(TEACHER_FOLDER)
        names = [METRICS_FILE, *(name for name in (*FILES, *FOLDERS) if name not in kept)]
        try:
            for path in [*(self.path / name for name in names), *self._leftovers()]:
                remove(path)
        except OSError as error:
            raise RunDirectoryError(f"{self.path}: can't be replaced ({error.strerror}).") from None

    def check_links(self) -> None:
        """Check that what is written to the folders of the run stays in the run, which may be of unknown origin.

        Raises:
            RunDirectoryError: a folder is a link that leads out.
        """
        top = real_path(self.path)
        inner = [path for name in (CHECKPOINTS_FOLDER, FOLDS_FOLDER) for path in (self.path / name).glob("*")]
        states = [state for path in inner for state in path.glob("*")]
        for path in (*(self.path / name for name in FOLDERS), *inner, *states):
            if path.is_symlink() and not real_path(path).is_relative_to(top):
                raise RunDirectoryError(f"{path}: {OUTSIDE}, and nothing written; replace it with a copy.")

    def tidy(self) -> None:
        """Remove what processes that died have left, and in a finished run the states that nobody will resume from."""
        checkpoints = self.path / CHECKPOINTS_FOLDER
        places = {self.path: (*FILES, *FOLDERS)} | dict.fromkeys(
            [checkpoints, *checkpoints.glob("network-*")], (LAST_FOLDER, BEST_FOLDER)
        )
        for folder, names in places.items():
            for name in names:
                recover(folder / name)
            unneeded = [folder / PREVIOUS_FOLDER] if self.is_finished else []
            with suppress(OSError):  # they take space, but do no harm
                for path in (*leftovers(folder, names), *unneeded):
                    remove(path)
        for inner in (self.pretraining, *map(RunDirectory, (self.path / FOLDS_FOLDER).glob("*"))):
            if inner.is_run:  # one that was finished before the process died is not opened again
                lock = RunLock(inner.path)
                with suppress(RunDirectoryError):
                    lock.acquire()
                    inner.tidy()
                lock.release()

    def write_text(self, name: str, content: str) -> None:
        """Write a file of the run directory atomically."""
        with atomic_path(self.path / name, follows_links=False) as temporary:
            temporary.write_text(content, encoding="utf-8", newline="\n")

    def write_config(self, content: str) -> None:
        """Write config.yaml, which marks the folder as a run."""
        checksum = f" CRC-32 of the lines below: {zlib.crc32(content.encode()):08x}"
        self.write_text(CONFIG_FILE, f"{RUN_MARK}{checksum}\n{content}")

    def read_config(
        self,
        overrides: Sequence[str] = (),
        *,
        needs_labels: bool = True,
        needs_rows: bool = True,
        arguments: Mapping[str, Any] | None = None,
    ) -> Config:
        """Read config.yaml; arguments are as for `load_config`.

        Raises:
            DamagedFileError: it is not as it was written.
            ConfigError: see `load_config`.
        """
        folder = SealedFolder(self.path)
        mark, _, content = folder.read(CONFIG_FILE, most=MAX_CONFIG_BYTES).partition(b"\n")
        rest = mark.decode("utf-8", "replace").removeprefix(RUN_MARK).rstrip("\r")
        checksum = CHECKSUM.fullmatch(rest)
        if rest and (checksum is None or int(checksum[1], 16) != zlib.crc32(content)):
            raise folder.damaged(CONFIG_FILE, "is damaged or was edited: it does not match its checksum")
        return load_config(
            self.path / CONFIG_FILE,
            list(overrides),
            needs_labels=needs_labels,
            needs_rows=needs_rows,
            arguments=arguments,
            is_stored=True,
        )

    def write_history(self, epochs: list[dict[str, Any]]) -> None:
        """Write one line per epoch."""
        self.write_text(HISTORY_FILE, "".join(json.dumps(epoch) + "\n" for epoch in epochs))


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:  # Python represents other bytes by lone surrogates
        return False
    return True


def run_of(path: Path) -> RunDirectory:
    """Return the run at `path`, or of which `path` is the model folder; a copied folder is taken for a run."""
    parent = RunDirectory(path.absolute().parent)
    if path.name == MODEL_FOLDER and parent.is_run:
        return RunDirectory(path.parent)
    return RunDirectory(path)
