"""Which labels are taken for which, counted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind

# Beyond it, there is no matrix of all pairs of labels, of which almost all are 0.
MAX_MATRIX_LABELS = 100


@dataclass(frozen=True)
class ConfusionCell:
    """How many rows have the label `actual` and were predicted to have `predicted`."""

    actual: str
    predicted: str
    count: int


def confusion_matrix(
    targets: NDArray[np.bool_], decisions: NDArray[np.bool_], kind: LabelKind
) -> NDArray[np.int64] | None:
    """Return the counts that `Evaluation.confusion` describes. A row without a predicted label is in no column."""
    num_labels = targets.shape[1]
    if kind == "single":
        if num_labels > MAX_MATRIX_LABELS:
            return None
        pairs = _pairs(targets, decisions)
        return np.bincount(pairs, minlength=num_labels**2).reshape(num_labels, num_labels)
    both = (targets & decisions).sum(axis=0)
    only_picked, only_actual = decisions.sum(axis=0) - both, targets.sum(axis=0) - both
    counts: NDArray[np.int64] = np.column_stack(
        [both, only_picked, only_actual, len(targets) - both - only_picked - only_actual]
    )
    return counts


def confusion_cells(
    targets: NDArray[np.bool_], decisions: NDArray[np.bool_], names: tuple[str, ...]
) -> list[ConfusionCell]:
    """Return the cells of the matrix that are not 0, the largest first; each row has one label and at most one picked.

    There are no more of them than rows.
    """
    pairs, counts = np.unique(_pairs(targets, decisions), return_counts=True)
    actual, picked = np.divmod(pairs, len(names))
    return [
        ConfusionCell(names[actual[index]], names[picked[index]], int(counts[index]))
        for index in np.argsort(-counts, kind="stable")
    ]


def _pairs(targets: NDArray[np.bool_], decisions: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the cell of the matrix, numbered row by row, of each row with a predicted label."""
    has_pick = decisions.any(axis=1)
    actual, picked = targets[has_pick].argmax(axis=1), decisions[has_pick].argmax(axis=1)
    return np.asarray(actual * targets.shape[1] + picked, dtype=np.int64)
