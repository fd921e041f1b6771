"""The English start that comes with the tool: where it is, and which texts it is for. Does not load torch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.sealed import SealedFolder
from lstmcli.store.language_model import MAX_WORDS_BYTES
from lstmcli.store.layout import LANGUAGE_FOLDER, VOCABULARY_FILE
from lstmcli.text.vocabulary import Vocabulary

# A run of `lstmcli pretrain`, as far as a training reads it. experiments/english_start.py writes it.
ENGLISH = Path(__file__).parent.parent / "pretrained" / "english"

# Texts with a smaller share of known words are not English. It was .93 or more for seven English corpora, tweets and
# essays among them, and between 0 and .51 for sentences in eleven other languages, of which Dutch came closest.
LEAST_KNOWN = 0.75


def english_words() -> frozenset[str]:
    """Return the words of the English start, without its weights."""
    content = SealedFolder(ENGLISH / LANGUAGE_FOLDER, within=ENGLISH).read(VOCABULARY_FILE, most=MAX_WORDS_BYTES)
    return frozenset(Vocabulary.from_file_content(content.decode("utf-8")).words)


class CountedWords(Protocol):
    """Texts whose words are counted."""

    def __len__(self) -> int:
        """Return the number of texts."""

    def word_counts(self) -> Iterator[tuple[list[str], NDArray[np.int64]]]:
        """Yield words and how often each occurs, perhaps in several parts."""


def known_share(texts: CountedWords, words: frozenset[str]) -> float:
    """Return the share of the words of `texts` that are among `words`; signs, digits and emoji are no words."""
    num_known = num_words = 0
    for found, counts in texts.word_counts():
        is_word = np.array([word[:1].isalpha() for word in found], dtype=bool)
        is_known = np.array([word in words for word in found], dtype=bool)
        num_known += int(counts[is_word & is_known].sum())
        num_words += int(counts[is_word].sum())
    return num_known / max(1, num_words)
