"""Encodes texts as token ids. A string between white space that occurred before takes a single look-up."""

from collections.abc import Callable

from lstmcli.text.tokenizer import PieceCache, Tokenizer
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

    def _encode_piece(self, piece: str) -> tuple[int, ...]:
        return tuple(map(self._lookup, self._tokenizer.piece_tokens(piece)))


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
