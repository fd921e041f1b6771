"""A network's weights and forward pass in float64, text after text, for methods that look inside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.data.sealed import RowGuard
from lstmcli.kernels import KERNELS, CellWeights, Packing
from lstmcli.kernels.attention import AttentionTrace, AttentionWeights, attention_forward
from lstmcli.kernels.layer import direction_forward
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.kernels.weights import Weights

Array = NDArray[np.float64]
Lengths = NDArray[np.int64]


@dataclass(frozen=True)
class LayerTrace:
    """One layer over a batch: its inputs, (tokens, width), and the trace of each direction."""

    inputs: Array
    traces: Sequence[Any]


class ReadStates(NamedTuple):
    """What reading a batch gives.

    states: (tokens, width), of the top layer, text after text.
    layers: from the bottom up.
    packing: the order of the tokens in the traces.
    """

    states: Array
    layers: Sequence[LayerTrace]
    packing: Packing


class ReadNetwork:
    """A network that reads word vectors.

    Attributes:
        settings: its shape.
        kernel: of its cell.
        layers: the weights of each direction of each layer.
        output: (labels, width).
        bias: (labels,).
        attention: the weights of attention pooling, if it has that.
    """

    def __init__(self, settings: ModelSettings, weights: Weights, guard: RowGuard | None) -> None:
        """Convert the weights, given by torch's names; `guard` checks rows of word vectors before they are read."""
        self.settings, self._guard = settings, guard
        self.kernel = KERNELS[settings.cell]
        self._embedding = weights["embedding.weight"]
        self._num_directions = 2 if settings.bidirectional else 1
        self.layers = [
            [self._cell(weights, layer, number) for number in range(self._num_directions)]
            for layer in range(settings.layers)
        ]
        self.output: Array = weights["output.weight"].astype(np.float64)
        self.bias: Array = weights["output.bias"].astype(np.float64)
        self.attention: AttentionWeights | None = None
        if settings.pooling == "attention":
            names = ("pooling.projection.weight", "pooling.projection.bias", "pooling.query.weight")
            projection, bias, query = (weights[name].astype(np.float64) for name in names)
            self.attention = AttentionWeights(projection, bias, query[0])

    def _cell(self, weights: Weights, layer: int, direction: int) -> CellWeights:
        prefix = f"recurrent.layers.{layer}.{direction}."
        own: Mapping[str, NDArray[np.floating]] = {
            name.removeprefix(prefix): value.astype(np.float64)
            for name, value in weights.items()
            if name.startswith(prefix)
        }
        return CellWeights.from_model(own, self.kernel.gate_order)

    def vectors(self, ids: NDArray[np.integer]) -> Array:
        """Return the vectors of words, (tokens, size)."""
        if self._guard is not None:
            self._guard(np.unique(ids))
        return np.asarray(self._embedding[ids].astype(np.float64))

    def read(self, vectors: Array, lengths: Lengths) -> ReadStates:
        """Run all layers.

        Args:
            vectors: (tokens, size), text after text.
            lengths: (texts,), at least 1 each.
        """
        pieces = chunk_lengths(lengths, self.settings.chunk_tokens)
        packing = Packing.from_lengths(pieces, num_directions=self._num_directions)
        states, layers = vectors, []
        for cells in self.layers:
            traces = [
                direction_forward(states, packing.tokens[number], cell, self.kernel, packing, are_shared=False)
                for number, cell in enumerate(cells)
            ]
            layers.append(LayerTrace(states, traces))
            states = np.concatenate(
                [unpacked(trace.hidden, packing.tokens[number]) for number, trace in enumerate(traces)], axis=1
            )
        return ReadStates(states, layers, packing)

    def state_weights(self, states: Array, lengths: Lengths, label: int) -> tuple[Array, AttentionTrace | None]:
        """Return what each state counts in the logit of a label, (tokens, width), and the trace of attention pooling.

        The logit is the sum of all states times these, plus the bias. Of maximum pooling, they say which states are the
        highest; attention has the weights that it gives to these states, although other states would change them.
        """
        ends = np.cumsum(lengths)
        starts, owners = ends - lengths, np.repeat(np.arange(len(lengths)), lengths)
        weight, found = self.output[label], np.zeros_like(states)
        if self.attention is not None:
            _, trace = attention_forward(states, lengths, self.attention)
            return weight * trace.attention_weights[:, None].astype(np.float64, copy=False), trace
        if self.settings.pooling == "mean":
            found += weight / lengths[owners, None]
        elif self.settings.pooling == "max":
            is_highest = states == np.maximum.reduceat(states, starts, axis=0)[owners]
            found += weight * is_highest / np.add.reduceat(is_highest.astype(np.float64), starts, axis=0)[owners]
        else:
            size = self.settings.hidden_size
            found[ends - 1, :size] += weight[:size]
            found[starts, size:] += weight[size:]
        return found, None


def unpacked(packed: Array, rows: NDArray[np.int64]) -> Array:
    """Return (..., tokens, width) text after text; packed row n is token `rows[n]`."""
    found = np.empty_like(packed)
    found[..., rows, :] = packed
    return found
