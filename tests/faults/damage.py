"""Damages files as disks and copies do. What reads them must give the same result as before, or say what is damaged."""

import mmap
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.faults.attack import Attack, Result, Verdict, forked, judge, result
from tests.faults.kills import kill_before, mark_often
from tests.faults.runs import Material, difference, result_of

Damage = Callable[[bytes, random.Random], bytes]


def _flip(content: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1 :]


def _truncate(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _zero_block(content: bytes, draw: random.Random) -> bytes:
    start = draw.randrange(len(content))
    size = min(draw.choice([1, 16, 512, 4096]), len(content) - start)
    return content[:start] + bytes(size) + content[start + size :]


def _overwrite(content: bytes, draw: random.Random) -> bytes:
    start = draw.randrange(len(content))
    size = min(draw.randint(1, 64), len(content) - start)
    return content[:start] + draw.randbytes(size) + content[start + size :]


def _swap_blocks(content: bytes, draw: random.Random) -> bytes:
    size = min(draw.choice([1, 8, 512, 4096]), len(content) // 2)
    starts = sorted(draw.randrange(max(1, len(content) // max(1, size))) * size for _ in range(2))
    first, second = (content[start : start + size] for start in starts)
    if not len(first) == len(second) == size or starts[0] == starts[1]:
        return content
    between = content[starts[0] + size : starts[1]]
    return content[: starts[0]] + second + between + first + content[starts[1] + size :]


def _empty(_content: bytes, _draw: random.Random) -> bytes:
    return b""


def _append(content: bytes, draw: random.Random) -> bytes:
    return content + draw.choice([b"\0", b"\n", content, draw.randbytes(draw.randint(1, 5000))])


KINDS: dict[str, Damage] = {
    "flip": _flip,
    "truncate": _truncate,
    "zero": _zero_block,
    "overwrite": _overwrite,
    "swap": _swap_blocks,
    "empty": _empty,
    "append": _append,
}


def damage(path: Path, others: list[Path], draw: random.Random) -> tuple[str, bool]:
    """Damage a file; return how, and whether its content has changed."""
    before = path.read_bytes()
    kind = draw.choice([*KINDS, "flip", "flip", "delete", "replace"])
    if kind == "delete":
        path.unlink()
        return kind, True
    if kind == "replace":
        path.write_bytes(draw.choice(others).read_bytes())
    elif before:
        path.write_bytes(KINDS[kind](before, draw))
    return kind, path.read_bytes() != before


def attacks(material: Material, count: int, seed: int) -> Iterator[Attack]:
    """Yield damages to finished runs, and every third time to unfinished runs and outputs."""
    for number in range(count):
        attack = (_finished, _finished, _finished, _interrupted_run, _finished, _interrupted_output)[number % 6]
        yield Attack(f"damage {seed}.{number}", partial(attack, material, random.Random(f"{seed} {number}")))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _finished(material: Material, draw: random.Random, folder: Path) -> list[Result]:
    run = folder / "run"
    commands = {
        "predict": ["predict", run, material.texts, "--probabilities"],
        "evaluate": ["evaluate", run, material.folder / "validation.csv"],
        "verify": ["verify", run],
    }
    shutil.copytree(material.run, run)
    if not _EXPECTED:
        _EXPECTED.update({name: forked(*command).stdout for name, command in commands.items()})
    whole = [path for path in _files(run) if path.name not in ("report.md", "report.html", "gradients.svg")]
    path = draw.choice(whole)
    kind, is_changed = damage(path, whole, draw)
    is_sealed = (material.run / path.relative_to(run)).parent.joinpath("checksums.json").exists()
    found = []
    for name, command in commands.items():
        outcome = forked(*command)
        title = f"{name} after {kind} of {path.relative_to(run)}"
        if name != "verify":
            found.append(judge(title, outcome, _EXPECTED[name], names=_named(path)))
        elif outcome.exit_code == 0 and is_sealed and is_changed:
            found.append(result(title, Verdict.CHANGED, outcome, "verify has not noticed."))
        else:
            found.append(judge(title, outcome, outcome.stdout, names=_named(path)))
    return found


_EXPECTED: dict[str, bytes] = {}


def _named(path: Path) -> str:
    """Return what a message about a file must contain: its folder, since a list of checksums speaks for others."""
    return str(path.parent)


def _interrupted_run(material: Material, draw: random.Random, folder: Path) -> list[Result]:
    run, command = folder / "run", [*material.train(), "--run-dir", str(folder / "run")]
    if "run" not in _KNOWN:
        forked(*command)
        _KNOWN["run"] = result_of(run)
        shutil.rmtree(run)
    # Most of the changes of a training on so few texts are made after the first saved state.
    forked(*command, prepare=kill_before(draw.randint(40, 160), mmap.mmap(-1, 8)))
    # What a finished pretraining reports has no checksums, and nothing reads it again.
    reports = [run / "pretraining" / name for name in ("metrics.json", "history.jsonl")]
    files = [path for path in _files(run) if not path.name.startswith(".") and path not in reports]
    if not files:
        return []
    path = draw.choice(files)
    kind, _ = damage(path, files, draw)
    outcome = forked(*command, "--resume")
    title = f"train --resume after {kind} of {path.relative_to(run)}"
    if outcome.exit_code != 0:
        return [judge(title, outcome, None, names=str(run))]
    # A pretraining that had finished is not trained again, so its checkpoints stay as they are.
    unread = {str(path.relative_to(run))} if "pretraining/checkpoints" in str(path) else set()
    expected = {name: content for name, content in _KNOWN["run"].items() if name not in unread}
    differs = difference({name: each for name, each in result_of(run).items() if name not in unread}, expected)
    return [result(title, Verdict.CHANGED if differs else Verdict.UNAFFECTED, outcome, f"other files: {differs}.")]


_KNOWN: dict[str, dict[str, bytes]] = {}


def _interrupted_output(material: Material, draw: random.Random, folder: Path) -> list[Result]:
    target = folder / "out.csv"
    command = ["predict", material.run, material.texts, "--batch-size", "4", "--output", target]
    if "output" not in _KNOWN:
        forked(*command)
        _KNOWN["output"] = {"": target.read_bytes()}
        target.unlink()
    forked(*command, prepare=_die_at_row(draw.randint(1, 60)))
    files = _files(folder)
    if not files:
        return []
    path = draw.choice(files)
    kind, _ = damage(path, [*files, material.texts], draw)
    outcome = forked(*command, "--resume")
    title = f"predict --resume after {kind} of {path.name}"
    if outcome.exit_code != 0:
        return [judge(title, outcome, None, names=str(target))]
    same = target.read_bytes() == _KNOWN["output"][""]
    return [result(title, Verdict.UNAFFECTED if same else Verdict.CHANGED, outcome, "another output, exit 0.")]


def _die_at_row(number: int) -> Callable[[], None]:
    """Return what ends a process when it has written so many rows, as a SIGKILL would."""

    def prepare() -> None:
        import os

        from lstmcli.data.partial import Part

        mark_often()
        reached = Part.reached

        def count(part: Part, input_rows: int, written_rows: int) -> None:
            reached(part, input_rows, written_rows)
            if written_rows >= number:
                os._exit(9)

        Part.reached = count  # type: ignore[method-assign]

    return prepare
