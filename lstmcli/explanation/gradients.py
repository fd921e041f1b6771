"""Integrated gradients of a network's logit over the vectors of a text's words, in float64.

Each word's share is the integral of the gradient along the straight way from the vector of the unknown word to its
own, times the difference of both. (From zero vectors, the integral hardly converges: cells are at their steepest
there.) Shares add up to the difference between the logits at both ends, up to the error of the integral, which is
computed by Gauss-Legendre quadrature with more and more points until it is small. Texts are computed one by one, so
that they do not depend on each other in any bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.data.sealed import RowGuard
from lstmcli.kernels import KERNELS, CellWeights, Packing
from lstmcli.kernels.attention import AttentionWeights, attention_backward, attention_forward
from lstmcli.kernels.layer import direction_backward, direction_forward
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.kernels.weights import Weights
from lstmcli.text.vocabulary import UNKNOWN_ID

Array = NDArray[np.float64]
Lengths = NDArray[np.int64]

# Numbers of points, tried in this order until the shares add up to within TOLERANCE of the difference.
POINTS = (8, 16, 32, 64, 128, 256)
TOLERANCE = 0.002

# A difference below this is compared as if it were this large.
LEAST_DIFFERENCE = 0.05


@dataclass(frozen=True)
class LayerTrace:
    """One layer over a batch: its inputs, (tokens, width), and the trace of each direction."""

    inputs: Array
    traces: Sequence[Any]


class GradientNetwork:
    """A network that computes logits and their gradients with respect to word vectors."""

    def __init__(self, settings: ModelSettings, weights: Weights, guard: RowGuard | None) -> None:
        """Convert the weights, given by torch's names; `guard` checks rows of word vectors before they are read."""
        self._settings, self._guard = settings, guard
        self._kernel = KERNELS[settings.cell]
        self._embedding = weights["embedding.weight"]
        self._num_directions = 2 if settings.bidirectional else 1
        self._layers = [
            [self._cell(weights, layer, number) for number in range(self._num_directions)]
            for layer in range(settings.layers)
        ]
        self._output = weights["output.weight"].astype(np.float64)
        self._bias = weights["output.bias"].astype(np.float64)
        self._attention: AttentionWeights | None = None
        if settings.pooling == "attention":
            names = ("pooling.projection.weight", "pooling.projection.bias", "pooling.query.weight")
            projection, bias, query = (weights[name].astype(np.float64) for name in names)
            self._attention = AttentionWeights(projection, bias, query[0])

    def _cell(self, weights: Weights, layer: int, direction: int) -> CellWeights:
        prefix = f"recurrent.layers.{layer}.{direction}."
        own: Mapping[str, NDArray[np.floating]] = {
            name.removeprefix(prefix): value.astype(np.float64)
            for name, value in weights.items()
            if name.startswith(prefix)
        }
        return CellWeights.from_model(own, self._kernel.gate_order)

    def vectors(self, ids: NDArray[np.integer]) -> Array:
        """Return the vectors of words, (tokens, size)."""
        if self._guard is not None:
            self._guard(np.unique(ids))
        return np.asarray(self._embedding[ids].astype(np.float64))

    def gradients(self, vectors: Array, lengths: Lengths, label: int) -> tuple[Array, Array]:
        """Return the logit of a label for each text, (texts,), and its gradient, (tokens, size).

        Args:
            vectors: (tokens, size), text after text.
            lengths: (texts,), at least 1 each.
            label: its number.
        """
        pieces = chunk_lengths(lengths, self._settings.chunk_tokens)
        packing = Packing.from_lengths(pieces, num_directions=self._num_directions)
        states, layers = vectors, []
        for cells in self._layers:
            traces = [
                direction_forward(states, packing.tokens[number], cell, self._kernel, packing, are_shared=False)
                for number, cell in enumerate(cells)
            ]
            layers.append(LayerTrace(states, traces))
            states = np.concatenate(
                [_unpacked(trace.hidden, packing.tokens[number]) for number, trace in enumerate(traces)], axis=1
            )
        pooled, gradient = self._pooled(states, lengths, label)
        logits = pooled @ self._output[label] + self._bias[label]
        for cells, layer in zip(self._layers[::-1], layers[::-1], strict=True):
            gradient = self._backward(gradient, cells, layer, packing)
        return logits, gradient

    def _backward(self, grad_states: Array, cells: Sequence[CellWeights], layer: LayerTrace, packing: Packing) -> Array:
        """Return the gradient with respect to the inputs of a layer, (tokens, width)."""
        size = self._settings.hidden_size
        grad_inputs = np.zeros_like(layer.inputs)
        for number, (cell, trace) in enumerate(zip(cells, layer.traces, strict=True)):
            rows = packing.tokens[number]
            own = np.ascontiguousarray(grad_states[rows, number * size : (number + 1) * size])
            gates = direction_backward(own, trace, cell, self._kernel, packing).gates
            grad_inputs[rows] += np.einsum("gth,ghi->ti", gates, cell.weight_input, optimize=True)
        return grad_inputs

    def _pooled(self, states: Array, lengths: Lengths, label: int) -> tuple[Array, Array]:
        """Return pooled states, (texts, width), and the gradient of the logit with respect to `states`."""
        ends = np.cumsum(lengths)
        starts, owners = ends - lengths, np.repeat(np.arange(len(lengths)), lengths)
        weight = self._output[label]
        gradient = np.zeros_like(states)
        if self._attention is not None:
            pooled, trace = attention_forward(states, lengths, self._attention)
            grad_pooled = np.broadcast_to(weight, pooled.shape)
            grad_states, _ = attention_backward(grad_pooled, states, lengths, self._attention, trace)
            return pooled.astype(np.float64, copy=False), grad_states.astype(np.float64, copy=False)
        if self._settings.pooling == "mean":
            gradient += weight / lengths[owners, None]
            return np.add.reduceat(states, starts, axis=0) / lengths[:, None], gradient
        if self._settings.pooling == "max":
            pooled = np.maximum.reduceat(states, starts, axis=0)
            is_highest = states == pooled[owners]
            gradient += weight * is_highest / np.add.reduceat(is_highest.astype(np.float64), starts, axis=0)[owners]
            return np.asarray(pooled), gradient
        size = self._settings.hidden_size
        gradient[ends - 1, :size] += weight[:size]
        gradient[starts, size:] += weight[size:]
        return np.concatenate([states[ends - 1, :size], states[starts, size:]], axis=1), gradient


def _unpacked(packed: Array, rows: NDArray[np.int64]) -> Array:
    found = np.empty_like(packed)
    found[rows] = packed
    return found


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
