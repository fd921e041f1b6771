"""Runs one training of an experiment (corpus, variant, seed) through the command line, as a user would."""

import csv
import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "results.csv"
COLUMNS = [
    "corpus",
    "rows",
    "variant",
    "seed",
    "part",
    "system",
    "score",
    "value",
    "low",
    "high",
    "cpu_seconds",
    "megabytes",
]

# In the run directory: the CPU time of the training, which metrics.json does not hold.
COST_FILE = "cpu_seconds.txt"

# With `Job.rows`, the number of validation rows per training row, drawn from the remaining training rows.
VALIDATION_SHARE = 0.25


@dataclass(frozen=True)
class Job:
    """One training. `rows` is the number of training rows to draw with the seed; None: the whole training file."""

    corpus: str
    variant: str
    seed: int
    rows: int | None
    corpora: Path
    runs: Path

    @property
    def folder(self) -> Path:
        return self.runs / f"{self.corpus}-{self.rows or 'all'}" / f"{self.variant}-{self.seed}"


def settings_of(kind: str, name: str) -> dict[str, Any]:
    """Return the entry `name` of variants.yaml or corpora.yaml."""
    entries = yaml.safe_load((HERE / f"{kind}.yaml").read_text(encoding="utf-8"))
    if name not in entries:
        raise SystemExit(f"no entry {name!r} in {kind}.yaml; choose from {', '.join(entries)}")
    return dict(entries[name])


def run(job: Job) -> None:
    """Train, unless this has been done before, and add the scores to RESULTS."""
    if not (job.folder / "metrics.json").is_file():
        _train(job)
    _note(job)


def _train(job: Job) -> None:
    corpus, variant = settings_of("corpora", job.corpus), settings_of("variants", job.variant)
    train, validation = _files(job)
    settings = [
        f"data.validation={validation}",
        f"training.seed={job.seed}",
        *corpus["settings"],
        *variant.get("settings", []),
    ]
    if corpus.get("has_test", True):
        settings.append(f"data.test={job.corpora / job.corpus / 'test.csv'}")
    if variant.get("all_texts"):
        settings.append(f"model.pretrained={_pretrained(job)}")
    if "teacher" in variant:
        train = _taught(job, variant["teacher"], train)
    options = [part for setting in [f"data.train={train}", *settings] for part in ("--set", setting)]
    before = _seconds_of_children()
    lstmcli("train", *options, "--run-dir", job.folder, "--overwrite")
    (job.folder / COST_FILE).write_text(f"{_seconds_of_children() - before:.1f}\n", encoding="utf-8")


def _seconds_of_children() -> float:
    """Return the CPU time of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _files(job: Job) -> tuple[Path, Path]:
    """Return the training and the validation file. With `job.rows`, both are drawn from the training file."""
    folder = job.corpora / job.corpus
    if job.rows is None:
        return folder / "train.csv", folder / "validation.csv"
    part = job.folder.parent / f"rows-{job.seed}"
    if not part.is_dir():
        table = pd.read_csv(folder / "train.csv", dtype=str, keep_default_na=False)
        order = np.random.default_rng(job.seed).permutation(len(table))
        part.mkdir(parents=True)
        end = job.rows + round(VALIDATION_SHARE * job.rows)
        table.iloc[order[: job.rows]].to_csv(part / "train.csv", index=False)
        table.iloc[order[job.rows : end]].to_csv(part / "validation.csv", index=False)
    return part / "train.csv", part / "validation.csv"


def _pretrained(job: Job) -> Path:
    run_dir = job.runs / f"{job.corpus}-texts"
    if not (run_dir / "metrics.json").is_file():
        train = job.corpora / job.corpus / "train.csv"
        lstmcli("pretrain", "--set", f"data.train={train}", "--run-dir", run_dir, "--overwrite")
    return run_dir


def _taught(job: Job, teacher: str, train: Path) -> Path:
    """Return a training file with the probabilities that the teacher predicts for it."""
    other = Job(job.corpus, teacher, job.seed, job.rows, job.corpora, job.runs)
    run(other)
    taught = job.folder.parent / f"taught-{job.seed}.csv"
    lstmcli("predict", other.folder, train, "--probabilities", "--output", taught)
    return taught


def lstmcli(*arguments: object) -> None:
    """Run the tool; its messages go to stderr."""
    path = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", "lstmcli", *map(str, arguments)]  # -P: not what lies in the current folder
    print("$", *command[3:], file=sys.stderr, flush=True)
    completed = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, check=False
    )
    if completed.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{completed.stderr}")


def _note(job: Job) -> None:
    metrics = json.loads((job.folder / "metrics.json").read_text(encoding="utf-8"))
    megabytes = sum(file.stat().st_size for file in (job.folder / "model").iterdir()) / 1e6
    cost_file = job.folder / COST_FILE
    cpu_seconds = float(cost_file.read_text(encoding="utf-8")) if cost_file.exists() else ""
    lines = []
    for part, evaluation in zip(("validation", "test"), metrics["evaluations"].values(), strict=False):
        for system, scores in evaluation["scores"].items():
            for score, estimate in scores.items():
                figures = [round(estimate[key], 5) for key in ("value", "low", "high")]
                cost = [cpu_seconds, round(megabytes, 1)]
                lines.append(
                    [job.corpus, job.rows or "all", job.variant, job.seed, part, system, score, *figures, *cost]
                )
    _replace_lines(job, lines)


def _replace_lines(job: Job, lines: list[list[Any]]) -> None:
    """Write `lines` to RESULTS, replacing those of an earlier run of the same job."""
    kept = []
    key = [job.corpus, str(job.rows or "all"), job.variant, str(job.seed)]
    if RESULTS.is_file():
        with RESULTS.open(encoding="utf-8", newline="") as stream:
            kept = [line for line in csv.reader(stream) if line[:4] != key][1:]
    RESULTS.parent.mkdir(exist_ok=True)
    temporary = RESULTS.with_suffix(".new")
    with temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([COLUMNS, *sorted([*kept, *([str(cell) for cell in line] for line in lines)])])
    temporary.replace(RESULTS)
