"""How predictions change when texts are changed, such as by a typo."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NUM_EXAMPLES = 3


@dataclass(frozen=True)
class VariantExample:
    """A text whose predicted labels change.

    Attributes:
        text: as it is in the file.
        variant: as it was changed.
        before: the labels predicted for the text, joined as in predictions.
        after: those predicted for the variant.
    """

    text: str
    variant: str
    before: str
    after: str


@dataclass(frozen=True)
class VariantResult:
    """What one kind of change does.

    Attributes:
        kind: its name.
        num_applied: texts that it changes.
        num_changed: texts whose predicted labels change.
        num_broken: texts that were right before, and are wrong after.
        num_fixed: texts that were wrong before, and are right after.
        examples: at most NUM_EXAMPLES of the texts whose labels change.
    """

    kind: str
    num_applied: int
    num_changed: int
    num_broken: int
    num_fixed: int
    examples: tuple[VariantExample, ...]


@dataclass(frozen=True)
class Changes:
    """Which rows change, (rows,) each; see `VariantResult`."""

    changed: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    fixed: NDArray[np.bool_]

    def chosen(self) -> list[int]:
        """Return the rows to show: those that were right before come first."""
        order = np.concatenate([np.flatnonzero(self.broken), np.flatnonzero(self.changed & ~self.broken)])
        return [int(row) for row in order[:NUM_EXAMPLES]]


def changes(targets: NDArray[np.bool_], before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Changes:
    """Compare decisions before and after; all three arrays are (rows, labels). A row is right if all its labels are."""
    was_right, is_right = ((targets == each).all(axis=1) for each in (before, after))
    return Changes((before != after).any(axis=1), was_right & ~is_right, ~was_right & is_right)
