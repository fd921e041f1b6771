"""Texts as the predictor reads them, with the words that their tokens belong to, and versions with fewer words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.inference.gaps import Gaps
from lstmcli.text.spans import WordSpan
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import UNKNOWN_ID

# For each text, (units,): how much each word, or stretch of words, speaks for a label.
Shares = list[NDArray[np.float64]]

# A longer text is explained in stretches of several words, since the time grows with its length times their number.
MAX_UNITS = 512


@dataclass(frozen=True)
class ReadText:
    """A text as tokens.

    Attributes:
        text: as it was given.
        ids: (tokens,), numbers of known tokens; a text without any is one unknown word.
        words: that have tokens.
        units: (tokens,), for each token the word or stretch of words that is looked at as one; -1 for the unknown word
            of a text without any.
        unit_of_word: (words,), ascending.
    """

    text: str
    ids: NDArray[np.integer]
    words: Sequence[WordSpan]
    units: NDArray[np.int64]
    unit_of_word: NDArray[np.int64]

    @classmethod
    def of(cls, text: str, ids: NDArray[np.integer], words: Sequence[WordSpan]) -> "ReadText":
        """Take the tokens `ids` of `text`."""
        per_unit = max(1, -(-len(words) // MAX_UNITS))
        unit_of_word = np.arange(len(words)) // per_unit
        units = np.repeat(unit_of_word, [word.num_tokens for word in words]) if words else np.array([-1])
        return cls(text, ids, words, units, unit_of_word)

    @property
    def num_units(self) -> int:
        """The number of words, or of stretches of words."""
        return int(self.unit_of_word[-1]) + 1 if self.words else 0

    def of_units(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up (tokens, ...) to (units, ...)."""
        sums = np.zeros((self.num_units, *values.shape[1:]))
        if self.num_units:
            np.add.at(sums, self.units, values)
        return sums

    def per_word(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value of each word, (words,), from those of units; words of a stretch have equal parts of it."""
        sizes = np.bincount(self.unit_of_word, minlength=self.num_units)
        return np.asarray((values / np.maximum(sizes, 1))[self.unit_of_word])

    def kept(self, masks: NDArray[np.bool_]) -> list[NDArray[np.integer]]:
        """Return a version of the text for each row of `masks`, (versions, units), that says which units are kept."""
        versions = masks[:, self.units]
        return [self.ids[mask] if mask.any() else np.array([UNKNOWN_ID], self.ids.dtype) for mask in versions]

    def units_alone(self) -> list[NDArray[np.integer]]:
        """Return the tokens of each unit."""
        return [self.ids[start:end] for start, end in zip(*self.places_of_units(), strict=True)]

    def places_of_units(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the tokens of each unit start and end, (units,) each."""
        places = np.searchsorted(self.units, np.arange(self.num_units + 1))
        return places[:-1], places[1:]


def joined(texts: Sequence[NDArray[np.integer]]) -> TokenIds:
    """Return texts given as tokens, one after another."""
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    return TokenIds(np.concatenate(texts), offsets)


def gaps_of(texts: Sequence[ReadText], *, units: int = 1) -> Gaps:
    """Return a gap for each unit of each text, in order, or for each `units` of them side by side."""
    places = [text.places_of_units() for text in texts]
    spans = [(starts[: max(len(starts) - units + 1, 0)], ends[units - 1 :]) for starts, ends in places]
    numbers = np.repeat(np.arange(len(texts)), [len(starts) for starts, _ in spans])
    starts, ends = (np.concatenate(each) for each in zip(*spans, strict=True))
    return Gaps(numbers, starts, ends)
