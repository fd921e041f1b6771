"""python -m experiments.pictures: run the commands of docs/understanding.md in order, which draws its pictures.

A training whose run directory exists is not repeated.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parent.parent
DOCUMENT = PROJECT / "docs" / "understanding.md"


def commands(document: str) -> Iterator[str]:
    """Yield the calls of the tool in the blocks of shell commands."""
    for block in re.findall(r"```(?:sh|bash)\n(.*?)```", document, re.DOTALL):
        yield from (line for line in block.replace("\\\n", " ").splitlines() if line.startswith("lstmcli "))


def is_done(command: str) -> bool:
    """Whether a command is a training that has finished."""
    words = shlex.split(command)
    if words[1] not in ("train", "pretrain"):
        return False
    return (PROJECT / words[words.index("--run-dir") + 1] / "metrics.json").exists()


def main() -> None:
    """Run everything; the output is what the document quotes."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "COLUMNS": "80"}
    tool = f'lstmcli() {{ {shlex.quote(sys.executable)} -m lstmcli "$@"; }}\n'
    for command in commands(DOCUMENT.read_text(encoding="utf-8")):
        print(f"\n$ {command}", flush=True)
        if is_done(command):
            print("(done before)", flush=True)
            continue
        subprocess.run(["bash", "-c", f"set -o pipefail; {tool}{command}"], cwd=PROJECT, env=environment, check=True)


if __name__ == "__main__":
    main()
