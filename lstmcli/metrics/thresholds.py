"""Per-label thresholds for labels that are each a yes or no, tuned on validation rows only."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A label's own threshold counts as much as the common one when it has this many validation rows: rare labels, whose
# best cut is luck, stay near the common one.
SHRINKAGE_ROWS = 20.0


def f1_thresholds(probabilities: Floats, targets: NDArray[np.bool_], *, shrinkage: float = SHRINKAGE_ROWS) -> Floats:
    """Return (labels,) thresholds that make F1 high on these rows, without trusting few rows.

    Each label's best cut is averaged, on the logit scale, with the cut that is best for the mean F1 of all labels at
    once: weight n / (n + shrinkage) for a label with n rows.

    Args:
        probabilities: (rows, labels).
        targets: (rows, labels).
        shrinkage: in rows; 0 trusts every label's own cut.
    """
    common = _logit(np.array([common_f1_threshold(probabilities, targets)]))[0]
    counts = targets.sum(axis=0)
    own = _logit(np.array([best_f1_threshold(p, t) for p, t in zip(probabilities.T, targets.T, strict=True)]))
    trust = counts / np.maximum(counts + shrinkage, 1e-9)
    blended = np.where(counts > 0, trust * own + (1.0 - trust) * common, common)
    thresholds: Floats = 1.0 / (1.0 + np.exp(-blended))
    return thresholds


def best_f1_threshold(probabilities: Floats, targets: NDArray[np.bool_]) -> float:
    """Return the cut with the highest F1 of one label, (rows,) each: midway between the two probabilities it parts.

    Without a positive row there is nothing to tune and the answer is 0.5.
    """
    if not targets.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order]
    right = np.cumsum(targets[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + targets.sum())
    # A cut can only lie between different probabilities.
    is_cut = np.append(ordered[:-1] > ordered[1:], True)
    best = int(np.argmax(np.where(is_cut, f1, -1.0)))
    below = ordered[best + 1] if best + 1 < len(ordered) else 0.0
    return float((ordered[best] + below) / 2)


def common_f1_threshold(probabilities: Floats, targets: NDArray[np.bool_]) -> float:
    """Return the one threshold for all labels with the highest mean F1 over the labels that occur."""
    grid = np.linspace(0.02, 0.98, 97)
    occurring = targets.any(axis=0)
    if not occurring.any():
        return 0.5
    p, t = probabilities[:, occurring], targets[:, occurring]
    means = []
    for threshold in grid:
        picked = p >= threshold
        means.append((2 * (picked & t).sum(axis=0) / (picked.sum(axis=0) + t.sum(axis=0))).mean())
    return float(grid[int(np.argmax(means))])


def _logit(probabilities: Floats) -> Floats:
    clipped = np.clip(probabilities, 1e-6, 1.0 - 1e-6)
    logits: Floats = np.log(clipped / (1.0 - clipped))
    return logits
