"""Integrated gradients of a network's logit over the vectors of a text's words, in float64.

Each word's share is the integral of the gradient along the straight way from the vector of the unknown word to its
own, times the difference of both. (From zero vectors, the integral hardly converges: cells are at their steepest
there.) Shares add up to the difference between the logits at both ends, up to the error of the integral, which is
computed by Gauss-Legendre quadrature with more and more points until it is small. Texts are computed one by one, so
that they do not depend on each other in any bit.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lstmcli.explanation.network import Array, LayerTrace, Lengths, ReadNetwork
from lstmcli.kernels import CellWeights, Packing
from lstmcli.kernels.attention import attention_backward
from lstmcli.kernels.layer import direction_backward
from lstmcli.text.vocabulary import UNKNOWN_ID

# Numbers of points, tried in this order until the shares add up to within TOLERANCE of the difference.
POINTS = (8, 16, 32, 64, 128, 256)
TOLERANCE = 0.002

# A difference below this is compared as if it were this large.
LEAST_DIFFERENCE = 0.05


class GradientNetwork(ReadNetwork):
    """A network that computes logits and their gradients with respect to word vectors."""

    def gradients(self, vectors: Array, lengths: Lengths, label: int) -> tuple[Array, Array]:
        """Return the logit of a label for each text, (texts,), and its gradient, (tokens, size).

        Args:
            vectors: (tokens, size), text after text.
            lengths: (texts,), at least 1 each.
            label: its number.
        """
        states, layers, packing = self.read(vectors, lengths)
        weights, attention = self.state_weights(states, lengths, label)
        logits = np.add.reduceat((states * weights).sum(axis=1), np.cumsum(lengths) - lengths) + self.bias[label]
        gradient = weights
        if attention is not None and self.attention is not None:
            grad_pooled = np.broadcast_to(self.output[label], (len(lengths), states.shape[1]))
            found, _ = attention_backward(grad_pooled, states, lengths, self.attention, attention)
            gradient = found.astype(np.float64, copy=False)
        for cells, layer in zip(self.layers[::-1], layers[::-1], strict=True):
            gradient = self._backward(gradient, cells, layer, packing)
        return logits, gradient

    def _backward(self, grad_states: Array, cells: Sequence[CellWeights], layer: LayerTrace, packing: Packing) -> Array:
        """Return the gradient with respect to the inputs of a layer, (tokens, width)."""
        size = self.settings.hidden_size
        grad_inputs = np.zeros_like(layer.inputs)
        for number, (cell, trace) in enumerate(zip(cells, layer.traces, strict=True)):
            rows = packing.tokens[number]
            own = np.ascontiguousarray(grad_states[rows, number * size : (number + 1) * size])
            gates = direction_backward(own, trace, cell, self.kernel, packing).gates
            grad_inputs[rows] += np.einsum("gth,ghi->ti", gates, cell.weight_input, optimize=True)
        return grad_inputs


@lru_cache
def _quadrature(points: int) -> tuple[Array, Array]:
    """Return the places between 0 and 1, and their weights."""
    places, weights = np.polynomial.legendre.leggauss(points)
    return (places + 1.0) / 2.0, weights / 2.0


def integrated(network: GradientNetwork, ids: NDArray[np.integer], label: int) -> tuple[Array, float]:
    """Return the share of each token, (tokens,), and the difference that they add up to approximately."""
    baseline = network.vectors(np.array([UNKNOWN_ID]))
    vectors = network.vectors(ids)
    path = vectors - baseline
    both = np.concatenate([np.broadcast_to(baseline, vectors.shape), vectors])
    ends, _ = network.gradients(both, np.array([len(ids), len(ids)]), label)
    difference = float(ends[1] - ends[0])
    shares = np.zeros(len(ids))
    for points in POINTS:
        places, weights = _quadrature(points)
        scaled = (baseline + places[:, None, None] * path).reshape(-1, vectors.shape[1])
        _, gradients = network.gradients(scaled, np.full(points, len(ids)), label)
        mean = np.tensordot(weights, gradients.reshape(points, *vectors.shape), axes=1)
        shares = (mean * path).sum(axis=1)
        if abs(float(shares.sum()) - difference) <= TOLERANCE * max(abs(difference), LEAST_DIFFERENCE):
            break
    return shares, difference
