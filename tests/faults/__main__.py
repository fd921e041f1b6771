"""Runs all attacks and prints a table of what came of them: `python -m tests.faults [KIND]... [--scale X] [--seed N]`.

The exit code is 1 if there is any fault.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.attack import empty_folder, warm_up
from tests.faults.runs import make_material
from tests.faults.suite import COLUMNS, KINDS, faults, num_processes, row_of, run_attacks


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", choices=[[], *KINDS], help=", ".join(KINDS))
    parser.add_argument("--scale", type=float, default=1.0, help="factor of the numbers of attacks (default: 1)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (default: 1)")
    parser.add_argument("--jobs", type=int, default=num_processes(), help="processes (default: %(default)s)")
    options = parser.parse_args()
    warm_up()
    rows, found = [], []
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name).resolve()
        material = make_material(empty_folder(folder / "material"))
        for kind in options.kinds or KINDS:
            started_at = time.monotonic()
            attacks = KINDS[kind].attacks(material, max(1, round(KINDS[kind].long * options.scale)), options.seed)
            results = list(run_attacks(attacks, empty_folder(folder / kind), processes=options.jobs))
            rows.append([kind, *row_of(results)])
            found += faults(results)
            sys.stderr.write(f"{kind}: {len(results):,} attacks in {time.monotonic() - started_at:.0f} s\n")
            for fault in faults(results):
                sys.stderr.write(f"{fault}\n")
    header = ["kind", *COLUMNS]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
