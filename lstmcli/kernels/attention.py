"""Attention pooling over the texts of a batch that lie end to end; see `lstmcli.models.pooling.AttentionPooling`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.kernels.activations import tanh
from lstmcli.kernels.weights import Array


@dataclass(frozen=True)
class AttentionWeights:
    """A (attention, width), b (attention,) and the query v (attention,)."""

    projection: Array
    bias: Array
    query: Array


@dataclass(frozen=True)
class AttentionTrace:
    """What the backward pass needs: tanh(A h[t] + b), (tokens, attention), and the shares a[t], (tokens,)."""

    squashed: Array
    shares: Array


def attention_forward(
    states: Array, lengths: NDArray[np.int64], weights: AttentionWeights
) -> tuple[Array, AttentionTrace]:
    """Return each text's mean of `states`, (tokens, width), weighted by a[t] = softmax over t of v · tanh(A h[t] + b).

    Args:
        states: h[t], text after text.
        lengths: (texts,), at least 1 each.
        weights: A, b and v.
    """
    ends = np.cumsum(lengths)
    starts = ends - lengths
    squashed = states @ weights.projection.T
    squashed += weights.bias
    tanh(squashed, out=squashed)
    scores = squashed @ weights.query
    scores -= np.repeat(np.maximum.reduceat(scores, starts), lengths)
    shares: Array = np.exp(scores, out=scores)
    shares /= np.repeat(np.add.reduceat(shares, starts), lengths)
    pooled = np.empty((len(lengths), states.shape[1]), dtype=states.dtype)
    for text, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        np.dot(shares[start:end], states[start:end], out=pooled[text])
    return pooled, AttentionTrace(squashed, shares)


def attention_backward(
    grad_pooled: Array, states: Array, lengths: NDArray[np.int64], weights: AttentionWeights, trace: AttentionTrace
) -> tuple[Array, AttentionWeights]:
    """Return the gradients by `states` and by the weights, given that by the pooled vectors, (texts, width)."""
    starts = np.cumsum(lengths) - lengths
    shares = trace.shares
    by_states = grad_pooled[np.repeat(np.arange(len(lengths)), lengths)]
    by_shares = np.einsum("tw,tw->t", by_states, states)
    by_states *= shares[:, None]
    by_scores = shares * (by_shares - np.repeat(np.add.reduceat(shares * by_shares, starts), lengths))
    by_query = by_scores @ trace.squashed
    before_tanh = np.multiply(trace.squashed, trace.squashed)
    np.subtract(states.dtype.type(1.0), before_tanh, out=before_tanh)
    before_tanh *= weights.query
    before_tanh *= by_scores[:, None]
    by_states += before_tanh @ weights.projection
    return by_states, AttentionWeights(before_tanh.T @ states, before_tanh.sum(axis=0), by_query)
