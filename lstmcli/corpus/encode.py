"""Texts become tokens once, and tokens become the ids of a vocabulary that training texts teach."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.config.settings import VocabularySettings
from lstmcli.corpus.token_ids_on_disk import TokenIdsOnDisk
from lstmcli.text.encoder import GrowingVocabulary, TextEncoder
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.tokenizer import Tokenizer, cut
from lstmcli.text.vocabulary import UNKNOWN_ID, Vocabulary

# From a text's ids to the ids of the one text, or of the several pieces, that a network reads.
Shape = Callable[[list[int]], Iterable[list[int]]]


@dataclass(frozen=True)
class TokenizedTexts:
    """All tokens of some texts, whatever their length. A token is numbered by its place in `words`.

    Attributes:
        ids: of the tokens; a text without tokens has one unknown word.
        words: the distinct tokens, those of other texts perhaps among them.
    """

    ids: TokenIdsOnDisk
    words: list[str]

    @property
    def longest(self) -> int:
        """Tokens of the longest text."""
        return int(np.diff(self.ids.offsets).max(initial=0))

    def __len__(self) -> int:
        return len(self.ids)

    def having(self, numbers: NDArray[np.int64]) -> "TokenizedTexts":
        """Return the texts of `numbers`, which ascend."""
        return TokenizedTexts(TokenIdsOnDisk(self.ids.texts(numbers)), self.words)

    def token_ids(self) -> TokenIds:
        """Return all tokens by their numbers."""
        return TokenIds(self.ids.flat(), self.ids.offsets)

    def tokens(self) -> Iterator[list[str]]:
        """Yield the tokens of each text."""
        words = self.words
        for ids in self.ids.texts():
            yield [] if ids == [UNKNOWN_ID] else [words[number] for number in ids]


@dataclass(frozen=True)
class EncodedTexts:
    """Texts with the vocabulary learned from them. `counts` (words,) says how often they use each word."""

    token_ids: TokenIds
    vocabulary: Vocabulary
    counts: NDArray[np.int64]


def tokenize(texts: Iterable[str], settings: TokenizerSettings, numbers: GrowingVocabulary) -> TokenizedTexts:
    """Tokenise `texts` without a limit of length. Several calls may share `numbers`."""
    encode = TextEncoder(Tokenizer.without_limit(settings), numbers.id_of)
    return TokenizedTexts(TokenIdsOnDisk(map(encode, texts)), numbers.words)


def encode_with_new_vocabulary(
    texts: TokenizedTexts,
    tokenizer: TokenizerSettings,
    settings: VocabularySettings,
    *,
    known: Collection[str] = (),
    in_pieces: bool = False,
) -> EncodedTexts:
    """Learn the vocabulary of `texts` and encode them with it.

    Args:
        texts: what the vocabulary comes from.
        tokenizer: how long a text may be.
        settings: which words get a row.
        known: words that have vectors already: one occurrence is enough for them.
        in_pieces: whether a text longer than `max_tokens` becomes several; otherwise it is cut.
    """
    shaped = _shaped(texts, tokenizer, in_pieces=in_pieces)
    word_counts = np.zeros(len(texts.words), dtype=np.int64)
    word_counts[: len(shaped.counts)] = shaped.counts  # words of other texts, or cut off, do not count
    num_special = 2  # padding and the unknown word, which is there if a text has no tokens
    vocabulary = Vocabulary.from_counts(
        texts.words[num_special:],
        word_counts[num_special:].tolist(),
        min_frequency=settings.min_frequency,
        max_words=settings.max_words,
        known=known,
    )
    new_ids = _new_ids(texts.words, vocabulary)
    counts = np.zeros(len(vocabulary), dtype=np.int64)
    np.add.at(counts, new_ids, word_counts)
    return EncodedTexts(TokenIds(shaped.flat(new_ids), shaped.offsets), vocabulary, counts)


def encode(
    texts: TokenizedTexts, tokenizer: TokenizerSettings, vocabulary: Vocabulary, *, in_pieces: bool = False
) -> TokenIds:
    """Encode `texts` with a vocabulary; arguments as above."""
    shaped = _shaped(texts, tokenizer, in_pieces=in_pieces)
    return TokenIds(shaped.flat(_new_ids(texts.words, vocabulary)), shaped.offsets)


def _new_ids(words: list[str], vocabulary: Vocabulary) -> NDArray[np.int64]:
    return np.array([vocabulary.id_of(word) for word in words])


def _shaped(texts: TokenizedTexts, settings: TokenizerSettings, *, in_pieces: bool) -> TokenIdsOnDisk:
    if texts.longest <= settings.max_tokens:
        return texts.ids
    shape = _pieces(settings.max_tokens) if in_pieces else _cut(settings)
    return TokenIdsOnDisk(piece for ids in texts.ids.texts() for piece in shape(ids))


def _cut(settings: TokenizerSettings) -> Shape:
    return lambda ids: [cut(ids, max_tokens=settings.max_tokens, keep=settings.cut)]


def _pieces(max_tokens: int) -> Shape:
    return lambda ids: [ids[start : start + max_tokens] for start in range(0, len(ids), max_tokens)]
