"""Synthetic corpora of a given shape: Zipf-distributed word frequencies, and lengths within half of the mean."""

import csv
from pathlib import Path

import numpy as np

from lstmcli.text.token_ids import TokenIds
from lstmcli.training.classification import LabelledTokens

NUM_LABELS = 6
NUM_SPECIAL = 2


def word_ids(num_tokens: int, num_words: int, generator: np.random.Generator) -> np.ndarray:
    """Return word numbers from 0, in which lower numbers are more frequent."""
    shares = 1.0 / np.arange(1, num_words + 1)
    return np.searchsorted(np.cumsum(shares / shares.sum()), generator.random(num_tokens)).clip(max=num_words - 1)


def lengths(num_texts: int, mean_length: int, generator: np.random.Generator) -> np.ndarray:
    """Return lengths between half and one and a half times the mean."""
    return generator.integers(max(1, mean_length // 2), mean_length + mean_length // 2 + 1, num_texts)


def tokens(num_texts: int, mean_length: int, num_words: int, *, spread: int = 1, seed: int = 0) -> LabelledTokens:
    """Return texts with one of `NUM_LABELS` labels each. Token ids are `spread` apart."""
    generator = np.random.default_rng(seed)
    text_lengths = lengths(num_texts, mean_length, generator)
    ids = NUM_SPECIAL + spread * word_ids(int(text_lengths.sum()), num_words - NUM_SPECIAL, generator)
    offsets = np.concatenate([[0], np.cumsum(text_lengths)])
    targets = np.eye(NUM_LABELS, dtype=bool)[generator.integers(0, NUM_LABELS, num_texts)]
    return LabelledTokens(TokenIds(ids.astype(np.int32), offsets), targets)


def write_csv(path: Path, num_texts: int, mean_length: int, num_words: int) -> None:
    """Write a corpus with the columns text and label."""
    generator = np.random.default_rng(0)
    words = [f"w{number}" for number in range(num_words)]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["text", "label"])
        for length in lengths(num_texts, mean_length, generator):
            text = " ".join([words[index] for index in word_ids(length, num_words, generator)])
            writer.writerow([text, f"label{generator.integers(NUM_LABELS)}"])
