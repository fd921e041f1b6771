"""Weights of training rows: parsed from their cells, or passed by a program."""

import math
from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.label_cells import BadLabelError
from lstmcli.corpus.score_cells import parse_score
from lstmcli.events import Finding

# Larger ones are slips, and would leave nothing for the other rows.
MAX_WEIGHT = 1e6

EXPECTED = f"expected a weight from 0 to {MAX_WEIGHT:,.0f}"


class WeightRows:
    """Collects the weights of the rows of several files.

    Attributes:
        column: their name.
    """

    def __init__(self, column: str) -> None:
        """Collect what is in the `column`."""
        self.column = column
        self._values = array("d")

    def parse(self, cell: Any) -> float:
        """Return the weight in a cell.

        Raises:
            BadLabelError: it is no number, or none that can be a weight.
        """
        try:
            value = parse_score(cell, self.column)
        except BadLabelError:
            value = math.nan
        if 0.0 <= value <= MAX_WEIGHT:
            return value
        found = "an empty cell" if cell in (None, "") or cell != cell else repr(cell)[:40]
        raise BadLabelError(f"{EXPECTED} in column {self.column!r}, found {found}")

    def append(self, weight: float) -> None:
        """Add a row."""
        self._values.append(weight)

    def values(self) -> NDArray[np.float64]:
        """Return all weights, (rows,)."""
        return np.array(self._values, dtype=np.float64)


def without_weight(lines: Iterable[int]) -> Finding:
    """Return the finding that rows have the weight 0, and are therefore dropped."""
    return Finding("weight 0", "weight", "drop", tuple(lines))


def given_weights(weights: Iterable[Any], num_texts: int) -> NDArray[np.float64]:
    """Check weights passed by a program, one for each text.

    Raises:
        TypeError: they are no numbers.
        ValueError: there are more or fewer, or one can't be a weight, or all are 0.
    """
    try:
        values = np.array(list(weights), dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError("expected weights to be numbers, one for each text; got something else") from None
    if values.shape != (num_texts,):
        raise ValueError(f"expected one weight for each of {num_texts:,} texts, got an array of shape {values.shape}")
    is_wrong = ~((values >= 0.0) & (values <= MAX_WEIGHT))
    if is_wrong.any():
        place = int(is_wrong.argmax())
        raise ValueError(f"{EXPECTED}, but weights[{place}] is {values[place]}")
    if not values.any():
        raise ValueError("expected a weight above 0, but all are 0")
    return values
