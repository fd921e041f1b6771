"""Changes some labels of a corpus at random, and measures how many `cross-validate --suspects` finds.

python -m experiments.label_noise FOLDER/emotion/train.csv --rows 4000 --folds 3
"""

import argparse
import csv
import random
import tempfile
from pathlib import Path

from experiments.runner import lstmcli


def main() -> None:
    """Print how many of the changed labels are among the first of the ranking, for each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="CSV with the columns text and label, one label per text")
    parser.add_argument("--rows", type=int, default=4000, help="rows to draw")
    parser.add_argument("--share", type=float, default=0.05, help="of them whose label is changed")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            line = measured(arguments.file, Path(folder), arguments.rows, arguments.share, arguments.folds, seed)
            print(line, flush=True)


def measured(file: Path, folder: Path, rows: int, share: float, folds: int, seed: int) -> str:
    """Return a line with the result for one seed."""
    wrong = write_noisy(file, folder / "noisy.csv", rows, share, seed)
    options = ["--folds", folds, "--no-baselines", "--run-dir", folder / "run", "--set", f"training.seed={seed}"]
    lstmcli("cross-validate", folder / "noisy.csv", *options, "--suspects", folder / "suspects.csv", "--quiet")
    with (folder / "suspects.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    lines = [int(row["line"]) for row in found]
    first = lines[: rows // 10]
    confident = [line for line, row in zip(lines, found, strict=True) if row["confident"] == "1"]
    return (
        f"seed {seed}: {len(wrong):,} of {rows:,} labels changed; {_share(first, wrong)} of them are among the first "
        f"{rows // 10:,} suspects, {_share(lines[: len(wrong)], wrong)} among the first {len(wrong):,}, "
        f"{_share(confident, wrong)} among the {len(confident):,} of the confident joint"
    )


def write_noisy(file: Path, target: Path, rows: int, share: float, seed: int) -> set[int]:
    """Write some rows of `file` into `target`, a share of them with another label, and return the lines of these."""
    generator = random.Random(seed)
    with file.open(encoding="utf-8", newline="") as stream:
        table = [(row["text"], row["label"]) for row in csv.DictReader(stream)]
    names = sorted({label for _, label in table})
    drawn = [table[at] for at in sorted(generator.sample(range(len(table)), rows))]
    changed = set(generator.sample(range(rows), round(share * rows)))
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["text", "label"])
        for number, (text, label) in enumerate(drawn):
            others = [name for name in names if name != label]
            writer.writerow([text, generator.choice(others) if number in changed else label])
    return {number + 2 for number in changed}


def _share(lines: list[int], wrong: set[int]) -> str:
    return f"{len(wrong & set(lines)) / len(wrong):.1%}"


if __name__ == "__main__":
    main()
