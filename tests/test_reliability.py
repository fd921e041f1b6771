"""Calibration errors against a hand-counted table and against probabilities that are right by construction."""

import numpy as np
import pytest

from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.evaluation import System, evaluate
from lstmcli.metrics.reliability import calibration_error, without_temperature
from tests.test_metrics import FEW_SAMPLES, one_hot


def test_the_calibration_error_of_a_hand_counted_table() -> None:
    """Bins of 1/15: 0.91 and 0.92 share one (1 of 2 right), 0.70 is alone (right)."""
    probabilities = np.array([[0.91, 0.09], [0.92, 0.08], [0.3, 0.7]])
    targets = one_hot([0, 1, 1], 2)
    assert calibration_error(targets, probabilities, "single") == pytest.approx((abs(1.83 - 1) + abs(0.7 - 1)) / 3)
    # As yes or no: .91, .92 (1 true); .08, .09 (1 true); .3 (none); .7 (true).
    gaps = abs(1.83 - 1) + abs(0.17 - 1) + 0.3 + 0.3
    assert calibration_error(targets, probabilities, "multi") == pytest.approx(gaps / 6)
    assert calibration_error(targets, targets.astype(float), "multi") == 0.0


def test_only_the_most_probable_label_of_a_row_counts_where_there_is_one() -> None:
    probabilities = np.array([[0.91, 0.06, 0.03], [0.92, 0.05, 0.03], [0.2, 0.7, 0.1]])
    targets = one_hot([0, 1, 1], 3)
    assert calibration_error(targets, probabilities, "single") == pytest.approx((abs(1.83 - 1) + abs(0.7 - 1)) / 3)
    # As yes or no: .91, .92 (1 true); .06, .05, .03, .03 (1 true); .1 and .2 (none); .7 (true).
    gaps = abs(1.83 - 1) + abs(0.17 - 1) + 0.1 + 0.2 + 0.3
    for kind in ("multi", "traits"):
        assert calibration_error(targets, probabilities, kind) == pytest.approx(gaps / 9)
    single, multi = (
        evaluate("r", [System("m", targets, probabilities)], targets, ("a", "b", "c"), kind, FEW_SAMPLES).calibration[
            "m"
        ]
        for kind in ("single", "multi")
    )
    assert (single.error, multi.error) == (pytest.approx(1.13 / 3), pytest.approx(gaps / 9))


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_a_temperature_can_be_taken_back(kind: str) -> None:
    logits = np.random.default_rng(0).normal(size=(50, 3))
    scaled = probabilities_from_logits(logits, kind, temperature=1.7)
    np.testing.assert_allclose(without_temperature(scaled, kind, 1.7), probabilities_from_logits(logits, kind))


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_an_evaluation_says_how_calibrated_it_was_before(kind: str) -> None:
    generator = np.random.default_rng(0)
    probabilities = probabilities_from_logits(1.5 * generator.normal(size=(4000, 3)), kind)
    if kind == "single":
        targets = one_hot((probabilities.cumsum(axis=1) > generator.random((4000, 1))).argmax(axis=1).tolist(), 3)
    else:
        targets = generator.random((4000, 3)) < probabilities
    too_sure = without_temperature(probabilities, kind, 3.0)
    system = System("m", probabilities >= 0.5, probabilities, too_sure)
    found = evaluate("r", [system], targets, ("a", "b", "c"), kind, FEW_SAMPLES).calibration["m"]
    assert found.error < 0.03
    assert found.error_before is not None
    assert found.error_before > 3 * found.error
