"""What a model of scores learns from validation rows: the weights of its parts, an offset, and how far it is off."""

from copy import copy
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.calibration import MIXTURE_PRIOR_NATS
from lstmcli.metrics.conformal import conformal_reaches
from lstmcli.metrics.ridge import squared_error
from lstmcli.metrics.score_evaluation import FIGURES
from lstmcli.metrics.score_metrics import mean_agreement
from lstmcli.metrics.score_outputs import ScoreOutputs

Floats = NDArray[np.float64]
Outputs = NDArray[np.floating]

# For intervals, each part of the validation rows is predicted by a mixture of the others, since one that is fitted on
# the same rows is nearer to them than to new ones.
NUM_PARTS = 5

# The mean squared error of standardised scores, by which epochs are compared.
SQUARED_ERROR = "mse"


@dataclass(frozen=True)
class Standard:
    """The mean and standard deviation of each score in the training rows, (scores,) each."""

    means: Floats
    deviations: Floats

    @classmethod
    def of(cls, targets: Floats, weights: Floats | None = None) -> "Standard":
        """Measure `targets` (rows, scores), NaN where a score is missing; `weights` are (rows,), None: all alike."""
        if weights is not None:
            shares = np.where(np.isnan(targets), 0.0, weights[:, None])
            shares /= shares.sum(axis=0)
            values = np.nan_to_num(targets)
            means = (shares * values).sum(axis=0)
            return cls(means, np.sqrt((shares * np.square(values - means)).sum(axis=0)))
        return cls(np.nanmean(targets, axis=0), np.nanstd(targets, axis=0))

    def standardised(self, targets: Floats) -> Floats:
        """Return scores with mean 0 and deviation 1 in the training rows."""
        return np.asarray((targets - self.means) / self.deviations)


class ScoreTuner:
    """Fits the mixture of networks and n-grams on validation rows, never on test rows."""

    def __init__(self, standard: Standard, targets: Floats, ngram_outputs: Outputs | None = None) -> None:
        """Keep the arguments.

        Args:
            standard: of the training rows.
            targets: (validation rows, scores), NaN where a score is missing.
            ngram_outputs: (validation rows, scores), of the n-gram model, if there is one; standardised.
        """
        self._standard, self._targets, self._ngrams = standard, targets, ngram_outputs

    def tuned(self, outputs: Outputs) -> ScoreOutputs:
        """Return the best mixture for the network's `outputs` (rows, scores), and how far it is off."""
        reaches = conformal_reaches(self._targets, self._held_out(outputs))
        return ScoreOutputs(**{**vars(self._mixture(outputs)), "reaches": reaches})

    def scores(self, outputs: Outputs) -> dict[str, float]:
        """Return the validation figures of the network's `outputs` with the mixture that is fitted on them."""
        values = self._mixture(outputs).values(outputs, self._ngrams)
        standardised = self._standard.standardised
        error = squared_error(standardised(self._targets), standardised(values))
        return {SQUARED_ERROR: error, **mean_agreement(self._targets, values, FIGURES)}

    def without_ngrams(self) -> "ScoreTuner":
        """Return a copy without the n-gram model."""
        other = copy(self)
        other._ngrams = None
        return other

    def ngrams_alone(self) -> ScoreOutputs | None:
        """Return the best outputs of the n-gram model without the network, if there is an n-gram model."""
        return None if self._ngrams is None else self.without_ngrams().tuned(self._ngrams)

    def _held_out(self, outputs: Outputs) -> Floats:
        """Return what mixtures say that are fitted without the row, (rows, scores)."""
        values = np.empty(self._targets.shape)
        part = np.arange(len(values)) % NUM_PARTS
        for number in range(NUM_PARTS):
            rows = part == number
            ngrams = None if self._ngrams is None else self._ngrams[rows]
            values[rows] = self._mixture(outputs, without=rows).values(outputs[rows], ngrams)
        return values

    def _mixture(self, outputs: Outputs, *, without: NDArray[np.bool_] | None = None) -> ScoreOutputs:
        """Fit the mixture, on all rows, or without some."""
        truth = self._standard.standardised(self._targets)
        if without is not None:
            truth = np.where(without[:, None], np.nan, truth)
        parts = [outputs.astype(np.float64)] + ([] if self._ngrams is None else [self._ngrams.astype(np.float64)])
        columns = [fit_weights([part[:, score] for part in parts], truth[:, score]) for score in range(truth.shape[1])]
        weights = np.array(columns).T
        ngrams = weights[1] if len(parts) == 2 else np.zeros(len(weights[0]))
        means, deviations = self._standard.means, self._standard.deviations
        return ScoreOutputs(means, deviations, weights[0], ngrams, weights[-1], np.empty((len(means), 0)))


def fit_weights(parts: list[Floats], truth: Floats) -> Floats:
    """Return non-negative weights of the parts, then an offset, with the lowest squared error on these rows.

    A quadratic prior as in `calibration.fit_mixture` keeps each weight near 1 / parts, or near that fraction of the
    weight that the part would have alone if that is below 1, and the offset near 0. So with few rows, the mixture is
    the mean of its parts, and with many, what predicts best: less weight in sum draws predictions toward the mean.

    Args:
        parts: the standardised outputs of each part, (rows,).
        truth: (rows,), standardised; rows with NaN are not used.
    """
    is_there = ~np.isnan(truth)
    truth = truth[is_there]
    alone = np.array([_slope(part[is_there], truth) for part in parts])
    columns = np.column_stack(
        [*(slope * part[is_there] for slope, part in zip(alone, parts, strict=True)), truth * 0 + 1]
    )
    prior = np.array([1.0 / len(parts)] * len(parts) + [0.0])
    # Summed squared errors are nats times twice the variance of the error, which the prior guess estimates.
    variance = (np.square(truth - columns @ prior).sum() + 1.0) / (len(truth) + 1.0)
    strength = 2.0 * variance * MIXTURE_PRIOR_NATS
    best, least = prior, np.inf
    for is_used in product([True, False], repeat=len(parts)):
        used = np.array([*is_used, True])
        matrix = columns[:, used].T @ columns[:, used] + strength * np.eye(used.sum())
        found = np.zeros(len(prior))
        found[used] = np.linalg.solve(matrix, columns[:, used].T @ truth + strength * prior[used])
        if (found[:-1] < 0.0).any():
            continue
        loss = np.square(truth - columns @ found).sum() + strength * np.square(found - prior).sum()
        if loss < least:
            best, least = found, loss
    return np.asarray(best * np.append(alone, 1.0))


def _slope(part: Floats, truth: Floats) -> float:
    """Return the weight that a part would have alone, from 0.1 to 1; 1 if that can't be told."""
    if len(truth) < 2 or not np.ptp(part):
        return 1.0
    slope = float(np.cov(part, truth)[0, 1] / np.var(part, ddof=1))
    return min(1.0, max(0.1, slope))
