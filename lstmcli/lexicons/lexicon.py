"""A lexicon: words, wildcards and phrases, each in one or several categories."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lstmcli.errors import DataError, counted

# The weight of a word in a category that has no weights.
MEMBER = 1.0

MAX_MISTAKES_SHOWN = 5

# The number of notes' examples that stand in a message.
MAX_LENGTH_SHOWN = 60


@dataclass(frozen=True)
class Lexicon:
    """Words and their categories.

    Attributes:
        name: of the lexicon, for messages and columns.
        categories: their names, which differ.
        weighted: of each category, whether its words have weights; otherwise a word is in it or not.
        entries: for each word, wildcard ("happ*") or phrase ("kind of"), in lower case, the weight by category index;
            MEMBER in a category without weights.
        notes: what a user should know about how the file was read.
    """

    name: str
    categories: tuple[str, ...]
    weighted: tuple[bool, ...]
    entries: Mapping[str, Mapping[int, float]]
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A hash of all words, categories and weights, the same in any order of the words."""
        entries = sorted((entry, sorted(weights.items())) for entry, weights in self.entries.items())
        facts = [list(self.categories), list(self.weighted), entries]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class LexiconBuilder:
    """Collects entries and mistakes while a file is read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._mistakes: list[str] = []
        self._index: dict[str, int] = {}  # of each category
        self._weighted: dict[int, bool] = {}
        self._entries: dict[str, dict[int, float]] = {}
        self._notes: dict[str, list[str]] = {}  # what is to be said of which entries

    def mistake(self, line: int, problem: str) -> None:
        """Remember what is wrong with a line."""
        self._mistakes.append(f"{self.path}, line {line}: {problem}")

    def note(self, kind: str, example: str) -> None:
        """Remember an entry that is read differently; all of a `kind` become one note, "{count}" standing for them."""
        self._notes.setdefault(kind, []).append(example)

    def category(self, name: str, *, is_weighted: bool = False) -> int:
        """Return the index of a category, which is added if it is new."""
        index = self._index.setdefault(name, len(self._index))
        self._weighted[index] = self._weighted.get(index, False) or is_weighted
        return index

    def add(self, line: int, text: str, weights: Mapping[int, float]) -> None:
        """Add an entry as it stands in the file, or remember what is wrong with it."""
        entry = " ".join(text.lower().split())
        problem = _problem(entry)
        if problem is not None:
            self.mistake(line, problem)
            return
        if not weights:
            self.note("without a category", f"line {line}")
            return
        own = self._entries.setdefault(entry, {})
        if any(own.get(index, weight) != weight for index, weight in weights.items()):
            self.note("with a second weight, which is not used", f"line {line}")
        for index, weight in weights.items():
            own.setdefault(index, weight)

    def finish(self, name: str) -> Lexicon:
        """Return the lexicon.

        Raises:
            DataError: there were mistakes, or it has no words.
        """
        if self._mistakes:
            more = len(self._mistakes) - MAX_MISTAKES_SHOWN
            rest = [f"... and {counted(more, 'more line')} with a mistake"] if more > 0 else []
            raise DataError(*self._mistakes[:MAX_MISTAKES_SHOWN], *rest)
        if not self._entries:
            raise DataError(f"{self.path}: has no words with a category.")
        weighted = tuple(self._weighted[index] for index in range(len(self._index)))
        return Lexicon(name, tuple(self._index), weighted, self._entries, tuple(self._told()))

    def _told(self) -> Iterable[str]:
        for kind, examples in self._notes.items():
            first = examples[0] if len(examples) == 1 else f"the first: {examples[0]}"
            yield f"{self.path}: {counted(len(examples), 'entry', 'entries')} {kind} ({first})"


def is_wildcard(word: str) -> bool:
    """Whether a word of an entry stands for all words that start like it; ":-*" does not."""
    return word == "*" or (word.endswith("*") and any(map(str.isalnum, word)))


def _problem(entry: str) -> str | None:
    """Return what is wrong with an entry in lower case, or None."""
    words = entry.split()
    if not words:
        return "has no word in the first column."
    if all(word == "*" for word in words):
        return "* alone stands for every word; put letters before it."
    for word in words:
        if "*" in word.removesuffix("*") and any(map(str.isalnum, word)):
            return f"{word!r:.{MAX_LENGTH_SHOWN}}: * can only end a word, such as happ*."
    return None


def check_categories(names: Sequence[tuple[int, str]], builder: LexiconBuilder) -> None:
    """Remember names of categories, given with their lines, that can't be the name of a column."""
    for line, name in names:
        if not name.strip() or not name.isprintable():
            builder.mistake(line, f"expected the name of a category, got {name!r:.{MAX_LENGTH_SHOWN}}.")
