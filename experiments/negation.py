"""How many sentences of data/negation/test.csv a model of the six bundled emotions gets right, by kind.

python -m experiments.negation runs/demo
"""

import csv
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import lstmcli

TEST = Path(__file__).parent.parent / "data" / "negation" / "test.csv"


def read_test(path: Path = TEST) -> list[dict[str, str]]:
    """Return the rows: `text`, `label` (the accepted answers, separated by vertical bars) and `kind`."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def shares_right(rows: Iterable[Mapping[str, str]], answers: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return kind -> (number of right answers, number of sentences), and "all" last."""
    counts: dict[str, tuple[int, int]] = {}
    for row, answer in zip(rows, answers, strict=True):
        for kind in (row["kind"], "all"):
            right, total = counts.get(kind, (0, 0))
            counts[kind] = right + (answer in row["label"].split("|")), total + 1
    counts["all"] = counts.pop("all", (0, 0))
    return counts


def main() -> None:
    """Print a table for each model."""
    rows = read_test()
    for run in sys.argv[1:]:
        answers = lstmcli.load(run).predict([row["text"] for row in rows])
        print(run)
        for kind, (right, total) in shares_right(rows, answers).items():
            print(f"{kind:18}{right:4} of {total:4}{right / total:8.3f}")


if __name__ == "__main__":
    main()
