"""Pooling in numpy, the counterparts of `lstmcli.models.pooling`.

Long texts are read in pieces (see `chunk_lengths`), so pooling has two parts: `of_pieces` summarises the states of each
piece, and `of_texts` combines the summaries of a text's pieces, which are adjacent, into its vector. All sums over
pieces and steps run in order, so rounding does not depend on other texts.
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
    """The states of the top layer.

    outputs: (steps, rows, width), zeros after the end of a piece; the features of the forward direction come first.
    lengths: (rows,), steps of each piece, longest first; 0 for rows without a piece.
    counts: how many rows to compute at each step, including the rows that pad a product.
    """

    outputs: Array
    lengths: Lengths
    counts: Sequence[int]

    @property
    def is_over(self) -> NDArray[np.bool_]:
        """(steps, rows), True after the end of a piece."""
        return np.arange(len(self.outputs))[:, None] >= self.lengths


class Pooling(Protocol):
    """Combines states into one vector per text."""

    def of_pieces(self, states: PieceStates) -> Array:
        """Return a summary of each piece, (rows, numbers)."""

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """Return (texts, width) from summaries (pieces, numbers); the pieces of text n begin at `starts[n]`."""


class Last:
    """The state after the last step of each direction: forward at the end of the text, backward at its start."""

    def __init__(self, _weights: Weights, hidden_size: int, _tiling: Tiling) -> None:
        self._hidden_size = hidden_size

    def of_pieces(self, states: PieceStates) -> Array:
        """Return the states at both ends."""
        outputs, size = states.outputs, self._hidden_size
        last = np.maximum(states.lengths - 1, 0)
        return np.concatenate([outputs[last, np.arange(len(last)), :size], outputs[0, :, size:]], axis=1)

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """Return the states at the end of the last piece and the start of the first."""
        ends = np.append(starts[1:], len(pieces)) - 1
        size = self._hidden_size
        return np.concatenate([pieces[ends, :size], pieces[starts, size:]], axis=1)


class Mean:
    """The mean over all steps."""

    def __init__(self, _weights: Weights, _hidden_size: int, _tiling: Tiling) -> None:
        pass

    def of_pieces(self, states: PieceStates) -> Array:
        """Return the sum, followed by the number of steps."""
        outputs = states.outputs
        return np.concatenate([np.add.reduce(outputs, axis=0), states.lengths[:, None].astype(outputs.dtype)], axis=1)

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """Return the sum over the pieces divided by the number of steps."""
        sums = np.add.reduceat(pieces, starts, axis=0)
        return np.asarray(sums[:, :-1] / sums[:, -1:])


class Maximum:
    """The maximum of each feature over all steps."""

    def __init__(self, _weights: Weights, _hidden_size: int, _tiling: Tiling) -> None:
        pass

    def of_pieces(self, states: PieceStates) -> Array:
        """Return the maximum over the steps."""
        return np.asarray(np.where(states.is_over[:, :, None], -np.inf, states.outputs).max(axis=0))

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """Return the maximum over the pieces."""
        return np.asarray(np.maximum.reduceat(pieces, starts, axis=0))


class Attention:
    """A mean weighted by the softmax over all steps of v · tanh(A h[t] + b)."""

    def __init__(self, weights: Weights, _hidden_size: int, tiling: Tiling) -> None:
        # v · tanh(x) = 2 v · σ(2 x) - sum(v), and the constant sum(v) cancels in the softmax.
        self._project = RowProduct(split_outputs(-2.0 * weights["projection.weight"]), tiling)
        self._bias = split_outputs(-2.0 * weights["projection.bias"][:, None]).swapaxes(1, 2).astype(tiling.dtype)
        self._query = split_outputs(2.0 * weights["query.weight"].T).swapaxes(1, 2).astype(tiling.dtype)

    def of_pieces(self, states: PieceStates) -> Array:
        """Return the weighted sum, followed by the sum of the weights and the score that has weight 1."""
        outputs = states.outputs
        scores = np.full(outputs.shape[:2], -np.inf, outputs.dtype)
        for state, score, count in zip(outputs, scores, states.counts, strict=True):
            hidden_scores = self._project(state[:count]) + self._bias
            to_sigmoid(hidden_scores)
            hidden_scores *= self._query
            np.add.reduce(np.add.reduce(hidden_scores, axis=2), axis=0, out=score[:count])
        scores[states.is_over] = -np.inf
        highest = np.maximum(scores.max(axis=0), np.finfo(scores.dtype).min)  # finite even for rows without a piece
        attention_weights = np.exp(scores - highest)
        sums = np.zeros_like(outputs[0])
        for state, share, count in zip(outputs, attention_weights, states.counts, strict=True):
            sums[:count] += state[:count] * share[:count, None]
        return np.concatenate([sums, np.add.reduce(attention_weights, axis=0)[:, None], highest[:, None]], axis=1)

    def of_texts(self, pieces: Array, starts: Lengths) -> Array:
        """Return the weighted sum over the pieces divided by the sum of weights, all relative to the highest score."""
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
