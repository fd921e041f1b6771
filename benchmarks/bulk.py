"""Very many rows: the first stage against the whole model and fastText, and a shard against all rows."""

import csv
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import stored_model
from benchmarks.corpora import write_csv
from benchmarks.prediction import MEAN_LENGTH, NUM_WORDS, PREDICT, used
from benchmarks.timing import ratio, table

# A program with fastText that reads and writes the same tables.
FASTTEXT = """
import csv, sys
import fasttext
from itertools import islice
model = fasttext.load_model(sys.argv[1])
with open(sys.argv[2], newline="", encoding="utf-8") as stream:
    rows = csv.reader(stream)
    writer = csv.writer(sys.stdout, lineterminator="\\n")
    columns = next(rows, [])
    writer.writerow([*columns, "prediction", "score"])
    while block := list(islice(rows, 2048)):
        found = zip(block, *model.predict([row[columns.index("text")] for row in block]))
        writer.writerows([*row, names[0].removeprefix("__label__"), f"{scores[0]:.7f}"] for row, names, scores in found)
"""

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


def against_fasttext(num_texts: int = NUM_TEXTS, rounds: int = 3) -> None:
    """From CSV to CSV, start-up excluded, but not the calibration of a first stage."""
    try:
        import fasttext
    except ImportError:
        print("\nfastText is not installed (pip install fasttext-numpy2-wheel)", flush=True)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, empty, model = folder / "texts.csv", folder / "empty.csv", folder / "fasttext.bin"
        write_csv(path, num_texts, MEAN_LENGTH, NUM_WORDS)
        write_csv(empty, 0, MEAN_LENGTH, NUM_WORDS)
        fasttext.train_supervised(
            str(_labelled(path, folder / "labelled.txt")), wordNgrams=2, epoch=1, thread=1, verbose=0
        ).save_model(str(model))
        own = [*PREDICT, str(stored_model.write(folder / "model", NUM_WORDS))]
        commands = {
            FASTTEXT_ROW: ([sys.executable, "-c", FASTTEXT, str(model)], []),
            "lstmcli predict": (own, []),
            "lstmcli predict --fast 0.99": (own, ["--fast", "0.99"]),
            "lstmcli predict --fast 0.999": (own, ["--fast", "0.999"]),
        }
        times: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(rounds):
            for what, (command, options) in commands.items():
                at_rest = used([*command, str(empty)]).cpu
                times[what].append(used([*command, str(path), *options]).cpu - at_rest)
    rows = [
        [what, f"{1e6 * median(found) / num_texts:.1f}", ratio(times, FASTTEXT_ROW, what)]
        for what, found in times.items()
    ]
    table(f"{num_texts:,} texts of {MEAN_LENGTH} words, CSV to CSV", ["what", "CPU µs per text", "fastText / it"], rows)


FASTTEXT_ROW = "fastText and the csv module"


def _labelled(path: Path, target: Path, num_texts: int = 10_000) -> Path:
    """Write the first texts of a table as fastText reads them, and return `target`."""
    with path.open(newline="", encoding="utf-8") as stream, target.open("w", encoding="utf-8") as labelled:
        for _, row in zip(range(num_texts), csv.DictReader(stream), strict=False):
            labelled.write(f"__label__{row['label']} {row['text']}\n")
    return target


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
