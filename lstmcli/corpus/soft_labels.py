"""Probabilities as targets, from the columns probability_<label> that `lstmcli predict --probabilities` writes."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.corpus.label_cells import BadLabelError

PREFIX = "probability_"


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """The probabilities of a file's rows.

    Attributes:
        names: of the labels, in column order.
        values: (rows, names); NaN in rows without probabilities.
        has_own: (rows,) whether the row also has labels.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    has_own: NDArray[np.bool_]


class SoftRows:
    """Collects probabilities for `SoftLabels`."""

    def __init__(self, columns: Sequence[str]) -> None:
        """Use the columns of the header that contain probabilities, and ignore the others."""
        self.columns = [column for column in columns if column.startswith(PREFIX)]
        self.names = tuple(column.removeprefix(PREFIX) for column in self.columns)
        self._values = array("f")
        self._has_own = array("b")

    def parse(self, cells: Sequence[object]) -> list[float] | None:
        """Return a row's probabilities from the cells of `columns`; None if all are empty.

        Raises:
            BadLabelError: a cell is not a number from 0 to 1.
        """
        if all(cell is None or cell == "" for cell in cells):
            return None
        return [_probability(cell, column) for cell, column in zip(cells, self.columns, strict=True)]

    def labels(self, values: Sequence[float], kind: LabelKind) -> tuple[str, ...]:
        """Return the most probable labels of a row without labels of its own, sorted.

        For "single", the most probable label; otherwise those of at least 0.5, or for "multi" the most probable one if
        there are none.
        """
        best = self.names[int(np.argmax(values))]
        if kind == "single":
            return (best,)
        picked = {name for name, value in zip(self.names, values, strict=True) if value >= 0.5}
        return tuple(sorted(picked or ({best} if kind == "multi" else ())))

    def append(self, values: Sequence[float] | None, *, has_own: bool) -> None:
        """Add a row."""
        self._values.extend([np.nan] * len(self.names) if values is None else values)
        self._has_own.append(has_own)

    def soft_labels(self) -> SoftLabels:
        """Return all rows."""
        values = np.array(self._values, dtype=np.float32).reshape(-1, len(self.names))
        return SoftLabels(self.names, values, np.array(self._has_own, dtype=np.bool_))


def _probability(cell: object, column: str) -> float:
    try:
        value = float(str(cell))
    except ValueError:
        value = np.nan
    if not 0.0 <= value <= 1.0:
        raise BadLabelError(f"expected a probability (0 to 1) in column {column!r}, found {cell!r}")
    return value
