"""Evaluation: a model and its baselines scored on the same rows, every score with a confidence interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import SCORES_BY_KIND, EvaluationSettings
from lstmcli.metrics.confusion import ConfusionCell, confusion_cells, confusion_matrix
from lstmcli.metrics.coverage import CoverageRow, coverage_rows
from lstmcli.metrics.curves import Curves, curves_of
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.metrics.estimates import Estimate, estimate, estimates
from lstmcli.metrics.further import FurtherScores, Sums, further_scores
from lstmcli.metrics.people import MoreTexts
from lstmcli.metrics.rank_scores import RankScores, rank_scores
from lstmcli.metrics.ranking import ranking_statistics
from lstmcli.metrics.reliability import calibration_error
from lstmcli.metrics.scores import (
    BOOTSTRAP_SEED,
    DEFAULT_SCORE,
    RowStatistics,
    bootstrap_sums,
    point_scores,
    row_statistics,
    scores_from_sums,
)
from lstmcli.metrics.slices import Slicing
from lstmcli.metrics.suspects import Suspects
from lstmcli.metrics.variants import VariantResult

# Score name -> (samples,), or (samples, labels) for per-label scores.
Scores = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class System:
    """The predictions of one system, (rows, labels) each.

    `uncalibrated` are its probabilities before temperature scaling, and `rule` is what made the decisions, if known.
    `added_to_ngrams`: see `Comparison`. `group_rule` decides about groups of rows, if it was chosen for them.
    """

    name: str
    decisions: NDArray[np.bool_]
    probabilities: NDArray[np.floating]
    uncalibrated: NDArray[np.floating] | None = None
    rule: DecisionRule | None = None
    added_to_ngrams: str = ""
    group_rule: DecisionRule | None = None


@dataclass(frozen=True)
class Calibration:
    """The expected calibration error of a system, and the error before temperature scaling, if known."""

    error: float
    error_before: float | None


@dataclass(frozen=True)
class LabelScores:
    """The scores of one label.

    `support` rows have the label, `picked` rows were predicted to have it. `threshold` is the probability from which on
    it is picked, None where there is none or not the same for all rows; `threshold_origin` says where it comes from.
    """

    label: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    accuracy: Estimate
    support: int
    picked: int
    threshold: float | None = None
    threshold_origin: str = ""


@dataclass(frozen=True)
class Comparison:
    """The model compared with another system in the main score, of which more is better.

    The difference is positive if the model is better. Where the other system is the model's own n-grams alone,
    `added_to_ngrams` says what else the model consists of, such as "network"; otherwise it is empty.
    """

    other: str
    score: str
    difference: Estimate
    added_to_ngrams: str = ""

    @property
    def verdict(self) -> str:
        """Return "better" or "worse" if the interval excludes 0, otherwise "not distinguishable"."""
        if self.difference.low > 0:
            return "better"
        return "worse" if self.difference.high < 0 else "not distinguishable"


@dataclass(frozen=True)
class FoldScore:
    """The main score of one system on each fold, and their mean with its interval."""

    system: str
    values: list[float]
    mean: Estimate


@dataclass(frozen=True)
class Evaluation:
    """All results that a report shows.

    Attributes:
        name: of the rows, such as a file name.
        kind: of the labels.
        num_rows: number of scored rows.
        num_groups: number of groups of rows that the bootstrap resampled as a whole; None: it resampled rows.
        confidence: of every interval, such as 0.95.
        main_score: the name of the score in which systems are compared.
        scores: system name -> score name -> estimate; the first system is the model.
        labels: system name -> its per-label scores.
        confusion: "single": (labels, labels) counts, actual in rows, predicted in columns; None for more than
            MAX_MATRIX_LABELS labels. Otherwise (labels, 4): true positives, false positives, false negatives, true
            negatives.
        confusion_cells: "single": the cells of that matrix that are not 0, for any number of labels. Otherwise empty.
        calibration: system name -> its calibration errors.
        comparisons: the model with each other system.
        coverage: scores of the model's most confident predictions.
        further: system name -> scores that allow for chance, and AUC.
        is_tuned_on: whether the epoch, the temperature and the thresholds were selected on these rows, which makes the
            scores of the model optimistic.
        notes: sentences that readers of the scores need to know, such as which rows were excluded.
        folds: one per system, if the rows were predicted by cross-validation.
        slices: the model on parts of the rows, if that was asked for.
        suspects: labels that are probably wrong, if that was asked for.
        variants: how predictions change when texts are changed, if that was asked for.
        curves: of the model; None in what an older release has stored.
        effects: the model on texts of different lengths, and of different numbers of unknown words, if known.
        more_texts: what more texts of a person bring, if that was asked for.
        ordered: how far off predictions are in the order of the labels, one per system; empty if they have none.
        num_seen: number of the texts that the model was trained or tuned on, counted once for each of these splits;
            None if that is unknown.
    """

    name: str
    kind: LabelKind
    num_rows: int
    num_groups: int | None
    confidence: float
    main_score: str
    scores: dict[str, dict[str, Estimate]]
    labels: dict[str, list[LabelScores]]
    confusion: list[list[int]] | None
    confusion_cells: list[ConfusionCell]
    calibration: dict[str, Calibration]
    comparisons: list[Comparison]
    coverage: list[CoverageRow]
    further: dict[str, FurtherScores]
    is_tuned_on: bool
    notes: tuple[str, ...] = ()
    folds: tuple[FoldScore, ...] = ()
    slices: tuple[Slicing, ...] = ()
    suspects: Suspects | None = None
    variants: tuple[VariantResult, ...] = ()
    curves: Curves | None = None
    effects: tuple[Slicing, ...] = ()
    more_texts: MoreTexts | None = None
    ordered: tuple[RankScores, ...] = ()
    num_seen: int | None = None


def evaluate(
    name: str,
    systems: list[System],
    targets: NDArray[np.bool_],
    label_names: tuple[str, ...],
    kind: LabelKind,
    settings: EvaluationSettings,
    *,
    is_tuned_on: bool = False,
    is_ordered: bool = False,
    groups: NDArray[np.int64] | None = None,
) -> Evaluation:
    """Score `systems`, the model first, against `targets` (rows, labels), of labels in an order if `is_ordered`.

    All systems share the resamples of the bootstrap, so comparisons are paired. Resamples are drawn from the rows, or
    from `groups`, the group number of each row, (rows,), from 0.
    """
    statistics = [row_statistics(targets, system.decisions, system.probabilities, kind) for system in systems]
    ranked = [] if kind == "single" else [ranking_statistics(targets, system.probabilities) for system in systems]
    both = [*statistics, *ranked]
    sums = bootstrap_sums(both, num_samples=settings.bootstrap_samples, seed=BOOTSTRAP_SEED, clusters=groups)
    further = _further(label_names, kind, both, sums, settings.confidence)
    sums = sums[: len(systems)]
    points = [point_scores(one) for one in statistics]
    samples = [scores_from_sums(one, statistics[0].counted_labels) for one in sums]
    scores = {
        system.name: {
            score: estimate(point[score][0], sample[score], settings.confidence) for score in SCORES_BY_KIND[kind]
        }
        for system, point, sample in zip(systems, points, samples, strict=True)
    }
    matrix = confusion_matrix(targets, systems[0].decisions, kind)
    return Evaluation(
        name=name,
        kind=kind,
        num_rows=len(targets),
        num_groups=None if groups is None else int(groups.max()) + 1,
        confidence=settings.confidence,
        main_score=DEFAULT_SCORE[kind],
        scores=scores,
        labels={
            system.name: _label_scores(label_names, system.rule, one, point, sample, settings.confidence)
            for system, one, point, sample in zip(systems, statistics, points, samples, strict=True)
        },
        confusion=None if matrix is None else matrix.tolist(),
        confusion_cells=confusion_cells(targets, systems[0].decisions, label_names) if kind == "single" else [],
        calibration={system.name: _calibration(system, targets, kind) for system in systems},
        comparisons=[
            _comparison(other, DEFAULT_SCORE[kind], points[0], point, samples[0], sample, settings.confidence)
            for other, point, sample in zip(systems[1:], points[1:], samples[1:], strict=True)
        ],
        coverage=coverage_rows(targets, systems[0].decisions, systems[0].probabilities, kind),
        further=dict(zip((system.name for system in systems), further, strict=True)),
        is_tuned_on=is_tuned_on,
        curves=curves_of(targets, systems[0].decisions, systems[0].probabilities, label_names, kind),
        ordered=_ranks(systems, targets, settings, groups) if is_ordered else (),
    )


def _ranks(
    systems: list[System],
    targets: NDArray[np.bool_],
    settings: EvaluationSettings,
    groups: NDArray[np.int64] | None,
) -> tuple[RankScores, ...]:
    return rank_scores(targets, {system.name: system.decisions for system in systems}, settings, groups)


def _further(
    names: tuple[str, ...],
    kind: LabelKind,
    statistics: list[RowStatistics],
    samples: list[NDArray[np.float64]],
    confidence: float,
) -> list[FurtherScores]:
    """Return the further scores of each system, whose statistics come first, and then, unless "single", its ranking."""
    sums = [Sums(one.values.sum(axis=0, keepdims=True), drawn) for one, drawn in zip(statistics, samples, strict=True)]
    if kind == "single":
        return [further_scores(names, kind, each, None, confidence) for each in sums]
    half = len(sums) // 2
    pairs = zip(sums[:half], sums[half:], strict=True)
    return [further_scores(names, kind, decided, ranked, confidence) for decided, ranked in pairs]


def _comparison(
    other: System,
    score: str,
    point: Scores,
    other_point: Scores,
    samples: Scores,
    other_samples: Scores,
    confidence: float,
) -> Comparison:
    value = point[score][0] - other_point[score][0]
    difference = estimate(value, samples[score] - other_samples[score], confidence)
    return Comparison(other.name, score, difference, other.added_to_ngrams)


def _calibration(system: System, targets: NDArray[np.bool_], kind: LabelKind) -> Calibration:
    before = None if system.uncalibrated is None else calibration_error(targets, system.uncalibrated, kind)
    return Calibration(calibration_error(targets, system.probabilities, kind), before)


def _label_scores(
    names: tuple[str, ...],
    rule: DecisionRule | None,
    statistics: RowStatistics,
    point: Scores,
    samples: Scores,
    confidence: float,
) -> list[LabelScores]:
    num_labels = len(names)
    _, picked, actual = statistics.values.sum(axis=0).astype(int)[: 3 * num_labels].reshape(3, num_labels).tolist()
    scores = ("precision", "recall", "f1", "label_accuracy")
    columns = [estimates(point[score][0], samples[score], confidence) for score in scores]
    thresholds: list[float | None] = [None] * num_labels
    if rule is not None and rule.kind != "single":
        thresholds = list(rule.thresholds.tolist())
    origins = (rule.origins if rule is not None else ()) or [""] * num_labels
    return [LabelScores(*row) for row in zip(names, *columns, actual, picked, thresholds, origins, strict=True)]
