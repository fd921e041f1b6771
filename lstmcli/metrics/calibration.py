"""Calibration on validation rows: the temperature, and the weights of the network and the n-grams in the logits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from lstmcli.config.model_settings import OutputKind
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.scores import log_losses

Floats = NDArray[np.floating]

MIN_TEMPERATURE = 0.1
MAX_TEMPERATURE = 10.0

# A quadratic prior keeps the weight of each model near one half, or near half of the weight that it would have alone if
# that is below 1: a difference of twice as much must lower the summed log loss by at least this many nats.
MIXTURE_PRIOR_NATS = 4.0


def fit_temperature(logits: NDArray[np.floating], targets: NDArray[np.bool_], kind: OutputKind) -> float:
    """Return the temperature with the lowest log loss on these (validation) rows, between 0.1 and 10.

    Source: Guo et al. 2017, arXiv 1706.04599.

    Args:
        logits: (rows, labels).
        targets: (rows, labels).
        kind: of the logits; "ordered" has one less than labels.
    """

    def log_loss(log_temperature: float) -> float:
        probabilities = probabilities_from_logits(logits, kind, temperature=float(np.exp(log_temperature)))
        return float(log_losses(targets, probabilities, kind).mean())

    bound = float(np.log(MAX_TEMPERATURE))
    return float(np.exp(minimize_scalar(log_loss, bounds=(-bound, bound), method="bounded").x))


@dataclass(frozen=True)
class Mixture:
    """Combines the logits of network and n-grams: ((1 - share) * network + share * n-grams) / temperature."""

    share: float
    temperature: float

    def logits(self, network: Floats, ngrams: Floats) -> NDArray[np.float64]:
        """Return the combined logits, not yet divided by the temperature; all are (texts, labels)."""
        return (1.0 - self.share) * network.astype(np.float64) + self.share * ngrams


def fit_mixture(network: Floats, ngrams: Floats, targets: NDArray[np.bool_], kind: OutputKind) -> Mixture:
    """Return the non-negative weights of both models with the lowest log loss on these (validation) rows.

    With few rows, both weights stay near one half, see MIXTURE_PRIOR_NATS; but a model whose logits are too large, and
    which would be scaled down alone, starts from as little weight here.

    Args:
        network: (rows, labels) logits.
        ngrams: (rows, labels) logits.
        targets: (rows, labels).
        kind: of the logits; "ordered" has one less than labels.
    """
    alone = np.array([1.0 / max(1.0, fit_temperature(logits, targets, kind)) for logits in (network, ngrams)])
    first, second = alone[0] * network, alone[1] * ngrams

    def objective(shares: NDArray[np.float64]) -> float:
        probabilities = probabilities_from_logits(shares[0] * first + shares[1] * second, kind)
        log_loss = float(log_losses(targets, probabilities, kind).mean())
        return log_loss + MIXTURE_PRIOR_NATS / len(targets) * float(np.square(shares - 0.5).sum())

    bounds = [(0.0, 1.0 / MIN_TEMPERATURE / weight) for weight in alone]
    weights = alone * minimize(objective, [0.5, 0.5], bounds=bounds, method="L-BFGS-B").x
    total = max(float(weights.sum()), 1.0 / MAX_TEMPERATURE)
    return Mixture(float(weights[1] / total) if weights.sum() > 0 else 0.5, 1.0 / total)
