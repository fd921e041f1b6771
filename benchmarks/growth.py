"""How time and memory grow with the corpus, the length of texts, and the vocabulary."""

import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.corpora import tokens, write_csv
from benchmarks.timing import in_new_process, in_turn, peak_memory_mb, ratio, table
from benchmarks.trainers import own_trainer, run_epoch
from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import Config, NgramSettings, TrainingSettings, VocabularySettings
from lstmcli.corpus.corpus import load_corpus
from lstmcli.recipes.prepare import prepare, tokenize_corpus
from lstmcli.training.initial_weights import InitialWeights
from lstmcli.training.setup import training_environment

# Small enough for the smallest corpus to reach: the table measures the number of texts, not of words.
MAX_WORDS = 4_000


def with_the_corpus() -> None:
    """Reading, preparing and one epoch, each size in its own process, all with the same vocabulary size."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for times in (1, 4, 16):
            path = Path(folder) / f"{times}.csv"
            write_csv(path, 4_000 * times, 20, 20_000)
            found[times] = in_new_process("benchmarks.growth", str(path))
    rows = [
        [
            f"{4_000 * times:,}",
            f"{cpu:.1f}",
            f"{cpu / times / found[1][0]:.2f}",
            f"{memory:.0f}",
            f"{memory / found[1][1]:.2f}",
        ]
        for times, (cpu, memory) in found.items()
    ]
    header = ["texts", "CPU s", "CPU s per text / smallest", "peak MB", "peak / smallest"]
    table("Reading, preparing and one epoch", header, rows)


def _one_size(path: str) -> None:
    with training_environment(TrainingSettings()) as device:
        started_at = time.process_time()
        config = Config(
            data=DataSettings(train=path),
            vocabulary=VocabularySettings(max_words=MAX_WORDS),
            ngrams=NgramSettings(enabled=False),
        )
        corpus = load_corpus(config.data, seed=1)
        prepared = prepare(config, corpus, tokenize_corpus(corpus, config), InitialWeights(), device)
        run_epoch(own_trainer(prepared.train, len(prepared.embedding.vocabulary)))
        print(time.process_time() - started_at, peak_memory_mb())


def with_the_length() -> None:
    """The same number of tokens in texts of 20 to 2,000 words, in batches of 32 texts."""
    rows, first = [], None
    for length in (20, 100, 500, 2000):
        train = tokens(320_000 // length, length, 20_000)
        trainer = own_trainer(train, 20_000, batch_size=32)
        num_tokens = len(train.token_ids.flat)
        seconds = min(in_turn({"epoch": partial(run_epoch, trainer)}, rounds=1, warm_up=False)["epoch"])
        micros = 1e6 * seconds / num_tokens
        first = first or micros
        rows.append([str(length), f"{micros:.1f}", f"{micros / first:.2f}"])
    table("Words per text (lstm, batches of 32 texts)", ["words", "CPU µs per token", "/ shortest"], rows)


def with_the_vocabulary() -> None:
    """The same texts, with rows spread over an embedding of 20,000 and of 200,000 words."""
    trainers = {
        "20,000": own_trainer(tokens(16_000, 20, 20_000), 20_000),
        "200,000": own_trainer(tokens(16_000, 20, 20_000, spread=10), 200_000),
        "20,000, dense updates": own_trainer(tokens(4_000, 20, 20_000), 20_000, rows_only=False),
        "200,000, dense updates": own_trainer(tokens(1_000, 20, 20_000, spread=10), 200_000, rows_only=False),
    }
    updates = {"20,000": 250, "200,000": 250, "20,000, dense updates": 63, "200,000, dense updates": 16}
    times = in_turn({name: partial(run_epoch, trainer) for name, trainer in trainers.items()}, rounds=2)
    per_update = {name: [seconds / updates[name] for seconds in found] for name, found in times.items()}
    rows = [[name, f"{1e3 * min(found):.1f}", ratio(per_update, name, "20,000")] for name, found in per_update.items()]
    table("Words in the vocabulary (an epoch in batches of 64 texts)", ["words", "CPU ms per update", "/ 20,000"], rows)


if __name__ == "__main__":
    _one_size(sys.argv[1])
