"""Tokenises texts once, and encodes the tokens as ids of a vocabulary learned from training texts."""

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

# Maps the ids of a text to those of the one text, or of the several pieces, that a network reads.
Shape = Callable[[list[int]], Iterable[list[int]]]


@dataclass(frozen=True)
class TokenizedTexts:
    """All tokens of some texts, without a length limit. The number of a token is its index in `words`.

    Attributes:
        ids: token numbers; a text without tokens has one unknown word.
        words: the distinct tokens, possibly including those of other texts.
    """

    ids: TokenIdsOnDisk
    words: list[str]

    @property
    def longest(self) -> int:
        """The number of tokens in the longest text."""
        return self.ids.longest

    def __len__(self) -> int:
        return len(self.ids)

    def having(self, numbers: NDArray[np.int64]) -> "TokenizedTexts":
        """Return the texts with the given `numbers`, which must be in ascending order."""
        return TokenizedTexts(TokenIdsOnDisk(self.ids.texts(numbers)), self.words)

    def token_ids(self) -> TokenIds:
        """Return the numbers of all tokens."""
        return self.ids.token_ids()

    def word_counts(self) -> Iterator[tuple[list[str], NDArray[np.int64]]]:
        """Yield all `words` and how often each occurs in these texts."""
        counts = np.zeros(len(self.words), dtype=np.int64)
        counts[: len(self.ids.counts)] = self.ids.counts
        yield self.words, counts

    def tokens(self) -> Iterator[list[str]]:
        """Yield the tokens of each text."""
        words = self.words
        for ids in self.ids.texts():
            yield [] if ids == [UNKNOWN_ID] else [words[number] for number in ids]


@dataclass(frozen=True)
class EncodedTexts:
    """Texts with the vocabulary learned from them. `counts` (words,) is how often each word occurs in them."""

    token_ids: TokenIds
    vocabulary: Vocabulary
    counts: NDArray[np.int64]


def tokenize(texts: Iterable[str], settings: TokenizerSettings, numbers: GrowingVocabulary) -> TokenizedTexts:
    """Tokenise `texts` without a length limit. Several calls may share `numbers`."""
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
        texts: to learn the vocabulary from.
        tokenizer: sets the maximum length of a text.
        settings: which words to include.
        known: words with pretrained vectors, which are included even if they occur only once.
        in_pieces: whether a text longer than `max_tokens` is split into several; otherwise it is truncated.
    """
    shaped = _shaped(texts, tokenizer, in_pieces=in_pieces)
    word_counts = np.zeros(len(texts.words), dtype=np.int64)
    word_counts[: len(shaped.counts)] = shaped.counts  # words of other texts, and truncated ones, do not count
    num_special = 2  # padding and the unknown word, which stands in for a text without tokens
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
    return EncodedTexts(shaped.token_ids(new_ids), vocabulary, counts)


def encode(
    texts: TokenizedTexts, tokenizer: TokenizerSettings, vocabulary: Vocabulary, *, in_pieces: bool = False
) -> TokenIds:
    """Encode `texts` with an existing vocabulary; arguments as above."""
    shaped = _shaped(texts, tokenizer, in_pieces=in_pieces)
    return shaped.token_ids(_new_ids(texts.words, vocabulary))


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
