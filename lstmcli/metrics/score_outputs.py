"""How the outputs of networks and n-grams become scores, and how far off these may be. Light: prediction loads it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.decisions import DecisionRule

Floats = NDArray[np.float64]

# Coverages of prediction intervals for which a model keeps how far they reach; one between two gets the next higher.
COVERAGES = np.round(np.arange(0.5, 0.9951, 0.005), 3)

LEAST_COVERAGE, MOST_COVERAGE = 0.5, 0.99

# What a model of scores has in the place of thresholds. It decides nothing.
NO_RULE = DecisionRule("scores", np.empty(0))


@dataclass(frozen=True)
class ScoreOutputs:
    """Turns standardised outputs into scores: mean + deviation * (offset + weights * outputs).

    Attributes:
        means: (scores,), of the training rows.
        deviations: (scores,), their standard deviations, with which outputs are multiplied.
        network_weights: (scores,), of the mean output of the networks.
        ngram_weights: (scores,), of the output of the n-grams; 0 without.
        offsets: (scores,), in standard deviations.
        reaches: (scores, COVERAGES), half the width of a prediction interval, in the unit of the score; NaN where the
            validation rows were too few for the coverage.
    """

    means: Floats
    deviations: Floats
    network_weights: Floats
    ngram_weights: Floats
    offsets: Floats
    reaches: Floats

    def values(self, network: NDArray[np.floating], ngrams: NDArray[np.floating] | None) -> Floats:
        """Return the scores, (texts, scores), from the outputs of both parts, (texts, scores) each."""
        mixed = self.offsets + self.network_weights * network.astype(np.float64)
        if ngrams is not None:
            mixed = mixed + self.ngram_weights * ngrams
        return np.asarray(self.means + self.deviations * mixed)

    def reach(self, coverage: float) -> Floats:
        """Return half the width of the interval that holds the truth of this fraction of new texts, (scores,)."""
        if not LEAST_COVERAGE <= coverage <= MOST_COVERAGE:
            raise ValueError(f"expected a coverage from {LEAST_COVERAGE} to {MOST_COVERAGE}, got {coverage}")
        place = int(np.searchsorted(COVERAGES, coverage - 1e-9))
        return np.asarray(self.reaches[:, place])

    @property
    def ngram_share(self) -> float:
        """The weight of the n-grams, as a fraction of the weights of both parts, averaged over the scores."""
        total = self.network_weights + self.ngram_weights
        shares = np.divide(self.ngram_weights, total, out=np.zeros_like(total), where=total > 0.0)
        return float(shares.mean())
