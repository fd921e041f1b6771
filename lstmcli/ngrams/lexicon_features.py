"""The categories of lexicons as numbers beside the n-grams; see `row_features.RowFeatures`.

A percentage is divided by its standard deviation among the training texts, so that 0 stays 0 and matrices sparse. A
mean weight is standardised, and that of a text in which nothing was found counts as average.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import counted
from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.lexicons.matcher import Matcher
from lstmcli.lexicons.storing import lexicon_from_dict, lexicon_to_dict

Floats = NDArray[np.float64]

# As numbers of columns are cut off, so that a short text with a rare word is not decided by it alone.
MAX_DEVIATIONS = 5.0

LARGEST = 1e12


@dataclass(frozen=True)
class LexiconFeatures:
    """What lexicons count in a text.

    Attributes:
        lexicons: their words.
        means: of the values of each category among the training texts, (names,).
        deviations: their standard deviations; 1 where all are the same.
        averages: of the features of training texts.
    """

    lexicons: tuple[Lexicon, ...]
    means: Floats
    deviations: Floats
    averages: Floats

    source = "lexicons"
    settings = ()

    @property
    def names(self) -> tuple[str, ...]:
        """See `RowFeatures`."""
        return tuple(f"{lexicon.name}: {category}" for lexicon in self.lexicons for category in lexicon.categories)

    @property
    def groups(self) -> tuple[str, ...]:
        """See `RowFeatures`; each category is its own."""
        return self.names

    @cached_property
    def _matchers(self) -> list[Matcher]:
        return [Matcher(lexicon) for lexicon in self.lexicons]

    @cached_property
    def _weighted(self) -> NDArray[np.bool_]:
        return np.array([kind for lexicon in self.lexicons for kind in lexicon.weighted], dtype=bool)

    def values(self, texts: Sequence[str]) -> Floats:
        """See `RowFeatures`."""
        return _scaled(_counted(self._matchers, texts), self._weighted, self.means, self.deviations)

    def described(self) -> list[str]:
        """See `RowFeatures`."""
        return [
            f"{lexicon.name} (lexicon: {counted(len(lexicon.entries), 'entry', 'entries')} in "
            f"{counted(len(lexicon.categories), 'category', 'categories')}, which become part of the model)"
            for lexicon in self.lexicons
        ]

    def shown(self, text: str) -> dict[str, str]:
        """Return the value of each category, for people: "12.5%" of the words, or a mean weight."""
        values = zip(self.names, self._weighted.tolist(), _counted(self._matchers, [text])[0].tolist(), strict=True)
        return {name: "-" if value != value else _shown(value, kind) for name, kind, value in values}

    def to_dict(self) -> dict[str, Any]:
        """See `RowFeatures`."""
        return {
            "source": self.source,
            "lexicons": [lexicon_to_dict(lexicon) for lexicon in self.lexicons],
            "means": self.means.tolist(),
            "deviations": self.deviations.tolist(),
            "averages": self.averages.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "LexiconFeatures":
        """Read what `to_dict` returned, which may be of unknown origin.

        Raises:
            ValueError, KeyError, TypeError: a value is missing, or not what it should be.
        """
        if not isinstance(stored["lexicons"], list) or not stored["lexicons"]:
            raise ValueError("features: expected a list of lexicons")
        lexicons = tuple(lexicon_from_dict(each) for each in stored["lexicons"])
        size = sum(len(lexicon.categories) for lexicon in lexicons)
        means, deviations, averages = (_numbers(stored[key], size) for key in ("means", "deviations", "averages"))
        if not (deviations > 0.0).all():
            raise ValueError("features: a deviation is not above 0")
        return cls(lexicons, means, deviations, averages)


def _shown(value: float, is_weighted: bool) -> str:
    return f"{value:.3g}" if is_weighted else f"{value:.3g}%"


def _counted(matchers: Iterable[Matcher], texts: Sequence[str]) -> Floats:
    return np.concatenate([matcher.count(texts).values for matcher in matchers], axis=1)


def _scaled(values: Floats, weighted: NDArray[np.bool_], means: Floats, deviations: Floats) -> Floats:
    found = np.where(weighted, values - means, values) / deviations
    return np.clip(np.nan_to_num(found, nan=0.0), -MAX_DEVIATIONS, MAX_DEVIATIONS)


def _numbers(values: Any, size: int) -> Floats:
    if not isinstance(values, list) or len(values) != size:
        raise ValueError(f"features: expected {size} numbers")
    if not all(type(value) in (int, float) and abs(value) <= LARGEST for value in values):
        raise ValueError("features: expected numbers")
    return np.array(values, dtype=np.float64)


def learn_lexicons(lexicons: Sequence[Lexicon], blocks: Iterable[Sequence[str]]) -> LexiconFeatures:
    """Learn means and deviations from training texts, in blocks."""
    matchers = [Matcher(lexicon) for lexicon in lexicons]
    weighted = np.array([kind for lexicon in lexicons for kind in lexicon.weighted], dtype=bool)
    # In float32, as all texts are held at once.
    counted = [_counted(matchers, block).astype(np.float32) for block in blocks]
    values = np.concatenate(counted).astype(np.float64) if counted else np.zeros((0, len(weighted)))
    is_found = ~np.isnan(values)
    counts = np.maximum(is_found.sum(axis=0), 1)
    means = np.where(is_found, values, 0.0).sum(axis=0) / counts
    deviations = np.sqrt((np.where(is_found, values - means, 0.0) ** 2).sum(axis=0) / counts)
    deviations[deviations < 1e-9] = 1.0
    averages = _scaled(values, weighted, means, deviations).sum(axis=0) / max(len(values), 1)
    return LexiconFeatures(tuple(lexicons), means, deviations, averages)
