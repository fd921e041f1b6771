"""All kinds of attacks: runs some of each on every core, and counts what came of them."""

import multiprocessing
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults import damage, full_disk, hostile, kills, malformed
from tests.faults.attack import FORBIDDEN, Attack, Result, Verdict
from tests.faults.runs import Material


@dataclass(frozen=True)
class Kind:
    """A kind of attack.

    Attributes:
        attacks: of material, a number of attacks and a seed.
        short: how many `make test` tries.
        long: how many `make faults` tries.
    """

    attacks: Callable[[Material, int, int], Iterator[Attack]]
    short: int
    long: int


KINDS = {
    "kills": Kind(kills.attacks, 5, 200),
    "damage": Kind(damage.attacks, 12, 500),
    "full_disk": Kind(full_disk.attacks, 5, 64),
    "hostile": Kind(hostile.attacks, 4, 300),
    "malformed": Kind(malformed.attacks, 60, 10_000),
}


def run_attacks(attacks: Iterable[Attack], folder: Path, *, processes: int = 1) -> Iterator[Result]:
    """Run attacks, each in an empty folder within `folder`, and yield their results."""
    global _ATTACKS, _FOLDER  # processes are forked, since attacks can't be pickled
    _ATTACKS, _FOLDER = list(attacks), folder
    if processes == 1:
        for number in range(len(_ATTACKS)):
            yield from _run(number)
        return
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for results in pool.imap_unordered(_run, range(len(_ATTACKS))):
            yield from results


_ATTACKS: Sequence[Attack] = []
_FOLDER = Path()


def _run(number: int) -> list[Result]:
    attack = _ATTACKS[number]
    folder = Path(tempfile.mkdtemp(dir=_FOLDER))
    try:
        return [Result(f"#{number} {attack.name}: {each.attack}", *_rest(each)) for each in attack.run(folder)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rest(result: Result) -> tuple[Verdict, float, float, str]:
    return result.verdict, result.cpu_seconds, result.megabytes, result.detail


COLUMNS = ["attacks", *(verdict.value for verdict in Verdict), "worst seconds", "worst MB"]


def row_of(results: Sequence[Result]) -> list[str]:
    """Return the numbers of a kind, in the order of COLUMNS."""
    counts = Counter(each.verdict for each in results)
    return [
        f"{len(results):,}",
        *(f"{counts[verdict]:,}" for verdict in Verdict),
        f"{max((each.cpu_seconds for each in results), default=0.0):.1f}",
        f"{max((each.megabytes for each in results), default=0.0):.0f}",
    ]


def faults(results: Iterable[Result]) -> list[str]:
    """Return a description of each result that must not be."""
    return [f"{each.verdict}: {each.attack}\n    {each.detail}" for each in results if each.verdict in FORBIDDEN]


def num_processes() -> int:
    return min(2, len(os.sched_getaffinity(0)))
