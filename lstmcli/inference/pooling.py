"""Pooling in numpy, the counterparts of `lstmcli.models.pooling`: states of texts end to end to (batch, width)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.kernels.attention import AttentionWeights, attention_forward

Array = NDArray[np.floating]
Weights = Mapping[str, Array]


@dataclass(frozen=True)
class States:
    """The top layer's states.

    outputs: (tokens, width), text after text; the forward direction's `hidden_size` features come first.
    lengths: (batch,).
    """

    outputs: Array
    lengths: NDArray[np.int64]
    hidden_size: int

    @property
    def starts(self) -> NDArray[np.int64]:
        """(batch,), the first token of each text."""
        return np.cumsum(self.lengths) - self.lengths


def last(states: States, _weights: Weights) -> Array:
    """The state after the last step of each direction: at the end going forward, at the start going backward."""
    starts = states.starts
    forward = states.outputs[starts + states.lengths - 1, : states.hidden_size]
    return np.concatenate([forward, states.outputs[starts, states.hidden_size :]], axis=1)


def mean(states: States, _weights: Weights) -> Array:
    """The mean over all steps."""
    sums = np.add.reduceat(states.outputs, states.starts, axis=0)
    return np.asarray(sums / states.lengths[:, None].astype(states.outputs.dtype))


def maximum(states: States, _weights: Weights) -> Array:
    """The maximum of each feature over all steps."""
    return np.asarray(np.maximum.reduceat(states.outputs, states.starts, axis=0))


def attention(states: States, weights: Weights) -> Array:
    """A mean weighted by softmax over all steps of v · tanh(A h[t] + b)."""
    named = AttentionWeights(weights["projection.weight"], weights["projection.bias"], weights["query.weight"][0])
    pooled, _ = attention_forward(states.outputs, states.lengths, named)
    return pooled


POOLINGS: dict[str, Callable[[States, Weights], Array]] = {
    "last": last,
    "mean": mean,
    "max": maximum,
    "attention": attention,
}
