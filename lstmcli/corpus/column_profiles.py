"""What the columns of a table hold, found in one pass over its rows."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lstmcli.corpus.label_cells import NO, YES
from lstmcli.corpus.label_names import MISSING_WORDS, clean_label, listed
from lstmcli.data.formats import Record

# Different values that are counted; a column with more has no labels.
MAX_VALUES = 5_000

# A longer value is only compared, not kept.
MAX_CHARACTERS_KEPT = 120

# Signs that separate labels in one cell, the least ambiguous first.
SEPARATORS = "|;,/"

_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?|\w{3} \w{3} \d{1,2} .*\d{4}")
_LINK = re.compile(r"(?:https?://|www\.)\S+")


@dataclass
class ColumnProfile:
    """A column.

    Attributes:
        name: of the column.
        num_cells: that are not empty.
        num_empty: cells that are empty or stand for a missing value.
        num_characters: of all cells.
        num_words: of all cells, split at white space.
        num_lists: cells that are lists.
        num_numbers: cells that are numbers.
        num_odd: cells that are dates or links.
        values: how often each value occurs; empty once there are more than MAX_VALUES.
        num_values: different values, MAX_VALUES + 1 if there are more.
    """

    name: str
    num_cells: int = 0
    num_empty: int = 0
    num_characters: int = 0
    num_words: int = 0
    num_lists: int = 0
    num_numbers: int = 0
    num_odd: int = 0
    values: Counter[str] = field(default_factory=Counter)
    num_values: int = 0
    _hashes: set[int] = field(default_factory=set)

    def add(self, cell: Any) -> None:
        """Take the next cell."""
        text = "" if cell is None or cell != cell else str(cell).lower() if isinstance(cell, bool) else str(cell)
        value = clean_label(text)
        if not value or value.casefold() in MISSING_WORDS:
            self.num_empty += 1
            return
        self.num_cells += 1
        self.num_characters += len(value)
        self.num_words += value.count(" ") + 1
        self.num_lists += isinstance(cell, list) or listed(value) is not None
        self.num_numbers += _NUMBER.fullmatch(value) is not None
        self.num_odd += _DATE.fullmatch(value) is not None or _LINK.fullmatch(value) is not None
        self._hashes.add(hash(value))
        self.num_values = len(self._hashes)
        if self.num_values <= MAX_VALUES:
            self.values[value[:MAX_CHARACTERS_KEPT]] += 1
        else:
            self.values.clear()

    @property
    def mean_characters(self) -> float:
        """Characters per cell that is not empty."""
        return self.num_characters / max(1, self.num_cells)

    @property
    def mean_words(self) -> float:
        """Words per cell that is not empty."""
        return self.num_words / max(1, self.num_cells)

    def share(self, number: int) -> float:
        """Return a number of cells as a fraction of those that are not empty."""
        return number / max(1, self.num_cells)

    @cached_property
    def is_yes_no(self) -> bool:
        """Whether the cells answer yes or no, and both occur."""
        found = {value.lower() for value in self.values}
        return bool(found & YES) and bool(found & NO) and found <= YES | NO

    @cached_property
    def is_free_text(self) -> bool:
        """Whether the cells could be texts: several words, hardly any repeated."""
        if self.share(self.num_lists) > 0.5 or self.share(self.num_odd) > 0.5:
            return False
        return self.mean_words >= 2.0 and self.num_values > max(10, 0.2 * min(self.num_cells, MAX_VALUES))

    @cached_property
    def is_few_values(self) -> bool:
        """Whether the cells could be one label each: few values, each of several rows, and no measurements."""
        most = 20 if self.share(self.num_numbers) > 0.9 else 200
        if not 2 <= self.num_values <= min(most, max(2, self.num_cells // 3)) or self.share(self.num_odd) > 0.5:
            return False
        return self.share(self.num_lists) < 0.1 and self.mean_characters <= 60

    @cached_property
    def separator(self) -> str | None:
        """The sign between several labels in one cell, "," for lists, or None if there are none."""
        if self.num_cells and self.share(self.num_lists) > 0.5:
            return ","
        return next((mark for mark in SEPARATORS if self._is_separator(mark)), None)

    def _is_separator(self, mark: str) -> bool:
        """Whether the parts of the cells are few short values that occur in several combinations."""
        parts: Counter[str] = Counter()
        num_joined = 0
        for value, count in self.values.items():
            names = {part.strip() for part in value.split(mark)} - {""}
            num_joined += count * (len(names) > 1)
            for name in names:
                parts[name] += count
        if num_joined < max(2, 0.01 * self.num_cells) or not 2 <= len(parts) <= 200:
            return False
        if max(map(len, parts)) > 40 or (min(parts.values()) < 2 and self.num_cells < 20):
            return False
        num_rare = sum(count == 1 for count in parts.values())
        return num_rare <= 0.1 * len(parts) and len(parts) <= len(self.values) and self.num_cells >= 2 * len(parts)


def profile_columns(records: Iterable[Record]) -> tuple[list[ColumnProfile], int]:
    """Return the profiles of all columns, in the order in which they occur first, and the number of rows."""
    profiles: dict[str, ColumnProfile] = {}
    num_rows = 0
    for record in records:
        if record.problem is not None or record.is_malformed:
            continue
        num_rows += 1
        for name, cell in zip(record.columns, record.cells, strict=True):
            if name not in profiles:
                profiles[name] = ColumnProfile(name)
            profiles[name].add(cell)
    return list(profiles.values()), num_rows
