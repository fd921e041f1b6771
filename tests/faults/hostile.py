"""Run directories from strangers, sealed with valid checksums: each is refused in one line, or changes nothing.

A change of one value in one JSON file, or of one file, at a time. Commands must end within a second of CPU beyond what
they take for an honest run, and with little memory.
"""

import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from lstmcli.data.sealed import CHECKSUMS_FILE, seal
from tests.faults.attack import Attack, Outcome, Result, Verdict, forked, judge, result
from tests.faults.hostile_files import SPECIAL_PLACES, fold_changes, special_changes, text_changes
from tests.faults.hostile_values import Change, array_changes, json_changes, tensor_changes
from tests.faults.runs import Material

MAX_SECONDS = 1.0
MAX_MEGABYTES = 300.0

RESUME, RESUME_FOLDS = "train --resume", "cross-validate --resume"


def attacks(material: Material, count: int, seed: int) -> Iterator[Attack]:
    """Yield hostile runs, drawn from all, so that each family has its share."""
    draw = random.Random(seed)
    families = [
        list(family)
        for family in (
            json_changes(material),
            array_changes(material),
            tensor_changes(material),
            text_changes(material),
            special_changes(SPECIAL_PLACES),
            fold_changes(material),
        )
    ]
    for family in families:
        draw.shuffle(family)
    for number in range(count):
        family = families[number % len(families)] or families[0]
        if not family:
            return
        title, change = family.pop()
        yield Attack(title, partial(_attack, material, title, change))


def _commands(material: Material, run: Path, title: str = "") -> dict[str, list[Any]]:
    """Return the commands that open what is changed; without a title, all of them."""
    of_folds = {RESUME_FOLDS: [*material.cross_validate(), "--run-dir", run, "--resume"]}
    if title.startswith("folds"):
        return of_folds
    start = f"model.pretrained={run}/pretraining"
    return ({} if title else of_folds) | {
        "predict": ["predict", run, material.texts, "--probabilities"],
        "predict --jobs": ["predict", run, material.texts, "--probabilities", "--jobs", "2"],
        "predict --fast": ["predict", run, material.texts, "--fast", "0.9", "--fast-on", material.fresh],
        "evaluate": ["evaluate", run, material.folder / "validation.csv"],
        "verify": ["verify", run],
        RESUME: [*material.train(), "--run-dir", run, "--resume"],
        "pretrained": [*material.train("pretraining.own_texts=false", start), "--run-dir", run.parent / "new"],
    }


def _honest(material: Material, folder: Path) -> dict[str, Outcome]:
    if not _HONEST:
        run = folder / "run"
        for name in _commands(material, run):
            _prepare(material, run, name)
            if name == RESUME_FOLDS:  # a fold whose files are gone is trained again
                shutil.rmtree(run / "folds")
            _HONEST[name] = forked(*_commands(material, run)[name])
            shutil.rmtree(run)
            shutil.rmtree(folder / "new", ignore_errors=True)
    return _HONEST


_HONEST: dict[str, Outcome] = {}


def _prepare(material: Material, run: Path, command: str) -> None:
    shutil.copytree(material.folds if command == RESUME_FOLDS else material.run, run)
    if command in (RESUME, RESUME_FOLDS):  # an unfinished one
        (run / "metrics.json").unlink()


def _attack(material: Material, title: str, change: Change, folder: Path) -> list[Result]:
    honest, found = _honest(material, folder), []
    run = folder / "run"
    for name, command in _commands(material, run, title).items():
        if name == RESUME and title.startswith("metrics.json"):
            continue
        _prepare(material, run, name)
        change(run)
        for sealed in [path.parent.relative_to(material.run) for path in material.run.rglob(CHECKSUMS_FILE)]:
            _seal_again(run / sealed, title)
        outside = _content(folder / "outside")
        outcome = forked(*command)
        found.append(_judge(name, honest[name], outcome, title))
        if _content(folder / "outside") != outside:
            found.append(result(f"{name}: {title}", Verdict.CHANGED, outcome, "writes outside the run."))
        for path in (run, folder / "new"):
            shutil.rmtree(path, ignore_errors=True)
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return found


def _content(path: Path) -> dict[str, bytes]:
    """Return the content of all files in a folder, or of a file; nothing if there is none."""
    return {str(each): each.read_bytes() for each in (path, *path.rglob("*")) if each.is_file()}


def _seal_again(folder: Path, title: str) -> None:
    """Seal a folder unless there is none any more, or its checksums are what is changed."""
    if folder.is_symlink() or not folder.is_dir() or CHECKSUMS_FILE in title:
        return
    odd = [path for path in folder.iterdir() if path.is_symlink() or not path.is_file() or path.stat().st_size > 1e9]
    if not odd and folder.joinpath(CHECKSUMS_FILE).exists():
        (folder / CHECKSUMS_FILE).unlink()
        seal(folder)


def _judge(name: str, honest: Outcome, outcome: Outcome, title: str) -> Result:
    seconds, megabytes = honest.cpu_seconds + MAX_SECONDS, honest.megabytes + MAX_MEGABYTES
    expected = honest.stdout if outcome.exit_code != 0 or name.startswith(("predict", "evaluate")) else outcome.stdout
    judged = judge(name, outcome, expected, max_seconds=seconds, max_megabytes=megabytes)
    if judged.verdict == Verdict.CHANGED and _is_another_model(title):
        return result(name, Verdict.UNAFFECTED, outcome)
    return judged


def _is_another_model(title: str) -> bool:
    """Whether the change makes a model that somebody could have trained, so that other answers are right."""
    return any(
        f in title
        for f in (
            "model.json",
            "first_network.json",
            "rule.json",
            "majority.json",
            ".npy",
            "safetensors",
            "terms.txt",
            ".txt",
        )
    )
