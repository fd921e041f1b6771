"""Ordered classes: from outputs to probabilities and decisions, in numpy.

Output k (from 0) is the logit of P(y > k), so K classes have K - 1 outputs. The probability of a class is the
difference of two neighbouring cumulative probabilities. Outputs that are out of order in a text are sorted first, which
brings all of them together closer to any cumulative probabilities that are in order. Source: Chernozhukov,
Fernandez-Val and Galichon 2010, "Quantile and Probability Curves Without Crossing".
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Each round ends with a QWK at least as high; it usually takes three or four.
MAX_ROUNDS = 50

# Equal outputs leave nothing for the class between them, whose log odds would be infinite.
LEAST_LOG = -100.0

# Where nothing can be told apart, the cuts would all fall onto the mean.
LEAST_QUALITY = 0.01


def cumulative_targets(targets: NDArray[np.bool_ | np.float32]) -> NDArray[np.bool_ | np.float32]:
    """Return (rows, K - 1), whether, or how probably, the class of a row is above k, from (rows, K)."""
    if targets.dtype == np.bool_:
        above: NDArray[np.bool_ | np.float32] = np.logical_or.accumulate(targets[:, :0:-1], axis=1)
        return np.ascontiguousarray(above[:, ::-1])
    sums = np.cumsum(targets[:, :0:-1], axis=1, dtype=np.float64)[:, ::-1]
    return np.ascontiguousarray(np.minimum(sums, 1.0).astype(np.float32))


def class_probabilities(outputs: NDArray[np.floating]) -> Floats:
    """Return (texts, K), at least 0 and with a sum of 1, from outputs (texts, K - 1)."""
    return np.asarray(np.exp(_log_probabilities(outputs)))


def class_log_odds(outputs: NDArray[np.floating], labels: NDArray[np.integer]) -> Floats:
    """Return log p / (1 - p) of a class of each text, (texts,), given by number; no p is below exp(LEAST_LOG)."""
    rows = np.arange(len(outputs))
    logs = np.maximum(_log_probabilities(outputs), LEAST_LOG)
    own = logs[rows, labels]
    others = logs.copy()
    others[rows, labels] = -np.inf
    highest = others.max(axis=1)
    return np.asarray(own - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1)))


def output_weights(outputs: NDArray[np.floating], label: int) -> Floats:
    """Return by how much the log odds of a class change with each output of a text, (K - 1,) for outputs (K - 1,).

    That is 1 or -1 for the classes at both ends, whose log odds are an output; the others depend on two outputs.
    """
    order = np.argsort(-outputs, kind="stable")
    weights = np.zeros(len(outputs))
    has_below, has_above = label > 0, label < len(outputs)
    if not has_below or not has_above:
        weights[order[0] if not has_below else order[-1]] = 1.0 if has_below else -1.0
        return weights
    low, high = float(outputs[order[label - 1]]), float(outputs[order[label]])
    # p = s(low) - s(high), and 1 - p = s(-low) + s(high), for the logistic function s; its slope is s (1 - s).
    p = np.exp(max(float(_log_probabilities(outputs[None])[0, label]), LEAST_LOG))
    variance = p * max(1.0 - p, np.finfo(np.float64).eps)
    weights[order[label - 1]], weights[order[label]] = _slope(low) / variance, -_slope(high) / variance
    return weights


def outputs_of(probabilities: NDArray[np.floating], *, floor: float) -> Floats:
    """Return outputs (texts, K - 1) with these class probabilities, (texts, K).

    No cumulative probability is closer to 0 or 1 than `floor`.
    """
    above = np.cumsum(probabilities[:, :0:-1].astype(np.float64), axis=1)[:, ::-1]
    clipped = np.clip(above, floor, 1.0 - floor)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def median_classes(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the number of the median class, (texts,): the least expected distance of ranks."""
    above = np.cumsum(probabilities[:, :0:-1], axis=1)
    return np.asarray((above > 0.5).sum(axis=1))


def classes_by_mean(probabilities: NDArray[np.floating], cuts: Floats) -> NDArray[np.int64]:
    """Return a class for the expected rank of each text, (texts,): the number of `cuts` (K - 1,) that it reaches."""
    return np.asarray((_expected_ranks(probabilities)[:, None] >= cuts).sum(axis=1))


def qwk_cuts(probabilities: NDArray[np.floating]) -> Floats:
    """Return the cuts of the expected rank, (K - 1,), with the best expected QWK on such texts.

    QWK is 1 - N / D, where N is the mean squared distance of predicted and true ranks, and D what it would be by
    chance. A prediction far from the mean rank m raises D, so the best one is not the rank nearest to the expected rank
    r, but that nearest to m + (r - m) / QWK. As this depends on QWK itself, both are found in turn. Source of the
    method: Dinkelbach 1967, "On Nonlinear Fractional Programming".
    """
    num_classes = probabilities.shape[1]
    middles, ranks = np.arange(num_classes - 1) + 0.5, np.arange(num_classes)
    expected = _expected_ranks(probabilities)
    mean = float(expected.mean()) if len(expected) else 0.0
    shares = probabilities.mean(axis=0) if len(expected) else np.zeros(num_classes)
    squares = np.square(ranks[:, None] - ranks)
    cuts: Floats = middles
    for _ in range(MAX_ROUNDS):
        picked = classes_by_mean(probabilities, cuts)
        found = float((squares[picked] * probabilities).sum())
        by_chance = float((squares[picked] @ shares).sum())
        quality = max(1.0 - found / by_chance if by_chance > 0.0 else 1.0, LEAST_QUALITY)
        better = mean + quality * (middles - mean)
        if np.array_equal(better, cuts):
            break
        cuts = better
    return cuts


def _slope(value: float) -> float:
    """Return the slope of the logistic function."""
    return float(np.exp(-abs(value)) / (1.0 + np.exp(-abs(value))) ** 2)


def _expected_ranks(probabilities: NDArray[np.floating]) -> Floats:
    return np.asarray((probabilities * np.arange(probabilities.shape[1])).sum(axis=1))


def _log_probabilities(outputs: NDArray[np.floating]) -> Floats:
    """Return log p, (texts, K).

    s(a) - s(b) = s(a) s(-b) (1 - e^(b - a)), which does not cancel where both are near 1.
    """
    values = -np.sort(-outputs.astype(np.float64), axis=1)
    above, below = -np.logaddexp(0.0, -values), -np.logaddexp(0.0, values)
    logs = np.empty((len(values), values.shape[1] + 1))
    logs[:, 0], logs[:, -1] = below[:, 0], above[:, -1]
    if values.shape[1] > 1:
        steps = np.diff(values, axis=1)
        with np.errstate(divide="ignore"):  # equal outputs leave nothing for the class between them
            logs[:, 1:-1] = above[:, :-1] + below[:, 1:] + np.log(-np.expm1(steps))
    return logs
