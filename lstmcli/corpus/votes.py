"""Several annotators' labels of each row: their votes become the target, and the label of most of them the row's own.

A text that annotators disagree on is no example of one label. Training on the shares of votes keeps that. Source:
Uma et al. 2021, "Learning from Disagreement: A Survey", JAIR 72, who compare such soft labels with majority votes.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.soft_labels import SoftLabels

MISSING = -1


@dataclass(frozen=True, eq=False)
class VotedLabels(SoftLabels):
    """Shares of votes as targets.

    Attributes:
        annotators: their columns.
        votes: (rows, annotators), indices into `names`, or MISSING.
    """

    annotators: tuple[str, ...] = ()
    votes: NDArray[np.int64] = None  # type: ignore[assignment]  # follows a field with a default


class VoteRows:
    """Collects votes for `VotedLabels`."""

    def __init__(self, annotators: Sequence[str]) -> None:
        self._annotators = tuple(annotators)
        self._codes: dict[str, int] = {"": MISSING}
        self._votes = array("i")

    def append(self, votes: Sequence[str]) -> None:
        """Add a row: the label that each annotator gives, or ""."""
        self._votes.extend(self._codes.setdefault(vote, len(self._codes) - 1) for vote in votes)

    def soft_labels(self) -> VotedLabels:
        """Return all rows, with the labels in code-point order."""
        found = np.array(self._votes, dtype=np.int64).reshape(-1, len(self._annotators))
        names = tuple(sorted(name for name in self._codes if name))
        place = np.array([*(names.index(name) for name in self._codes if name), MISSING])
        votes = place[found]  # MISSING is the last place
        counts = np.zeros((len(votes), len(names)), dtype=np.float32)
        rows, annotators = np.nonzero(votes != MISSING)
        np.add.at(counts, (rows, votes[rows, annotators]), 1.0)
        totals = counts.sum(axis=1, keepdims=True)
        shares = np.where(totals > 0.0, counts / np.where(totals > 0.0, totals, 1.0), np.nan)
        return VotedLabels(names, shares, np.ones(len(votes), dtype=np.bool_), self._annotators, votes)
