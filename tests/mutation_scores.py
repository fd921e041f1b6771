"""python -m tests.mutation_scores: what share of the mutants of `make mutants` the tests catch; 1 if too few."""

import json
import sys
from collections import Counter
from pathlib import Path

MUTANTS = Path("mutants")

# mutmut's exit codes of mutants that make tests fail, run out of time or crash. One that no test reaches is not caught;
# 255 says that pytest could not run the tests, such as one whose name changes from process to process; None, that the
# run was stopped before.
CAUGHT = {"failed": {1, 3}, "timed out": {24, 36, 152, -24}, "crashed": {-11, -9}}

GROUPS = {"lstmcli/metrics": "metrics and thresholds", "lstmcli/corpus": "splits and labels", "lstmcli/data": "readers"}

GOAL = 0.85


def counts() -> dict[str, Counter[str]]:
    """Return group -> outcome -> number of mutants."""
    found: dict[str, Counter[str]] = {group: Counter() for group in GROUPS.values()}
    outcomes = {code: outcome for outcome, codes in CAUGHT.items() for code in codes}
    for folder, group in GROUPS.items():
        for path in (MUTANTS / folder).rglob("*.meta"):
            codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].values()
            found[group].update(outcomes.get(code, "not caught") for code in codes)
    return found


def main() -> None:
    """Print a table."""
    columns = [*CAUGHT, "not caught"]
    lines = [f"{'group':24}{'mutants':>8}{''.join(f'{outcome:>11}' for outcome in columns)}    share"]
    is_enough = True
    for group, outcomes in counts().items():
        total = outcomes.total()
        share = 1 - outcomes["not caught"] / max(1, total)
        is_enough = is_enough and total > 0 and share >= GOAL
        lines.append(f"{group:24}{total:8}{''.join(f'{outcomes[outcome]:11}' for outcome in columns)}{share:9.1%}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(0 if is_enough else 1)


if __name__ == "__main__":
    main()
