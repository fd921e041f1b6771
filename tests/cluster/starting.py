"""How the tests of this folder start processes that train together."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import PROJECT, corpus_options, set_options

# A test fails, rather than hangs, if what it waits for doesn't come in so many seconds.
LONGEST_WAIT = 300

TORCHRUN = [sys.executable, "-m", "torch.distributed.run"]


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a process, with further `variables`."""
    return {**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1", **variables}


def torchrun(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Start two processes on this host, and wait for their end."""
    return subprocess.run(
        [*TORCHRUN, "--standalone", "--nproc-per-node", "2", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=environment(GLOO_SOCKET_IFNAME="lo"),
        check=False,
        timeout=LONGEST_WAIT,
    )


def quick_training(corpus: Path, *settings: str) -> list[str]:
    """Return the options of a training that takes a moment, with dropout."""
    quick = "ngrams.enabled=false", "evaluation.baselines=false", "training.device=cpu"
    return [*corpus_options(corpus), *set_options(*quick, *settings)]


def wait_until(is_so: Callable[[], Any]) -> None:
    """Wait until `is_so` returns something true."""
    ends_at = time.monotonic() + LONGEST_WAIT
    while not is_so():
        if time.monotonic() > ends_at:
            raise TimeoutError
        time.sleep(0.1)
