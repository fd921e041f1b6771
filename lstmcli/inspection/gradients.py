"""Vanishing and exploding gradients as plain values: norms by distance from the end, and the factor per step.

L is the loss of a text's label, computed from the last state of the forward direction of the top layer. Any other
pooling would give the gradient a shortcut to each word, which would hide what happens to it in the recurrence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A line needs this many points to be fitted to a text.
MIN_POINTS = 3

# Medians are of at least this many texts, or of half of all texts if these are fewer.
MIN_TEXTS = 10

# The median of the factor is called growing or shrinking if it is further than this from 1.
BALANCED = 0.02


@dataclass(frozen=True)
class Quartiles:
    """The median and the quartiles over texts."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Array) -> "Quartiles | None":
        """Return those of `values`, NaN excluded; None if there are no others."""
        known = values[~np.isnan(values)]
        if not len(known):
            return None
        lower, median, upper = np.percentile(known, (25, 50, 75)).tolist()
        return cls(median, lower, upper)


@dataclass(frozen=True)
class Signal:
    """The gradient of one kind of state, over texts.

    Attributes:
        by_distance: its norm n steps before the end, for n = 0, 1, ...
        factor: by which it is multiplied at each step back, see `fitted_factors`; None if all texts are too short.
    """

    by_distance: tuple[Quartiles, ...]
    factor: Quartiles | None


@dataclass(frozen=True)
class NetworkGradients:
    """One network.

    Attributes:
        cell: its kind.
        is_trained: whether it is the trained network, and not a new one.
        hidden: dL/dh[t].
        memory: dL/dS[t]; None for the plain network.
        singular_values: the largest of each recurrent matrix, by the name of the gate; "W" for the plain network.
        forget_gate: its mean over all words and units; None for the plain network.
    """

    cell: str
    is_trained: bool
    hidden: Signal
    memory: Signal | None
    singular_values: Mapping[str, float]
    forget_gate: float | None

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return f"{self.cell}, {'trained' if self.is_trained else 'new'}"

    @property
    def path(self) -> Signal:
        """The signal that carries the gradient over many steps: the memory, if there is one."""
        return self.hidden if self.memory is None else self.memory


@dataclass(frozen=True)
class FileGradients:
    """What was found over the texts of a file.

    Attributes:
        name: of the file.
        num_texts: whose gradients were computed.
        num_left_out: texts after those.
        has_labels: whether L is the loss of the labels of the file; otherwise, of the predicted ones.
        member: the network of an ensemble, counted from 1.
        layer: the top one, counted from 1.
        chunk_tokens: texts longer than this are read in pieces, of which the last counts; None: there are no pieces.
        networks: the trained one first.
    """

    name: str
    num_texts: int
    num_left_out: int
    has_labels: bool
    member: int
    layer: int
    chunk_tokens: int | None
    networks: tuple[NetworkGradients, ...]


def fitted_factors(norms: Array) -> Array:
    """Return the factor per step of each text, (texts,): exp of the slope of a line through log norm against distance.

    The norm at the end itself (distance 0) is left out, since no recurrence has acted on it, and so are norms of 0.
    NaN for a text with fewer than MIN_POINTS norms.

    Args:
        norms: (texts, distances), NaN where a text has ended.
    """
    return np.array([_factor(row) for row in norms])


def _factor(norms: Array) -> float:
    distances = np.arange(len(norms))
    used = (distances > 0) & (np.nan_to_num(norms) > 0.0)
    if used.sum() < MIN_POINTS:
        return float("nan")
    x, y = distances[used] - distances[used].mean(), np.log(norms[used])
    return float(np.exp((x @ y) / (x @ x)))


def signal_of(norms: Array) -> Signal:
    """Summarise norms, (texts, distances), NaN where a text has ended."""
    enough = min(MIN_TEXTS, -(-len(norms) // 2))
    counts = (~np.isnan(norms)).sum(axis=0)
    num_shown = int((counts >= enough).sum())
    columns = (Quartiles.of(norms[:, distance]) for distance in range(num_shown))
    return Signal(tuple(each for each in columns if each is not None), Quartiles.of(fitted_factors(norms)))


def largest_singular_value(matrix: Array) -> float:
    """Return the largest factor by which a matrix can stretch a vector."""
    return float(np.linalg.norm(matrix, 2))


def joined_norms(parts: Sequence[Array]) -> Array:
    """Put (texts, distances) of several batches below each other, filled with NaN to the same width."""
    width = max(part.shape[1] for part in parts)
    return np.concatenate(
        [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=np.nan) for part in parts]
    )
