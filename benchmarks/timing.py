"""Runs candidates in turn in one process, compares their CPU time, and prints tables."""

import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info

CPU_INFO = Path("/proc/cpuinfo")
PROCESS_STATUS = Path("/proc/self/status")

Times = dict[str, list[float]]


def in_turn(candidates: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: bool = True) -> Times:
    """Return the CPU seconds of every candidate in every round. Each round runs every candidate once."""
    times: Times = {name: [] for name in candidates}
    for number in range(rounds + warm_up):
        for name, run in candidates.items():
            started_at = time.process_time()
            run()
            if number >= warm_up:
                times[name].append(time.process_time() - started_at)
    return times


def ratio(times: Times, first: str, second: str) -> str:
    """Return the median over rounds of first / second, and the range, as "1.23 (1.20-1.31)"."""
    ratios = sorted(a / b for a, b in zip(times[first], times[second], strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"


def milliseconds(seconds: Sequence[float]) -> str:
    """Return the median in ms."""
    return f"{1e3 * statistics.median(seconds):.1f}"


def product_rate() -> float:
    """Return the speed of numpy's matrix library on large float32 products, in operations per second."""
    left, right = (np.random.default_rng(seed).random((1536, 1536), dtype=np.float32) for seed in (0, 1))
    times = in_turn({"product": lambda: left @ right}, rounds=7)["product"]
    return 2.0 * 1536.0**3 / min(times)


def layer_operations(rows: int, tokens: int, input_size: int, hidden_size: int, num_gates: float) -> float:
    """Return the operations of one direction, forward and backward. Each product needs two more for its gradients."""
    return 3.0 * 2.0 * num_gates * hidden_size * (rows * input_size + tokens * hidden_size)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print(f"\n### {title}\n")
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    for line in lines:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |", flush=True)


def environment() -> None:
    """Print the processor, the versions and the speed that the figures depend on."""
    processor = platform.processor() or platform.machine()
    if CPU_INFO.exists():
        lines = CPU_INFO.read_text(encoding="utf-8").splitlines()
        processor = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), processor)
    libraries: list[dict[str, Any]] = threadpool_info()
    library = next((entry for entry in libraries if "numpy" in entry["filepath"]), {})
    core = library.get("architecture", "unknown")
    print(
        f"{processor}; Python {platform.python_version()}, numpy {np.__version__} (OpenBLAS core {core}), torch "
        f"{torch.__version__}; large float32 products: {product_rate() / 1e9:.0f} GFLOP/s; CPU times, one thread"
    )


def in_new_process(module: str, *arguments: str) -> list[float]:
    """Run `python -m module arguments` and return the numbers that it prints."""
    command = [sys.executable, "-m", module, *arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(word) for word in found.stdout.split()]


def peak_memory_mb() -> float:
    """Return the peak memory of this process."""
    if PROCESS_STATUS.exists():  # the value from `resource` includes the parent process
        lines = PROCESS_STATUS.read_text(encoding="utf-8").splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
