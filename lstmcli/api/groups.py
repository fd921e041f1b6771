"""One answer for each group of texts in Python, as `lstmcli predict --by` gives it."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.people import Pool, PooledPeople, ScorePool
from lstmcli.store.model import SavedModel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GroupAnswer:
    """What a model says of all texts of a group, such as those of one person.

    Attributes:
        group: as it was given.
        num_texts: those that are not blank.
        prediction: as `Model.predict` gives it for a text; of a model of scores, (scores,).
        probabilities: (labels,); of a model of scores, the scores.
        low: (labels,), the lower ends of intervals of 95%: how much each depends on which texts there are. NaN for a
            group of one text.
        high: the upper ends.
    """

    group: Any
    num_texts: int
    prediction: Any
    probabilities: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class PooledGroups:
    """Groups in the order in which they came, with what their texts say together."""

    groups: list[Hashable]
    counts: list[int]
    pooled: PooledPeople

    def answers(self, predictions: Iterable[Any]) -> Iterator[GroupAnswer]:
        """Yield the answer of each group, given the predictions."""
        found = self.pooled
        parts = self.groups, self.counts, predictions, found.probabilities, found.low, found.high
        for each in zip(*parts, strict=True):
            yield GroupAnswer(*each)


def pool_groups(model: SavedModel, blocks: Iterable[Floats], groups: Iterable[Hashable]) -> PooledGroups | None:
    """Add up what a model says of texts, a block (texts, labels) at a time; NaN for a text that does not count.

    None: no text counts.

    Raises:
        ValueError: there are more or fewer groups than texts, or one is missing.
    """
    num_labels, kind = len(model.labels.names), model.labels.kind
    pool = ScorePool(num_labels) if kind == "scores" else Pool(num_labels, kind)
    numbers: dict[Hashable, int] = {}
    names, num_texts = list(groups), 0
    for block in blocks:
        own = names[num_texts : num_texts + len(block)]
        counted: NDArray[np.bool_] = ~np.isnan(block).all(axis=1)  # type: ignore[assignment]
        for number, (name, counts) in enumerate(zip(own, counted, strict=False), start=num_texts):
            if name is None or name != name:
                raise ValueError(f"expected a group for each text, got {name!r} for text {number}")
            if counts:
                numbers.setdefault(name, len(numbers))
        num_texts += len(block)
        if len(own) == len(block) and counted.any():
            whose = [numbers[name] for name, counts in zip(own, counted, strict=True) if counts]
            pool.add(block[counted], np.array(whose, dtype=np.int64))
    if len(names) != num_texts:
        raise ValueError(f"expected a group for each text, got {num_texts:,} texts and {len(names):,} groups")
    return PooledGroups([*numbers], pool.counts.tolist(), pool.answers()) if numbers else None
