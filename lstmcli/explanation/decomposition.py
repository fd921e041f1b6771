"""Contextual decomposition: the part of a network's logit that chosen words have, in their context, in float64.

Every state is the sum of two parts, h[t] = beta[t] + gamma[t], of which beta stems from the chosen words. Where a gate
adds up a part of the chosen words a, the rest, and a bias b, it is divided by what a adds before and after the rest:

    L(a) = 1/2 (f(a + b) - f(b) + f(total) - f(total - a)),   f(total) the whole gate

A product of gates, or of a gate and the memory, is a sum of products of parts. Those of two parts of the chosen words,
or of such a part and the bias, belong to beta, all others to gamma. The output gate is not divided, and tanh of the
memory is divided as a gate is. Only the betas are computed: gamma is what is left of the state.
Source: Murdoch, Liu and Yu 2018, "Beyond Word Importance", arXiv 1801.05453.

In the first layer, the bias includes the input of the unknown word, and a word has what it adds to this. (In the paper,
a word has its whole input, and its product of biases.) Pooling is linear in the states as long as attention weights, or
the places of the maxima, are those of the whole text, which is how they are held here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.explanation.network import Array, ReadNetwork, unpacked
from lstmcli.kernels import CellWeights
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.text.vocabulary import UNKNOWN_ID

Masks = NDArray[np.bool_]

# Choices of words times tokens times width that are computed together, which bounds memory.
MAX_NUMBERS = 1 << 23

# In the kernels' order, the gates before the output gate are candidate, input and forget; the plain network has one.
NUM_DIVIDED = 3


@dataclass(frozen=True)
class _Direction:
    """What one direction of a layer did on a text.

    Attributes:
        weight_input: (gates, input, hidden) of the gates that are divided.
        weight_hidden: (gates, hidden, hidden).
        inputs: (tokens, gates, hidden), what each token adds to the constant part; only in the first layer.
        constant: (gates, 1, hidden), what is in the gates of all words.
        total: (tokens, gates, hidden), the gates before activation.
        cell: (tokens, hidden), S[t]; None for the plain network.
        output_gate: (tokens, hidden); None for the plain network.
        orders: the places of the tokens of each piece, as they are read.
    """

    weight_input: Array
    weight_hidden: Array
    inputs: Array | None
    constant: Array
    total: Array
    cell: Array | None
    output_gate: Array | None
    orders: Sequence[Sequence[int]]

    def divided(self, masks: Masks, inputs: Array | None) -> Array:
        """Return beta for each choice of words, (choices, tokens, hidden).

        Args:
            masks: (choices, tokens), the chosen words.
            inputs: (choices, tokens, width), beta of the layer below; None in the first layer.
        """
        found = np.empty((*masks.shape, self.constant.shape[-1]))
        activated = _activated(self.constant)
        for order in self.orders:
            beta = memory = np.zeros((len(masks), found.shape[2]))
            for place in order:
                part = np.matmul(beta, self.weight_hidden)
                if inputs is not None:
                    part += np.matmul(inputs[:, place], self.weight_input)
                elif self.inputs is not None:
                    part += masks[:, place, None] * self.inputs[place][:, None]
                total = self.total[place][:, None]
                after = _activated(total) - _activated(total - part)
                parts = (_activated(part + self.constant) - activated + after) / 2.0
                if self.cell is None or self.output_gate is None:
                    beta = parts[0]
                else:
                    memory = _memory(parts, activated, memory)
                    beta = self.output_gate[place] * _of_memory(memory, self.cell[place])
                found[:, place] = beta
        return found


def _activated(gates: Array) -> Array:
    """Return tanh of the first gate and σ of the others, (gates, ...)."""
    found = np.empty_like(gates)
    np.tanh(gates[0], out=found[0])
    with np.errstate(over="ignore"):  # where exp(-x) overflows, σ(x) is 0
        np.exp(-gates[1:], out=found[1:])
    found[1:] += 1.0
    np.divide(1.0, found[1:], out=found[1:])
    return found


def _memory(parts: Array, constant: Array, memory: Array) -> Array:
    """Return the chosen words' part of S[t]; `constant` are the activated parts that are in the gates of all words."""
    candidate, input_gate, forget_gate = parts
    of_candidate, of_input, of_forget = constant
    written: Array = input_gate * (candidate + of_candidate) + of_input * candidate
    return np.asarray(written + (forget_gate + of_forget) * memory)


def _of_memory(part: Array, cell: Array) -> Array:
    return np.asarray((np.tanh(part) + np.tanh(cell) - np.tanh(cell - part)) / 2.0)


class DecomposedText:
    """A text that a network has read."""

    def __init__(self, network: ReadNetwork, ids: NDArray[np.integer]) -> None:
        """Read a text, given as the ids of its words."""
        self._network = network
        self._lengths = np.array([len(ids)])
        pieces = chunk_lengths(self._lengths, network.settings.chunk_tokens).tolist()
        read = network.read(network.vectors(ids), self._lengths)
        self.states = read.states
        self._layers: list[list[_Direction]] = []
        for cells, layer in zip(network.layers, read.layers, strict=True):
            unknown = None if self._layers else network.vectors(np.array([UNKNOWN_ID]))[0]
            found = []
            for number, (cell, trace) in enumerate(zip(cells, layer.traces, strict=True)):
                orders = [order[::-1] if number else order for order in _places(pieces)]
                arrays = _in_order_of_text(trace, read.packing.tokens[number])
                found.append(_direction(cell, layer.inputs, arrays, unknown, orders))
            self._layers.append(found)

    def parts_of_states(self, masks: Masks) -> Array:
        """Return beta of the top layer for each choice of words, (choices, tokens, width); `masks` (choices, tokens).

        That of no word is zero.
        """
        states: Array | None = None
        for layer in self._layers:
            states = np.concatenate([direction.divided(masks, states) for direction in layer], axis=2)
        assert states is not None  # there is a layer
        return states

    def shares(self, masks: Masks, label: int) -> Array:
        """Return the part of the logit of a label for each choice of words, (choices,)."""
        weights, _ = self._network.state_weights(self.states, self._lengths, label)
        at_once = max(1, MAX_NUMBERS // weights.size)
        blocks = (masks[start : start + at_once] for start in range(0, len(masks), at_once))
        return np.concatenate([np.einsum("ctw,tw->c", self.parts_of_states(block), weights) for block in blocks])


def _places(pieces: Sequence[int]) -> Iterator[list[int]]:
    start = 0
    for length in pieces:
        yield list(range(start, start + length))
        start += length


def _in_order_of_text(trace: Any, rows: NDArray[np.int64]) -> dict[str, Array]:
    return {name: unpacked(packed, rows) for name, packed in trace._asdict().items()}


def _direction(
    cell: CellWeights, inputs: Array, trace: dict[str, Array], unknown: Array | None, orders: Sequence[Sequence[int]]
) -> _Direction:
    """Prepare a direction; `unknown` is the vector of the unknown word in the first layer."""
    gates = slice(0, NUM_DIVIDED)
    weight_input, weight_hidden = cell.weight_input[gates], cell.weight_hidden[gates]
    hidden = trace["hidden"]
    before = np.zeros_like(hidden)
    for order in orders:
        before[order[1:]] = hidden[order[:-1]]
    constant = np.zeros(weight_hidden.shape[:2]) if cell.bias is None else cell.bias[gates].astype(np.float64)
    total = np.einsum("ti,ghi->tgh", inputs, weight_input, optimize=True) + constant
    total += np.einsum("ti,ghi->tgh", before, weight_hidden, optimize=True)
    of_words: Array | None = None
    if unknown is not None:
        of_words = np.einsum("ti,ghi->tgh", inputs - unknown, weight_input, optimize=True)
        constant = constant + weight_input @ unknown
    has_memory = "cell" in trace
    return _Direction(
        weight_input=np.ascontiguousarray(weight_input.swapaxes(1, 2)),
        weight_hidden=np.ascontiguousarray(weight_hidden.swapaxes(1, 2)),
        inputs=of_words,
        constant=constant[:, None],
        total=total,
        cell=trace["cell"] if has_memory else None,
        output_gate=trace["gates"][NUM_DIVIDED] if has_memory else None,
        orders=orders,
    )
