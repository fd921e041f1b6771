"""Scores of ordered labels: quadratic weighted kappa (QWK) and the mean distance of ranks (MAE).

QWK is 1 - N / D, where N is the mean squared distance of the ranks of predicted and true labels, and D what it would be
if predictions with the same frequencies were dealt out at random. Ranks are places in the order of all labels, whether
rows have them or not. Source: Cohen 1968, "Weighted kappa: nominal scale agreement with provision for scaled
disagreement or partial credit".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import EvaluationSettings
from lstmcli.metrics.estimates import Estimate, defined_estimates
from lstmcli.metrics.scores import BOOTSTRAP_SEED, Floats, RowStatistics, bootstrap_sums

Decisions = NDArray[np.bool_]

RANK_SCORES = ("qwk", "mae")


@dataclass(frozen=True)
class RankScores:
    """The scores of one system.

    Attributes:
        system: its name.
        qwk: None where it is not defined: all rows have one label, and all predictions are it.
        mae: in ranks; None where no row has a prediction.
        qwk_difference: QWK of the model less this; None for the model itself.
        mae_difference: MAE of the model less this; negative if the model is better.
    """

    system: str
    qwk: Estimate | None
    mae: Estimate | None
    qwk_difference: Estimate | None = None
    mae_difference: Estimate | None = None


def rank_statistics(targets: Decisions, decisions: Decisions) -> RowStatistics:
    """Return what `rank_scores_from_sums` needs, from (rows, labels) each; a row without a predicted label is left out.

    The columns are, for each label, predicted and actual; then the squared and the absolute distance, and 1.
    """
    is_used = decisions.any(axis=1)
    distances = np.where(is_used, np.abs(targets.argmax(axis=1) - decisions.argmax(axis=1)), 0).astype(np.float64)
    actual = targets & np.asarray(is_used)[:, None]
    values = np.column_stack([decisions, actual, np.square(distances), distances, is_used]).astype(np.float64)
    return RowStatistics(values, np.atleast_1d(targets.any(axis=0)))


def rank_scores_from_sums(sums: Floats) -> dict[str, Floats]:
    """Return QWK and MAE, (samples,) each, NaN where one is not defined, from sums over rows (samples, columns)."""
    num_labels = (sums.shape[1] - 3) // 2
    predicted, actual = sums[:, :num_labels], sums[:, num_labels : 2 * num_labels]
    squares, distances, counts = sums[:, -3:].T
    ranks = np.arange(num_labels)
    by_chance = ((actual @ np.square(ranks[:, None] - ranks).astype(np.float64)) * predicted).sum(axis=1)
    undefined = np.full(len(sums), np.nan)
    ratio = np.divide(squares * counts, by_chance, out=undefined.copy(), where=by_chance > 0.0)
    return {"qwk": 1.0 - ratio, "mae": np.divide(distances, counts, out=undefined, where=counts > 0.0)}


def rank_scores(
    targets: Decisions,
    decisions: Mapping[str, Decisions],
    settings: EvaluationSettings,
    groups: NDArray[np.int64] | None = None,
) -> tuple[RankScores, ...]:
    """Return the scores of systems, the model first, over the resamples of all other scores.

    Args:
        targets: (rows, labels), the labels in their order.
        decisions: by system, (rows, labels).
        settings: of the bootstrap.
        groups: see `bootstrap_sums`.
    """
    confidence = settings.confidence
    statistics = [rank_statistics(targets, each) for each in decisions.values()]
    sums = bootstrap_sums(statistics, num_samples=settings.bootstrap_samples, seed=BOOTSTRAP_SEED, clusters=groups)
    points = [rank_scores_from_sums(each.values.sum(axis=0, keepdims=True)) for each in statistics]
    samples = [rank_scores_from_sums(each) for each in sums]

    def estimated(value: Floats, drawn: Floats) -> Estimate | None:
        return defined_estimates(value, drawn[:, None], confidence)[0]

    found = []
    for number, (name, point, drawn) in enumerate(zip(decisions, points, samples, strict=True)):
        own = [estimated(point[score], drawn[score]) for score in RANK_SCORES]
        less = [estimated(points[0][score] - point[score], samples[0][score] - drawn[score]) for score in RANK_SCORES]
        found.append(RankScores(name, *own, *(less if number else ())))
    return tuple(found)
