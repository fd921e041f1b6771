"""How much of a decision is the network's: a model is a mix of a network and n-grams."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.inference.predictor import Predictor
from lstmcli.store.model import SavedModel


@dataclass(frozen=True)
class Opinion:
    """The probability of each label, (labels,), and the labels that would be predicted from them."""

    probabilities: NDArray[np.float64]
    picked: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What a model says about a text, and what its parts would say alone, at the same temperature and thresholds.

    Attributes:
        labels: all, in the order of the probabilities.
        model: what the model says, to the digit as in prediction.
        network: what the network would say; of an ensemble, all networks together.
        ngrams: what the n-grams would say; None for a model without.
        network_share: of the logits, from 0 to 1; the rest is that of the n-grams.
    """

    labels: tuple[str, ...]
    model: Opinion
    network: Opinion
    ngrams: Opinion | None
    network_share: float


def decide(model: SavedModel, text: str) -> Decision:
    """Return what `model` says about `text`."""
    network, ngrams = model, None
    if model.ngrams is not None:
        network = replace(model, ngrams=None, ngram_share=0.0)
        ngrams = _opinion(replace(model, ngram_share=1.0), text)
    own = _opinion(model, text)
    by_network = own if network is model else _opinion(network, text)
    return Decision(model.labels.names, own, by_network, ngrams, 1.0 - model.ngram_share)


def _opinion(model: SavedModel, text: str) -> Opinion:
    predictions = Predictor(model).predict([text])
    names = zip(model.labels.names, predictions.decisions[0], strict=True)
    return Opinion(predictions.probabilities[0], tuple(name for name, is_picked in names if is_picked))
