"""Checks every file of a run against its checksum, and whether the parts of the run fit together."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.sealed import CHECKSUMS_FILE, SealedFolder, parse_json
from lstmcli.errors import DamagedFileError, LstmcliError, RunDirectoryError
from lstmcli.store.first_network import read_first_network
from lstmcli.store.language_model import read_language_model
from lstmcli.store.layout import (
    BASELINES_FOLDER,
    BEST_FOLDER,
    CHECKPOINTS_FOLDER,
    CONFIG_FILE,
    DESCRIPTION_FILE,
    FOLDS_FILE,
    FOLDS_FOLDER,
    HISTORY_FILE,
    LANGUAGE_FOLDER,
    LAST_FOLDER,
    METRICS_FILE,
    MODEL_FOLDER,
    PRETRAINING_FOLDER,
    PREVIOUS_FOLDER,
    SEEN_TEXTS_FOLDER,
    TEACHER_FOLDER,
)
from lstmcli.store.lock import RunLock
from lstmcli.store.model import read_model
from lstmcli.store.run_directory import RunDirectory
from lstmcli.store.seen_texts import read_seen_texts

# metrics.json of a thousand labels takes 2 MB, a long history less.
MAX_REPORT_BYTES = 1 << 26


class Problem(NamedTuple):
    """A file that is damaged, and what is wrong with it."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Verified:
    """A folder, or the files directly in a run.

    Attributes:
        path: of the folder.
        num_files: that were checked.
        num_bytes: of these files.
        lacks_checksums: whether a release that knew no checksums wrote the folder, so that its files are only parsed.
        problems: what was found.
    """

    path: Path
    num_files: int
    num_bytes: int
    lacks_checksums: bool
    problems: tuple[Problem, ...]


def verify(run: Path) -> Iterator[Verified]:
    """Check a run directory, its pretraining and its folds, or a model folder; yield a result for each folder.

    Raises:
        RunDirectoryError: there is no run, or it is being written to.
    """
    if (run / DESCRIPTION_FILE).exists():
        yield _verify_folder(run, _model_check(run))
        return
    if not run.is_dir() or not ((run / CONFIG_FILE).exists() or (run / MODEL_FOLDER).exists()):
        raise RunDirectoryError(f"{run}: is neither a run directory nor a model folder.")
    RunLock(run).check_free()
    yield _verify_files(run)
    checks = {
        MODEL_FOLDER: _model_check(run),
        LANGUAGE_FOLDER: lambda: read_language_model(run),
        BASELINES_FOLDER: lambda: _check_baselines(run),
        SEEN_TEXTS_FOLDER: lambda: read_seen_texts(run / SEEN_TEXTS_FOLDER),
        TEACHER_FOLDER: lambda: None,
    }
    folders = {run / name: check for name, check in checks.items()} | dict.fromkeys(_checkpoints(run), lambda: None)
    is_sealed = RunDirectory(run).is_sealed
    for path, check in folders.items():
        if os.path.lexists(path):
            yield _verify_folder(path, check, must_be_sealed=is_sealed)
    for inner in [run / PRETRAINING_FOLDER, *sorted((run / FOLDS_FOLDER).glob("*"))]:
        if RunDirectory(inner).is_run:
            yield from verify(inner)


def _checkpoints(run: Path) -> list[Path]:
    places = [run / CHECKPOINTS_FOLDER, *sorted((run / CHECKPOINTS_FOLDER).glob("network-*"))]
    return [place / name for place in places for name in (LAST_FOLDER, PREVIOUS_FOLDER, BEST_FOLDER)]


def _model_check(run: Path) -> Callable[[], object]:
    def check() -> None:
        model = read_model(run)
        model.check_tables()
        read_first_network(run, model)

    return check


def _check_baselines(run: Path) -> None:
    from lstmcli.store.baselines import read_baselines  # scikit-learn takes a second to import
    from lstmcli.store.score_baselines import read_score_baselines

    try:
        labels: LabelSet = read_model(run).labels
    except LstmcliError:  # which the result of the model says
        return
    if labels.kind == "scores":
        read_score_baselines(run / BASELINES_FOLDER, labels)
    else:
        read_baselines(run / BASELINES_FOLDER, labels)


def _verify_folder(path: Path, check: Callable[[], object], *, must_be_sealed: bool = False) -> Verified:
    """Check all files of a folder, then what they contain with `check`."""
    problems: list[Problem] = []
    try:
        folder = SealedFolder(path, within=path.parent)
        names = folder.names if folder.is_sealed else sorted(each.name for each in path.iterdir())
    except (DamagedFileError, OSError) as error:
        return Verified(path, 0, 0, lacks_checksums=False, problems=(_problem(path, error),))
    if must_be_sealed and not folder.is_sealed:
        problems.append(Problem(path / CHECKSUMS_FILE, "is missing"))
    for name in names:
        _note_problem(problems, path / name, partial(folder.check, name))
    if not problems:
        _note_problem(problems, path, check)
    sizes = [(path / name).stat().st_size for name in (*names, CHECKSUMS_FILE) if (path / name).is_file()]
    return Verified(path, len(sizes), sum(sizes), not folder.is_sealed, tuple(problems))


def _verify_files(run: Path) -> Verified:
    """Check the files directly in a run."""
    problems: list[Problem] = []
    checks: dict[str, Callable[[], object]] = {
        CONFIG_FILE: lambda: RunDirectory(run).read_config(needs_labels=False, needs_rows=False),
        METRICS_FILE: lambda: parse_json(_content(run, METRICS_FILE)),
        FOLDS_FILE: lambda: parse_json(_content(run, FOLDS_FILE)),
        HISTORY_FILE: lambda: [json.loads(line) for line in _content(run, HISTORY_FILE).splitlines()],
    }
    found = [name for name in checks if (run / name).exists()]
    for name in found:
        _note_problem(problems, run / name, checks[name])
    sizes = [(run / name).stat().st_size for name in found]
    return Verified(run, len(sizes), sum(sizes), lacks_checksums=False, problems=tuple(problems))


def _content(run: Path, name: str) -> bytes:
    return SealedFolder(run).read(name, most=MAX_REPORT_BYTES)


def _note_problem(problems: list[Problem], path: Path, check: Callable[[], object]) -> None:
    try:
        check()
    except (LstmcliError, OSError, ValueError, RecursionError) as error:
        problems.append(_problem(path, error))


def _problem(path: Path, error: Exception) -> Problem:
    if isinstance(error, DamagedFileError):
        return Problem(error.path, error.reason)
    return Problem(path, f"can't be used ({error})")
