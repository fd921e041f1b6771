"""Finds the entries of a lexicon in texts.

From left to right, the longest entry that starts at a word is found, and the search goes on after it. Of several
entries with as many words, an exact word comes before a wildcard, and a longer stem before a shorter one.

Texts become numbers: that of a word says which entry it is, and which words of phrases it may be. Numbers are looked up
by pieces of text between white space, as the tokenizer's tokens are. The rest is counting with numpy, and following a
tree where a phrase may start.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.lexicons.words import ANY, Token, Words
from lstmcli.text.tokenizer import PieceCache

NO_ENTRY = -1

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """What was found in texts.

    Attributes:
        words: (texts,), the number of words.
        found: (texts,), the number of these that belong to an entry.
        values: (texts, categories), the words of the category in percent of all words, or the mean weight of the
            entries found if the category has weights; NaN for a text without words, or without such an entry.
    """

    words: Integers
    found: Integers
    values: Floats


class _Kind(NamedTuple):
    """What the search knows of a word, mark or phrase.

    Attributes:
        entry: its number, or NO_ENTRY.
        num_words: how many words it has.
        keys: of the branches that it may take in the tree of phrases, in order of preference.
    """

    entry: int
    num_words: int
    keys: tuple[str, ...] = ()


class _Node(dict[str, "_Node"]):
    """A place in the tree of phrases; the keys are words, or stems with ANY.

    Attributes:
        entry: that ends here, or NO_ENTRY.
    """

    entry = NO_ENTRY


class Matcher:
    """Counts the words of a lexicon in texts."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._words = Words()
        self._singles: dict[str, int] = {}
        self._root = _Node()
        self._phrase_words: set[str] = set()
        entries: dict[tuple[str, ...], dict[int, float]] = {}  # those that only differ in spelling are one
        for entry, weights in lexicon.entries.items():
            words = tuple(self._words.of_entry(entry))
            entries[words] = {**weights, **entries.get(words, {})}
        for number, words in enumerate(entries):
            self._enter(number, words)
        self._lengths = sorted({len(key) for key in self._singles if key.endswith(ANY)}, reverse=True)
        self._phrase_lengths = sorted({len(key) for key in self._phrase_words if key.endswith(ANY)}, reverse=True)
        self._numbers: dict[_Kind, int] = {}
        self._kinds: list[_Kind] = []
        self._seconds: dict[int, set[str]] = {}  # for the number of a word that may start a phrase: how it may go on
        self._cache = PieceCache(self._numbers_of)
        self._table = _EntryTable(list(entries.values()), lexicon.weighted)
        self._arrays = np.empty((0, 2), np.int64)

    def _enter(self, number: int, words: Sequence[str]) -> None:
        if len(words) == 1:
            self._singles[words[0]] = number
        elif words:
            node = self._root
            for word in words:
                node = node.setdefault(word, _Node())
            self._phrase_words.update(words)
            node.entry = number

    def _numbers_of(self, piece: str) -> tuple[int, ...]:
        return tuple(self._number(self._kind(token)) for token in self._words.of_piece(piece))

    def _number(self, kind: _Kind) -> int:
        number = self._numbers.setdefault(kind, len(self._kinds))
        if number == len(self._kinds):
            self._kinds.append(kind)
            seconds = {second for key in kind.keys if key in self._root for second in self._root[key]}
            if seconds:
                self._seconds[number] = seconds
        return number

    def _kind(self, token: Token) -> _Kind:
        singles = (self._singles[key] for key in _keys(token, self._lengths) if key in self._singles)
        keys = tuple(key for key in _keys(token, self._phrase_lengths) if key in self._phrase_words)
        return _Kind(next(singles, NO_ENTRY), int(token.is_word), keys)

    def count(self, texts: Sequence[str]) -> Counts:
        """Return what is in each of the texts."""
        rows = [self._cache.all(self._words.pieces(text)) for text in texts]
        if self._root:
            rows = [self._join(row) for row in rows]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        numbers = np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum()))
        if len(self._arrays) < len(self._kinds):
            self._arrays = np.array([kind[:2] for kind in self._kinds], np.int64)
        entries, num_words = self._arrays[numbers].T
        return self._table.counts(np.repeat(np.arange(len(texts)), lengths), entries, num_words, len(texts))

    def _join(self, row: list[int]) -> list[int]:
        """Return the numbers of a text with one number in place of those of each phrase."""
        kinds, seconds = self._kinds, self._seconds
        starts = [
            at
            for at, (number, following) in enumerate(pairwise(row))
            if number in seconds and not seconds[number].isdisjoint(kinds[following].keys)
        ]
        joined: list[int] = []
        done = 0
        for at in starts:
            end, entry = self._longest(row, at)
            if at >= done and entry != NO_ENTRY:  # not within a phrase
                num_words = sum(self._kinds[number].num_words for number in row[at:end])
                joined += row[done:at]
                joined.append(self._number(_Kind(entry, num_words)))
                done = end
        return joined + row[done:]

    def _longest(self, row: Sequence[int], start: int) -> tuple[int, int]:
        """Return where the longest phrase from `start` on ends, and its entry, or NO_ENTRY."""
        best = start, NO_ENTRY
        waiting = [(start, self._root)]
        while waiting:
            at, node = waiting.pop()
            if node.entry != NO_ENTRY and at > best[0]:
                best = at, node.entry
            if at < len(row):  # what is preferred is pushed last, so it is looked at first
                keys = reversed(self._kinds[row[at]].keys)
                waiting += [(at + 1, node[key]) for key in keys if key in node]
        return best


def _keys(token: Token, lengths: Iterable[int]) -> Iterator[str]:
    """Yield what an entry for the token may be: itself, then wildcards with these `lengths`, ANY included."""
    text = token.text
    yield text
    if token.is_word:
        yield from (text[: length - 1] + ANY for length in lengths if length <= len(text) + 1)


class _EntryTable:
    """The categories and weights of all entries, one after the other."""

    def __init__(self, weights: Sequence[Mapping[int, float]], weighted: Sequence[bool]) -> None:
        entries = [sorted(own.items()) for own in weights]
        self._sizes = np.array([len(own) for own in entries], np.int64)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._categories = np.array([index for own in entries for index, _ in own], np.int64)
        self._weights = np.array([weight for own in entries for _, weight in own], np.float64)
        self._weighted = np.array(weighted, dtype=bool)

    def counts(self, rows: Integers, entries: Integers, num_words: Integers, num_rows: int) -> Counts:
        """Return what is in each of `num_rows` texts.

        Args:
            rows: (words,), the text of each word, mark or phrase.
            entries: (words,), which entry it is.
            num_words: (words,), how many words it has.
            num_rows: number of texts.
        """
        is_entry = entries != NO_ENTRY
        words = _sums(rows, num_words, num_rows)
        rows, entries, num_words = rows[is_entry], entries[is_entry], num_words[is_entry]
        found = _sums(rows, num_words, num_rows)
        sizes = self._sizes[entries]
        total = int(sizes.sum())
        # The places of all categories of each entry found.
        places = np.arange(total) + np.repeat(self._starts[entries] - (np.cumsum(sizes) - sizes), sizes)
        width = len(self._weighted)
        cells = np.repeat(rows, sizes) * width + self._categories[places]

        def summed(values: NDArray[Any]) -> Floats:
            sums = np.bincount(cells, values, num_rows * width).reshape(num_rows, width)
            return np.asarray(sums, np.float64)

        with np.errstate(invalid="ignore", divide="ignore"):
            means = summed(self._weights[places]) / summed(np.ones(total))
            # A mark that the lexicon lists, such as an exclamation mark, counts once.
            percentages = 100.0 * summed(np.repeat(np.maximum(num_words, 1), sizes)) / words[:, None]
        percentages[words == 0] = np.nan
        return Counts(words, found, np.where(self._weighted, means, percentages))


def _sums(rows: Integers, values: Integers, num_rows: int) -> Integers:
    return np.bincount(rows, values, num_rows).astype(np.int64)
