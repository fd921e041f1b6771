"""Collects labelled rows of a file into a table, at a few bytes per row."""

import hashlib
from array import array
from collections.abc import Sequence
from math import nan

import numpy as np
import pandas as pd

from lstmcli.corpus.row_weights import WeightRows
from lstmcli.corpus.score_cells import ScoreRows
from lstmcli.corpus.soft_labels import SoftLabels, SoftRows
from lstmcli.corpus.texts import TextStore, joined_cells
from lstmcli.corpus.votes import Vote, VoteRows, VoteSetRows
from lstmcli.data.row_text import cells_of

# The group number of rows without a group.
NO_GROUP = -1


def text_key(text: str) -> int:
    """Return a 64-bit hash that is the same for equal texts, ignoring case and whitespace."""
    folded = " ".join(text.split()).casefold().encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(folded, digest_size=8).digest(), "little", signed=True)


class ExampleRows:
    """Collects rows for a table.

    Attributes:
        store: the texts.
        cells: what their rows have beside them, see `texts.joined_cells`; None until a text has some.
        label_sets: the distinct sets of labels and their numbers.
        soft: the probabilities of the rows, if they are used.
        votes: of several annotators, if there are any.
        weights: of the rows, if they have some.
        scores: the scores of the rows, if these are the targets; each row has them, and an empty set of labels.
    """

    def __init__(self, scores: tuple[str, ...] = ()) -> None:
        """Start without rows; `scores` are the names of theirs."""
        self.scores = ScoreRows(scores) if scores else None
        self.store = TextStore()
        self.cells: TextStore | None = None
        self.soft: SoftRows | None = None
        self.votes: VoteRows | VoteSetRows | None = None
        self.weights: WeightRows | None = None
        self.label_sets: dict[tuple[str, ...], int] = {}
        self._columns = {"line": array("i"), "text_key": array("q"), "label_set": array("i"), "group": array("i")}
        self._groups: dict[str, int] = {"": NO_GROUP}

    def append(
        self, line: int, text: str, labels: tuple[str, ...], group: str, scores: Sequence[float] | None = None
    ) -> None:
        """Add a row: its line in the file, text, sorted label names, group ("" for none), and scores, if there are."""
        if self.scores is not None:
            self.scores.append([nan] * len(self.scores.names) if scores is None else scores)
        self.store.append(text)
        cells = cells_of(text)
        if cells is not None:
            self.cells = self.cells or TextStore()
            self.cells.append(joined_cells(cells))
        self._columns["line"].append(line)
        self._columns["text_key"].append(text_key(text))
        self._columns["label_set"].append(self.label_sets.setdefault(labels, len(self.label_sets)))
        self._columns["group"].append(self._groups.setdefault(group, len(self._groups) - 1))

    def append_soft(self, values: Sequence[float] | None, votes: Sequence[Vote] | None, *, has_own: bool) -> None:
        """Add the probabilities or votes of the same row, if they are used; see `SoftRows` and `VoteRows`."""
        if self.soft is not None:
            self.soft.append(values, has_own=has_own)
        if self.votes is not None:
            self.votes.append(votes or ())

    def table(self) -> pd.DataFrame:
        """Return `Examples.table`. No rows can be added afterwards."""
        table = pd.DataFrame({"text": np.arange(len(self.store), dtype=np.int32)})
        for name in list(self._columns):
            column = self._columns.pop(name)
            table[name] = np.array(column, dtype=np.dtype(column.typecode))
        return table

    def soft_labels(self) -> SoftLabels | None:
        """Return the targets that say more than labels, if there are any."""
        found = self.votes or self.soft
        return None if found is None else found.soft_labels()
