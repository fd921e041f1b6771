"""Evaluation of predicted numbers: a model and its baselines on the same rows, every figure with an interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import SCORES_BY_KIND, EvaluationSettings
from lstmcli.metrics.estimates import Estimate, defined_estimate
from lstmcli.metrics.evaluation import Comparison, FoldScore
from lstmcli.metrics.score_metrics import agreement_from_sums, agreement_statistics, mean_defined, point_agreement
from lstmcli.metrics.score_slices import ScoreSlicing
from lstmcli.metrics.scores import BOOTSTRAP_SEED, bootstrap_sums

Floats = NDArray[np.float64]

FIGURES = SCORES_BY_KIND["scores"]

# Systems are compared in R2, not in r: r is not defined for the mean, the baseline that matters most, and it forgives
# predictions that are too high throughout or on the wrong scale.
MAIN_FIGURE = "r2"


@dataclass(frozen=True)
class ScoreSystem:
    """The predictions of one system, (rows, scores); `added_to_ngrams`: see `Comparison`."""

    name: str
    values: Floats
    added_to_ngrams: str = ""


@dataclass(frozen=True)
class OneScore:
    """The figures of one score on the rows that have it; None where one is not defined."""

    name: str
    num_rows: int
    r: Estimate | None
    rmse: Estimate | None
    mae: Estimate | None
    r2: Estimate | None
    ccc: Estimate | None


@dataclass(frozen=True)
class IntervalCoverage:
    """How often prediction intervals held the truth.

    Attributes:
        asked: the coverage that was asked for.
        name: of the score.
        covered: the fraction of rows whose truth is in the interval; None without rows or intervals.
        width: of an interval; None if there is none.
    """

    asked: float
    name: str
    covered: float | None
    width: float | None


@dataclass(frozen=True)
class ScoreEvaluation:
    """All results that a report of scores shows.

    Attributes:
        name: of the rows, such as a file name.
        kind: "scores".
        num_rows: number of rows.
        num_groups: number of groups of rows that the bootstrap resampled as a whole; None: it resampled rows.
        confidence: of every bootstrap interval, such as 0.95.
        main_score: the name of the figure in which systems are compared.
        scores: system name -> figure -> mean over the scores for which it is defined, or None; the model comes first.
        each_score: system name -> the figures of each score.
        comparisons: the model with each other system.
        intervals: how often the model's prediction intervals hold the truth.
        is_tuned_on: whether the epoch and the mixture were chosen on these rows, and the intervals computed from them.
        notes: sentences that readers of the figures need to know, such as which rows were excluded.
        folds: one per system, if the rows were predicted by cross-validation.
        slices: the model on parts of the rows, if that was asked for.
    """

    name: str
    kind: str
    num_rows: int
    num_groups: int | None
    confidence: float
    main_score: str
    scores: dict[str, dict[str, Estimate | None]]
    each_score: dict[str, list[OneScore]]
    comparisons: list[Comparison]
    intervals: list[IntervalCoverage]
    is_tuned_on: bool
    notes: tuple[str, ...] = ()
    folds: tuple[FoldScore, ...] = ()
    slices: tuple[ScoreSlicing, ...] = ()


def evaluate_scores(
    name: str,
    systems: list[ScoreSystem],
    targets: Floats,
    names: tuple[str, ...],
    settings: EvaluationSettings,
    *,
    is_tuned_on: bool = False,
    groups: NDArray[np.int64] | None = None,
    intervals: list[IntervalCoverage] | None = None,
) -> ScoreEvaluation:
    """Score `systems`, the model first, against `targets` (rows, scores), NaN where a row lacks a score.

    All systems share the resamples of the bootstrap, so comparisons are paired. Resamples are drawn from the rows, or
    from `groups`, the group number of each row, (rows,), from 0.
    """
    statistics = [agreement_statistics(targets, system.values) for system in systems]
    sums = bootstrap_sums(statistics, num_samples=settings.bootstrap_samples, seed=BOOTSTRAP_SEED, clusters=groups)
    points = [point_agreement(each) for each in statistics]
    samples = [agreement_from_sums(each, len(names)) for each in sums]
    num_rows = statistics[0].values[:, : len(names)].sum(axis=0).astype(int).tolist()
    counted = ~np.isnan(points[0][MAIN_FIGURE])
    pairs = [
        (_mean(point, counted), _mean_samples(drawn, counted)) for point, drawn in zip(points, samples, strict=True)
    ]
    return ScoreEvaluation(
        name=name,
        kind="scores",
        num_rows=len(targets),
        num_groups=None if groups is None else int(groups.max()) + 1,
        confidence=settings.confidence,
        main_score=MAIN_FIGURE,
        scores={
            system.name: _means(point, drawn, settings.confidence)
            for system, point, drawn in zip(systems, points, samples, strict=True)
        },
        each_score={
            system.name: _each(names, num_rows, point, drawn, settings.confidence)
            for system, point, drawn in zip(systems, points, samples, strict=True)
        },
        comparisons=[
            Comparison(other.name, MAIN_FIGURE, difference, other.added_to_ngrams)
            for other, pair in zip(systems[1:], pairs[1:], strict=True)
            if (difference := _difference(pairs[0], pair, settings.confidence)) is not None
        ],
        intervals=intervals or [],
        is_tuned_on=is_tuned_on,
    )


def _mean(point: dict[str, Floats], counted: NDArray[np.bool_]) -> float:
    return float(mean_defined(point[MAIN_FIGURE][None], counted)[0])


def _mean_samples(drawn: dict[str, Floats], counted: NDArray[np.bool_]) -> Floats:
    return mean_defined(drawn[MAIN_FIGURE], counted)


def _difference(ours: tuple[float, Floats], theirs: tuple[float, Floats], confidence: float) -> Estimate | None:
    return defined_estimate(ours[0] - theirs[0], ours[1] - theirs[1], confidence)


def _means(point: dict[str, Floats], drawn: dict[str, Floats], confidence: float) -> dict[str, Estimate | None]:
    found: dict[str, Estimate | None] = {}
    for figure in FIGURES:
        counted = ~np.isnan(point[figure])
        value = float(mean_defined(point[figure][None], counted)[0])
        found[figure] = defined_estimate(value, mean_defined(drawn[figure], counted), confidence)
    return found


def _each(
    names: tuple[str, ...], num_rows: list[int], point: dict[str, Floats], drawn: dict[str, Floats], confidence: float
) -> list[OneScore]:
    return [
        OneScore(
            name,
            number,
            **{
                figure: defined_estimate(float(point[figure][at]), drawn[figure][:, at], confidence)
                for figure in FIGURES
            },
        )
        for at, (name, number) in enumerate(zip(names, num_rows, strict=True))
    ]
