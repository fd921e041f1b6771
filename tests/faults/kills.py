"""Kills commands at each change of a file, and at moments between them; what they leave must lead to the same result.

Python reports what a process is about to do to files (audit events), and calls to `fsync`, `write` and `ftruncate` are
counted as well. A process that kills itself before the n-th of these leaves what a SIGKILL just then would leave.
"""

import gzip
import mmap
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.attack import Attack, Outcome, Prepare, Result, Verdict, forked, result
from tests.faults.runs import Material, difference, result_of

CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "shutil.rmtree", "os.link"}
COUNTED_CALLS = ["fsync", "write", "ftruncate"]

# What --resume may say if there is nothing yet to resume, and the option to use instead.
NOTHING_YET = {
    "there is no run to resume": [],
    "start again with --overwrite": ["--overwrite"],
}


@dataclass(frozen=True)
class Command:
    """A command that writes to a place.

    Attributes:
        arguments: of a place.
        place: what it writes.
        found: all of its result, but for times.
        jobs: number of processes.
    """

    name: str
    arguments: Callable[[Path], list[str]]
    place: str
    found: Callable[[Path], dict[str, bytes]]
    is_run: bool


def kill_before(number: int, counter: mmap.mmap) -> Prepare:
    """Return what makes a process kill itself before its `number`-th change; changes are counted in `counter`."""

    def count() -> None:
        done = int.from_bytes(counter[:8], "little") + 1
        counter[:8] = done.to_bytes(8, "little")
        if done == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        is_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGES or (is_write and not str(arguments[0]).startswith("/dev/")):
            count()

    def prepare() -> None:
        mark_often()
        for name in COUNTED_CALLS:
            setattr(os, name, _counted(getattr(os, name), count))
        sys.addaudithook(watch)

    return prepare


def _counted(call: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        count()
        return call(*arguments)

    return counted


def mark_often() -> None:
    """Let a partial output be marked every few rows, rather than once a second."""
    import lstmcli.data.file_output
    import lstmcli.data.partial

    lstmcli.data.file_output.MARK_ROWS = 7
    lstmcli.data.partial.MARK_SECONDS = 0.0


def kill_after(cpu_seconds: float) -> Prepare:
    """Return what makes a process kill itself once it has computed for so long."""

    def prepare() -> None:
        mark_often()
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process at once
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)

    return prepare


def attacks(material: Material, count: int, seed: int) -> Iterator[Attack]:
    """Yield kills of all commands, each command's spread over its changes of files; every fourth at any moment."""
    random_numbers = random.Random(seed)
    commands = list(_commands(material))
    for number in range(count):
        command = commands[number % len(commands)]
        place, seconds = random_numbers.random(), random_numbers.random()
        at_any_moment, starts_again = number // len(commands) % 4 == 3, random_numbers.random() < 0.25
        kind = f"at {seconds:.3f} of its time" if at_any_moment else f"at {place:.3f} of its changes"
        yield Attack(
            f"{command.name} killed {kind}" + (", then --overwrite" if starts_again and command.is_run else ""),
            partial(
                _attack,
                command,
                place=None if at_any_moment else place,
                seconds=seconds,
                starts_again=starts_again,
                random_numbers=random.Random(number),
            ),
        )


def _commands(material: Material) -> Iterator[Command]:
    runs = {
        "train": material.train(),
        "pretrain": material.pretrain(),
        "train an ensemble": material.train("training.ensemble=2", "pretraining.own_texts=false"),
        "cross-validate": material.cross_validate(),
    }
    for name, arguments in runs.items():
        yield Command(name, partial(_with_run, arguments), "r", result_of, is_run=True)
    outputs = [("csv", 1), ("jsonl", 2), ("csv.gz", 1)]
    for extension, jobs in outputs:
        path = material.folder / "texts.txt"
        options = ["predict", str(material.run), str(path), "--batch-size", "4", "--jobs", str(jobs), "--output"]
        yield Command(
            f"predict {extension}", partial(_with_output, options), f"out.{extension}", _content, is_run=False
        )


def _with_run(arguments: list[str], place: Path) -> list[str]:
    return [*arguments, "--run-dir", str(place)]


def _with_output(arguments: list[str], place: Path) -> list[str]:
    return [*arguments, str(place)]


def _content(path: Path) -> dict[str, bytes]:
    """Return the rows of an output, and the names of files beside it."""
    content = {each.name: b"" for each in path.parent.iterdir()}
    return content | {path.name: gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()}


def _attack(
    command: Command,
    folder: Path,
    *,
    place: float | None,
    seconds: float,
    starts_again: bool,
    random_numbers: random.Random,
) -> list[Result]:
    expected, changes, cpu_seconds = _uninterrupted(command, folder)
    target = folder / command.place
    counter = mmap.mmap(-1, 8)
    number = 1 + int((place or 0.0) * changes)
    killed = kill_after(max(0.001, seconds * cpu_seconds)) if place is None else kill_before(number, counter)
    outcome = forked(*command.arguments(target), cwd=folder, prepare=killed)
    if outcome.exit_code not in (-signal.SIGKILL, -signal.SIGPROF, 0):
        return [result(command.name, Verdict.OTHER, outcome, f"exit code {outcome.exit_code} before the kill.")]
    if outcome.exit_code != 0 and random_numbers.random() < 0.3:  # killed again
        again = kill_before(1 + int(random_numbers.random() * changes / 2), counter := mmap.mmap(-1, 8))
        forked(*command.arguments(target), "--resume", cwd=folder, prepare=again)
    name = f"{command.name}, killed before change {number} of {changes}"
    return [_finish(command, target, expected, name, starts_again=starts_again and command.is_run)]


def _finish(command: Command, target: Path, expected: dict[str, bytes], name: str, *, starts_again: bool) -> Result:
    option = "--overwrite" if starts_again else "--resume"
    outcome = forked(*command.arguments(target), option, cwd=target.parent, prepare=mark_often)
    for message, options in NOTHING_YET.items():
        if outcome.exit_code == 1 and message in outcome.stderr:
            outcome = forked(*command.arguments(target), *options, cwd=target.parent)
            break
    if outcome.exit_code != 0:
        verdict = Verdict.TRACEBACK if "Traceback" in outcome.stderr else Verdict.OTHER
        return result(name, verdict, outcome, f"{option} ends with exit code {outcome.exit_code}.")
    differs = difference(command.found(target), expected)
    return result(name, Verdict.CHANGED if differs else Verdict.UNAFFECTED, outcome, f"other files: {differs}.")


_KNOWN: dict[str, tuple[dict[str, bytes], int, float]] = {}


def _uninterrupted(command: Command, folder: Path) -> tuple[dict[str, bytes], int, float]:
    """Return the result of a command that nothing happens to, how often it changes files, and its CPU time."""
    if command.name not in _KNOWN:
        counter = mmap.mmap(-1, 8)
        inner = folder / "uninterrupted"
        inner.mkdir()
        target = inner / command.place
        outcome: Outcome = forked(*command.arguments(target), cwd=inner, prepare=kill_before(0, counter))
        if outcome.exit_code != 0:
            raise ValueError(f"expected exit code 0, got {outcome}")
        changes = int.from_bytes(counter[:8], "little")
        _KNOWN[command.name] = command.found(target), changes, outcome.cpu_seconds
        shutil.rmtree(inner)
    return _KNOWN[command.name]
