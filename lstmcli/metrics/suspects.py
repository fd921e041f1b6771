"""Labels that are probably wrong, found by confident learning.

A row is counted as a label if its probability reaches the label's threshold: the mean probability that rows with this
label have for it. Rows that are given one label and counted as another are off the diagonal of the confident joint.
Source: Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels". The
probabilities must be those of models that have not been trained on the rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.scores import Floats

NUM_FIRST = 20


@dataclass(frozen=True)
class Suspect:
    """A label that is probably wrong.

    Attributes:
        file: the number of its file, from 1; None if there is one file.
        line: in the file.
        text: the whole of it.
        label: the label in doubt, if a text may have several; `given` and `suggested` are then YES or NO.
        given: the label in the file.
        suggested: what the model prefers.
        probability_given: of the given label.
        probability_suggested: of the suggested one.
        is_confident: whether it is off the diagonal of the confident joint.
    """

    file: int | None
    line: int
    text: str
    label: str
    given: str
    suggested: str
    probability_given: float
    probability_suggested: float
    is_confident: bool


YES, NO = "yes", "no"


@dataclass(frozen=True)
class Suspects:
    """What was found in the rows of an evaluation.

    Attributes:
        num_rows: rows with at least one label that could be judged.
        num_confident: suspects off the diagonal of the confident joint.
        num_listed: all suspects.
        num_skipped: labels that could not be judged, since the model of their fold does not know them.
        first: the most suspicious ones.
    """

    num_rows: int
    num_confident: int
    num_listed: int
    num_skipped: int
    first: tuple[Suspect, ...]


@dataclass(frozen=True)
class Doubts:
    """Suspects as arrays, (suspects,) each, the most suspicious first.

    Attributes:
        rows: their numbers.
        given: the column of the given label.
        suggested: the column of the suggested one.
        probability_given: of the given label.
        probability_suggested: of the suggested one.
        is_confident: see `Suspect`.
    """

    rows: NDArray[np.int64]
    given: NDArray[np.int64]
    suggested: NDArray[np.int64]
    probability_given: Floats
    probability_suggested: Floats
    is_confident: NDArray[np.bool_]

    @property
    def margins(self) -> Floats:
        """The probability of the given label minus that of the suggested one: the lower, the more suspicious."""
        return self.probability_given - self.probability_suggested


def doubts(targets: NDArray[np.bool_], probabilities: NDArray[np.floating], is_judged: NDArray[np.bool_]) -> Doubts:
    """Return the rows whose label is probably wrong: those off the diagonal first, and within both by their margin.

    Besides rows off the diagonal, these are all rows for which another label is more probable.

    Args:
        targets: (rows, labels), one label each.
        probabilities: (rows, labels).
        is_judged: (rows,), whether a row is to be judged; the others have no part in thresholds, either.
    """
    judged = np.flatnonzero(is_judged)
    given, values = targets[judged].argmax(axis=1), probabilities[judged].astype(np.float64)
    every = np.arange(len(judged))
    own = values[every, given]
    counts = np.bincount(given, minlength=values.shape[1])
    sums = np.bincount(given, weights=own, minlength=values.shape[1])
    thresholds = np.divide(sums, counts, out=np.full(len(counts), np.inf), where=counts > 0)
    counted = np.where(values >= thresholds, values, -1.0)
    is_confident = (counted.max(axis=1, initial=-1.0) >= 0.0) & (counted.argmax(axis=1) != given)
    others = values.copy()
    others[every, given] = -1.0
    suggested = np.where(is_confident, counted.argmax(axis=1), others.argmax(axis=1))
    other = values[every, suggested]
    chosen = np.flatnonzero(is_confident | (other > own))
    order = chosen[np.lexsort((chosen, (own - other)[chosen], ~is_confident[chosen]))]
    return Doubts(judged[order], given[order], suggested[order], own[order], other[order], is_confident[order])


def doubts_about_label(
    has_label: NDArray[np.bool_], probability: NDArray[np.floating], is_judged: NDArray[np.bool_]
) -> Doubts:
    """Return the same for one label among several, as a yes/no question; columns are 0 for no and 1 for yes.

    Args:
        has_label: (rows,).
        probability: (rows,), that a row has it.
        is_judged: (rows,).
    """
    yes = probability.astype(np.float64)
    return doubts(np.column_stack([~has_label, has_label]), np.column_stack([1.0 - yes, yes]), is_judged)
