"""The curves of a report: calibration, risk against coverage, and what each threshold would give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.decisions import decision_scores
from lstmcli.metrics.reliability import ReliabilityBin, reliability_bins

# Fractions of the rows that are kept, for the curve of risk.
RISK_COVERAGES = tuple(round(0.05 * step, 2) for step in range(1, 21))

# Thresholds that are tried, and the number of labels, the most frequent ones, for which they are.
CURVE_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
MAX_CURVE_LABELS = 100


@dataclass(frozen=True)
class RiskPoint:
    """The `coverage` most confident fraction of the rows, and the fraction of them that is wrong in some label."""

    coverage: float
    risk: float


@dataclass(frozen=True)
class ThresholdCurve:
    """Precision and recall of a label at each of CURVE_THRESHOLDS; None where no row reaches the threshold."""

    label: str
    precision: list[float | None]
    recall: list[float]


@dataclass(frozen=True)
class Curves:
    """The curves of a model on some rows.

    Attributes:
        reliability: see `reliability_bins`.
        risk: one point for each of RISK_COVERAGES.
        thresholds: the most frequent labels, in their order; empty for "single".
    """

    reliability: list[ReliabilityBin]
    risk: list[RiskPoint]
    thresholds: list[ThresholdCurve]


def curves_of(
    targets: NDArray[np.bool_],
    decisions: NDArray[np.bool_],
    probabilities: NDArray[np.floating],
    names: tuple[str, ...],
    kind: LabelKind,
) -> Curves:
    """Return the curves; all three arrays are (rows, labels)."""
    return Curves(
        reliability_bins(targets, probabilities, kind),
        risk_points(targets, decisions, probabilities),
        [] if kind == "single" else threshold_curves(targets, probabilities, names),
    )


def risk_points(
    targets: NDArray[np.bool_], decisions: NDArray[np.bool_], probabilities: NDArray[np.floating]
) -> list[RiskPoint]:
    """Return a point for each of RISK_COVERAGES.

    Rows of the same confidence can't be told apart, so each counts as wrong as often as they are on average.
    """
    confidence = decision_scores(probabilities, decisions)
    wrong = (targets != decisions).any(axis=1).astype(np.float64)
    _, level = np.unique(-confidence, return_inverse=True)
    expected = (np.bincount(level, weights=wrong) / np.bincount(level))[level]
    num_wrong = np.cumsum(expected[np.argsort(level, kind="stable")])
    kept = [max(1, int(np.ceil(coverage * len(wrong) - 1e-9))) for coverage in RISK_COVERAGES]
    return [
        RiskPoint(coverage, float(num_wrong[number - 1] / number))
        for coverage, number in zip(RISK_COVERAGES, kept, strict=True)
    ]


def threshold_curves(
    targets: NDArray[np.bool_], probabilities: NDArray[np.floating], names: tuple[str, ...]
) -> list[ThresholdCurve]:
    """Return the curves of the MAX_CURVE_LABELS most frequent labels that occur."""
    support = targets.sum(axis=0)
    frequent = np.sort(np.argsort(-support, kind="stable")[:MAX_CURVE_LABELS])
    return [
        _threshold_curve(names[label], targets[:, label], probabilities[:, label])
        for label in frequent.tolist()
        if support[label]
    ]


def _threshold_curve(name: str, targets: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> ThresholdCurve:
    picked = probabilities[:, None] >= np.array(CURVE_THRESHOLDS)
    right = (picked & targets[:, None]).sum(axis=0)
    num_picked = picked.sum(axis=0).tolist()
    precision = [float(hits / number) if number else None for hits, number in zip(right, num_picked, strict=True)]
    return ThresholdCurve(name, precision, (right / targets.sum()).tolist())
