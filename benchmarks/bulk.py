"""Very many rows: the first stage against the whole model, and a shard against all rows."""

import tempfile
from pathlib import Path
from statistics import median

from benchmarks import stored_model
from benchmarks.corpora import write_csv
from benchmarks.prediction import MEAN_LENGTH, NUM_WORDS, PREDICT, used
from benchmarks.timing import ratio, table

NUM_TEXTS = 200_000
NUM_SHARDS = 4


def fast(num_texts: int = NUM_TEXTS, rounds: int = 3) -> None:
    """From CSV to CSV, by the whole model and with a first stage, whose calibration is included."""
    with tempfile.TemporaryDirectory() as name:
        path, model = Path(name) / "texts.csv", str(stored_model.write(Path(name) / "model", NUM_WORDS))
        write_csv(path, num_texts, MEAN_LENGTH, NUM_WORDS)
        options = {"whole model": [], "--fast 0.99": ["--fast", "0.99"], "--fast 0.999": ["--fast", "0.999"]}
        times: dict[str, list[float]] = {what: [] for what in options}
        for _ in range(rounds):
            for what, arguments in options.items():
                times[what].append(used([*PREDICT, model, str(path), *arguments, "--quiet"]).cpu)
    rows = [[what, f"{median(found):.1f}", ratio(times, "whole model", what)] for what, found in times.items()]
    table(f"{num_texts:,} texts of {MEAN_LENGTH} words", ["what", "CPU s", "whole model / it"], rows)


def shards(num_texts: int = NUM_TEXTS, rounds: int = 3) -> None:
    """One of several shards against all rows: what each reads in vain, and the start of a process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, model = folder / "texts.csv", str(stored_model.write(folder / "model", NUM_WORDS))
        write_csv(path, num_texts, MEAN_LENGTH, NUM_WORDS)
        shard = f"shard 1 of {NUM_SHARDS}"
        times: dict[str, list[float]] = {"all rows": [], shard: []}
        for _ in range(rounds):
            command = [*PREDICT, model, str(path), "--output", str(folder / "out.csv")]
            times["all rows"].append(used(command).cpu)
            times[shard].append(used([*command, "--shard", f"1/{NUM_SHARDS}"]).cpu)
    rows = [[what, f"{median(found):.1f}", ratio(times, "all rows", what)] for what, found in times.items()]
    table(f"{num_texts:,} texts of {MEAN_LENGTH} words", ["what", "CPU s", "all rows / it"], rows)
