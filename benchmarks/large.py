"""Pretraining on texts that do not fit in memory: peak memory and speed of each stage, by the number of tokens.

python -m benchmarks.large 1000000 100000000    # other sizes than those of the table `large`
"""

import contextlib
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.corpora import lengths, word_ids
from benchmarks.timing import in_new_process, peak_memory_mb, table
from lstmcli.config.settings import Config, PretrainingSettings, TrainingSettings, VocabularySettings
from lstmcli.errors import InterruptedRunError
from lstmcli.events import Event, RowsRead, StepFinished, TextsHeldOut, VocabularyLearned
from lstmcli.recipes.pretraining import pretrain
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory
from lstmcli.training.setup import keep_freed_memory

SIZES = (1_000_000, 10_000_000)
MEAN_LENGTH = 10
# The tail of the words is so long that new ones occur to the end.
NUM_WORDS = 2_000_000
# The network has as many words in each size: the table measures the number of texts.
MAX_WORDS = 20_000
BLOCK_TEXTS = 50_000

# Updates after which the training stops; an epoch needs no more memory later.
NUM_UPDATES = 200


def pretraining(sizes: tuple[int, ...] = SIZES) -> None:
    """Print a table of the given numbers of tokens, each in a new process."""
    rows, first = [], 0.0
    for num_tokens in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "texts.txt"
            num_texts = write_texts(path, num_tokens)
            read, tokenised, encoded, updated, peak = in_new_process("benchmarks.large", str(path))
        first = first or peak
        speeds = [f"{num_tokens / seconds / 1e3:,.0f}" for seconds in (read, tokenised, encoded)]
        memory = [f"{peak:.0f}", f"{peak / first:.2f}"]
        rows.append([f"{num_tokens:,}", f"{num_texts:,}", *speeds, f"{updated / 1e3:.0f}", *memory])
    stages = [f"{stage}, 1,000 tokens / CPU s" for stage in ("read", "tokenise", "encode", "update")]
    header = ["tokens", "texts", *stages, "peak MB", "/ smallest"]
    table(f"Pretraining, {NUM_UPDATES} updates of the first epoch", header, rows)


def write_texts(path: Path, num_tokens: int) -> int:
    """Write texts of so many words in total, about, and return their number."""
    generator = np.random.default_rng(0)
    num_texts = num_tokens // MEAN_LENGTH
    with path.open("w", encoding="utf-8") as stream:
        for start in range(0, num_texts, BLOCK_TEXTS):
            ends = np.cumsum(lengths(min(BLOCK_TEXTS, num_texts - start), MEAN_LENGTH, generator))
            words = [f"w{number:x}" for number in word_ids(int(ends[-1]), NUM_WORDS, generator).tolist()]
            stream.writelines(
                f"{' '.join(words[first:end])}\n"
                for first, end in zip([0, *ends.tolist()], ends.tolist(), strict=False)
            )
    return num_texts


class _Watch(Stop):
    """Notes the CPU seconds of each stage, and stops after some updates."""

    def __init__(self) -> None:
        self.times = [time.process_time()]
        self.num_updates = self.num_tokens = 0

    def tell(self, event: Event) -> None:
        if isinstance(event, RowsRead | TextsHeldOut | VocabularyLearned):
            self.times.append(time.process_time())
        if isinstance(event, StepFinished):
            if not self.num_updates:
                self.times.append(time.process_time())
            self.num_updates += 1
            self.num_tokens += event.num_tokens

    def is_set(self) -> bool:
        return self.num_updates >= NUM_UPDATES


def _measure(path: str) -> None:
    keep_freed_memory()
    config = Config(
        pretraining=PretrainingSettings(texts=(path,), epochs=1, batch_tokens=1024),
        training=TrainingSettings(device="cpu"),
        vocabulary=VocabularySettings(max_words=MAX_WORDS),
    )
    watch = _Watch()
    run = OpenRun(RunDirectory(Path(path).parent / "run"))
    with contextlib.suppress(InterruptedRunError):
        pretrain(config, run, tell=watch.tell, stop=watch)
    read, tokenised, encoded, _ = np.diff(watch.times[:5])
    print(read, tokenised, encoded, watch.num_tokens / (time.process_time() - watch.times[4]), peak_memory_mb())


if __name__ == "__main__":
    if Path(sys.argv[1]).is_file():
        _measure(sys.argv[1])
    else:
        pretraining(tuple(map(int, sys.argv[1:])))
