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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "texts.csv"
        write_csv(path, num_texts, MEAN_LENGTH, NUM_WORDS)
        run = str(stored_model.write(folder / "model", NUM_WORDS))
        options = [[], ["--fast", "0.99"], ["--fast", "0.999"]]
        _against_fasttext(run, path, options, folder, rounds)


def _against_fasttext(run: str, path: Path, options: list[list[str]], folder: Path, rounds: int) -> None:
    try:
        import fasttext
    except ImportError:
        print("\nfastText is not installed (pip install fasttext-numpy2-wheel)", flush=True)
        return
    model, empty = folder / "fasttext.bin", folder / "empty.csv"
    labelled, num_texts = _labelled(path, folder / "labelled.txt", empty)
    # Fewer buckets than the two million of fastText's default, which take 800 MB: opening them would hide all else.
    trained = fasttext.train_supervised(str(labelled), wordNgrams=2, bucket=200_000, epoch=1, thread=1, verbose=0)
    trained.save_model(str(model))
    commands: dict[str, tuple[list[str], list[str]]] = {
        FASTTEXT_ROW: ([sys.executable, "-c", FASTTEXT, str(model)], [])
    }
    for each in options:
        commands[" ".join(["lstmcli predict", *each[:2]])] = ([*PREDICT, run], each)
    times: dict[str, list[float]] = {what: [] for what in commands}
    for _ in range(rounds):
        for what, (command, more) in commands.items():
            at_rest = used([*command, str(empty)]).cpu
            times[what].append(used([*command, str(path), *more]).cpu - at_rest)
    rows = [
        [what, f"{1e6 * median(found) / num_texts:.1f}", ratio(times, FASTTEXT_ROW, what)]
        for what, found in times.items()
    ]
    table(f"{num_texts:,} texts, CSV to CSV", ["what", "CPU µs per text", "fastText / it"], rows)


FASTTEXT_ROW = "fastText and the csv module"


def _labelled(path: Path, target: Path, empty: Path, num_labelled: int = 10_000) -> tuple[Path, int]:
    """Write the first texts of a table as fastText reads them, and its header to `empty`; return how many there are."""
    num_texts = 0
    with path.open(newline="", encoding="utf-8") as stream, target.open("w", encoding="utf-8") as labelled:
        rows = csv.DictReader(stream)
        with empty.open("w", newline="", encoding="utf-8") as header:
            csv.writer(header).writerow(rows.fieldnames or [])
        for row in rows:
            num_texts += 1
            if num_texts <= num_labelled:
                labelled.write(f"__label__{row['label']} {' '.join(row['text'].split())}\n")
    return target, num_texts


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


if __name__ == "__main__":
    # A run of the user's, a table with the columns text and label, and a table to calibrate a first stage on.
    own_run, table_path, sample = sys.argv[1:]
    own_options = [[], *(["--fast", each, "--fast-on", sample] for each in ("0.99", "0.998", "0.999"))]
    with tempfile.TemporaryDirectory() as own_folder:
        _against_fasttext(own_run, Path(table_path), own_options, Path(own_folder), 3)
