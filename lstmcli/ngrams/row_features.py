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
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.ngrams.column_features import ColumnFeatures
from lstmcli.ngrams.lexicon_features import LexiconFeatures

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

    def described(self) -> Sequence[str]:
        """Return what was learned of the features from training rows, in a few words for each group."""

    def values(self, texts: Sequence[str]) -> Floats:
        """Return (texts, names); texts may be a `data.row_text.RowText` with the cells of a row."""

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` in SOURCES reads."""


# Reads a kind of features from model.json, whose values may be of unknown origin: raises ValueError, KeyError or
# TypeError where they are not what they should be.
SOURCES: dict[str, Callable[[Mapping[str, Any]], RowFeatures]] = {
    "columns": ColumnFeatures.from_dict,
    "lexicons": LexiconFeatures.from_dict,
}


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
        return next((each.settings for each in self.sources if isinstance(each, ColumnFeatures)), ())

    @property
    def lexicons(self) -> tuple[Lexicon, ...]:
        """The lexicons whose words are counted, all of which are part of the model."""
        return next((each.lexicons for each in self.sources if isinstance(each, LexiconFeatures)), ())

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
        found: dict[str, str] = {}
        for source in self.sources:
            if isinstance(source, ColumnFeatures | LexiconFeatures):
                found |= source.shown(text)
                continue
            for group, value in zip(source.groups, source.values([text])[0].tolist(), strict=True):
                found.setdefault(group, f"{value:.3g}")
        return found

    def parts(self, texts: Sequence[str]) -> Floats:
        """Return what each feature adds, compared with an average row, (texts, features, outputs)."""
        averages = np.concatenate([np.zeros(0), *(source.averages for source in self.sources)])
        return np.asarray((self.values(texts) - averages)[:, :, None] * self.coefficients.T)


def values_of(sources: Sequence[RowFeatures], texts: Sequence[str]) -> Floats:
    """Return the values of all features, (texts, features)."""
    return np.concatenate([np.zeros((len(texts), 0)), *(source.values(texts) for source in sources)], axis=1)
