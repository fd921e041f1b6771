"""What each word left in the memory: exact shares of the cell state, and how long they last.

The cell state is S[t] = i[t] × S~[t] + f[t] × S[t-1]. Unrolled from a zero state, it is a sum with one term per word,

    S[T] = sum over t of (product over k > t of f[k]) × i[t] × S~[t],

so what a word has left in the memory is a number, without any approximation. (The gates themselves depend on earlier
words, through h[t-1]; the terms say what was written and kept, not what caused it.) The plain network has no such sum:
its state passes through tanh at every step.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.inspection.traces import BACKWARD, CANDIDATE, FORGET, INPUT, DirectionTrace

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HalfLife:
    """How many words later half of what a word wrote is forgotten.

    Attributes:
        words: the number, not rounded; infinity if nothing is forgotten.
        is_beyond: whether the text, or the piece that is read at once, ends before that; `words` then assumes that
            forgetting goes on at the average rate so far.
    """

    words: float
    is_beyond: bool


def contributions(trace: DirectionTrace) -> Array:
    """Return each word's term in the sum above, (tokens, hidden).

    The terms of the words of a piece add up to the cell state when that piece has been read.

    Raises:
        ValueError: the cell has no memory of this kind.
    """
    written, kept = _written(trace), np.ones_like(trace.hidden)
    for steps in reading_orders(trace):
        forget = trace.gates[FORGET][steps]
        kept[steps[:-1]] = np.cumprod(forget[:0:-1], axis=0)[::-1]
    return written * kept


def final_cells(trace: DirectionTrace) -> Array:
    """Return the cell state at the end of each piece, (pieces, hidden)."""
    assert trace.cell is not None  # see `_written`
    return np.stack([trace.cell[steps[-1]] for steps in reading_orders(trace)])


def half_lives(trace: DirectionTrace, units: Sequence[int]) -> list[HalfLife | None]:
    """Return the half-life of what each word wrote into `units`; None for the last word that is read.

    Units count by how much the word wrote into them, in absolute value.
    """
    written = np.abs(_written(trace))[:, units]
    forget = trace.gates[FORGET][:, units]
    found: list[HalfLife | None] = [None] * len(written)
    for steps in reading_orders(trace):
        for place, step in enumerate(steps[:-1].tolist()):
            found[step] = _half_life(written[step], forget[steps[place + 1 :]])
    return found


def reading_orders(trace: DirectionTrace) -> Iterator[NDArray[np.int64]]:
    """Yield the places of the words of each piece, in the order in which they are read."""
    start = 0
    for length in trace.pieces:
        steps = np.arange(start, start + length)
        yield steps[::-1] if trace.direction == BACKWARD else steps
        start += length


def _written(trace: DirectionTrace) -> Array:
    if trace.cell is None:
        raise ValueError("expected a cell with a memory, got the plain network")
    return trace.gates[INPUT] * trace.gates[CANDIDATE]


def _half_life(written: Array, forget: Array) -> HalfLife:
    """Return the half-life of `written` (units,) under the gates of the later words, (later words, units)."""
    total, before = float(written.sum()), 1.0
    if total == 0.0:
        written, total = np.ones_like(written), float(len(written))
    left = written
    for count, gates in enumerate(forget, start=1):
        left = left * gates
        now = float(left.sum()) / total
        if now <= 0.5:
            # Between two words, forgetting is taken to be exponential.
            part = math.log(before / 0.5) / math.log(before / now) if now > 0.0 else 0.0
            return HalfLife(count - 1 + part, is_beyond=False)
        before = now
    rate = -math.log(before) / len(forget)
    return HalfLife(math.log(2.0) / rate if rate > 0.0 else math.inf, is_beyond=True)
