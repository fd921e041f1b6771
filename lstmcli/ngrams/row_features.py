"""Numbers beside the n-grams in the linear model: taken from the columns of a row, or counted in its text.

What has such numbers is a `RowFeatures`. To add another kind:

1. write a class with `source`, `names`, `values`, `to_dict` and `from_dict`;
2. add it to `SOURCES`, by which a stored model finds it;
3. make it in `recipes.linear.features.learned_features`, from the training texts if it learns something from them.

Fitting, prediction, explanations and reports then have it. Values should be of about the size of 1, such as numbers
with standard deviation 1: all features of a model are regularised alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # most models have no features, and start sooner
    from lstmcli.lexicons.lexicon import Lexicon

Floats = NDArray[np.float64]


class RowFeatures(Protocol):
    """Numbers that a text has."""

    @property
    def source(self) -> str:
        """The kind of these features, a key of SOURCES."""

    @property
    def names(self) -> tuple[str, ...]:
        """One for each number, for people: "age", "platform=web"."""

    @property
    def groups(self) -> tuple[str, ...]:
        """For each number the name of that which it is part of, (names,): "platform" of "platform=web"."""

    @property
    def averages(self) -> Floats:
        """The values of an average training row, (names,), with which explanations compare."""

    @property
    def settings(self) -> tuple[str, ...]:
        """The columns that rows must have, as `data.features` names them with their kinds."""

    @property
    def lexicons(self) -> "tuple[Lexicon, ...]":
        """The lexicons whose words are counted."""

    def shown(self, text: str) -> dict[str, str]:
        """Return what a text has of each group, for people."""

    def described(self) -> Sequence[str]:
        """Return what was learned of the features from training rows, in a few words for each group."""

    def values(self, texts: Sequence[str]) -> Floats:
        """Return (texts, names); texts may be a `data.row_text.RowText` with the cells of a row."""

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` in SOURCES reads."""


# The module and the class of each kind of features.
SOURCES = {
    "columns": ("lstmcli.ngrams.column_features", "ColumnFeatures"),
    "lexicons": ("lstmcli.ngrams.lexicon_features", "LexiconFeatures"),
}


def reader_of(source: str) -> Callable[[Mapping[str, Any]], RowFeatures]:
    """Return what reads a kind of features, a key of SOURCES, from model.json.

    The values may be of unknown origin: it raises a ValueError, KeyError or TypeError where they are not what they
    should be.
    """
    module, name = SOURCES[source]
    found: Callable[[Mapping[str, Any]], RowFeatures] = getattr(import_module(module), name).from_dict
    return found


@dataclass(frozen=True)
class FittedFeatures:
    """All features beside the n-grams, with what each adds to the outputs of the linear model.

    Attributes:
        sources: of the features.
        coefficients: (outputs, features), of all sources in order.
    """

    sources: tuple[RowFeatures, ...]
    coefficients: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """Those of all features."""
        return tuple(name for source in self.sources for name in source.names)

    @property
    def groups(self) -> tuple[str, ...]:
        """See `RowFeatures`."""
        return tuple(name for source in self.sources for name in source.groups)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that rows must have, as `data.features` names them with their kinds."""
        return tuple(name for source in self.sources for name in source.settings)

    @property
    def lexicons(self) -> "tuple[Lexicon, ...]":
        """The lexicons whose words are counted, all of which are part of the model."""
        return tuple(lexicon for source in self.sources for lexicon in source.lexicons)

    def values(self, texts: Sequence[str]) -> Floats:
        """Return (texts, features)."""
        return values_of(self.sources, texts)

    def outputs(self, texts: Sequence[str]) -> Floats:
        """Return what the features of texts add to the outputs of the n-grams, (texts, outputs)."""
        # A sum per text: a product of matrices might round differently beside other texts.
        return np.asarray(np.einsum("tf,of->to", self.values(texts), self.coefficients))

    def described(self) -> list[str]:
        """Return what was learned of all features, in a few words each."""
        return [text for source in self.sources for text in source.described()]

    def shown(self, text: str) -> dict[str, str]:
        """Return what a text has of each group, for people."""
        return {group: value for source in self.sources for group, value in source.shown(text).items()}

    def parts(self, texts: Sequence[str]) -> Floats:
        """Return what each feature adds, compared with an average row, (texts, features, outputs)."""
        averages = np.concatenate([np.zeros(0), *(source.averages for source in self.sources)])
        return np.asarray((self.values(texts) - averages)[:, :, None] * self.coefficients.T)


def values_of(sources: Sequence[RowFeatures], texts: Sequence[str]) -> Floats:
    """Return the values of all features, (texts, features)."""
    return np.concatenate([np.zeros((len(texts), 0)), *(source.values(texts) for source in sources)], axis=1)
