"""Attention pooling over a batch of texts, end to end; see `lstmcli.models.pooling.AttentionPooling`."""

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
    """What the backward pass needs: tanh(A h[t] + b), (tokens, attention), and the weights a[t], (tokens,)."""

    hidden_scores: Array
    attention_weights: Array


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
    hidden_scores = states @ weights.projection.T
    hidden_scores += weights.bias
    tanh(hidden_scores, out=hidden_scores)
    scores = hidden_scores @ weights.query
    scores -= np.repeat(np.maximum.reduceat(scores, starts), lengths)
    attention_weights: Array = np.exp(scores, out=scores)
    attention_weights /= np.repeat(np.add.reduceat(attention_weights, starts), lengths)
    pooled = np.empty((len(lengths), states.shape[1]), dtype=states.dtype)
    for text, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        np.dot(attention_weights[start:end], states[start:end], out=pooled[text])
    return pooled, AttentionTrace(hidden_scores, attention_weights)


def attention_backward(
    grad_pooled: Array, states: Array, lengths: NDArray[np.int64], weights: AttentionWeights, trace: AttentionTrace
) -> tuple[Array, AttentionWeights]:
    """Return the gradients with respect to `states` and the weights; `grad_pooled` is (texts, width)."""
    starts = np.cumsum(lengths) - lengths
    attention_weights = trace.attention_weights
    grad_states = grad_pooled[np.repeat(np.arange(len(lengths)), lengths)]
    grad_attention = np.einsum("tw,tw->t", grad_states, states)
    grad_states *= attention_weights[:, None]
    grad_scores = attention_weights * (
        grad_attention - np.repeat(np.add.reduceat(attention_weights * grad_attention, starts), lengths)
    )
    grad_query = grad_scores @ trace.hidden_scores
    before_tanh = np.multiply(trace.hidden_scores, trace.hidden_scores)
    np.subtract(states.dtype.type(1.0), before_tanh, out=before_tanh)
    before_tanh *= weights.query
    before_tanh *= grad_scores[:, None]
    grad_states += before_tanh @ weights.projection
    return grad_states, AttentionWeights(before_tanh.T @ states, before_tanh.sum(axis=0), grad_query)
