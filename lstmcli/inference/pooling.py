"""Pooling in numpy, the counterparts of `lstmcli.models.pooling`: (batch, time, width) to (batch, width)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Weights = Mapping[str, Array]


@dataclass(frozen=True)
class States:
    """The top layer's states.

    outputs: (batch, time, width), 0 at padding; the forward direction's `hidden_size` features come first.
    lengths: (batch,).
    mask: (batch, time), True at real steps.
    """

    outputs: Array
    lengths: NDArray[np.int64]
    mask: NDArray[np.bool_]
    hidden_size: int


def last(states: States, _weights: Weights) -> Array:
    """The state after the last real step of each direction: at the end going forward, at the start going backward."""
    rows = np.arange(len(states.outputs))
    forward = states.outputs[rows, states.lengths - 1, : states.hidden_size]
    return np.concatenate([forward, states.outputs[:, 0, states.hidden_size :]], axis=1)


def mean(states: States, _weights: Weights) -> Array:
    """The mean over real steps."""
    lengths = states.lengths[:, None].astype(states.outputs.dtype)
    return np.asarray(states.outputs.sum(axis=1) / lengths)


def maximum(states: States, _weights: Weights) -> Array:
    """The maximum of each feature over real steps."""
    return np.asarray(np.where(states.mask[..., None], states.outputs, -np.inf).max(axis=1))


def attention(states: States, weights: Weights) -> Array:
    """A mean weighted by softmax over real steps of v · tanh(A h[t] + b)."""
    projected = np.tanh(states.outputs @ weights["projection.weight"].T + weights["projection.bias"])
    scores = np.where(states.mask, projected @ weights["query.weight"][0], -np.inf)
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = exponentials / exponentials.sum(axis=1, keepdims=True)
    return np.asarray(np.matmul(shares[:, None, :], states.outputs)[:, 0])


POOLINGS: dict[str, Callable[[States, Weights], Array]] = {
    "last": last,
    "mean": mean,
    "max": maximum,
    "attention": attention,
}
