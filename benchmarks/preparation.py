"""Reading and tokenising: rows per second, and the memory used by a million rows."""

import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.corpora import write_csv
from benchmarks.timing import in_new_process, in_turn, peak_memory_mb, table
from lstmcli.config.model_settings import DataSettings, TokenizerSettings
from lstmcli.config.settings import Config, NgramSettings
from lstmcli.corpus.corpus import load_corpus
from lstmcli.corpus.examples import read_examples
from lstmcli.recipes.prepare import prepare, tokenize_corpus
from lstmcli.text.characters import pieces
from lstmcli.text.encoder import GrowingVocabulary, TextEncoder
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.training.initial_weights import InitialWeights

CORPUS = Path(__file__).parent.parent / "data"


def rates() -> None:
    """Reading and tokenising the bundled corpus, with and without a cache of words."""
    path = str(CORPUS / "emotion" / "train.csv")
    examples = read_examples(path, DataSettings())
    texts = list(examples.texts)

    def with_memory() -> None:
        encode = TextEncoder(Tokenizer(TokenizerSettings()), GrowingVocabulary().id_of)
        for text in texts:
            encode(text)

    tokenizer = Tokenizer(TokenizerSettings())

    def without() -> None:
        for text in texts:
            for piece in pieces(text):
                tokenizer.piece_tokens(piece)

    candidates = {
        "read the CSV file": lambda: read_examples(path, DataSettings()),
        "tokenise, words cached": with_memory,
        "tokenise, without a cache": without,
    }
    times = in_turn(candidates, rounds=7)
    rows = [[name, f"{len(texts) / min(found) / 1e3:.0f}"] for name, found in times.items()]
    table(f"Reading and tokenising {len(texts):,} texts", ["stage", "thousand texts / second"], rows)


def memory() -> None:
    """A million rows of 20 words."""
    with tempfile.TemporaryDirectory() as folder:
        train, validation = Path(folder) / "train.csv", Path(folder) / "validation.csv"
        write_csv(train, 1_000_000, 20, 30_000)
        write_csv(validation, 2_000, 20, 30_000)
        rows = []
        for name, files in (("with a validation file", (train, validation)), ("split off", (train,))):
            cpu, extra = in_new_process("benchmarks.preparation", *map(str, files))
            rows.append([name, f"{cpu:.1f}", f"{extra:.0f}"])
    table("Preparing 1,000,000 rows of 20 words", ["validation rows", "CPU s", "extra MB"], rows)


def _measure(train: str, validation: str | None) -> None:
    before, started_at = peak_memory_mb(), time.process_time()
    data = DataSettings(train=train, validation=validation)
    config = Config(data=data, ngrams=NgramSettings(enabled=False))
    corpus = load_corpus(config.data, seed=1)
    prepare(config, corpus, tokenize_corpus(corpus, config), InitialWeights(), torch.device("cpu"))
    print(time.process_time() - started_at, peak_memory_mb() - before)


if __name__ == "__main__":
    _measure(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
