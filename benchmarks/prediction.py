"""`lstmcli predict` as a process: start-up, speed, memory and latency."""

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks import stored_model
from benchmarks.corpora import NUM_LABELS, NUM_SPECIAL, write_csv
from benchmarks.timing import ratio, table

NUM_WORDS = 20_000
MEAN_LENGTH = 20
PREDICT = [sys.executable, "-m", "lstmcli", "predict"]


class Used(NamedTuple):
    """The resources that a process used: CPU and wall seconds, and peak memory in MB."""

    cpu: float
    wall: float
    memory: float


def used(command: Sequence[str], *, stdin: bytes = b"") -> Used:
    """Run `command`, discard its output, and return the resources used, child processes included."""
    # Runs in an intermediate process, since the system reports the maximum over all children of a process.
    program = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "found = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(found.ru_utime + found.ru_stime, found.ru_maxrss)"
    )
    started_at = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", program, *command], input=stdin, capture_output=True, check=True)
    wall = time.perf_counter() - started_at
    cpu, memory = map(float, result.stdout.split())
    return Used(cpu, wall, memory / (1024.0 * 1024.0 if sys.platform == "darwin" else 1024.0))


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


# What `predict` does too: a second thread of the matrix library would count against numpy.
ONE_THREAD_NUMPY = "import numpy, one matrix thread"


def start() -> None:
    """One line through a new process, compared with Python and numpy alone."""
    with _folder() as folder:
        small = str(stored_model.write(folder / "small", NUM_WORDS))
        large = str(stored_model.write(folder / "large", 10 * NUM_WORDS))
        commands = {
            "python": [sys.executable, "-c", "pass"],
            "import numpy": [sys.executable, "-c", "import numpy"],
            ONE_THREAD_NUMPY: [
                sys.executable,
                "-c",
                "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'; import numpy",
            ],
            "import torch": [sys.executable, "-c", "import torch"],
            "lstmcli --help": [sys.executable, "-m", "lstmcli", "--help"],
            "one line, 20,000 words": [*PREDICT, small],
            "one line, 200,000 words": [*PREDICT, large],
        }
        found: dict[str, list[Used]] = {name: [] for name in commands}
        for _ in range(11):
            for name, command in commands.items():
                found[name].append(used(command, stdin=b"w1 w20 w300 w4000\n"))
    times = {name: [each.cpu for each in runs] for name, runs in found.items()}
    rows = [
        [name, f"{1e3 * median(times[name]):.0f}", ratio(times, name, ONE_THREAD_NUMPY), f"{runs[0].memory:.0f}"]
        for name, runs in found.items()
    ]
    table("A new process", ["process", "CPU ms", "/ one thread", "peak MB"], rows)


def throughput() -> None:
    """From a CSV file to CSV, compared with other tools on the same texts."""
    num_texts = 100_000
    with _folder() as folder:
        path = folder / "texts.csv"
        write_csv(path, num_texts, MEAN_LENGTH, NUM_WORDS)
        models = {
            "lstmcli, last state": stored_model.write(folder / "a", NUM_WORDS, has_ngrams=False, has_attention=False),
            "lstmcli, attention": stored_model.write(folder / "b", NUM_WORDS, has_ngrams=False),
            "lstmcli, attention, n-grams": stored_model.write(folder / "c", NUM_WORDS),
        }
        with path.open(newline="", encoding="utf-8") as stream:
            texts = [row["text"] for row in csv.DictReader(stream)]
        # Start-up time is subtracted; `start` measures it.
        rest = [*PREDICT, str(folder / "c"), os.devnull, "--format", "text"]
        at_rest = min(used(rest).cpu for _ in range(3))
        others = _others(texts, folder)
        times: dict[str, list[float]] = {}
        for _ in range(3):
            for name, model in models.items():
                times.setdefault(name, []).append(used([*PREDICT, str(model), str(path)]).cpu - at_rest)
            for name, run in others.items():
                started_at = time.process_time()
                run()
                times.setdefault(name, []).append(time.process_time() - started_at)
    rows = [
        [name, f"{num_texts / median(found):,.0f}", *(ratio(times, other, name) for other in others)]
        for name, found in times.items()
    ]
    table("Texts of 20 words", ["what", "texts / CPU second", *(f"/ {other}" for other in others)], rows)


def _others(texts: list[str], folder: Path) -> dict[str, Callable[[], object]]:
    ids = [torch.tensor([min(int(word[1:]) + NUM_SPECIAL, NUM_WORDS - 1) for word in text.split()]) for text in texts]
    network = _Usual().eval()
    found: dict[str, Callable[[], object]] = {
        "nn.LSTM, packed": lambda: network.predict(ids, 64, is_packed=True),
        "nn.LSTM, padded": lambda: network.predict(ids, 64, is_packed=False),
        "nn.LSTM, sorted": lambda: network.predict(sorted(ids, key=len), 64, is_packed=False),
    }
    try:
        import fasttext
    except ImportError:
        print("\nfastText is not installed (pip install fasttext-numpy2-wheel): skipping its rows", flush=True)
        return found
    labelled = folder / "labelled.txt"
    lines = (f"__label__{number % NUM_LABELS} {text}\n" for number, text in enumerate(texts[:10_000]))
    labelled.write_text("".join(lines), encoding="utf-8")
    other = fasttext.train_supervised(str(labelled), wordNgrams=2, epoch=1, thread=1, verbose=0)
    return {**found, "fastText": lambda: other.predict(texts)}


class _Usual(nn.Module):
    """The network of a tutorial, of the same size, on token ids that are already in memory."""

    def __init__(self) -> None:
        super().__init__()
        size = stored_model.NETWORK.hidden_size
        self.embedding = nn.Embedding(NUM_WORDS, stored_model.EMBEDDING_SIZE)
        self.lstm = nn.LSTM(stored_model.EMBEDDING_SIZE, size, batch_first=True)
        self.output = nn.Linear(size, NUM_LABELS)

    @torch.inference_mode()
    def predict(self, ids: list[torch.Tensor], batch_size: int, *, is_packed: bool) -> None:
        """Predict in the given order, with each batch packed, or padded to its longest text."""
        for start in range(0, len(ids), batch_size):
            batch = ids[start : start + batch_size]
            lengths = torch.tensor([len(text) for text in batch])
            vectors = self.embedding(nn.utils.rnn.pad_sequence(batch, batch_first=True))
            if is_packed:
                packed = nn.utils.rnn.pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
                last = self.lstm(packed)[1][0][0]
            else:
                last = self.lstm(vectors)[0][torch.arange(len(batch)), lengths - 1]
            torch.softmax(self.output(last), dim=1)


# A program that uses the Python interface, with the default threads of the matrix library: all cores.
FROM_PYTHON = """
import csv, os, sys
os.environ.pop("OPENBLAS_NUM_THREADS", None)
import lstmcli
with open(sys.argv[2], newline="", encoding="utf-8") as stream:
    texts = [row["text"] for row in csv.DictReader(stream)]
lstmcli.load(sys.argv[1]).predict(texts)
"""


def from_python(num_texts: int = 100_000, rounds: int = 3) -> None:
    """One call of `lstmcli.load(run).predict`, compared with the command line, including start-up and reading."""
    rows = []
    with _folder() as folder:
        path = folder / "texts.csv"
        write_csv(path, num_texts, MEAN_LENGTH, NUM_WORDS)
        model = str(stored_model.write(folder / "model", NUM_WORDS))
        commands = {
            "lstmcli predict": [*PREDICT, model, str(path)],
            "lstmcli.load(run).predict(texts)": [sys.executable, "-c", FROM_PYTHON, model, str(path)],
        }
        for state, num_busy in ("idle", 0), ("busy", (os.cpu_count() or 1) - 1):
            found: dict[str, list[Used]] = {name: [] for name in commands}
            with _busy(num_busy):
                for _ in range(rounds):
                    for name, command in commands.items():
                        found[name].append(used(command))
            times = {name: [each.cpu for each in runs] for name, runs in found.items()}
            rows += [
                [
                    name,
                    state,
                    f"{median(times[name]):.1f}",
                    ratio(times, name, "lstmcli predict"),
                    f"{runs[0].memory:.0f}",
                ]
                for name, runs in found.items()
            ]
    table(f"{num_texts:,} texts", ["what", "other cores", "CPU s", "/ lstmcli predict", "peak MB"], rows)


@contextmanager
def _busy(num_processes: int) -> Iterator[None]:
    """Keep `num_processes` cores busy."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(num_processes)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def jobs() -> None:
    """One worker process compared with two, on a file so large that each can fill its own cache of words."""
    num_texts = 300_000
    with _folder() as folder:
        path = folder / "texts.csv"
        write_csv(path, num_texts, MEAN_LENGTH, NUM_WORDS)
        model = str(stored_model.write(folder / "model", NUM_WORDS))
        found: dict[str, list[Used]] = {"1": [], "2": []}
        for _ in range(3):
            for number, runs in found.items():
                runs.append(used([*PREDICT, model, str(path), "--jobs", number]))
    walls = {name: [each.wall for each in runs] for name, runs in found.items()}
    rows = [
        [name, f"{median(walls[name]):.1f}", ratio(walls, "1", name), f"{median(each.cpu for each in runs):.1f}"]
        for name, runs in found.items()
    ]
    table(f"{num_texts:,} texts on {os.cpu_count()} cores", ["--jobs", "wall s", "one job / it", "CPU s"], rows)


def memory() -> None:
    """Peak memory for files of increasing size."""
    found = {}
    with _folder() as folder:
        model = str(stored_model.write(folder / "model", NUM_WORDS))
        for num_texts in (10_000, 100_000, 1_000_000):
            path = folder / f"{num_texts}.csv"
            write_csv(path, num_texts, MEAN_LENGTH, NUM_WORDS)
            found[num_texts] = used([*PREDICT, model, str(path)])
            path.unlink()
    first = found[10_000].memory
    rows = [
        [f"{num_texts:,}", f"{each.memory:.0f}", f"{each.memory / first:.2f}", f"{num_texts / each.cpu:,.0f}"]
        for num_texts, each in found.items()
    ]
    table("Memory", ["texts", "peak MB", "/ 10,000 texts", "texts / CPU second, start included"], rows)


def latency() -> None:
    """The response time for a line through an open pipe."""
    generator = np.random.default_rng(0)
    lines = [
        " ".join(f"w{number}" for number in generator.integers(NUM_WORDS, size=MEAN_LENGTH)) + "\n" for _ in range(200)
    ]
    with _folder() as folder:
        model = str(stored_model.write(folder / "model", NUM_WORDS))
        process = subprocess.Popen([*PREDICT, model], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        waits = []
        for line in lines:
            started_at = time.perf_counter()
            process.stdin.write(line.encode())
            process.stdin.flush()
            process.stdout.readline()
            waits.append(1e3 * (time.perf_counter() - started_at))
        process.stdin.close()
        process.wait()
    waits = sorted(waits[1:])  # the first line waits for the start
    row = [f"{median(waits):.1f}", f"{waits[int(0.95 * len(waits))]:.1f}", f"{waits[-1]:.1f}"]
    table("A line through an open pipe, wall ms", ["median", "95th percentile", "maximum"], [row])
