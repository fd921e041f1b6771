"""Parses the cells of numeric columns, which are targets instead of labels, and collects them."""

import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.label_cells import BadLabelError
from lstmcli.corpus.label_names import MISSING_WORDS

# Larger ones are slips, and their squares would leave no digits for all others.
MAX_SCORE = 1e9

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)


@dataclass(frozen=True, eq=False)
class ScoreValues:
    """The scores of a file's rows.

    Attributes:
        names: of the columns.
        values: (rows, names); NaN where a cell is missing.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]


class ScoreRows:
    """Collects scores for `ScoreValues`."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Collect one number for each of the `names`."""
        self.names = names
        self._values = array("d")

    def parse(self, cells: Sequence[Any]) -> list[float] | None:
        """Return a row's scores, NaN where a cell is missing; None if all are.

        Raises:
            BadLabelError: a cell is not a number.
        """
        values = [parse_score(cell, column) for cell, column in zip(cells, self.names, strict=True)]
        return None if all(map(math.isnan, values)) else values

    def append(self, values: Sequence[float]) -> None:
        """Add a row."""
        self._values.extend(values)

    def score_values(self) -> ScoreValues:
        """Return all rows."""
        return ScoreValues(self.names, np.array(self._values, dtype=np.float64).reshape(-1, len(self.names)))


def parse_score(cell: Any, column: str) -> float:
    """Return the number in a cell; NaN if it is empty, or a word for a missing value such as NA.

    Raises:
        BadLabelError: it is something else.
    """
    if cell is None or cell != cell:  # NaN, which JSON and Parquet may have for a missing value
        return math.nan
    text = "" if isinstance(cell, bool | list | dict | bytes) else str(cell).strip()
    if isinstance(cell, str) and (not text or text.casefold() in MISSING_WORDS):
        return math.nan
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    if abs(value) <= MAX_SCORE:
        return value
    if _NUMBER.fullmatch(text):
        expected = f"expected a number of at most {MAX_SCORE:.0e}"
    else:
        expected = "expected a number with a decimal point" if _DECIMAL_COMMA.fullmatch(text) else "expected a number"
    raise BadLabelError(f"{expected} in column {column!r}, found {cell!r:.40}")
