"""Two systems on the same rows: against scipy, scikit-learn, loops, and tables counted by hand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    jaccard_score,
    matthews_corrcoef,
)

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.paired import compare, mcnemar_p_value

Decisions = NDArray[np.bool_]


@pytest.mark.parametrize(
    ("only_first", "only_second", "expected"),
    [(0, 0, 1.0), (1, 0, 1.0), (0, 5, 2 / 32), (5, 0, 2 / 32), (1, 4, 12 / 32), (3, 3, 1.0), (10, 2, 158 / 4096)],
)
def test_mcnemar_equals_tables_counted_by_hand(only_first: int, only_second: int, expected: float) -> None:
    assert mcnemar_p_value(only_first, only_second) == pytest.approx(expected, rel=1e-12)


def test_mcnemar_equals_the_binomial_test_of_scipy_for_all_small_and_some_large_tables() -> None:
    large = [(1000, 1100), (0, 900), (70_000, 71_000), (12, 3000), (500_000, 500_000)]
    for first, second in [*((a, b) for a in range(13) for b in range(13) if a + b), *large]:
        expected = binomtest(first, first + second, 0.5).pvalue
        assert mcnemar_p_value(first, second) == pytest.approx(expected, rel=1e-8, abs=1e-300), (first, second)


def random_decisions(seed: int, kind: LabelKind, num_rows: int, num_labels: int = 3) -> list[Decisions]:
    generator = np.random.default_rng(seed)
    if kind == "single":
        return [np.eye(num_labels, dtype=bool)[generator.integers(num_labels, size=num_rows)] for _ in range(3)]
    return [generator.random((num_rows, num_labels)) < 0.4 for _ in range(3)]


def test_scores_equal_scikit_learn() -> None:
    targets, first, second = random_decisions(1, "multi", 37)
    found = {each.score: each for each in compare(targets, first, second, "multi", num_samples=100).scores}
    oracles = {
        "accuracy": lambda each: accuracy_score(targets, each),
        "macro_f1": lambda each: f1_score(targets, each, average="macro"),
        "micro_f1": lambda each: f1_score(targets, each, average="micro"),
        "jaccard": lambda each: jaccard_score(targets, each, average="samples", zero_division=1.0),
        "macro_mcc": lambda each: np.mean([matthews_corrcoef(*pair) for pair in zip(targets.T, each.T, strict=True)]),
    }
    assert set(found) == set(oracles)
    for score, oracle in oracles.items():
        assert found[score].first == pytest.approx(oracle(first))
        assert found[score].second == pytest.approx(oracle(second))
        assert found[score].difference.value == pytest.approx(oracle(second) - oracle(first))


def test_scores_that_allow_for_chance_equal_scikit_learn() -> None:
    targets, first, second = random_decisions(3, "single", 41)
    found = {each.score: each for each in compare(targets, first, second, "single", num_samples=100).scores}
    for score, oracle in (("kappa", cohen_kappa_score), ("mcc", matthews_corrcoef)):
        expected = [oracle(targets.argmax(axis=1), each.argmax(axis=1)) for each in (first, second)]
        assert [found[score].first, found[score].second] == pytest.approx(expected)
    traits = random_decisions(4, "multi", 41)
    of_traits = {each.score: each for each in compare(*traits, "traits", num_samples=100).scores}
    expected = [
        np.mean([balanced_accuracy_score(*pair) for pair in zip(traits[0].T, each.T, strict=True)])
        for each in traits[1:]
    ]
    both = of_traits["macro_balanced_accuracy"]
    assert [both.first, both.second] == pytest.approx(expected)


def test_scores_that_are_not_defined_are_not_compared() -> None:
    """Where all rows have the same label, and it is always picked, chance reaches everything."""
    targets = np.tile([True, False], (9, 1))
    found = compare(targets, targets, targets, "single", num_samples=50)
    assert {each.score for each in found.scores} == {"accuracy", "macro_f1"}


def test_intervals_of_accuracy_equal_a_bootstrap_in_a_loop() -> None:
    targets, first, second = random_decisions(2, "single", 29)
    found = compare(targets, first, second, "single", num_samples=4000).scores[0]
    gain = (targets == second).all(axis=1).astype(float) - (targets == first).all(axis=1)
    generator = np.random.default_rng(7)
    means = [gain[generator.integers(29, size=29)].mean() for _ in range(4000)]
    assert found.difference.value == pytest.approx(gain.mean())
    step = 2 / 29  # the means are multiples of 1 / 29
    assert [found.difference.low, found.difference.high] == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=step)
    assert [found.narrow.low, found.narrow.high] == pytest.approx(np.quantile(means, [0.05, 0.95]), abs=step)
    assert found.difference.low <= found.narrow.low <= found.narrow.high <= found.difference.high


def test_swapping_the_systems_swaps_everything() -> None:
    targets, first, second = random_decisions(3, "traits", 31)
    ahead, back = compare(targets, first, second, "traits"), compare(targets, second, first, "traits")
    assert ahead.only_first.tolist() == back.only_second.tolist()
    assert ahead.only_second.tolist() == back.only_first.tolist()
    assert ahead.p_value == back.p_value
    for one, other in zip(ahead.scores, back.scores, strict=True):
        assert (one.first, one.second) == (other.second, other.first)
        assert one.difference.low == pytest.approx(-other.difference.high)
        assert one.narrow.high == pytest.approx(-other.narrow.low)


def test_a_system_compared_with_itself_differs_nowhere_and_is_equivalent_within_any_margin() -> None:
    targets, first, _ = random_decisions(4, "multi", 23)
    found = compare(targets, first, first, "multi")
    assert (found.p_value, len(found.only_first), len(found.only_second)) == (1.0, 0, 0)
    for each in found.scores:
        assert (each.difference.low, each.difference.high, each.verdict) == (0.0, 0.0, "not distinguishable")
        assert each.is_within(1e-9)


def test_flips_are_the_rows_that_a_loop_finds() -> None:
    targets, first, second = random_decisions(5, "multi", 41)
    found = compare(targets, first, second, "multi", num_samples=100)
    right = [(list(t) == list(a), list(t) == list(b)) for t, a, b in zip(targets, first, second, strict=True)]
    assert found.only_first.tolist() == [row for row, pair in enumerate(right) if pair == (True, False)]
    assert found.only_second.tolist() == [row for row, pair in enumerate(right) if pair == (False, True)]
    assert (found.num_both_right, found.num_both_wrong) == (right.count((True, True)), right.count((False, False)))
    assert found.p_value == mcnemar_p_value(len(found.only_first), len(found.only_second))


def test_rows_of_one_author_are_drawn_together() -> None:
    """Copies of rows under the same author bring no information: the interval stays as wide."""
    targets, first, second = random_decisions(6, "single", 40)
    alone = compare(targets, first, second, "single").scores[0].difference
    copies = [np.repeat(each, 9, axis=0) for each in (targets, first, second)]
    authors = np.repeat(np.arange(40), 9)
    together = compare(*copies, "single", groups=authors)  # type: ignore[arg-type]
    apart = compare(*copies, "single")  # type: ignore[arg-type]
    found = together.scores[0].difference
    assert (together.num_groups, together.num_rows) == (40, 360)
    assert [found.low, found.high] == pytest.approx([alone.low, alone.high])
    narrow = apart.scores[0].difference
    assert (narrow.high - narrow.low) == pytest.approx((found.high - found.low) / 3, rel=0.25)


@pytest.mark.parametrize(("margin", "expected"), [(0.2, True), (0.01, False)])
def test_equivalence_is_whether_the_narrow_interval_lies_within_the_margin(margin: float, expected: bool) -> None:
    targets = np.eye(2, dtype=bool)[np.zeros(400, dtype=int)]
    first, second = targets.copy(), targets.copy()
    first[:20], second[15:35] = ~first[:20], ~second[15:35]
    accuracy, *_ = compare(targets, first, second, "single").scores
    assert accuracy.is_within(margin) is expected
    assert math.isclose(accuracy.difference.value, 0.0)
