"""Texts become token ids, and the words that they use often enough become a vocabulary."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.config.settings import VocabularySettings
from lstmcli.corpus.spool import IdSpool
from lstmcli.text.encoder import GrowingVocabulary, TextEncoder
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import Vocabulary

WHOLE_TEXT = 2**31


@dataclass(frozen=True)
class LearnedTexts:
    """Texts with the vocabulary learned from them. `counts` (words,) says how often they use each word."""

    token_ids: TokenIds
    vocabulary: Vocabulary
    counts: NDArray[np.int64]


def learn_texts(
    texts: Iterable[str],
    tokenizer: TokenizerSettings,
    settings: VocabularySettings,
    *,
    known: Collection[str] = (),
    in_pieces: bool = False,
) -> LearnedTexts:
    """Tokenise `texts` and learn their vocabulary.

    Args:
        texts: what the vocabulary comes from.
        tokenizer: how they are cut.
        settings: which words get a row.
        known: words that have vectors already: one occurrence is enough for them.
        in_pieces: whether a text longer than `max_tokens` becomes several; otherwise it is cut.
    """
    growing = GrowingVocabulary()
    encoded: Iterable[list[int]]
    if in_pieces:
        encoded = encode_pieces(texts, tokenizer, growing.id_of)
    else:
        encoded = map(TextEncoder(Tokenizer(tokenizer), growing.id_of), texts)
    with IdSpool(encoded) as spool:
        word_counts = np.zeros(len(growing.words), dtype=np.int64)
        word_counts[: len(spool.counts)] = spool.counts  # words that `max_tokens` cut off have ids and do not count
        vocabulary, new_ids = _learn_vocabulary(growing.words, word_counts, settings, known)
        token_ids = TokenIds(spool.flat(new_ids), spool.offsets)
    counts = np.zeros(len(vocabulary), dtype=np.int64)
    np.add.at(counts, new_ids, word_counts)
    return LearnedTexts(token_ids, vocabulary, counts)


def encode_pieces(
    texts: Iterable[str], settings: TokenizerSettings, lookup: Callable[[str], int]
) -> Iterator[list[int]]:
    """Yield the ids of all tokens of `texts`, those of a text longer than `max_tokens` in several pieces."""
    encode = TextEncoder(Tokenizer(replace(settings, max_tokens=WHOLE_TEXT)), lookup)
    for ids in map(encode, texts):
        for start in range(0, len(ids), settings.max_tokens):
            yield ids[start : start + settings.max_tokens]


def _learn_vocabulary(
    words: list[str], counts: NDArray[np.int64], settings: VocabularySettings, known: Collection[str]
) -> tuple[Vocabulary, NDArray[np.int64]]:
    """Return the vocabulary and what each id in `words` becomes in it."""
    num_special = 2  # padding and the unknown word, which is there if a text has no tokens
    vocabulary = Vocabulary.from_counts(
        words[num_special:],
        counts[num_special:].tolist(),
        min_frequency=settings.min_frequency,
        max_words=settings.max_words,
        known=known,
    )
    return vocabulary, np.array([vocabulary.id_of(word) for word in words])
