"""Splits texts and entries of lexicons into words and marks."""

from collections.abc import Iterator
from typing import NamedTuple

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.lexicons.lexicon import is_wildcard
from lstmcli.text.tokenizer import Tokenizer

# Nothing is masked, split or shortened: the words of a lexicon are spelt as people write them.
SETTINGS = TokenizerSettings(contractions="keep", elongations="keep", users="keep", links="keep")

# The kinds of tokens that are no words, and are not counted as such.
MARKS = {"heart", "face", "emoji", "run", "symbol"}

# Ends the stem of a wildcard while it is split, so that "can'*" stays one word. No emoticon contains it.
_STANDS_FOR_MORE = "q"

ANY = "*"

# An asterisk of a text, which is no wildcard. The tokenizer's pieces contain no such character: it becomes ANY.
ASTERISK = "\uff0a"


class Token(NamedTuple):
    """A word in lower case, or a mark."""

    text: str
    is_word: bool


class Words:
    """Splits texts."""

    def __init__(self) -> None:
        self._tokenizer = Tokenizer.without_limit(SETTINGS)
        self.pieces = self._tokenizer.pieces

    def __call__(self, text: str) -> list[Token]:
        """Return all words and marks of a text."""
        return [token for piece in self.pieces(text) for token in self.of_piece(piece)]

    def of_piece(self, piece: str) -> Iterator[Token]:
        """Yield the words and marks of one of the `pieces` of a text."""
        for match, tokens in self._tokenizer.piece_matches(piece):
            kind = match.lastgroup
            if kind == "run":  # of punctuation, which a lexicon may count
                tokens = match.group()
            is_word = kind not in MARKS
            for token in tokens:
                yield Token(ASTERISK if token == ANY else token, is_word and token != "#")

    def of_entry(self, entry: str) -> list[str]:
        """Return the words and marks of an entry of a lexicon; words that end with ANY are wildcards."""
        found: list[str] = []
        for word in entry.split():
            if is_wildcard(word):
                *whole, last = self(word.removesuffix(ANY) + _STANDS_FOR_MORE)
                found += [token.text for token in whole]
                found.append(last.text.removesuffix(_STANDS_FOR_MORE) + ANY)
            else:
                found += [token.text for token in self(word)]
        return found
