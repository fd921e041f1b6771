"""The columns that describe a text: its words, how many of them a lexicon knows, and each category."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.errors import DataError, UsageError, counted
from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.lexicons.matcher import Counts, Matcher

# As LIWC calls them: the number of words, and the percentage of these that are in the dictionary.
NUM_WORDS, IN_DICTIONARY = "WC", "Dic"

Cells = dict[str, str | float | None]


@dataclass(frozen=True)
class Described:
    """A block of texts.

    Attributes:
        num_words: (texts,).
        values: (texts, columns), all columns but the number of words; NaN where undefined.
        num_without_known_word: texts without any word of the lexicons.
    """

    num_words: NDArray[np.int64]
    values: NDArray[np.float64]
    num_without_known_word: int


class Describer:
    """Describes blocks of texts at once; a `BlockPool`."""

    def __init__(self, lexicons: Sequence[Lexicon]) -> None:
        self._matchers = [Matcher(lexicon) for lexicon in lexicons]

    def submit(self, texts: Sequence[str]) -> list[Described]:
        """See `BlockPool`."""
        found = [matcher.count(texts) for matcher in self._matchers]
        is_known = np.any([each.found > 0 for each in found], axis=0)
        values = np.concatenate([_with_dictionary(each) for each in found], axis=1)
        return [Described(found[0].words, values, int((~is_known).sum()))]

    def drain(self) -> list[Described]:
        """See `BlockPool`."""
        return []


def _with_dictionary(counts: Counts) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 100.0 * counts.found / counts.words
    return np.column_stack([share, counts.values])


def column_names(lexicons: Sequence[Lexicon], prefix: str) -> list[str]:
    """Return the names of all columns. With several lexicons, those of a lexicon start with its name.

    Raises:
        UsageError: two lexicons have the same name.
        DataError: a category has the name of another column.
    """
    names = [lexicon.name for lexicon in lexicons]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UsageError(f"--lexicon: two are called {twice[0]!r}, and columns start with that name; rename a file.")
    columns = [NUM_WORDS]
    for lexicon in lexicons:
        start = f"{lexicon.name}_" if len(lexicons) > 1 else ""
        columns += [start + name for name in (IN_DICTIONARY, *lexicon.categories)]
    taken = [name for name, count in Counter(columns).items() if count > 1]
    if taken:
        raise DataError(
            f"{taken[0]!r} would be the name of two columns; rename a category. {NUM_WORDS} and {IN_DICTIONARY} are "
            "the number of words and the percentage of these that the lexicon has."
        )
    return [prefix + column for column in columns]


class DescriptionAdder:
    """Adds the columns to rows; a `CellAdder`."""

    num_uncertain = 0

    def __init__(self, columns: Sequence[str], format_name: str) -> None:
        self._columns = columns
        self._format_name = format_name

    @property
    def names_in_rows(self) -> Sequence[str]:
        """See `CellAdder`."""
        return [] if self._format_name == TEXT_FORMAT else self._columns

    def additions(self, answers: Described) -> Iterator[Cells]:
        """See `CellAdder`."""
        for num_words, values in zip(answers.num_words.tolist(), answers.values.tolist(), strict=True):
            # NaN is not equal to itself.
            cells = [value if value == value else None for value in values]
            yield dict(zip(self._columns, [num_words, *cells], strict=True))

    def nothing(self) -> Cells:
        """See `CellAdder`."""
        return dict.fromkeys(self._columns)

    def check(self, columns: Sequence[str], name: str) -> None:
        """See `CellAdder`."""
        taken = [column for column in self.names_in_rows if column in columns]
        if taken:
            raise DataError(
                f"{name}: already has a column {taken[0]!r}, which the description would add. Add --prefix to call the "
                "added columns otherwise, such as --prefix lex_, or select other columns with --columns."
            )

    def on_unknown_words(self, num_texts: int) -> str:
        """See `CellAdder`."""
        verb = "contains" if num_texts == 1 else "contain"
        return f"{counted(num_texts, 'text')} {verb} no word of a lexicon."

    def on_uncertain(self, num_rows: int) -> str:
        """See `CellAdder`; there are none."""
        return str(num_rows)
