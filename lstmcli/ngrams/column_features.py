"""Columns of a row as numbers: numbers are standardised, categories are one of several.

An unknown value counts as an average row: it adds what a training row adds on average. Where training rows lacked it,
too, "missing" is a category of its own, or a number beside the number, and may mean something.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.feature_cells import Kind, category_of, kind_of, number_of
from lstmcli.data.row_text import cells_of

Floats = NDArray[np.float64]

# Categories in fewer training rows are "other", and so are those beyond the most frequent ones.
MIN_ROWS = 2
MAX_CATEGORIES = 100

# Standardised numbers are cut off here, so that a slip does not decide alone, nor shift what all others say.
MAX_DEVIATIONS = 5.0

# What is stored must be numbers that can be computed with.
LARGEST = 1e12

OTHER, MISSING = "other", "missing"

# Categories that a note names.
MAX_SHOWN = 6


@dataclass(frozen=True)
class NumberColumn:
    """A number, standardised.

    Attributes:
        name: of the column.
        mean: of the training rows.
        deviation: their standard deviation; 1 where all are the same.
        missing: the share of training rows without a number; 0 for none, in which case no number says so.
    """

    name: str
    mean: float
    deviation: float
    missing: float

    kind = "number"

    @property
    def names(self) -> tuple[str, ...]:
        """See `RowFeatures`."""
        return (self.name, f"{self.name} ({MISSING})") if self.missing else (self.name,)

    @property
    def averages(self) -> tuple[float, ...]:
        """See `RowFeatures`."""
        return (0.0, self.missing) if self.missing else (0.0,)

    def numbers(self, cell: str) -> tuple[float, ...]:
        """Return the values of a row.

        Raises:
            BadFeatureError: the cell is no number.
        """
        value = number_of(cell, self.name)
        if value is None:
            return (0.0, 1.0) if self.missing else (0.0,)
        found = (value - self.mean) / self.deviation
        found = min(MAX_DEVIATIONS, max(-MAX_DEVIATIONS, found))
        return (found, 0.0) if self.missing else (found,)

    def described(self) -> str:
        """See `RowFeatures`."""
        missing = f", missing in {self.missing:.0%}" if self.missing else ""
        return f"{self.name} (number: mean {self.mean:.4g}, deviation {self.deviation:.4g}{missing})"

    def to_dict(self) -> dict[str, Any]:
        """Return what is stored."""
        return {"name": self.name, "mean": self.mean, "deviation": self.deviation, "missing": self.missing}


@dataclass(frozen=True)
class CategoryColumn:
    """One of several categories.

    Attributes:
        name: of the column.
        shares: of training rows in each category; with OTHER and MISSING, if there were such rows, under a key of None
            and of "".
    """

    name: str
    shares: Mapping[str | None, float]

    kind = "category"

    @property
    def names(self) -> tuple[str, ...]:
        """See `RowFeatures`."""
        return tuple(self._shown(key) for key in self.shares)

    def _shown(self, key: str | None) -> str:
        return f"{self.name}={key}" if key else f"{self.name} ({OTHER if key is None else MISSING})"

    @property
    def averages(self) -> tuple[float, ...]:
        """See `RowFeatures`."""
        return tuple(self.shares.values())

    def numbers(self, cell: str) -> tuple[float, ...]:
        """Return the values of a row."""
        value = category_of(cell)
        key = value if value in self.shares or not value else None
        if key not in self.shares:
            return self.averages
        return tuple(float(each == key) for each in self.shares)

    def described(self) -> str:
        """See `RowFeatures`."""
        names = {None: OTHER, "": MISSING}
        found = [f"{names.get(key, key)} {share:.0%}" for key, share in self.shares.items()]
        more = f", and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
        return f"{self.name} (category: {', '.join(found[:MAX_SHOWN])}{more})"

    def to_dict(self) -> dict[str, Any]:
        """Return what is stored."""
        return {"name": self.name, "categories": list(self.shares), "shares": list(self.shares.values())}


@dataclass(frozen=True)
class ColumnFeatures:
    """The columns of a row that a model reads beside its text; see `row_features.RowFeatures`."""

    parts: tuple[NumberColumn | CategoryColumn, ...]

    source = "columns"
    lexicons = ()

    @property
    def settings(self) -> tuple[str, ...]:
        """The columns in the order of the cells, as `data.features` names them with their kinds."""
        return tuple(f"{part.name}={part.kind}" for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """See `RowFeatures`."""
        return tuple(name for part in self.parts for name in part.names)

    @property
    def groups(self) -> tuple[str, ...]:
        """See `RowFeatures`."""
        return tuple(part.name for part in self.parts for _ in part.names)

    @property
    def averages(self) -> Floats:
        """See `RowFeatures`."""
        return np.array([value for part in self.parts for value in part.averages])

    def numbers(self, cells: Sequence[str] | None) -> list[float]:
        """Return the values of a row with these cells, one for each column; None: a text without a row.

        Raises:
            BadFeatureError: a cell is no number where one is expected.
        """
        if cells is None or len(cells) != len(self.parts):
            cells = [""] * len(self.parts)
        return [value for part, cell in zip(self.parts, cells, strict=True) for value in part.numbers(cell)]

    def values(self, texts: Sequence[str]) -> Floats:
        """See `RowFeatures`."""
        found = [self.numbers(cells_of(text)) for text in texts]
        return np.array(found, dtype=np.float64).reshape(len(texts), len(self.names))

    def described(self) -> list[str]:
        """See `RowFeatures`."""
        return [part.described() for part in self.parts]

    def shown(self, text: str) -> dict[str, str]:
        """Return the cell of each column; "" where it is missing."""
        cells = cells_of(text) or [""] * len(self.parts)
        return {part.name: cell for part, cell in zip(self.parts, cells, strict=True)}

    def to_dict(self) -> dict[str, Any]:
        """See `RowFeatures`."""
        return {"source": self.source, "columns": [part.to_dict() for part in self.parts]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "ColumnFeatures":
        """Read what `to_dict` returned, which may be of unknown origin.

        Raises:
            ValueError, KeyError, TypeError: a value is missing, or not what it should be.
        """
        if not isinstance(stored["columns"], list) or not stored["columns"]:
            raise ValueError("features: expected a list of columns")
        found = cls(tuple(_column(column) for column in stored["columns"]))
        if len(set(found.names)) != len(found.names):
            raise ValueError("features: two have the same name")
        return found


def _column(stored: Mapping[str, Any]) -> NumberColumn | CategoryColumn:
    name = _text(stored["name"])
    if "categories" not in stored:
        mean, deviation, missing = (_number(stored[key]) for key in ("mean", "deviation", "missing"))
        if deviation <= 0.0 or not 0.0 <= missing <= 1.0:
            raise ValueError(f"features: deviation {deviation} or missing {missing}")
        return NumberColumn(name, mean, deviation, missing)
    keys, shares = stored["categories"], stored["shares"]
    if not isinstance(keys, list) or not isinstance(shares, list) or not 0 < len(keys) <= MAX_CATEGORIES + 2:
        raise ValueError("features: expected lists of categories and shares")
    found = [None if key is None else _text(key) for key in keys]
    numbers = [_number(share) for share in shares]
    if len(set(found)) != len(keys) or not all(0.0 <= number <= 1.0 for number in numbers):
        raise ValueError("features: two categories are the same, or a share is not between 0 and 1")
    return CategoryColumn(name, dict(zip(found, numbers, strict=True)))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(f"features: expected a name, got {value!r:.80}")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise ValueError(f"features: expected a number, got {value!r:.80}")
    return float(value)


def learn_columns(wanted: Sequence[tuple[str, Kind | None]], rows: Iterable[Sequence[str]]) -> ColumnFeatures:
    """Learn from the cells of training rows.

    Args:
        wanted: the columns, with their kind, or None if it is to be found out: a number if all cells are numbers.
        rows: the cells of each training row, one for each column.

    Raises:
        BadFeatureError: a cell is no number where one is expected.
    """
    counts: list[Counter[str]] = [Counter() for _ in wanted]
    for cells in rows:
        for counter, cell in zip(counts, cells, strict=True):
            counter[cell] += 1
    return ColumnFeatures(
        tuple(
            _learn_number(name, counter) if (kind or kind_of(counter)) == "number" else _learn_category(name, counter)
            for (name, kind), counter in zip(wanted, counts, strict=True)
        )
    )


def _learn_number(name: str, counts: Mapping[str, int]) -> NumberColumn:
    found = [(number_of(cell, name), count) for cell, count in counts.items()]
    values = np.array([value for value, _ in found if value is not None])
    weights = np.array([count for value, count in found if value is not None], dtype=np.float64)
    total = sum(counts.values())
    missing = 1.0 - weights.sum() / total if total and weights.sum() < total else 0.0
    if not len(values):
        return NumberColumn(name, 0.0, 1.0, float(missing))
    mean = float(np.average(values, weights=weights))
    deviation = float(np.sqrt(np.average(np.square(values - mean), weights=weights)))
    return NumberColumn(name, mean, deviation if deviation > 0.0 else 1.0, float(missing))


def _learn_category(name: str, counts: Mapping[str, int]) -> CategoryColumn:
    found: Counter[str] = Counter()
    for cell, count in counts.items():
        found[category_of(cell)] += count
    total, num_missing = sum(found.values()), found.pop("", 0)
    kept = [(key, count) for key, count in sorted(found.items(), key=lambda each: (-each[1], each[0]))]
    kept = [(key, count) for key, count in kept[:MAX_CATEGORIES] if count >= MIN_ROWS]
    shares: dict[str | None, float] = {key: count / total for key, count in kept}
    num_others = total - num_missing - sum(count for _, count in kept)
    if num_others or not shares:
        shares[None] = num_others / max(total, 1)
    if num_missing:
        shares[""] = num_missing / total
    return CategoryColumn(name, shares)
