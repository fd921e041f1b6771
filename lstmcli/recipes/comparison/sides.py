"""Two sides of a comparison, and whether they are about the same rows."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.label_set import LabelSet
from lstmcli.errors import DataError, counted

MAX_CHARACTERS_SHOWN = 40


@dataclass(frozen=True)
class Side:
    """Rows as one side has them, in order.

    Attributes:
        name: what predicted them.
        file: where they were read.
        lines: the line of each row in that file.
        texts: of the rows.
        gold: the true labels of each, sorted.
        predicted: the predicted labels of each, sorted.
        groups: the group number of each row, from 0, (rows,); None without groups.
    """

    name: str
    file: str
    lines: Sequence[int]
    texts: Sequence[str]
    gold: Sequence[tuple[str, ...]]
    predicted: Sequence[tuple[str, ...]]
    groups: NDArray[np.int64] | None

    def digest(self) -> str:
        """Return a hash of all texts and true labels."""
        return digest_of(zip(self.texts, self.gold, strict=True))


def digest_of(rows: Iterable[tuple[str, object]]) -> str:
    """Return a hash of texts with what is true of them."""
    digest = hashlib.sha256()
    for text, gold in rows:
        digest.update(repr((text, gold)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@dataclass(frozen=True)
class Compared:
    """Two sides with the same rows.

    Attributes:
        first: one of them.
        second: the other.
        labels: the columns of what follows.
        targets: (rows, labels), as for the decisions of both.
        first_decisions: of the first side.
        second_decisions: of the second.
        digest: of the rows.
        notes: what readers need to know, such as which rows were left out.
    """

    first: Side
    second: Side
    labels: LabelSet
    targets: NDArray[np.bool_]
    first_decisions: NDArray[np.bool_]
    second_decisions: NDArray[np.bool_]
    digest: str
    notes: tuple[str, ...] = ()

    @property
    def groups(self) -> NDArray[np.int64] | None:
        """The groups of the rows, as one side knows them."""
        return self.second.groups if self.first.groups is None else self.first.groups


def paired(first: Side, second: Side, labels: LabelSet, notes: Sequence[str] = ()) -> Compared:
    """Return both sides as arrays.

    Raises:
        DataError: they have different rows; the message says where they first differ.
    """
    digest = first.digest()
    if digest != second.digest():
        raise DataError(*_difference(first, second))
    targets, ours, theirs = (labels.targets(names) for names in (first.gold, first.predicted, second.predicted))
    return Compared(first, second, labels, targets, ours, theirs, digest, tuple(notes))


def _difference(first: Side, second: Side) -> list[str]:
    """Return the lines of a message on the first difference of the rows."""
    for row, (text, other) in enumerate(zip(first.texts, second.texts, strict=False)):
        where = f"line {first.lines[row]} of {first.file} and line {second.lines[row]} of {second.file}"
        if text != other:
            return [
                f"A and B have different rows: {where} have the texts {_shown(text)} and {_shown(other)}.",
                _advice(first, second),
            ]
        if first.gold[row] != second.gold[row]:
            labels = " and ".join(repr("|".join(side.gold[row])) for side in (first, second))
            return [
                f"A and B have different rows: {where} have the same text, but the true labels {labels}.",
                "Score both on the same file.",
            ]
    more, fewer = (first, second) if len(first.texts) > len(second.texts) else (second, first)
    return [
        f"A and B have different rows: {first.file} has {counted(len(first.texts), 'row')} to compare, {second.file} "
        f"has {len(second.texts):,}. The first that is missing is line {more.lines[len(fewer.texts)]} of {more.file}.",
        "Score both on the same file.",
    ]


def _advice(first: Side, second: Side) -> str:
    first_rows, second_rows = (Counter(zip(side.texts, side.gold, strict=True)) for side in (first, second))
    if first_rows == second_rows:
        return "They have the same rows in another order: sort both in the same way."
    num_shared = (first_rows & second_rows).total()
    return f"They share {counted(num_shared, 'row')}. Score both on the same file."


def _shown(text: str) -> str:
    return repr(text if len(text) <= MAX_CHARACTERS_SHOWN else f"{text[:MAX_CHARACTERS_SHOWN]}...")
