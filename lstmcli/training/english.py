"""The English start that comes with the tool: where it is, and which texts it is for. Does not load torch."""

from pathlib import Path

import numpy as np

from lstmcli.corpus.encode import TokenizedTexts
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


def known_share(texts: TokenizedTexts, words: frozenset[str]) -> float:
    """Return the share of the words of `texts` that are among `words`; signs, digits and emoji are no words."""
    counts = np.bincount(texts.ids.flat(), minlength=len(texts.words))
    is_word = np.array([word[:1].isalpha() for word in texts.words], dtype=bool)
    is_known = np.array([word in words for word in texts.words], dtype=bool)
    return float(counts[is_word & is_known].sum() / max(1, counts[is_word].sum()))
