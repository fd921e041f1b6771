"""AUC, the area under the ROC curve of each label, and what its bootstrap needs.

AUC is the chance that a row with the label has a higher probability than one without; a tie counts one half. It is no
sum over rows, but the mean over rows of the share of the others that each of them outranks. In a resample, these shares
are kept as they are in all rows, and only weighted anew. This is the linear part of the bootstrap. Its variance is that
of DeLong et al. 1988 ("Comparing the areas under two or more correlated receiver operating characteristic curves"), or
with clusters that of Obuchowski 1997. Ranking each resample anew would take far longer.
"""

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.scores import Floats, RowStatistics


def ranking_statistics(targets: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> RowStatistics:
    """Return statistics to be added up over rows; both arrays are (rows, labels).

    The columns are, for each label, the share of the rows without it that this row outranks, if it has the label; the
    share of the rows with it that outrank this row, if it has not; and whether it has the label; then 1.
    """
    above, below = np.zeros(targets.shape), np.zeros(targets.shape)
    for label in range(targets.shape[1]):
        has_label, scores = targets[:, label], probabilities[:, label]
        positive, negative = np.sort(scores[has_label]), np.sort(scores[~has_label])
        if len(positive) and len(negative):
            above[has_label, label] = _places(negative, scores[has_label]) / len(negative)
            below[~has_label, label] = 1.0 - _places(positive, scores[~has_label]) / len(positive)
    values = np.column_stack([above, below, targets, np.ones(len(targets))]).astype(np.float64)
    return RowStatistics(values, np.atleast_1d(targets.any(axis=0)))


def auc_from_sums(sums: Floats, point_sums: Floats) -> Floats:
    """Return the AUC of each label, (samples, labels); NaN for a label that all rows of a sample have, or none.

    Args:
        sums: (samples, columns) of `ranking_statistics`, added up over the rows of each sample.
        point_sums: (1, columns), the same for all rows.
    """
    num_labels = (sums.shape[1] - 1) // 3
    over_positive, over_negative = _means(sums, num_labels)
    point, _ = _means(point_sums, num_labels)
    return np.clip(over_positive + over_negative - point, 0.0, 1.0)


def _means(sums: Floats, num_labels: int) -> tuple[Floats, Floats]:
    """Return the means of the shares over the rows with and without each label."""
    above, below, actual = (sums[:, part * num_labels : (part + 1) * num_labels] for part in range(3))
    negative = sums[:, -1:] - actual
    has_both = (actual > 0) & (negative > 0)
    undefined = np.full(actual.shape, np.nan)
    return (
        np.divide(above, actual, out=undefined.copy(), where=has_both),
        np.divide(below, negative, out=undefined.copy(), where=has_both),
    )


def _places(ordered: NDArray[np.floating], scores: NDArray[np.floating]) -> Floats:
    """Return how many of `ordered` are below each score, where equal ones count one half."""
    return (np.searchsorted(ordered, scores, side="left") + np.searchsorted(ordered, scores, side="right")) / 2.0
