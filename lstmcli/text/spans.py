"""Where the words of a text are in it, although its characters are normalised before any token is found."""

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from lstmcli.text.tokenizer import MAX_CACHED_LENGTH, PieceCache, Tokenizer

# Hangul vowels and final consonants, which join the consonant before them, and half-width Japanese sound marks.
_FIRST_JOINING, _LAST_JOINING, _SOUND_MARKS = "\u1160", "\u11ff", "\uff9e\uff9f"


class WordSpan(NamedTuple):
    """A word as it is written: `text[start:end]`, which the tokenizer turns into one or more tokens.

    A contraction, a hashtag or a link is one word; so is a punctuation mark or an emoji.
    """

    start: int
    end: int
    num_tokens: int


class WordFinder:
    """Finds the words of texts. Their tokens, one word after another, are those of the tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._cache = PieceCache(self._of_chunk)

    def __call__(self, text: str) -> list[WordSpan]:
        """Return the words of `text` that have tokens, in order."""
        found: list[WordSpan] = []
        at = 0
        for chunk in text.split():
            at = text.index(chunk, at)
            words = self._cache[chunk] if len(chunk) <= MAX_CACHED_LENGTH else self._of_chunk(chunk)
            found += [WordSpan(at + start, at + end, num_tokens) for start, end, num_tokens in words]
            at += len(chunk)
        return found

    def _of_chunk(self, chunk: str) -> tuple[WordSpan, ...]:
        """Return the words of a stretch without white space."""
        pieces = self._tokenizer.pieces(chunk)
        starts, ends = _origins(chunk, pieces, self._tokenizer)
        found, before = [], 0
        for piece in pieces:
            for match, tokens in self._tokenizer.piece_matches(piece):
                num_tokens = len(tuple(tokens))
                if num_tokens:
                    first, last = before + match.start(), before + match.end() - 1
                    found.append(WordSpan(starts[first], ends[last], num_tokens))
            before += len(piece)
        return tuple(found)


def _origins(chunk: str, pieces: list[str], tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return where the characters that became each character of `pieces` start and end in `chunk`.

    Where normalising reaches further than a letter and its accents, which is rare, this is the whole chunk.
    """
    normal = "".join(pieces)
    if chunk.isascii():
        return list(range(len(chunk))), list(range(1, len(chunk) + 1))
    starts: list[int] = []
    ends: list[int] = []
    parts = []
    for start, end in _letters(chunk):
        part = "".join(tokenizer.pieces(chunk[start:end]))
        parts.append(part)
        if part or not ends:
            starts += [start] * len(part)
            ends += [end] * len(part)
        else:  # invisible, such as the variation selector of an emoji
            ends[-1] = end
    if "".join(parts) != normal:
        return [0] * len(normal), [len(chunk)] * len(normal)
    return starts, ends


def _letters(chunk: str) -> Iterator[tuple[int, int]]:
    """Yield where each letter, with the accents that follow it, starts and ends."""
    start = 0
    for at in range(1, len(chunk)):
        if not _joins(chunk[at]):
            yield start, at
            start = at
    yield start, len(chunk)


def _joins(character: str) -> bool:
    is_mark = unicodedata.category(character).startswith("M") or character in _SOUND_MARKS
    return is_mark or _FIRST_JOINING <= character <= _LAST_JOINING
