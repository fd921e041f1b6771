"""Updates of one process alone, and of two that torchrun starts, in wall and CPU time; needs idle cores."""

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import typer

from benchmarks.corpora import write_csv
from benchmarks.timing import table
from lstmcli.cli.following import follow
from lstmcli.cli.several import Job, leading, place_in
from lstmcli.config.loading import load_config
from lstmcli.config.settings import Config
from lstmcli.errors import InterruptedRunError
from lstmcli.events import Event, StepFinished
from lstmcli.recipes.pretraining import pretrain
from lstmcli.recipes.train import train
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory
from lstmcli.training.setup import keep_freed_memory

ROUNDS = 3
NUM_PROCESSES = 2

# Updates that are measured, after some that are not.
NUM_UPDATES, NUM_BEFORE = 12, 3

NUM_TEXTS, MEAN_LENGTH, NUM_WORDS = 25_000, 20, 20_000
SIZES = {
    "train": ("training.batch_size", (32, 128, 512)),
    "pretrain": ("pretraining.batch_tokens", (1024, 4096, 16384)),
}


def together() -> None:
    """Print the time per update, alone and together, for batches of several sizes."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.csv"
        write_csv(path, NUM_TEXTS, MEAN_LENGTH, NUM_WORDS)
        for command, (setting, sizes) in SIZES.items():
            for size in sizes:
                found = [[_measured(command, f"{setting}={size}", path, of) for of in (1, 2)] for _ in range(ROUNDS)]
                rows.append([command, f"{setting}={size}", *_cells(found)])
    header = ["command", "setting", "alone, ms", "together, ms", "alone / together", "CPU ms", "CPU of each ms"]
    table(f"An update of one process and of {NUM_PROCESSES}, wall time", header, rows)


def _cells(rounds: list[list[tuple[float, float]]]) -> list[str]:
    (wall, cpu), (wall_together, cpu_together) = (zip(*each, strict=True) for each in zip(*rounds, strict=True))
    ratios = sorted(alone / both for alone, both in zip(wall, wall_together, strict=True))
    medians = [1e3 * statistics.median(each) for each in (wall, wall_together, cpu, cpu_together)]
    ratio = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
    return [f"{medians[0]:.0f}", f"{medians[1]:.0f}", ratio, f"{medians[2]:.0f}", f"{medians[3]:.0f}"]


def _measured(command: str, setting: str, path: Path, number: int) -> tuple[float, float]:
    """Return the median wall and CPU seconds of an update in the first process."""
    python = [sys.executable]
    if number > 1:
        python += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(number)]
    arguments = ["-m", "benchmarks.processes", command, setting, str(path)]
    done = subprocess.run([*python, *arguments], capture_output=True, text=True, check=True)
    wall, cpu = done.stdout.split()
    return float(wall), float(cpu)


class _Watch(Stop):
    """Notes the time after each update, and stops after some."""

    def __init__(self) -> None:
        self.times: list[tuple[float, float]] = []

    def tell(self, event: Event) -> None:
        if isinstance(event, StepFinished):
            self.times.append((time.perf_counter(), time.process_time()))

    def is_set(self) -> bool:
        return len(self.times) > NUM_BEFORE + NUM_UPDATES


def _config(command: str, setting: str, path: str) -> Config:
    settings = [setting, "training.device=cpu", "model.pretrained=none", "pretraining.own_texts=false"]
    settings += ["ngrams.enabled=false", "vocabulary.min_frequency=1", f"output.run_dir={path}.run"]
    settings.append(f"pretraining.texts=[{path}]" if command == "pretrain" else f"data.train={path}")
    return load_config(None, settings, needs_labels=command == "train", needs_rows=command == "train")


def _measure(command: str, setting: str, path: str) -> None:
    place = place_in()
    if not place.is_first:
        with contextlib.suppress(typer.Exit):  # the first one stops
            follow(place)
        return
    keep_freed_memory()
    config, watch = _config(command, setting, path), _Watch()
    recipe = train if command == "train" else pretrain
    run = OpenRun(RunDirectory(Path(f"{path}.run")), overwrite=True)
    job = Job("train" if command == "train" else "pretrain", config)
    with contextlib.suppress(InterruptedRunError), leading(job, place, watch) as processes:
        recipe(config, run, tell=watch.tell, stop=processes.stop, processes=processes)
    steps = list(zip(watch.times[NUM_BEFORE:], watch.times[NUM_BEFORE + 1 :], strict=False))
    print(*(statistics.median(after[at] - before[at] for before, after in steps) for at in (0, 1)))


if __name__ == "__main__":
    _measure(*sys.argv[1:])
