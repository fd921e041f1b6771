"""Encodes texts as token ids. A string between white space that occurred before takes a single look-up."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import numpy as np

from lstmcli.text.token_ids import TokenIds
from lstmcli.text.tokenizer import CACHE_SIZE, MAX_CACHED_LENGTH, PieceCache, Tokenizer
from lstmcli.text.vocabulary import PAD_TOKEN, UNKNOWN_ID, UNKNOWN_TOKEN, Vocabulary


class TextEncoder:
    """Returns the ids that `lookup` assigns to the tokens of a text."""

    def __init__(self, tokenizer: Tokenizer, lookup: Callable[[str], int]) -> None:
        self._tokenizer = tokenizer
        self._lookup = lookup
        self._cache = PieceCache(self._encode_piece)

    @classmethod
    def for_vocabulary(cls, tokenizer: Tokenizer, vocabulary: Vocabulary) -> "TextEncoder":
        """Return an encoder that uses the ids of `vocabulary`."""
        return cls(tokenizer, vocabulary.id_of)

    def __call__(self, text: str) -> list[int]:
        """Return the ids. A text without tokens becomes one unknown word, so that every text has a prediction."""
        return self._tokenizer.cut(self._cache.all(self._tokenizer.pieces(text))) or [UNKNOWN_ID]

    def forget(self) -> None:
        """Forget the ids of all strings, as when `lookup` assigns others."""
        self._cache.clear()

    def _encode_piece(self, piece: str) -> tuple[int, ...]:
        return tuple(map(self._lookup, self._tokenizer.piece_tokens(piece)))


# The ids of so many tokens are kept, 4 bytes each: those of long strings, as in texts without spaces, would pile up.
MAX_KEPT_IDS = 1 << 20


class BlockEncoder:
    """Returns the ids of all tokens of a block of texts, several times as fast as text by text.

    Each distinct string between white space has a number. A string that occurred before takes a look-up of its number,
    and the ids of all strings are gathered at once.
    """

    def __init__(self, tokenizer: Tokenizer, lookup: Callable[[str], int]) -> None:
        self._pieces = tokenizer.pieces
        self._piece_tokens = tokenizer.piece_tokens
        self._lookup = lookup
        self._forget()

    def _forget(self) -> None:
        self._numbers = _PieceNumbers(self._learn)
        self._ids, self._offsets = array("i"), array("q", [0])  # of the pieces, in the order of their numbers

    def __call__(self, texts: Sequence[str]) -> TokenIds:
        """Return the ids. A text without tokens becomes one unknown word, so that every text has a prediction."""
        if len(self._offsets) > CACHE_SIZE or len(self._ids) > MAX_KEPT_IDS:
            self._forget()
        ends = array("q", [0])

        def pieces() -> Iterator[list[str]]:
            for text in texts:
                found = self._pieces(text)
                ends.append(ends[-1] + len(found))
                yield found

        numbers = np.fromiter(map(self._numbers.__getitem__, chain.from_iterable(pieces())), np.int64)
        flat, lengths = TokenIds(np.asarray(self._ids), np.asarray(self._offsets)).joined(numbers)
        offsets = np.concatenate([[0], np.cumsum(lengths)])[ends]
        is_empty = offsets[1:] == offsets[:-1]
        if is_empty.any():
            flat = np.insert(flat, offsets[:-1][is_empty], UNKNOWN_ID)
            offsets[1:] += np.cumsum(is_empty)
        return TokenIds(flat, offsets)

    def _learn(self, piece: str) -> int:
        """Return a new number for a piece."""
        self._ids.extend(map(self._lookup, self._piece_tokens(piece)))
        self._offsets.append(len(self._ids))
        return len(self._offsets) - 2


class _PieceNumbers(dict[str, int]):
    """The numbers of pieces; long ones, which hardly ever come again, are not kept."""

    def __init__(self, learn: Callable[[str], int]) -> None:
        super().__init__()
        self._learn = learn

    def __missing__(self, piece: str) -> int:
        number = self._learn(piece)
        if len(piece) <= MAX_CACHED_LENGTH:
            self[piece] = number
        return number


class GrowingVocabulary:
    """Assigns the next id to each new word, for texts from which a vocabulary will be learned.

    Attributes:
        words: in the order of their ids, the two special words first.
    """

    def __init__(self) -> None:
        self.words = [PAD_TOKEN, UNKNOWN_TOKEN]
        self._ids: dict[str, int] = {}

    def id_of(self, word: str) -> int:
        """Return the id of a word, a new one for a new word."""
        found = self._ids.get(word)
        if found is None:
            found = self._ids[word] = len(self.words)
            self.words.append(word)
        return found

    def start_over(self) -> None:
        """Forget all words. `words` is another list from now on."""
        self.words = [PAD_TOKEN, UNKNOWN_TOKEN]
        self._ids.clear()
