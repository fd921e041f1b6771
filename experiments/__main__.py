"""python -m experiments run CORPUS VARIANT... [--rows N] [--seeds 1,2,3]; python -m experiments table CORPUS SCORE."""

import argparse
from pathlib import Path

from experiments.runner import Job, run, settings_of
from experiments.tables import table


def main() -> None:
    """Run experiments or print a table of results."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser("run", help="train variants and record their scores")
    runs.add_argument("corpus")
    runs.add_argument("variants", nargs="+")
    runs.add_argument("--rows", type=int, help="number of training rows to use (default: all)")
    runs.add_argument("--seeds", default="1,2,3")
    runs.add_argument("--corpora", type=Path, default=Path("corpora"), help="folder that contains the corpora")
    runs.add_argument("--runs", type=Path, default=Path("runs/experiments"))
    tables = commands.add_parser("table", help="print the scores on a corpus as a Markdown table")
    tables.add_argument("corpus")
    tables.add_argument("score")
    tables.add_argument("--rows", default="all")
    tables.add_argument("--part", default="test", choices=["validation", "test"])
    options = parser.parse_args()
    if options.command == "table":
        print(table(options.corpus, options.rows, options.score, options.part))
        return
    for variant in options.variants:
        settings_of("variants", variant)
    if not (options.corpora / options.corpus).is_dir():
        raise SystemExit(
            f"{options.corpora / options.corpus}: no such folder. The corpora are not part of the project; see "
            "experiments/README.md for their sources and for what --corpora expects."
        )
    for seed in map(int, options.seeds.split(",")):
        for variant in options.variants:
            run(Job(options.corpus, variant, seed, options.rows, options.corpora, options.runs))


main()
