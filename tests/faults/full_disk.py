"""Disks that are full, and limits on the size of files: one line, and the work goes on where it stopped.

A file system of a given size needs root; the limit of a process on the size of files does not.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.attack import Attack, Outcome, Prepare, Result, Verdict, forked, judge, result
from tests.faults.kills import NOTHING_YET, mark_often
from tests.faults.runs import Material, difference, result_of

# More than any of the commands writes.
ENOUGH_KB = 2_000


def attacks(material: Material, count: int, seed: int) -> Iterator[Attack]:
    """Yield commands that run out of space, after a number of KB that grows from one to the next."""
    draw = random.Random(seed)
    kinds = ["file limit", "tmpfs"] if can_mount() else ["file limit"]
    for number in range(count):
        name = ("train", "predict", "evaluate", "pretrain")[number % 4]
        kind = kinds[number // 4 % len(kinds)]
        kilobytes = draw.choice([0, 1, 2, 4, 6, 8, 12, 16, 24, 30, 40, 64, 100, 160, 240, 300])
        attack = partial(_attack, material, name, kind, kilobytes)
        yield Attack(f"{name}, {kind} of {kilobytes} KB", attack)


def can_mount() -> bool:
    """Whether file systems can be mounted here, which takes root and more."""
    if os.name == "nt" or os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", name], capture_output=True, check=False).returncode:
            return False
        subprocess.run(["umount", name], capture_output=True, check=True)
    return True


def _commands(material: Material, place: Path) -> dict[str, tuple[list[Any], Callable[[], dict[str, bytes]]]]:
    output = place / "out.csv"
    return {
        "train": ([*material.train(), "--run-dir", place / "r"], lambda: result_of(place / "r")),
        "pretrain": ([*material.pretrain(), "--run-dir", place / "r"], lambda: result_of(place / "r")),
        "predict": (
            ["predict", material.run, material.folder / "many.txt", "-p", "--batch-size", "8", "--output", output],
            lambda: {path.name: path.read_bytes() for path in place.iterdir()},
        ),
        "evaluate": (
            ["evaluate", material.run, material.folder / "validation.csv", "--output", place / "scores"],
            lambda: result_of(place),
        ),
    }


def _limited(kilobytes: int) -> Prepare:
    def prepare() -> None:
        mark_often()
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does; messages are written to a file, too
        resource.setrlimit(resource.RLIMIT_FSIZE, (max(4, kilobytes) << 10, resource.RLIM_INFINITY))

    return prepare


def _attack(material: Material, name: str, kind: str, kilobytes: int, folder: Path) -> list[Result]:
    many = material.folder / "many.txt"
    if not many.exists():
        temporary = many.with_name(f"many.{os.getpid()}")
        temporary.write_bytes(material.texts.read_bytes() * 20)
        temporary.replace(many)
    place = folder / "place"
    place.mkdir()
    command, found = _commands(material, place)[name]
    if name not in _KNOWN:
        outcome = forked(*command, prepare=mark_often)
        if outcome.exit_code != 0:
            raise ValueError(f"expected exit code 0, got {outcome}")
        _KNOWN[name] = found()
        shutil.rmtree(place)
        place.mkdir()
    title = f"{name}, {kind} of {kilobytes} KB"
    if kind == "file limit":
        first = forked(*command, prepare=_limited(kilobytes))
        return [_judge(title, name, first, lambda: _goes_on(command), found)]
    mount = ["mount", "-t", "tmpfs", "-o", f"size={max(4, kilobytes) * 1024}", "tmpfs", str(place)]
    subprocess.run(mount, check=True)
    try:
        first = forked(*command, prepare=mark_often)
        subprocess.run(["mount", "-o", f"remount,size={ENOUGH_KB}k", str(place)], check=True)
        return [_judge(title, name, first, lambda: _goes_on(command), found)]
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


_KNOWN: dict[str, dict[str, bytes]] = {}


def _goes_on(command: list[Any]) -> Outcome:
    """Run a command again, with --resume if that is possible."""
    if command[0] == "evaluate":
        return forked(*command)
    outcome = forked(*command, "--resume", prepare=mark_often)
    for message, options in NOTHING_YET.items():
        if outcome.exit_code == 1 and message in outcome.stderr:
            return forked(*command, *options)
    return outcome


def _judge(
    title: str, name: str, first: Outcome, go_on: Callable[[], Outcome], found: Callable[[], dict[str, bytes]]
) -> Result:
    was_refused = first.exit_code != 0
    if was_refused:
        refused = judge(title, first, None)
        if refused.verdict is not Verdict.REFUSED:
            return refused
        second = go_on()
        if second.exit_code != 0:
            return result(title, Verdict.OTHER, second, f"with room again: exit code {second.exit_code}.")
    differs = difference(found(), _KNOWN[name])
    verdict = Verdict.CHANGED if differs else Verdict.REFUSED if was_refused else Verdict.UNAFFECTED
    return result(title, verdict, first, f"other files: {differs}.")
