"""One answer for each person, from what a model says about each of their texts.

The log probabilities (one label per text) or log odds (labels decided one by one) of a person's texts are averaged. A
mean is not sure of itself just because there are many texts: texts of a person are anything but independent.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.decisions import DecisionRule, probabilities_from_logits
from lstmcli.metrics.estimates import Estimate, estimate

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

# Probabilities are kept so far from 0 and 1, so that one text does not outweigh all others.
LEAST = 1e-6

# The quantile of Student's t for an interval of 95%, for 1 to 30 degrees of freedom, and beyond.
_FEW = 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131
_MORE = 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042, 1.960
T_QUANTILES = np.array([*_FEW, *_MORE])

# How many texts of a person are tried, up to those that there are, and how often texts are drawn.
NUMBERS = (1, 2, 5, 10, 20, 50, 100)
NUM_DRAWS = 20
SEED = 50_000


def evidence(probabilities: NDArray[np.floating], kind: LabelKind) -> Floats:
    """Return what is averaged over the texts of a person, (texts, labels)."""
    clipped = np.clip(probabilities.astype(np.float64), LEAST, 1.0 - LEAST)
    return np.log(clipped) if kind == "single" else _log_odds(clipped)


def _log_odds(probabilities: Floats) -> Floats:
    return np.asarray(np.log(probabilities) - np.log1p(-probabilities))


def pooled(probabilities: NDArray[np.floating], people: Numbers, kind: LabelKind) -> Floats:
    """Return the probabilities of each person, (people, labels).

    Args:
        probabilities: (texts, labels).
        people: (texts,), the number of each text's author, from 0; each number has a text.
        kind: of the labels.
    """
    means = mean_by(evidence(probabilities, kind), people)
    return probabilities_from_logits(means, kind)


def mean_by(values: Floats, people: Numbers) -> Floats:
    """Return the mean of the rows of each person, (texts, ...) -> (people, ...)."""
    num_people = int(people.max()) + 1
    sums = np.zeros((num_people, *values.shape[1:]))
    np.add.at(sums, people, values)
    counts = np.bincount(people, minlength=num_people)
    return np.asarray(sums / counts.reshape(-1, *[1] * (values.ndim - 1)))


def mean_known_by(values: Floats, people: Numbers) -> Floats:
    """Return the mean of the known numbers of each person, (texts, scores) -> (people, scores); NaN without any."""
    is_known = ~np.isnan(values)
    known = mean_by(is_known.astype(np.float64), people)
    means = mean_by(np.where(is_known, values, 0.0), people)
    return np.where(known > 0.0, means / np.where(known > 0.0, known, 1.0), np.nan)


@dataclass(frozen=True)
class PooledPeople:
    """Answers for people.

    Attributes:
        probabilities: (people, labels); of a model of scores, the scores.
        low: (people, labels), the lower end of an interval of 95% over the texts of each person; NaN for one text.
        high: the upper end.
    """

    probabilities: Floats
    low: Floats
    high: Floats


class Pool:
    """Adds up evidence on people, text by text, in memory that grows with the people alone."""

    def __init__(self, num_labels: int, kind: LabelKind) -> None:
        self._kind = kind
        self._sums = np.zeros((3, 0, num_labels))  # of the evidence, of log odds, and of their squares
        self.counts: Numbers = np.zeros(0, dtype=np.int64)

    def add(self, probabilities: Floats, people: Numbers) -> None:
        """Add texts: (texts, labels), and the number of each one's author, (texts,)."""
        most = int(people.max(initial=-1)) + 1
        missing = most - len(self.counts)
        if missing > 0:
            self._sums = np.pad(self._sums, ((0, 0), (0, missing), (0, 0)))
            self.counts = np.pad(self.counts, (0, missing))
        odds = _log_odds(np.clip(probabilities, LEAST, 1.0 - LEAST))
        for sums, values in zip(self._sums, (evidence(probabilities, self._kind), odds, odds**2), strict=True):
            np.add.at(sums, people, values)
        self.counts += np.bincount(people, minlength=len(self.counts))

    def answers(self) -> PooledPeople:
        """Return the answers for all people, in order."""
        counts = self.counts[:, None]
        means, odds, squares = self._sums / counts
        probabilities = probabilities_from_logits(means, self._kind)
        spread = np.sqrt(np.maximum(squares - odds**2, 0.0) / np.maximum(counts - 1, 1))
        quantile = T_QUANTILES[np.clip(self.counts - 2, 0, len(T_QUANTILES) - 1)][:, None]
        margin = np.where(counts > 1, quantile * spread, np.nan)
        centre = _log_odds(np.clip(probabilities, LEAST, 1.0 - LEAST))
        low, high = (probabilities_from_logits(end, "multi") for end in (centre - margin, centre + margin))
        return PooledPeople(probabilities, low, high)


class ScorePool:
    """Adds up the scores of people, as `Pool` does; their answers are means, and not probabilities."""

    def __init__(self, num_scores: int) -> None:
        self._sums = np.zeros((2, 0, num_scores))  # of scores and of their squares
        self._first = np.zeros((0, num_scores))  # of each person, from which all others are counted
        self.counts: Numbers = np.zeros(0, dtype=np.int64)

    def add(self, scores: Floats, people: Numbers) -> None:
        """Add texts: (texts, scores), and the number of each one's author, (texts,)."""
        most = int(people.max(initial=-1)) + 1
        missing = most - len(self.counts)
        if missing > 0:
            self._sums = np.pad(self._sums, ((0, 0), (0, missing), (0, 0)))
            self._first = np.pad(self._first, ((0, missing), (0, 0)))
            self.counts = np.pad(self.counts, (0, missing))
        numbers, rows = np.unique(people, return_index=True)
        is_new = self.counts[numbers] == 0
        self._first[numbers[is_new]] = scores[rows[is_new]]
        centred = scores - self._first[people]
        for sums, values in zip(self._sums, (centred, centred**2), strict=True):
            np.add.at(sums, people, values)
        self.counts += np.bincount(people, minlength=len(self.counts))

    def answers(self) -> PooledPeople:
        """Return the answers for all people, in order."""
        counts = self.counts[:, None]
        means, squares = self._sums / counts
        spread = np.sqrt(np.maximum(squares - means**2, 0.0) / np.maximum(counts - 1, 1))
        quantile = T_QUANTILES[np.clip(self.counts - 2, 0, len(T_QUANTILES) - 1)][:, None]
        margin = np.where(counts > 1, quantile * spread, np.nan)
        values = self._first + means
        return PooledPeople(values, values - margin, values + margin)


@dataclass(frozen=True)
class MoreTexts:
    """How an answer for a person gains from more of their texts.

    Accuracy is that of a label, or the mean over yes/no columns.

    Attributes:
        num_people: number of people.
        num_texts: the median number of texts of a person.
        mean_texts: the mean number.
        one: accuracy from a single text, the mean over all texts of a person.
        all: accuracy from all texts of a person.
        gain: the latter minus the former.
        curve: accuracy from so many texts of a person, or from all if there are fewer, drawn at random.
    """

    num_people: int
    num_texts: float
    mean_texts: float
    one: Estimate
    all: Estimate
    gain: Estimate
    curve: tuple[tuple[int, Estimate], ...]


def more_texts(
    probabilities: NDArray[np.floating],
    decisions: NDArray[np.bool_],
    targets: NDArray[np.bool_],
    people: Numbers,
    rule: DecisionRule,
    *,
    num_samples: int,
    confidence: float,
) -> MoreTexts:
    """Compare answers from one text and from several; the bootstrap draws people.

    Args:
        probabilities: (texts, labels).
        decisions: (texts, labels), on single texts.
        targets: (texts, labels), the same for all texts of a person.
        people: (texts,), from 0.
        rule: decides about people, too.
        num_samples: number of bootstrap samples.
        confidence: of the intervals.
    """
    values, sizes = evidence(probabilities, rule.kind), np.bincount(people)
    of_person = targets[np.unique(people, return_index=True)[1]]
    draws = np.random.default_rng(SEED).integers(len(sizes), size=(num_samples, len(sizes)))

    def interval(right: Floats) -> Estimate:
        return estimate(float(right.mean()), right[draws].mean(axis=1), confidence)

    def right_with(rows: Numbers) -> Floats:
        found = rule.decide(probabilities_from_logits(mean_by(values[rows], people[rows]), rule.kind))
        return _right(found, of_person, rule.kind)

    one = mean_by(_right(decisions, targets, rule.kind), people)
    everything = right_with(np.arange(len(people)))
    generator = np.random.default_rng(SEED)
    curve = []
    for number in NUMBERS[1:]:
        if number >= sizes.max():
            break
        drawn = [right_with(_drawn(people, number, generator)) for _ in range(NUM_DRAWS)]
        curve.append((number, interval(np.mean(drawn, axis=0))))
    return MoreTexts(
        len(sizes),
        float(np.median(sizes)),
        float(sizes.mean()),
        interval(one),
        interval(everything),
        interval(everything - one),
        tuple(curve),
    )


def _right(decisions: NDArray[np.bool_], targets: NDArray[np.bool_], kind: LabelKind) -> Floats:
    same = decisions == targets
    return np.asarray(same.all(axis=1) if kind == "single" else same.mean(axis=1), dtype=np.float64)


def _drawn(people: Numbers, number: int, generator: np.random.Generator) -> Numbers:
    """Return `number` random texts of each person, or all if there are fewer."""
    order = np.lexsort((generator.random(len(people)), people))
    sizes = np.bincount(people)
    place = np.arange(len(people)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[place < number]
