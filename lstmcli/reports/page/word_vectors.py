"""Word vectors rounded so that a page stays small, finely where the network's answer depends on them.

A vector x enters the network only as W x. With any invertible A, W x = (W A^-1) (A x), so A x may be rounded to whole
numbers instead of x. The rows of A are the directions to which the logits are most sensitive, the eigenvectors of the
mean of g g', where g is the gradient of a logit with respect to x, over texts drawn from the vocabulary; each is scaled
by its sensitivity. A part of W'W is added, for texts that are unlike those.

With equal steps of 0.01 in the vectors themselves, a default model took the same space, and its probabilities were off
by up to 0.013 instead of 0.001. int8 with a scale per word took less, with errors up to 0.005.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.data.sealed import RowGuard
from lstmcli.explanation.gradients import GradientNetwork
from lstmcli.kernels.weights import Weights

Array = NDArray[np.float64]

# The lengths of the drawn texts, and how many there are of each.
LENGTHS = (1, 2, 4, 8, 16)
TEXTS_PER_LENGTH = 40
MAX_LABELS = 8  # whose gradients are computed
SEED = 1

# The part of W'W, relative to that of the gradients.
PART_OF_INPUTS = 0.02

# Words come in the order of their frequency. Rare ones may be rounded to larger steps, since texts have few of them:
# by the rank to this power, relative to the last word.
RANK_POWER = 0.4

# What rounding the last word may add to a logit of the whole model, per word, as a multiple of a standard deviation.
STEP = 0.0009


class RoundedVectors(NamedTuple):
    """Word vectors as whole numbers.

    Attributes:
        numbers: (words, rank) integers; `scales[:, None] * numbers` are the transformed vectors.
        scales: (words,).
        back: (rank, size), which turns transformed vectors into vectors.
    """

    numbers: NDArray[np.int64]
    scales: Array
    back: Array


def rounded(network: ModelSettings, weights: Weights, guard: RowGuard | None, weight: float) -> RoundedVectors:
    """Round the word vectors of one network, whose logits have `weight` in those of the model."""
    vectors = np.asarray(weights["embedding.weight"], dtype=np.float64)
    if guard is not None:
        guard(np.arange(len(vectors)))
    sensitivity, directions = np.linalg.eigh(_sensitivity(network, weights))
    is_used = sensitivity > sensitivity.max(initial=0.0) * 1e-12
    roots, directions = np.sqrt(sensitivity[is_used]), directions[:, is_used]
    steps = STEP / max(weight, 1e-3) / roots
    scales = (np.arange(1, len(vectors) + 1) / len(vectors)) ** RANK_POWER
    # As the page computes with them, so that rounding makes up for it.
    scales = scales.astype(np.float32).astype(np.float64)
    numbers = np.rint(vectors @ (directions / steps) / scales[:, None]).astype(np.int64)
    return RoundedVectors(numbers, scales, (directions * steps).T)


def _sensitivity(network: ModelSettings, weights: Weights) -> Array:
    """Return (size, size)."""
    num_directions = 2 if network.bidirectional else 1
    names = [f"recurrent.layers.0.{number}.weight_input" for number in range(num_directions)]
    matrix = np.concatenate([weights[name].astype(np.float64) for name in names])
    of_inputs = matrix.T @ matrix
    of_logits = _of_logits(network, weights)
    total, all_inputs = float(np.trace(of_logits)), float(np.trace(of_inputs))
    if not total or not all_inputs:
        return np.asarray(of_inputs + np.eye(len(of_inputs)))
    return np.asarray(of_logits + PART_OF_INPUTS * total / all_inputs * of_inputs)


def _of_logits(network: ModelSettings, weights: Weights) -> Array:
    """Return the mean of g g' over the tokens of drawn texts; longer texts have smaller gradients per token."""
    gradients = GradientNetwork(network, weights, None)
    num_words, size = weights["embedding.weight"].shape
    lengths = np.tile(LENGTHS, TEXTS_PER_LENGTH).astype(np.int64)
    drawn = np.random.default_rng(SEED).random(int(lengths.sum())) ** 3  # frequent words more often
    vectors = gradients.vectors((drawn * num_words).astype(np.int64))
    factors = np.repeat(np.sqrt(lengths), lengths)[:, None]
    total = np.zeros((size, size))
    num_labels = min(MAX_LABELS, len(weights["output.bias"]))
    for label in range(num_labels):
        own = gradients.gradients(vectors, lengths, label)[1] * factors
        total += own.T @ own
    return total / (num_labels * len(lengths))
