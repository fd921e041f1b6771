"""Thresholds of independent labels for a high mean Jaccard index of texts, tuned on validation rows only."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.decisions import DecisionRule
from lstmcli.metrics.thresholds import THRESHOLD_GRID, logit, resampled_weights, sigmoid

Floats = NDArray[np.float64]

# With this many validation rows, a label's own threshold and the common one have equal weight.
SHRINKAGE_ROWS = 200.0

# Later passes over the labels hardly change a threshold any more.
NUM_PASSES = 3


def jaccard_thresholds(
    probabilities: Floats, targets: NDArray[np.bool_], *, at_least_one: bool, shrinkage: float = SHRINKAGE_ROWS
) -> Floats:
    """Return thresholds that yield a high mean Jaccard index, (labels,).

    Coordinate ascent from the best common threshold: each label in turn gets the threshold that is best beside the
    current ones of the others, averaged over bootstrap resamples of the rows, and then with the common threshold, with
    weight n / (n + shrinkage) for a label with n rows.

    Args:
        probabilities: (rows, labels).
        targets: (rows, labels).
        at_least_one: as in `DecisionRule`.
        shrinkage: in rows.
    """
    num_labels = targets.shape[1]
    common = common_jaccard_threshold(probabilities, targets, at_least_one=at_least_one)
    thresholds = np.full(num_labels, common)
    counts = targets.sum(axis=0)
    weights, picks = resampled_weights(len(targets)), Picks(probabilities, targets, thresholds)
    for _ in range(NUM_PASSES):
        for label in np.flatnonzero(counts).tolist():
            values, gains = picks.gains(label, at_least_one=at_least_one)
            cuts = best_cuts(values, gains, weights)
            trust = counts[label] / (counts[label] + shrinkage)
            picks.change(label, float(sigmoid(trust * logit(cuts).mean() + (1.0 - trust) * logit(common))))
    return picks.thresholds


def common_jaccard_threshold(probabilities: Floats, targets: NDArray[np.bool_], *, at_least_one: bool) -> float:
    """Return the common threshold with the highest mean Jaccard index."""
    if not targets.any():
        return 0.5
    means = []
    for threshold in THRESHOLD_GRID:
        rule = DecisionRule("multi", np.full(targets.shape[1], threshold), at_least_one)
        means.append(mean_jaccard(rule.decide(probabilities), targets))
    return float(THRESHOLD_GRID[int(np.argmax(means))])


def mean_jaccard(decisions: NDArray[np.bool_], targets: NDArray[np.bool_]) -> float:
    """Return the mean over texts of the number of correct labels per label picked or true; 1 if there is neither."""
    return float(_jaccard((decisions & targets).sum(axis=1), decisions.sum(axis=1), targets.sum(axis=1)).mean())


class Picks:
    """Thresholds, and how many labels each row gets by them, which is counted anew only for a label that changes."""

    def __init__(self, probabilities: Floats, targets: NDArray[np.bool_], thresholds: Floats) -> None:
        """Count for `probabilities` and `targets`, (rows, labels), and `thresholds`, (labels,)."""
        self._probabilities = probabilities
        self._targets = targets
        self.thresholds = thresholds.copy()
        picked = probabilities >= thresholds
        self._right, self._size = (picked & targets).sum(axis=1), picked.sum(axis=1)
        self._actual = targets.sum(axis=1)

    def change(self, label: int, threshold: float) -> None:
        """Set the threshold of one label."""
        right, size = self._without(label)
        self.thresholds[label] = threshold
        picked = self._probabilities[:, label] >= threshold
        self._right, self._size = right + (picked & self._targets[:, label]), size + picked

    def gains(self, label: int, *, at_least_one: bool) -> tuple[Floats, Floats]:
        """Return up to which threshold each row gets the label, and what its Jaccard index gains by it, (rows,) each.

        The other labels keep their thresholds. With `at_least_one`, a row without any of them gets the label even below
        its threshold if it is the closest, and another label if it is not.
        """
        right, size = self._without(label)
        with_it = _jaccard(right + self._targets[:, label], size + 1, self._actual)
        reach = self._probabilities[:, label].copy()
        if at_least_one and len(self.thresholds) > 1:
            empty = np.flatnonzero(size == 0)
            closeness = self._probabilities[empty] / np.maximum(self.thresholds, 1e-9)
            closeness[:, label] = -1.0
            other = closeness.argmax(axis=1)
            right[empty], size[empty] = self._targets[empty, other], 1
            reach[empty] = reach[empty] / np.maximum(closeness.max(axis=1), 1e-9)
        return reach, with_it - _jaccard(right, size, self._actual)

    def _without(self, label: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Return how many labels of each row are right and how many there are without this one, (rows,) each."""
        picked = self._probabilities[:, label] >= self.thresholds[label]
        return self._right - (picked & self._targets[:, label]), self._size - picked


def best_cuts(values: Floats, gains: Floats, weights: NDArray[np.int64]) -> Floats:
    """Return the threshold with the highest sum of gains of the rows at or above it, for each weighting, (samples,).

    A threshold lies midway between two adjacent values, or above all of them.

    Args:
        values: (rows,).
        gains: (rows,).
        weights: (samples, rows), the number of times that each row counts.
    """
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    sums = np.cumsum(weights[:, order] * gains[order], axis=1)
    sums = np.concatenate([np.zeros((len(weights), 1)), sums], axis=1)
    bounds = np.concatenate([[max(1.0, ordered[0])], ordered, [0.0]])
    # A threshold cannot separate equal values.
    sums[:, 1:-1][:, ordered[:-1] == ordered[1:]] = -np.inf
    cuts: Floats = ((bounds[:-1] + bounds[1:]) / 2)[sums.argmax(axis=1)]
    return cuts


def _jaccard(right: NDArray[np.integer], size: NDArray[np.integer], actual: NDArray[np.integer]) -> Floats:
    union = size + actual - right
    return np.where(union > 0, right / np.maximum(union, 1), 1.0)
