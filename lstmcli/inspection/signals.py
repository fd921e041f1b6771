"""The rows of a picture: every gate and state of a direction, of one unit or as means over all units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.inspection.memory import HalfLife, contributions, final_cells, half_lives
from lstmcli.inspection.traces import CANDIDATE, GATES, DirectionTrace

Array = NDArray[np.float64]

CELL, STATE, FROM_CELL = "cell", "state", "from_cell"

# Between -1 and 1, or any number; the gates are between 0 and 1.
SIGNED = frozenset({CANDIDATE, CELL, STATE, FROM_CELL})


@dataclass(frozen=True)
class Signal:
    """A gate or state, word by word.

    Attributes:
        name: one of GATES, CELL, STATE or FROM_CELL.
        values: (tokens,), of a unit, or the mean over units.
        sizes: (tokens,), the absolute values of a unit, or their mean over units.
    """

    name: str
    values: Array
    sizes: Array

    @property
    def is_signed(self) -> bool:
        """Whether values may be negative."""
        return self.name in SIGNED


@dataclass(frozen=True)
class Memory:
    """Each word's part of the memory at the end of its piece.

    Attributes:
        contributions: (tokens,), of a unit, or the mean over units; those of a piece add up to its final cell state.
        shares: (tokens,), absolute contributions, of all units, as fractions of their sum over the piece.
        half_lives: (tokens,).
        final_cells: (pieces,).
    """

    contributions: Array
    shares: Array
    half_lives: Sequence[HalfLife | None]
    final_cells: Array


@dataclass(frozen=True)
class DirectionSignals:
    """One direction of a layer; `memory` is None for the plain network, which has none that can be divided."""

    direction: str
    pieces: tuple[int, ...]
    signals: tuple[Signal, ...]
    memory: Memory | None

    def signal(self, name: str) -> Signal:
        """Return the signal called `name`."""
        return next(signal for signal in self.signals if signal.name == name)


def signals_of(trace: DirectionTrace, unit: int | None) -> DirectionSignals:
    """Return what is shown of a direction: of `unit`, counted from 0, or the means over all."""
    units = list(range(trace.hidden.shape[1])) if unit is None else [unit]
    arrays = named_arrays(trace)
    signals = tuple(Signal(name, *_means(array[:, units])) for name, array in arrays.items())
    memory = None if trace.cell is None else _memory(trace, units)
    return DirectionSignals(trace.direction, trace.pieces, signals, memory)


def named_arrays(trace: DirectionTrace) -> dict[str, Array]:
    """Return the arrays of a trace by the names of signals, in the order in which they are shown."""
    arrays = {gate: trace.gates[gate] for gate in GATES if gate in trace.gates}
    if trace.from_cell is not None:
        arrays[FROM_CELL] = trace.from_cell
    if trace.cell is not None:
        arrays[CELL] = trace.cell
    arrays[STATE] = trace.hidden
    return arrays


def _means(values: Array) -> tuple[Array, Array]:
    return values.mean(axis=1), np.abs(values).mean(axis=1)


def _memory(trace: DirectionTrace, units: list[int]) -> Memory:
    terms = contributions(trace)[:, units]
    sizes = np.abs(terms).sum(axis=1)
    ends = np.cumsum(trace.pieces)
    totals = np.add.reduceat(sizes, ends - np.array(trace.pieces))
    totals = np.repeat(np.where(totals > 0.0, totals, 1.0), trace.pieces)
    return Memory(
        terms.mean(axis=1), sizes / totals, half_lives(trace, units), final_cells(trace)[:, units].mean(axis=1)
    )
