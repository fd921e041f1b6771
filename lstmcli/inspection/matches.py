"""Finds where a unit behaves as it does in a stretch of a given text.

Source of the idea: Strobelt et al. 2018, "LSTMVis: A Tool for Visual Analysis of Hidden State Dynamics in Recurrent
Neural Networks", which compares the sets of active units; here, the values of one unit are compared word by word.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pattern:
    """A stretch of words at which a unit is beyond a threshold: above it, or below a negative one.

    Attributes:
        start: of the stretch in its text.
        values: (words,), of the unit.
        threshold: of the values.
    """

    start: int
    values: Array
    threshold: float

    @property
    def stop(self) -> int:
        """Where the stretch ends in its text."""
        return self.start + len(self.values)


@dataclass(frozen=True)
class Match:
    """A stretch that is like a pattern.

    Attributes:
        text: number of the text, from 0.
        start: of the stretch in the text.
        values: (words,), of the unit.
        distance: root mean square of the differences from the pattern.
    """

    text: int
    start: int
    values: Array
    distance: float


def find_pattern(values: Array, threshold: float | None) -> Pattern | None:
    """Return the longest stretch of `values` (words,) beyond `threshold`, the first of several, or None.

    Without a threshold, it is half of the value that is furthest from 0.
    """
    if threshold is None:
        threshold = float(values[np.abs(values).argmax()]) / 2
    stretches = list(_stretches(_is_beyond(values, threshold)))
    if not stretches:
        return None
    start, stop = max(stretches, key=lambda stretch: (stretch[1] - stretch[0], -stretch[0]))
    return Pattern(start, values[start:stop], threshold)


def find_matches(texts: Iterable[Array], pattern: Pattern, most: int) -> list[Match]:
    """Return up to `most` stretches like `pattern`, most similar first, that do not overlap.

    A match has as many words, and at each of them the unit is beyond the pattern's threshold.

    Args:
        texts: the values of the unit in each text, (words,).
        pattern: what to look for.
        most: the number of matches.
    """
    found: list[Match] = []
    for number, values in enumerate(texts):
        found += _in_text(values, pattern, number)
        if len(found) > 100 * most:
            found = _best(found, most)
    return _best(found, most)


def _best(found: list[Match], most: int) -> list[Match]:
    return sorted(found, key=lambda match: (match.distance, match.text, match.start))[:most]


def _in_text(values: Array, pattern: Pattern, number: int) -> list[Match]:
    size = len(pattern.values)
    if len(values) < size:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(values, size)
    distances = np.sqrt(np.square(windows - pattern.values).mean(axis=1))
    distances[~_is_beyond(windows, pattern.threshold).all(axis=1)] = np.inf
    matches: list[Match] = []
    for start in np.argsort(distances, kind="stable").tolist():
        if not np.isfinite(distances[start]):
            break
        if all(abs(start - match.start) >= size for match in matches):
            matches.append(Match(number, start, windows[start], float(distances[start])))
    return matches


def _is_beyond(values: Array, threshold: float) -> NDArray[np.bool_]:
    return np.asarray(values < threshold if threshold < 0 else values > threshold)


def _stretches(marks: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield start and stop of each run of True in `marks` (words,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
