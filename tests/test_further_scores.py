"""Kappa, Matthews correlation, balanced accuracy, specificity and AUC, against scikit-learn and brute force."""

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn import metrics as sk

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import EvaluationSettings
from lstmcli.metrics.estimates import Estimate, defined_estimates
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.metrics.further import MACRO, OF_EACH_LABEL
from lstmcli.metrics.limits import Limit, Limits, failures
from lstmcli.reports.files import to_console_text, to_json, to_markdown
from lstmcli.reports.report_page.content import ReportContent

NAMES = ("a", "b", "c", "d")
EXACT: dict[str, float] = {"rel": 1e-12, "abs": 1e-12}


def evaluated(
    actual: np.ndarray,
    picked: np.ndarray,
    probabilities: np.ndarray | None = None,
    kind: LabelKind = "single",
    **options: Any,
) -> Evaluation:
    if probabilities is None:
        probabilities = np.where(picked, 0.9, 0.1 / 3)
    names, settings = NAMES[: actual.shape[1]], EvaluationSettings(bootstrap_samples=20)
    return evaluate("rows", [System("m", picked, probabilities)], actual, names, kind, settings, **options)


def values(evaluation: Evaluation) -> dict[str, float | None]:
    return {name: None if each is None else each.value for name, each in evaluation.further["m"].scores.items()}


def one_hot(labels: Any, num_labels: int = 4) -> np.ndarray:
    return np.eye(num_labels, dtype=bool)[np.asarray(labels)]


def label_values(evaluation: Evaluation, score: str) -> list[float | None]:
    found = [getattr(each, score) for each in evaluation.further["m"].labels]
    return [None if each is None else each.value for each in found]


@pytest.mark.parametrize("seed", range(200))
def test_scores_of_one_label_per_text_equal_scikit_learn(seed: int) -> None:
    """Some cases lack labels, in the rows, in the predictions or in both."""
    generator = np.random.default_rng(seed)
    size, num_actual, num_picked = generator.integers([2, 2, 1], [60, 5, 5])
    actual, picked = generator.integers(num_actual, size=size), generator.integers(4 - num_picked, 4, size=size)
    actual[:2] = [0, 1]
    found = values(evaluated(one_hot(actual), one_hot(picked)))
    assert found["kappa"] == pytest.approx(sk.cohen_kappa_score(actual, picked), **EXACT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # labels that are predicted, but do not occur
        assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(actual, picked), **EXACT)
    if len(set(picked)) == 1:  # scikit-learn says 0
        assert found["mcc"] is None
    else:
        assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(actual, picked), **EXACT)


@pytest.mark.parametrize("seed", range(200))
def test_scores_of_several_labels_per_text_equal_scikit_learn_label_by_label(seed: int) -> None:
    generator = np.random.default_rng(seed)
    shape = int(generator.integers(3, 50)), 4
    actual = generator.random(shape) < generator.choice([0.1, 0.5, 0.9])
    probabilities = generator.integers(0, 5, shape) / 4.0 if seed % 2 else generator.random(shape)  # with ties, without
    picked = probabilities >= generator.choice([0.2, 0.5, 0.9, 1.1])
    found = evaluated(actual, picked, probabilities, "traits" if seed % 3 else "multi")
    for label in range(4):
        has_both = len(set(actual[:, label])) == 2
        expected: dict[str, float | None] = dict.fromkeys(OF_EACH_LABEL)
        if has_both:
            expected["auc"] = sk.roc_auc_score(actual[:, label], probabilities[:, label])
            expected["balanced_accuracy"] = sk.balanced_accuracy_score(actual[:, label], picked[:, label])
            if len(set(picked[:, label])) == 2:
                expected["mcc"] = sk.matthews_corrcoef(actual[:, label], picked[:, label])
        if not actual[:, label].all():
            expected["specificity"] = sk.recall_score(~actual[:, label], ~picked[:, label])
        for score, value in expected.items():
            ours = label_values(found, score)[label]
            assert ours is value is None or ours == pytest.approx(value, **EXACT), (label, score)
    for name, score in zip(MACRO, OF_EACH_LABEL, strict=True):
        defined = [each for each in label_values(found, score) if each is not None]
        assert values(found)[name] == (pytest.approx(np.mean(defined), **EXACT) if defined else None)


def test_kappa_of_a_table_counted_by_hand() -> None:
    """Cohen 1960: 50 rows, of which 20 and 15 are agreed on, 5 and 10 not."""
    actual, picked = one_hot([0] * 25 + [1] * 25, 2), one_hot([0] * 20 + [1] * 5 + [0] * 10 + [1] * 15, 2)
    assert values(evaluated(actual, picked))["kappa"] == pytest.approx((0.7 - 0.5) / (1 - 0.5))


def test_where_only_one_class_occurs_nothing_is_said_about_chance() -> None:
    same, other = one_hot([0] * 5), one_hot([1] * 5)
    assert values(evaluated(same, same)) == {"kappa": None, "mcc": None, "balanced_accuracy": None}
    # Two raters who never agree, but could not have agreed by chance either: kappa is (0 - 0) / (1 - 0).
    assert values(evaluated(same, other)) == {"kappa": 0.0, "mcc": None, "balanced_accuracy": None}


def test_a_row_without_a_predicted_label_counts_as_a_class_of_its_own() -> None:
    actual, picked = [0, 0, 1, 1, 2, 2], one_hot([0, 1, 1, 1, 2, 2])
    picked[0] = False
    found = values(evaluated(one_hot(actual), picked))
    assert found["kappa"] == pytest.approx(sk.cohen_kappa_score(actual, [4, 1, 1, 1, 2, 2]), **EXACT)
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(actual, [4, 1, 1, 1, 2, 2]), **EXACT)


def test_empty_sets_of_labels_leave_everything_that_needs_a_label_undefined() -> None:
    nothing = np.zeros((6, 3), dtype=bool)
    found = evaluated(nothing, nothing, np.full((6, 3), 0.3), "multi")
    assert values(found) == {**dict.fromkeys(MACRO), "macro_specificity": 1.0}
    assert label_values(found, "auc") == [None] * 3


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    generator = np.random.default_rng(7)
    actual, probabilities = generator.random((30, 1)) < 0.4, generator.integers(0, 6, (30, 1)) / 5.0
    positive, negative = probabilities[actual], probabilities[~actual]
    pairs = [(a > b) + (a == b) / 2 for a, b in itertools.product(positive, negative)]
    assert label_values(evaluated(actual, actual, probabilities, "traits"), "auc") == [pytest.approx(np.mean(pairs))]


def area(actual: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the AUC by the sum of ranks, of Mann and Whitney; scikit-learn's takes forty times as long."""
    num_positive = int(actual.sum())
    above = rankdata(probabilities)[actual].sum() - num_positive * (num_positive + 1) / 2
    return float(above / (num_positive * (len(actual) - num_positive)))


@pytest.mark.parametrize("has_groups", [False, True])
def test_the_interval_of_auc_is_close_to_that_of_resamples_that_are_ranked_anew(has_groups: bool) -> None:
    generator = np.random.default_rng(11)
    groups = np.repeat(np.arange(100), 4)
    actual = generator.random((400, 1)) < 0.4
    shift = np.repeat(generator.normal(size=100), 4)[:, None] if has_groups else 0.0
    probabilities = 1 / (1 + np.exp(-(actual + shift + generator.normal(size=(400, 1)))))
    settings = EvaluationSettings(bootstrap_samples=2000)
    system = System("m", actual, probabilities)
    clusters = groups if has_groups else None
    found = evaluate("rows", [system], actual, ("a",), "traits", settings, groups=clusters).further["m"].labels[0].auc
    rows = np.arange(400).reshape(100, 4) if has_groups else np.arange(400)[:, None]
    drawn = [rows[generator.integers(len(rows), size=len(rows))].ravel() for _ in range(2000)]
    samples = [area(actual[each, 0], probabilities[each, 0]) for each in drawn]
    assert samples[0] == pytest.approx(sk.roc_auc_score(actual[drawn[0], 0], probabilities[drawn[0], 0]), abs=1e-12)
    low, high = np.quantile(samples, [0.025, 0.975])
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=0.006), pytest.approx(high, abs=0.006))


def test_an_interval_skips_resamples_without_a_value_and_includes_the_estimate() -> None:
    samples = np.array([[0.2, np.nan, np.nan], [0.4, 0.5, np.nan], [0.6, 0.7, np.nan]])
    one, two, three = defined_estimates(np.array([0.4, 0.9, 0.3]), samples, 0.5)
    assert one == Estimate(0.4, pytest.approx(0.3), pytest.approx(0.5))  # type: ignore[arg-type]
    assert two == Estimate(0.9, pytest.approx(0.55), 0.9)  # type: ignore[arg-type]
    assert three == Estimate(0.3, 0.3, 0.3)
    assert defined_estimates(np.array([np.nan]), np.array([[0.5]]), 0.5) == [None]


def trait_evaluation() -> Evaluation:
    """Trait d never occurs."""
    generator = np.random.default_rng(3)
    actual = generator.random((40, 4)) < [0.5, 0.4, 0.3, 0.0]
    probabilities = np.clip(actual * 0.3 + generator.random((40, 4)) * 0.7, 0, 1)
    return evaluated(actual, probabilities >= 0.5, probabilities, "traits")


def test_reports_show_a_dash_where_a_score_is_not_defined_and_never_nan() -> None:
    found = trait_evaluation()
    shown = to_console_text(found, is_terminal=False)
    table = shown[shown.index("Traits against chance") :].splitlines()
    assert table[1].split() == ["trait", "AUC", "balanced", "accuracy", "MCC"]
    assert table[5].split() == ["d", "-", "-", "-"]
    assert max(map(len, table[:7])) <= 80
    markdown, stored = to_markdown(ReportContent("t", [found])), to_json([found], {})
    assert "| d | - | - | - | 0." in markdown
    assert not [each for each in (shown, markdown, stored) if "nan" in each.lower()]


def test_one_line_says_how_far_a_model_of_single_labels_is_from_chance() -> None:
    actual = one_hot([0, 0, 1, 1] * 5, 2)
    shown = to_console_text(evaluated(actual, one_hot([0, 1, 1, 1] * 5, 2)), is_terminal=False)
    (line,) = (line for line in shown.splitlines() if "kappa" in line)
    assert line.startswith("The model: Cohen's kappa 0.500 [")
    assert len(line) < 120
    assert "MCC 0.577 [" in shown
    assert "balanced accuracy 0.750 [" in shown


def test_limits_know_the_further_scores_and_are_missed_where_one_is_not_defined() -> None:
    found = trait_evaluation()
    names = ["auc.a", "mcc.b", "balanced_accuracy.c", "specificity.d", "macro_auc", "macro_mcc"]
    assert failures(Limits(under=tuple(Limit(name, -1.0) for name in names)), found, {}) == []
    assert failures(Limits(under=(Limit("auc.d", 0.1),)), found, {}) == [
        "auc.d is not defined on these rows (--fail-under)"
    ]
