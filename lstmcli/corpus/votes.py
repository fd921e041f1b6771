"""Several annotators' labels of each row: their votes become the target, and the label of most of them the row's own.

A text that annotators disagree on is no example of one label. Training on the shares of votes keeps that. Source:
Uma et al. 2021, "Learning from Disagreement: A Survey", JAIR 72, who compare such soft labels with majority votes.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.soft_labels import SoftLabels

MISSING = -1

# What an annotator gives: a label, or several; "" or () is none.
Vote = str | tuple[str, ...]


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

    def append(self, votes: Sequence[Vote]) -> None:
        """Add a row: the label that each annotator gives, or ""."""
        self._votes.extend(self._codes.setdefault(str(vote), len(self._codes) - 1) for vote in votes)

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


@dataclass(frozen=True, eq=False)
class VotedSets(SoftLabels):
    """Shares of the annotators that gave a label, where each may give a text several.

    Attributes:
        annotators: their columns.
        votes: (rows, annotators), indices into `sets`, or MISSING.
        sets: the different sets of labels that were given.
    """

    annotators: tuple[str, ...] = ()
    votes: NDArray[np.int64] = None  # type: ignore[assignment]  # follows a field with a default
    sets: tuple[tuple[str, ...], ...] = ()


class VoteSetRows:
    """Collects votes for `VotedSets`."""

    def __init__(self, annotators: Sequence[str]) -> None:
        self._annotators = tuple(annotators)
        self._codes: dict[tuple[str, ...], int] = {}
        self._votes = array("i")

    def append(self, votes: Sequence[Vote]) -> None:
        """Add a row: the labels that each annotator gives."""
        for vote in votes:
            own = tuple(vote)
            self._votes.append(self._codes.setdefault(own, len(self._codes)) if own else MISSING)
        self._votes.extend([MISSING] * (len(self._annotators) - len(votes)))

    def soft_labels(self) -> VotedSets:
        """Return all rows, with the labels in code-point order."""
        votes = np.array(self._votes, dtype=np.int64).reshape(-1, len(self._annotators))
        names = tuple(sorted({label for own in self._codes for label in own}))
        has_label = np.array([[name in own for name in names] for own in self._codes] + [[False] * len(names)])
        counts = has_label[votes].sum(axis=1, dtype=np.float32)  # MISSING is the last place
        totals = (votes != MISSING).sum(axis=1, keepdims=True)
        shares = np.where(totals > 0, counts / np.maximum(totals, 1), np.nan).astype(np.float32)
        has_own = np.ones(len(votes), dtype=np.bool_)
        return VotedSets(names, shares, has_own, self._annotators, votes, tuple(self._codes))


def vote_rows(settings: DataSettings) -> VoteRows | VoteSetRows | None:
    """Return what collects the votes of annotators, if there are any."""
    if not settings.annotators:
        return None
    return (VoteRows if settings.label_separator is None else VoteSetRows)(settings.annotators)
