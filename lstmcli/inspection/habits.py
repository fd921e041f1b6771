"""What the units of a network do over many texts: gates that are stuck, units that never move, words that move them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.inspection.signals import STATE, named_arrays
from lstmcli.inspection.traces import FORGET, INPUT, OUTPUT, DirectionTrace

Array = NDArray[np.float64]

# A gate above the first is called open, below the second closed. Source: Karpathy et al. 2015, arXiv 1506.02078.
OPEN, CLOSED = 0.9, 0.1

# A gate that is open, or closed, at this fraction of all words is called stuck.
STUCK_AT = 0.95

# A unit whose state stays within an interval of this width never moves.
STILL = 0.05

# Rarer words say little about a gate, unless there are no others.
MIN_OCCURRENCES = 5


@dataclass(frozen=True)
class WordMean:
    """A word, the mean of a gate where it occurs, and how often that is."""

    word: str
    mean: float
    count: int


@dataclass(frozen=True)
class GateHabit:
    """A gate of a direction. The plain network has none, and its state, in absolute value, takes the place of one.

    Attributes:
        name: INPUT, FORGET, OUTPUT or STATE.
        open: (hidden,), the fraction of words at which it is open.
        closed: (hidden,), the fraction at which it is closed.
        opening: the words with the highest means, highest first.
        closing: the words with the lowest means, lowest first.
    """

    name: str
    open: Array
    closed: Array
    opening: Sequence[WordMean]
    closing: Sequence[WordMean]

    def stuck(self, *, is_open: bool) -> list[int]:
        """Return the units, counted from 0, at which the gate is hardly ever anything but open, or closed."""
        return np.flatnonzero((self.open if is_open else self.closed) >= STUCK_AT).tolist()


@dataclass(frozen=True)
class DirectionHabits:
    """One direction of a layer. `lowest` and `highest`, (hidden,), are the limits of each unit's state."""

    direction: str
    gates: tuple[GateHabit, ...]
    lowest: Array
    highest: Array

    @property
    def still(self) -> list[int]:
        """The units, counted from 0, that never move."""
        return np.flatnonzero(self.highest - self.lowest < STILL).tolist()


class HabitCounter:
    """Adds up the traces of one direction, text by text."""

    def __init__(self, direction: str, hidden_size: int, unit: int | None) -> None:
        """Count for words what `unit` does, counted from 0; None: the mean over all units."""
        self._direction = direction
        self._unit = unit
        self._num_words = 0
        self._open: dict[str, Array] = {}
        self._closed: dict[str, Array] = {}
        self._lowest = np.full(hidden_size, np.inf)
        self._highest = np.full(hidden_size, -np.inf)
        self._sums: dict[str, Array] = {}  # (1 + gates,) for each word: number of times, and sum of each gate

    def add(self, trace: DirectionTrace, words: Sequence[str]) -> None:
        """Add a text."""
        arrays = _watched(trace)
        for name, values in arrays.items():
            zeros = np.zeros(values.shape[1])
            self._open[name] = self._open.get(name, zeros) + (values > OPEN).sum(axis=0)
            self._closed[name] = self._closed.get(name, zeros) + (values < CLOSED).sum(axis=0)
        self._lowest = np.minimum(self._lowest, trace.hidden.min(axis=0))
        self._highest = np.maximum(self._highest, trace.hidden.max(axis=0))
        self._num_words += len(words)
        means = [self._shown(values) for values in arrays.values()]
        for word, *numbers in zip(words, *means, strict=True):
            self._sums[word] = self._sums.get(word, 0.0) + np.array([1.0, *numbers])

    def _shown(self, values: Array) -> Array:
        return values.mean(axis=1) if self._unit is None else values[:, self._unit]

    def habits(self, num_words: int) -> DirectionHabits:
        """Return the results, with `num_words` words at either end of each gate."""
        gates = []
        for index, name in enumerate(self._open):
            means = _by_mean(self._sums, index, num_words)
            gates.append(
                GateHabit(
                    name=name,
                    open=self._open[name] / self._num_words,
                    closed=self._closed[name] / self._num_words,
                    opening=means[::-1][:num_words],
                    closing=means[:num_words],
                )
            )
        return DirectionHabits(self._direction, tuple(gates), self._lowest, self._highest)


def _watched(trace: DirectionTrace) -> dict[str, Array]:
    arrays = named_arrays(trace)
    if not trace.gates:
        return {STATE: np.abs(arrays[STATE])}
    return {name: arrays[name] for name in (INPUT, FORGET, OUTPUT)}


def _by_mean(sums: Mapping[str, Array], gate: int, num_words: int) -> list[WordMean]:
    """Return the words from the lowest to the highest mean; rare ones only if there are few others."""
    means = [WordMean(word, float(each[1 + gate] / each[0]), int(each[0])) for word, each in sums.items()]
    frequent = [each for each in means if each.count >= MIN_OCCURRENCES]
    return sorted(frequent if len(frequent) >= 2 * num_words else means, key=lambda each: (each.mean, each.word))


def count_habits(
    texts: Iterable[tuple[Sequence[str], Sequence[DirectionTrace]]], unit: int | None, num_words: int
) -> tuple[DirectionHabits, ...]:
    """Return the habits of each direction over `texts`, given as words and traces."""
    counters: list[HabitCounter] = []
    for words, traces in texts:
        if not counters:
            counters = [HabitCounter(trace.direction, trace.hidden.shape[1], unit) for trace in traces]
        for counter, trace in zip(counters, traces, strict=True):
            counter.add(trace, words)
    return tuple(counter.habits(num_words) for counter in counters)
