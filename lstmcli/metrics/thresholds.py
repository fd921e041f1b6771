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

# Common thresholds that are tried.
THRESHOLD_GRID = np.linspace(0.02, 0.98, 97)


# No label is picked for more than this many times the validation rows that have it: where a few rows suggest a low
# threshold, the label would flood the output.
MOST_PICKED = 1.5


def f1_thresholds(
    probabilities: Floats,
    targets: NDArray[np.bool_],
    *,
    shrinkage: float = SHRINKAGE_ROWS,
    most_picked: float = MOST_PICKED,
) -> Floats:
    """Return thresholds that yield a high F1, (labels,), shrunk to avoid overfitting to few rows.

    The best threshold of a label is averaged over bootstrap resamples of the rows, on the logit scale (Breiman 1996,
    "Bagging Predictors"). It is then averaged with the common threshold that is best for the mean F1 of all labels,
    with weight n / (n + shrinkage) for a label with n rows. At last it is raised until no more than `most_picked`
    (n + 1) rows, and those with the same probability as the last of them, reach it.

    Args:
        probabilities: (rows, labels).
        targets: (rows, labels).
        shrinkage: in rows; 0 uses every label's own threshold.
        most_picked: see above; infinite for no limit.
    """
    common = float(logit(common_f1_threshold(probabilities, targets)))
    counts = targets.sum(axis=0)
    weights = resampled_weights(len(targets))
    blended = np.full(targets.shape[1], common)
    for label in np.flatnonzero(counts):
        cuts = best_f1_thresholds(probabilities[:, label], targets[:, label], weights)
        if not np.isnan(cuts).all():
            trust = counts[label] / (counts[label] + shrinkage)
            blended[label] = trust * np.nanmean(logit(cuts)) + (1.0 - trust) * common
    return np.maximum(sigmoid(blended), _floors(probabilities, most_picked * (counts + 1)))


def _floors(probabilities: Floats, most: Floats) -> Floats:
    """Return the lowest threshold that so many rows reach, (labels,), midway between two different probabilities."""
    floors = np.zeros(len(most))
    for label in np.flatnonzero(most < len(probabilities)).tolist():
        descending = np.sort(probabilities[:, label])[::-1]
        last = descending[int(most[label]) - 1]
        floors[label] = (last + descending[descending < last].max(initial=0.0)) / 2
    return floors


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
    occurring = targets.any(axis=0)
    if not occurring.any():
        return 0.5
    p, t = probabilities[:, occurring], targets[:, occurring]
    means = []
    for threshold in THRESHOLD_GRID:
        picked = p >= threshold
        means.append((2 * (picked & t).sum(axis=0) / (picked.sum(axis=0) + t.sum(axis=0))).mean())
    return float(THRESHOLD_GRID[int(np.argmax(means))])


def resampled_weights(num_rows: int) -> NDArray[np.int64]:
    """Return how often each bootstrap resample draws each row, (samples, rows)."""
    drawn = np.random.default_rng(RESAMPLING_SEED).integers(0, num_rows, (NUM_RESAMPLES, num_rows))
    return np.stack([np.bincount(rows, minlength=num_rows) for rows in drawn])


def logit(probabilities: Floats | float) -> Floats:
    """Return the log odds, of probabilities that are not quite 0 or 1."""
    clipped = np.clip(probabilities, 1e-6, 1.0 - 1e-6)
    logits: Floats = np.log(clipped / (1.0 - clipped))
    return logits


def sigmoid(logits: Floats) -> Floats:
    """Return the probabilities of log odds."""
    probabilities: Floats = 1.0 / (1.0 + np.exp(-logits))
    return probabilities
