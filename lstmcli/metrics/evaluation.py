"""One evaluation: a model and its yardsticks on the same rows, every figure with its interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import SCORES_BY_KIND, EvaluationSettings
from lstmcli.metrics.reliability import calibration_error
from lstmcli.metrics.scores import (
    DEFAULT_SCORE,
    LOWER_IS_BETTER,
    RowStatistics,
    bootstrap_sums,
    point_scores,
    row_statistics,
    scores_from_sums,
)

# Score name -> (samples,), or (samples, labels) for those of each label.
Scores = dict[str, NDArray[np.float64]]

# Fixed, so that the same predictions always give the same intervals.
BOOTSTRAP_SEED = 20_000


@dataclass(frozen=True)
class System:
    """What one system made of the rows, (rows, labels) each.

    `uncalibrated` are its probabilities before temperature scaling, if it knows them.
    """

    name: str
    decisions: NDArray[np.bool_]
    probabilities: NDArray[np.floating]
    uncalibrated: NDArray[np.floating] | None = None


@dataclass(frozen=True)
class Calibration:
    """Expected calibration errors of a system, before temperature scaling where that is known."""

    error: float
    error_before: float | None


@dataclass(frozen=True)
class Estimate:
    """A figure and its bootstrap percentile interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LabelScores:
    """The scores of one label as a yes or no. `support` rows have it, `picked` rows were given it."""

    label: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    accuracy: Estimate
    support: int
    picked: int


@dataclass(frozen=True)
class Comparison:
    """The model against one other system, in the main score: the difference is positive where the model is better."""

    other: str
    score: str
    difference: Estimate

    @property
    def verdict(self) -> str:
        """Return "better" or "worse" when the whole interval says so, else "not distinguishable"."""
        if self.difference.low > 0:
            return "better"
        return "worse" if self.difference.high < 0 else "not distinguishable"


@dataclass(frozen=True)
class FoldScore:
    """One system's main score on each fold, and the mean of them with its interval."""

    system: str
    values: list[float]
    mean: Estimate


@dataclass(frozen=True)
class Evaluation:
    """All that a report shows.

    Attributes:
        name: of the rows, such as a file name.
        kind: of the labels.
        num_rows: rows that were scored.
        num_groups: of these rows, drawn whole by the bootstrap; None: rows were drawn one by one.
        confidence: of every interval, such as 0.95.
        main_score: the name of the score that systems are compared in.
        scores: system name -> score name -> estimate; the first system is the model.
        labels: system name -> its scores label by label.
        confusion: "single": (labels, labels) counts, actual in rows, predicted in columns. Otherwise (labels, 4): true
            positives, false positives, false negatives, true negatives.
        calibration: system name -> how honest its probabilities are.
        comparisons: the model against each other system.
        is_tuned_on: whether these rows also chose the epoch, the temperature and the thresholds, which flatters the
            model.
        notes: sentences that a reader of the figures must know, such as which rows are not among them.
        folds: one for each system where the rows were predicted fold by fold, each row by a model that never saw it.
    """

    name: str
    kind: LabelKind
    num_rows: int
    num_groups: int | None
    confidence: float
    main_score: str
    scores: dict[str, dict[str, Estimate]]
    labels: dict[str, list[LabelScores]]
    confusion: list[list[int]]
    calibration: dict[str, Calibration]
    comparisons: list[Comparison]
    is_tuned_on: bool
    notes: tuple[str, ...] = ()
    folds: tuple[FoldScore, ...] = ()


def evaluate(
    name: str,
    systems: list[System],
    targets: NDArray[np.bool_],
    label_names: tuple[str, ...],
    kind: LabelKind,
    settings: EvaluationSettings,
    *,
    is_tuned_on: bool = False,
    groups: NDArray[np.int64] | None = None,
) -> Evaluation:
    """Score `systems`, the model first, against `targets` (rows, labels).

    All systems share the bootstrap's resamples, so comparisons are paired. They are of rows, or of `groups`, (rows,)
    numbers from 0.
    """
    num_groups = None if groups is None else int(groups.max()) + 1
    statistics = [row_statistics(targets, system.decisions, system.probabilities, kind) for system in systems]
    sums = bootstrap_sums(statistics, num_samples=settings.bootstrap_samples, seed=BOOTSTRAP_SEED, clusters=groups)
    points = [point_scores(one) for one in statistics]
    samples = [scores_from_sums(one, statistics[0].counted_labels) for one in sums]
    scores = {
        system.name: {
            score: _estimate(point[score][0], sample[score], settings.confidence) for score in SCORES_BY_KIND[kind]
        }
        for system, point, sample in zip(systems, points, samples, strict=True)
    }
    return Evaluation(
        name=name,
        kind=kind,
        num_rows=len(targets),
        num_groups=num_groups,
        confidence=settings.confidence,
        main_score=DEFAULT_SCORE[kind],
        scores=scores,
        labels={
            system.name: _label_scores(label_names, one, point, sample, settings.confidence)
            for system, one, point, sample in zip(systems, statistics, points, samples, strict=True)
        },
        confusion=confusion(targets, systems[0].decisions, kind).tolist(),
        calibration={system.name: _calibration(system, targets, kind) for system in systems},
        comparisons=[
            _comparison(other.name, DEFAULT_SCORE[kind], points[0], point, samples[0], sample, settings.confidence)
            for other, point, sample in zip(systems[1:], points[1:], samples[1:], strict=True)
        ],
        is_tuned_on=is_tuned_on,
    )


def _comparison(
    other: str,
    score: str,
    point: Scores,
    other_point: Scores,
    samples: Scores,
    other_samples: Scores,
    confidence: float,
) -> Comparison:
    sign = -1.0 if score in LOWER_IS_BETTER else 1.0
    value = sign * (point[score][0] - other_point[score][0])
    return Comparison(other, score, _estimate(value, sign * (samples[score] - other_samples[score]), confidence))


def _calibration(system: System, targets: NDArray[np.bool_], kind: LabelKind) -> Calibration:
    before = None if system.uncalibrated is None else calibration_error(targets, system.uncalibrated, kind)
    return Calibration(calibration_error(targets, system.probabilities, kind), before)


def confusion(targets: NDArray[np.bool_], decisions: NDArray[np.bool_], kind: LabelKind) -> NDArray[np.int64]:
    """Return the counts that `Evaluation.confusion` describes. A row without a decision counts in no column."""
    actual, picked = targets.astype(np.int64), decisions.astype(np.int64)
    if kind == "single":
        return actual.T @ picked
    both = (actual * picked).sum(axis=0)
    only_picked, only_actual = picked.sum(axis=0) - both, actual.sum(axis=0) - both
    counts: NDArray[np.int64] = np.column_stack(
        [both, only_picked, only_actual, len(actual) - both - only_picked - only_actual]
    )
    return counts


def _label_scores(
    names: tuple[str, ...],
    statistics: RowStatistics,
    point: Scores,
    samples: Scores,
    confidence: float,
) -> list[LabelScores]:
    sums = statistics.values.sum(axis=0).astype(int)
    num_labels = len(names)

    def estimate(score: str, label: int) -> Estimate:
        return _estimate(point[score][0, label], samples[score][:, label], confidence)

    return [
        LabelScores(
            label=name,
            precision=estimate("precision", index),
            recall=estimate("recall", index),
            f1=estimate("f1", index),
            accuracy=estimate("label_accuracy", index),
            support=int(sums[2 * num_labels + index]),
            picked=int(sums[num_labels + index]),
        )
        for index, name in enumerate(names)
    ]


def _estimate(value: float, samples: NDArray[np.float64], confidence: float) -> Estimate:
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(samples, [tail, 1.0 - tail])
    return Estimate(float(value), float(low), float(high))
