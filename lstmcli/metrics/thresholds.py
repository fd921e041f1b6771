"""Per-label thresholds for independent labels, tuned on validation rows only."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# With this many validation rows, a label's own threshold and the common one have equal weight. Rare labels, whose best
# threshold is mostly chance, stay close to the common one.
SHRINKAGE_ROWS = 5.0

# A label's own threshold is averaged over this many resamples of the rows, so that no single row decides it.
NUM_RESAMPLES = 40
RESAMPLING_SEED = 30_000


def f1_thresholds(probabilities: Floats, targets: NDArray[np.bool_], *, shrinkage: float = SHRINKAGE_ROWS) -> Floats:
    """Return thresholds that yield a high F1, (labels,), shrunk to avoid overfitting to few rows.

    The best threshold of a label is averaged over bootstrap resamples of the rows, on the logit scale (Breiman 1996,
    "Bagging Predictors"). It is then averaged with the common threshold that is best for the mean F1 of all labels,
    with weight n / (n + shrinkage) for a label with n rows.

    Args:
        probabilities: (rows, labels).
        targets: (rows, labels).
        shrinkage: in rows; 0 uses every label's own threshold.
    """
    common = _logit(np.array([common_f1_threshold(probabilities, targets)]))[0]
    counts = targets.sum(axis=0)
    drawn = np.random.default_rng(RESAMPLING_SEED).integers(0, len(targets), (NUM_RESAMPLES, len(targets)))
    weights = np.stack([np.bincount(rows, minlength=len(targets)) for rows in drawn])
    blended = np.full(targets.shape[1], common)
    for label in np.flatnonzero(counts):
        cuts = best_f1_thresholds(probabilities[:, label], targets[:, label], weights)
        if not np.isnan(cuts).all():
            trust = counts[label] / (counts[label] + shrinkage)
            blended[label] = trust * np.nanmean(_logit(cuts)) + (1.0 - trust) * common
    thresholds: Floats = 1.0 / (1.0 + np.exp(-blended))
    return thresholds


def best_f1_thresholds(probabilities: Floats, targets: NDArray[np.bool_], weights: NDArray[np.int64]) -> Floats:
    """Return the threshold with the highest F1 of one label for each weighting of the rows, (samples,).

    A threshold lies midway between two adjacent probabilities. It is NaN without a positive row.

    Args:
        probabilities: (rows,).
        targets: (rows,).
        weights: (samples, rows), the number of times that each row counts.
    """
    order = np.argsort(-probabilities, kind="stable")
    ordered, weights = probabilities[order], weights[:, order]
    is_right = weights * targets[order]
    num_positive = is_right.sum(axis=1, keepdims=True)
    f1 = 2 * is_right.cumsum(axis=1) / np.maximum(weights.cumsum(axis=1) + num_positive, 1)
    # A threshold cannot separate equal probabilities.
    f1[:, :-1][:, ordered[:-1] == ordered[1:]] = -1.0
    below = np.append(ordered[1:], 0.0)
    cuts: Floats = ((ordered + below) / 2)[f1.argmax(axis=1)]
    return np.where(num_positive[:, 0] > 0, cuts, np.nan)


def common_f1_threshold(probabilities: Floats, targets: NDArray[np.bool_]) -> float:
    """Return the common threshold with the highest mean F1 over the labels that occur."""
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
