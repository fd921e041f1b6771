"""Reads texts with the layers of a network in float64, and keeps every gate and state.

Prediction keeps none of this, and computes in float32; its states differ from these by rounding alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.data.sealed import RowGuard
from lstmcli.inference.one_thread import ONE_THREAD
from lstmcli.kernels import KERNELS, CellWeights, Packing
from lstmcli.kernels.attention import AttentionWeights, attention_forward
from lstmcli.kernels.layer import direction_forward
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.kernels.weights import Weights

Array = NDArray[np.float64]
Ids = NDArray[np.int64]

FORWARD, BACKWARD = "forward", "backward"
DIRECTIONS = (FORWARD, BACKWARD)

# In a model, the gates come in this order.
INPUT, FORGET, CANDIDATE, OUTPUT = "input", "forget", "candidate", "output"
GATES = (INPUT, FORGET, CANDIDATE, OUTPUT)


@dataclass(frozen=True)
class DirectionTrace:
    """One direction of a layer on a text. All arrays are (tokens, hidden), in the order of the text.

    Attributes:
        direction: its name, one of DIRECTIONS.
        pieces: the lengths of the pieces in which the text is read; each starts from zero states.
        hidden: h[t], or s[t] of the plain network.
        gates: i[t], f[t], S~[t] and o[t] by their names in GATES; empty for the plain network.
        cell: S[t], the cell state; None for the plain network.
        from_cell: V_o S[t], what the new cell state adds to the output gate before its sigmoid, with peepholes.
    """

    direction: str
    pieces: tuple[int, ...]
    hidden: Array
    gates: Mapping[str, Array] = field(default_factory=dict)
    cell: Array | None = None
    from_cell: Array | None = None


@dataclass(frozen=True)
class TextTrace:
    """All layers on a text, from the bottom up, and the weights of attention pooling, (tokens,), if it has that."""

    layers: tuple[tuple[DirectionTrace, ...], ...]
    attention: Array | None = None


class TracingReader:
    """Reads texts with one network, given by its weights by torch's names."""

    def __init__(self, settings: ModelSettings, weights: Weights, guard: RowGuard | None = None) -> None:
        """Prepare the weights; `guard` checks rows of the word vectors before they are read."""
        self._settings, self._guard = settings, guard
        self._kernel = KERNELS[settings.cell]
        self._directions = DIRECTIONS if settings.bidirectional else DIRECTIONS[:1]
        self._embedding = weights["embedding.weight"]
        self._layers = [
            [_cell_weights(weights, layer, number, self._kernel.gate_order) for number in range(len(self._directions))]
            for layer in range(settings.layers)
        ]
        self._attention: AttentionWeights | None = None
        if settings.pooling == "attention" and "pooling.query.weight" in weights:
            names = ("pooling.projection.weight", "pooling.projection.bias", "pooling.query.weight")
            projection, bias, query = (weights[name].astype(np.float64) for name in names)
            self._attention = AttentionWeights(projection, bias, query[0])

    def read(self, texts: Sequence[Sequence[int]]) -> list[TextTrace]:
        """Return the trace of each text, given as token ids, at least one each."""
        lengths = np.array([len(ids) for ids in texts], dtype=np.int64)
        pieces = chunk_lengths(lengths, self._settings.chunk_tokens)
        packing = Packing.from_lengths(pieces, num_directions=len(self._directions))
        with ONE_THREAD:
            states = self._vectors(np.concatenate([np.asarray(ids, dtype=np.int64) for ids in texts]))
            layers = []
            for weights in self._layers:
                read = [self._direction(states, each, number, packing) for number, each in enumerate(weights)]
                states = np.concatenate([found["hidden"] for found in read], axis=1)
                layers.append(read)
            attention: Array | None = None
            if self._attention is not None:
                trace = attention_forward(states, lengths, self._attention)[1]
                attention = trace.attention_weights.astype(np.float64, copy=False)
        return self._by_text(layers, attention, lengths, pieces)

    def _vectors(self, ids: Ids) -> Array:
        if self._guard is not None:
            self._guard(np.unique(ids))
        return self._embedding[ids].astype(np.float64)

    def _direction(self, inputs: Array, weights: CellWeights, number: int, packing: Packing) -> dict[str, Array]:
        """Return all arrays of a direction by name, text after text."""
        rows = packing.tokens[number]
        trace = direction_forward(inputs, rows, weights, self._kernel, packing, are_shared=False)
        found = {"hidden": _unpacked(trace.hidden, rows)}
        if len(self._kernel.gate_order) == len(GATES):
            found["cell"] = _unpacked(trace.cell, rows)
            for gate, place in zip(trace.gates, self._kernel.gate_order, strict=True):
                found[GATES[place]] = _unpacked(gate, rows)
        if weights.weight_cell is not None:
            found["from_cell"] = found["cell"] @ weights.weight_cell.T
        return found

    def _by_text(
        self, layers: list[list[dict[str, Array]]], attention: Array | None, lengths: Ids, pieces: Ids
    ) -> list[TextTrace]:
        ends = np.cumsum(lengths)
        piece_ends = np.searchsorted(np.cumsum(pieces), ends) + 1
        traces, first_piece = [], 0
        for end, length, last_piece in zip(ends.tolist(), lengths.tolist(), piece_ends.tolist(), strict=True):
            part = slice(end - length, end)
            own = tuple(pieces[first_piece:last_piece].tolist())
            read = tuple(
                tuple(_trace(name, own, found, part) for name, found in zip(self._directions, layer, strict=True))
                for layer in layers
            )
            traces.append(TextTrace(read, None if attention is None else attention[part]))
            first_piece = last_piece
        return traces


def _cell_weights(weights: Weights, layer: int, direction: int, gate_order: Sequence[int]) -> CellWeights:
    prefix = f"recurrent.layers.{layer}.{direction}."
    own = {
        name.removeprefix(prefix): value.astype(np.float64)
        for name, value in weights.items()
        if name.startswith(prefix)
    }
    return CellWeights.from_model(own, gate_order)


def _unpacked(packed: Array, rows: Ids) -> Array:
    """Return rows in packed order text after text."""
    found = np.empty_like(packed)
    found[rows] = packed
    return found


def _trace(name: str, pieces: tuple[int, ...], found: dict[str, Array], part: slice) -> DirectionTrace:
    own = {key: values[part] for key, values in found.items()}
    gates = {gate: own[gate] for gate in GATES if gate in own}
    return DirectionTrace(name, pieces, own["hidden"], gates, own.get("cell"), own.get("from_cell"))
