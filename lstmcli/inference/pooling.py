"""Pooling in numpy, the counterparts of `lstmcli.models.pooling`.

It has two parts, since a long text is read in pieces: `of_pieces` makes some numbers of the states of each piece, and
`of_texts` makes each text's vector of those of its pieces, which stand one after the other. All sums over pieces and
steps run in order, so that no neighbour has a say in how they round.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcli.inference.batch_invariant import RowProduct, Tiling, split_outputs
from lstmcli.kernels.activations import to_sigmoid
from lstmcli.kernels.weights import Array

Weights = Mapping[str, Array]
Lengths = NDArray[np.int64]


class PieceStates(NamedTuple):
    """The top layer's states.

    outputs: (steps, rows, width), zeros after a piece's end; the forward direction's features come first.
    lengths: (rows,), steps of each piece, the longest first; 0 where a row has none.
    counts: how many of the rows are to be computed at each step, those that a product must have included.
    """

    outputs: Array
    lengths: Lengths
    counts: Sequence[int]

    @property
    def is_over(self) -> NDArray[np.bool_]:
        """(steps, rows), where a piece has ended before."""
        return np.arange(len(self.outputs))[:, None] >= self.lengths


class Pooling(Protocol):
    """One way from states to a vector."""

    def of_pieces(self, states: PieceStates) -> Array:
        """Return (rows, numbers)."""

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """Return (texts, width) of (pieces, numbers); text n owns the pieces from `starts[n]` on."""


class Last:
    """The state after the last step of each direction: at the end going forward, at the start going backward."""

    def __init__(self, _weights: Weights, hidden_size: int, _tiling: Tiling) -> None:
        self._hidden_size = hidden_size

    def of_pieces(self, states: PieceStates) -> Array:
        """The states of both ends."""
        outputs, size = states.outputs, self._hidden_size
        last = np.maximum(states.lengths - 1, 0)
        return np.concatenate([outputs[last, np.arange(len(last)), :size], outputs[0, :, size:]], axis=1)

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """The end of the last piece and the start of the first."""
        ends = np.append(starts[1:], len(pieces)) - 1
        size = self._hidden_size
        return np.concatenate([pieces[ends, :size], pieces[starts, size:]], axis=1)


class Mean:
    """The mean over all steps."""

    def __init__(self, _weights: Weights, _hidden_size: int, _tiling: Tiling) -> None:
        pass

    def of_pieces(self, states: PieceStates) -> Array:
        """The sum, and behind it the number of steps."""
        outputs = states.outputs
        return np.concatenate([np.add.reduce(outputs, axis=0), states.lengths[:, None].astype(outputs.dtype)], axis=1)

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """The sum over the pieces by the number of steps."""
        sums = np.add.reduceat(pieces, starts, axis=0)
        return np.asarray(sums[:, :-1] / sums[:, -1:])


class Maximum:
    """The maximum of each feature over all steps."""

    def __init__(self, _weights: Weights, _hidden_size: int, _tiling: Tiling) -> None:
        pass

    def of_pieces(self, states: PieceStates) -> Array:
        """The maximum."""
        return np.asarray(np.where(states.is_over[:, :, None], -np.inf, states.outputs).max(axis=0))

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """The maximum over the pieces."""
        return np.asarray(np.maximum.reduceat(pieces, starts, axis=0))


class Attention:
    """A mean weighted by softmax over all steps of v · tanh(A h[t] + b)."""

    def __init__(self, weights: Weights, _hidden_size: int, tiling: Tiling) -> None:
        # v · tanh(x) = 2 v · σ(2 x) less the sum over v, which is the same at all steps and so changes no share.
        self._project = RowProduct(split_outputs(-2.0 * weights["projection.weight"]), tiling)
        self._bias = split_outputs(-2.0 * weights["projection.bias"][:, None]).swapaxes(1, 2).astype(tiling.dtype)
        self._query = split_outputs(2.0 * weights["query.weight"].T).swapaxes(1, 2).astype(tiling.dtype)

    def of_pieces(self, states: PieceStates) -> Array:
        """The weighted sum; behind it the sum of the weights, and the score that got weight 1."""
        outputs = states.outputs
        scores = np.full(outputs.shape[:2], -np.inf, outputs.dtype)
        for state, score, count in zip(outputs, scores, states.counts, strict=True):
            hidden_scores = self._project(state[:count]) + self._bias
            to_sigmoid(hidden_scores)
            hidden_scores *= self._query
            np.add.reduce(np.add.reduce(hidden_scores, axis=2), axis=0, out=score[:count])
        scores[states.is_over] = -np.inf
        highest = np.maximum(scores.max(axis=0), np.finfo(scores.dtype).min)  # finite also where a row has no piece
        attention_weights = np.exp(scores - highest)
        sums = np.zeros_like(outputs[0])
        for state, share, count in zip(outputs, attention_weights, states.counts, strict=True):
            sums[:count] += state[:count] * share[:count, None]
        return np.concatenate([sums, np.add.reduce(attention_weights, axis=0)[:, None], highest[:, None]], axis=1)

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """The weighted sum over the pieces by the sum of the weights, when the highest score of all gets weight 1."""
        highest = np.maximum.reduceat(pieces[:, -1], starts)
        counts = np.diff(np.append(starts, len(pieces)))
        attention_weights = np.exp(pieces[:, -1] - np.repeat(highest, counts))
        sums = np.add.reduceat(pieces[:, :-1] * attention_weights[:, None], starts, axis=0)
        return np.asarray(sums[:, :-1] / sums[:, -1:])


POOLINGS: dict[str, type[Last] | type[Mean] | type[Maximum] | type[Attention]] = {
    "last": Last,
    "mean": Mean,
    "max": Maximum,
    "attention": Attention,
}
