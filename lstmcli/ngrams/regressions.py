"""The regressions that n-gram models are fitted with: logistic for labels, ridge for scores."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lstmcli.config.model_settings import OutputKind
from lstmcli.metrics.calibration import fit_temperature
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.linear import fit_one_vs_rest
from lstmcli.metrics.ridge import fit_ridge, squared_error
from lstmcli.metrics.scores import log_losses

Targets = NDArray[np.bool_] | NDArray[np.floating] | NDArray[np.bool_ | np.float32]
Coefficients = tuple[NDArray[np.float64], NDArray[np.float64]]
Weights = NDArray[np.float64] | None
Fit = Callable[[Any, Any, float, Weights, Any], Coefficients]

# Values of C, from strong to weak regularisation. The search ends when the validation loss no longer falls.
STRENGTHS = (0.2, 1.0, 5.0, 25.0, 125.0)

# The same of 1 / alpha, for scores.
SCORE_STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)

# The weight of a feature in the regression of a label is LEAST_WEIGHT plus the absolute change of the label's log odds
# in the presence of the feature. SMOOTHING is added to the counts of the feature, divided between texts with and
# without the label in proportion to their numbers.
LEAST_WEIGHT = 0.5
SMOOTHING = 0.5
SCORE_SMOOTHING = 1.0


class Regression(NamedTuple):
    """How an n-gram model is fitted.

    Attributes:
        fit: coefficients (outputs, features) and intercepts (outputs,) from features, targets (texts, outputs), C,
            weights of texts, and features beside the n-grams.
        loss: on validation rows, of outputs and targets, both (texts, outputs); less is better.
        strengths: values of C to try, ascending.
    """

    fit: Fit
    loss: Callable[[NDArray[np.float64], Any], float]
    strengths: tuple[float, ...]


def regression_of(kind: OutputKind) -> Regression:
    """Return the regression for labels, or for scores, of this kind."""
    if kind == "scores":
        return Regression(fit_scores, lambda outputs, targets: squared_error(targets, outputs), SCORE_STRENGTHS)
    return Regression(fit_logistic, lambda outputs, targets: log_loss(outputs, targets, kind), STRENGTHS)


def fit_logistic(
    features: Any,
    targets: NDArray[np.bool_ | np.float32],
    strength: float,
    row_weights: Weights = None,
    further: Any = None,
) -> Coefficients:
    """Fit one logistic regression per label, with `label_weights`.

    Args:
        features: (texts, n-grams).
        targets: (texts, labels).
        strength: C.
        row_weights: (texts,); None: all count as one.
        further: (texts, features), a scipy matrix of other features, whose coefficients follow those of n-grams.
    """
    scales = label_weights(features, targets, row_weights)
    return fit_one_vs_rest(*_with_further(features, scales, further, targets, strength), row_weights)


def fit_scores(
    features: Any,
    targets: NDArray[np.floating],
    strength: float,
    row_weights: Weights = None,
    further: Any = None,
) -> Coefficients:
    """Fit one ridge regression per score, with `score_weights`; arguments as for `fit_logistic`."""
    scales = score_weights(features, targets, row_weights)
    return fit_ridge(*_with_further(features, scales, further, targets, strength), row_weights)


def _with_further(
    features: Any, scales: NDArray[np.float64], further: Any, targets: Any, strength: float
) -> tuple[Any, Any, float, NDArray[np.float64]]:
    """Return all features, targets, C, and the scale of each feature: 1 for those that are no n-grams."""
    if further is None:
        return features, targets, strength, scales
    ones = np.ones((len(scales), further.shape[1]))
    return sparse.hstack([features, further], format="csr"), targets, strength, np.hstack([scales, ones])


def score_weights(features: Any, targets: NDArray[np.floating], row_weights: Weights = None) -> NDArray[np.float64]:
    """Return the weight of each feature for each score, (scores, features), with mean square 1 over all occurrences.

    They do for scores what `label_weights` do for labels: LEAST_WEIGHT plus the absolute mean of the score where the
    feature occurs, in standard deviations, drawn toward 0 as by SCORE_SMOOTHING more occurrences. On validation rows,
    the squared error of the n-grams fell from .565 to .558 (valence of GoEmotions, C = 0.3) and from .961 to .958
    (essays, C = 0.1).

    Args:
        features: (texts, features), a non-negative scipy matrix.
        targets: (texts, scores), standardised; NaN where a score is missing.
        row_weights: (texts,); None: all count as one.
    """
    totals = _totals(features, row_weights)
    values = np.nan_to_num(targets.astype(np.float64))
    if row_weights is not None:
        values *= row_weights[:, None]
    means = (features.T @ values).T / (totals + SCORE_SMOOTHING)
    weights = LEAST_WEIGHT + np.abs(means)
    mean_squares = weights**2 @ (totals / totals.sum()) if len(totals) else np.ones(len(weights))
    scaled: NDArray[np.float64] = weights / np.sqrt(mean_squares)[:, None]
    return scaled


def _totals(features: Any, row_weights: Weights) -> NDArray[np.float64]:
    """Return how often each feature occurs, (features,)."""
    totals = features.sum(axis=0) if row_weights is None else features.T @ row_weights
    return np.asarray(totals).ravel()


def label_weights(
    features: Any, targets: NDArray[np.bool_ | np.float32], row_weights: Weights = None
) -> NDArray[np.float64]:
    """Return the weight of each feature for each label, (labels, features), with mean square 1 over all occurrences.

    A feature that occurs much more or much less often with a label than by chance gets a large weight, and is therefore
    hardly regularised. Source: Wang and Manning 2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic
    Classification", who use the log-count ratios of naive Bayes as weights.

    Args:
        features: (texts, features), a non-negative scipy matrix.
        targets: (texts, labels), booleans or probabilities.
        row_weights: (texts,); None: all count as one.
    """
    totals = _totals(features, row_weights)
    num_texts = len(targets) if row_weights is None else row_weights.sum()
    weights = np.empty((targets.shape[1], features.shape[1]))
    for label, column in enumerate(targets.T.astype(np.float64)):
        if row_weights is not None:
            column *= row_weights
        share = (column.sum() + 0.5) / (num_texts + 1.0)
        with_label = features.T @ column
        without = np.maximum(totals - with_label, 0.0)
        odds = (with_label + SMOOTHING * share) / (without + SMOOTHING * (1.0 - share))
        weights[label] = LEAST_WEIGHT + np.abs(np.log(odds) - np.log(share / (1.0 - share)))
    mean_squares = weights**2 @ (totals / totals.sum()) if len(totals) else np.ones(len(weights))
    scaled: NDArray[np.float64] = weights / np.sqrt(mean_squares)[:, None]
    return scaled


def log_loss(logits: NDArray[np.float64], targets: NDArray[np.bool_], kind: OutputKind) -> float:
    """Return the log loss at the best temperature for these rows."""
    probabilities = probabilities_from_logits(logits, kind, temperature=fit_temperature(logits, targets, kind))
    return float(log_losses(targets, probabilities, kind).mean())
