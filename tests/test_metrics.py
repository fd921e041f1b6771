"""Scores, intervals, thresholds and calibration against hand-counted tables, scikit-learn and brute force."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import EvaluationSettings
from lstmcli.metrics.calibration import fit_temperature
from lstmcli.metrics.confusion import ConfusionCell, confusion_cells, confusion_matrix
from lstmcli.metrics.decisions import DecisionRule, decision_scores, probabilities_from_logits
from lstmcli.metrics.evaluation import System, evaluate
from lstmcli.metrics.scores import bootstrap_sums, headline_scores, point_scores, row_statistics, scores_from_sums
from lstmcli.metrics.thresholds import best_f1_thresholds, common_f1_threshold, f1_thresholds
from lstmcli.reports.verdicts import verdict_sentences

FEW_SAMPLES = EvaluationSettings(bootstrap_samples=200)


def one_hot(labels: list[int], num_labels: int) -> np.ndarray:
    return np.eye(num_labels, dtype=bool)[labels]


def matrix(actual: np.ndarray, picked: np.ndarray, kind: LabelKind) -> list[list[int]]:
    counts = confusion_matrix(actual, picked, kind)
    assert counts is not None
    return counts.tolist()


# Six rows, three labels: actual, predicted and the probability of the actual one.
ACTUAL = one_hot([0, 0, 0, 1, 1, 2], 3)
PREDICTED = one_hot([0, 0, 1, 1, 0, 1], 3)
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.5, 0.3]]
)


def test_scores_of_a_hand_counted_table() -> None:
    scores = headline_scores(ACTUAL, PREDICTED, PROBABILITIES, "single")
    # label 0: 2 right of 3 picked and 3 actual; label 1: 1 of 3 and 2; label 2: 0 of 0 and 1.
    f1 = [2 * 2 / (3 + 3), 2 * 1 / (3 + 2), 0.0]
    assert scores == {
        "accuracy": pytest.approx(3 / 6),
        "macro_f1": pytest.approx(sum(f1) / 3),
        "micro_f1": pytest.approx(3 / 6),
        "log_loss": pytest.approx(-sum(map(math.log, [0.8, 0.5, 0.2, 0.8, 0.3, 0.3])) / 6),
    }
    assert matrix(ACTUAL, PREDICTED, "single") == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]


def test_multi_label_scores_of_a_hand_counted_table() -> None:
    actual = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1], [1, 0, 0]], dtype=bool)
    picked = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 1], [0, 1, 0]], dtype=bool)
    probabilities = np.where(picked, 0.9, 0.2)
    scores = headline_scores(actual, picked, probabilities, "multi")
    assert scores["accuracy"] == 2 / 4  # rows with exactly the right set
    assert scores["jaccard"] == pytest.approx((1 / 2 + 1 + 1 + 0) / 4)  # an empty set that is right counts 1
    assert scores["micro_f1"] == pytest.approx(2 * 3 / (4 + 5))
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 2 * 1 / 4 + 1) / 3)
    right = [(0.9, 0.2, 0.8), (0.8, 0.8, 0.8), (0.8, 0.9, 0.9), (0.2, 0.1, 0.8)]
    assert scores["log_loss"] == pytest.approx(-np.log(right).mean())
    traits = headline_scores(actual, picked, probabilities, "traits")
    assert traits["mean_accuracy"] == pytest.approx(9 / 12)
    assert matrix(actual, picked, "multi") == [[1, 0, 1, 2], [1, 1, 1, 1], [1, 0, 0, 3]]


@given(st.integers(0, 10_000))
def test_scores_equal_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(4), size=60)
    actual, picked = generator.integers(0, 4, 60), probabilities.argmax(1)
    actual[:4] = range(4)
    ours = headline_scores(one_hot(actual, 4), one_hot(picked, 4), probabilities, "single")
    assert ours["accuracy"] == pytest.approx(sk.accuracy_score(actual, picked))
    assert ours["macro_f1"] == pytest.approx(sk.f1_score(actual, picked, average="macro"))
    assert ours["log_loss"] == pytest.approx(sk.log_loss(actual, probabilities))

    actual_sets, picked_sets = generator.random((60, 4)) < 0.4, generator.random((60, 4)) < 0.4
    ours = headline_scores(actual_sets, picked_sets, probabilities, "multi")
    assert ours["macro_f1"] == pytest.approx(sk.f1_score(actual_sets, picked_sets, average="macro", zero_division=0))
    assert ours["micro_f1"] == pytest.approx(sk.f1_score(actual_sets, picked_sets, average="micro"))
    assert ours["accuracy"] == pytest.approx(sk.accuracy_score(actual_sets, picked_sets))
    empty = ~(actual_sets | picked_sets).any(axis=1)  # scikit-learn counts these 0, we count them right
    assert ours["jaccard"] == pytest.approx(
        sk.jaccard_score(actual_sets, picked_sets, average="samples", zero_division=0) + empty.mean()
    )


def test_per_label_scores_equal_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    actual, picked = generator.random((50, 3)) < 0.4, generator.random((50, 3)) < 0.4
    system = System("m", picked, np.where(picked, 0.8, 0.3))
    labels = evaluate("rows", [system], actual, ("a", "b", "c"), "multi", FEW_SAMPLES).labels["m"]
    precision, recall, f1, support = sk.precision_recall_fscore_support(actual, picked, zero_division=0)
    assert [label.precision.value for label in labels] == pytest.approx(list(precision))
    assert [label.recall.value for label in labels] == pytest.approx(list(recall))
    assert [label.f1.value for label in labels] == pytest.approx(list(f1))
    assert [label.support for label in labels] == list(support)
    assert [label.picked for label in labels] == list(picked.sum(axis=0))
    assert [label.accuracy.value for label in labels] == pytest.approx(list((actual == picked).mean(axis=0)))


def test_a_label_that_no_row_has_is_left_out_of_the_macro_average() -> None:
    actual, picked = one_hot([0, 0, 1], 3), one_hot([0, 2, 1], 3)
    scores = point_scores(row_statistics(actual, picked, np.full((3, 3), 1 / 3), "single"))
    assert scores["macro_f1"][0] == pytest.approx((2 / 3 + 1) / 2)


def test_a_bootstrap_resample_scores_as_the_rows_it_drew() -> None:
    generator = np.random.default_rng(5)
    probabilities = generator.dirichlet(np.ones(3), size=30)
    actual, picked = one_hot(generator.integers(0, 3, 30), 3), one_hot(probabilities.argmax(1), 3)
    statistics = row_statistics(actual, picked, probabilities, "single")
    (sums,) = bootstrap_sums([statistics], num_samples=4, seed=9)
    scores = scores_from_sums(sums, statistics.counted_labels)
    draws = np.random.default_rng(9).integers(30, size=(4, 30))
    for sample, rows in enumerate(draws):
        expected = headline_scores(actual[rows], picked[rows], probabilities[rows], "single")
        assert scores["accuracy"][sample] == pytest.approx(expected["accuracy"])
        assert scores["log_loss"][sample] == pytest.approx(expected["log_loss"])
        assert scores["macro_f1"][sample] == pytest.approx(expected["macro_f1"])


def test_a_resample_without_a_label_leaves_it_out_whatever_was_picked() -> None:
    """One row has label 1; the system finds it, and picks it once more by mistake."""
    actual = one_hot([0] * 49 + [1], 2)
    picked = one_hot([0] * 48 + [1, 1], 2)
    statistics = row_statistics(actual, picked, np.where(picked, 0.9, 0.1), "single")
    (sums,) = bootstrap_sums([statistics], num_samples=300, seed=1)
    scores = scores_from_sums(sums, statistics.counted_labels)
    draws = np.random.default_rng(1).integers(50, size=(300, 50))
    misses = 0
    for sample, rows in enumerate(draws):
        expected = headline_scores(actual[rows], picked[rows], np.where(picked, 0.9, 0.1)[rows], "single")
        assert scores["macro_f1"][sample] == pytest.approx(expected["macro_f1"])
        misses += 49 not in rows
    assert misses > 50


def test_every_interval_includes_its_own_estimate() -> None:
    """Each of 60 labels has one row, and is picked once more by mistake; resamples without it do not average over it.

    Where the label is drawn, it is drawn 1.6 times on average, so F1 is higher than in the rows themselves.
    """
    actual = one_hot([*range(60), *[60] * 60], 61)
    picked = one_hot([*range(60), *range(60)], 61)
    settings = EvaluationSettings(bootstrap_samples=200, confidence=0.8)
    system = System("m", picked, np.where(picked, 0.9, 0.1))
    names = tuple(map(str, range(61)))
    found = evaluate("rows", [system, system], actual, names, "single", settings)
    statistics = row_statistics(actual, picked, system.probabilities, "single")
    (sums,) = bootstrap_sums([statistics], num_samples=200, seed=20_000)
    macro_f1 = found.scores["m"]["macro_f1"]
    assert np.quantile(scores_from_sums(sums, statistics.counted_labels)["macro_f1"], 0.1) > macro_f1.value
    estimates = [*found.scores["m"].values(), *(each.difference for each in found.comparisons)]
    estimates += [getattr(each, score) for each in found.labels["m"] for score in ("f1", "precision", "recall")]
    assert all(each.low <= each.value <= each.high for each in estimates)


@given(st.integers(0, 10_000))
def test_intervals_of_few_and_uneven_rows_include_their_estimates(seed: int) -> None:
    generator = np.random.default_rng(seed)
    num_labels, num_rows = int(generator.integers(2, 12)), int(generator.integers(1, 40))
    shares = generator.dirichlet(np.full(num_labels, 0.3))
    actual, picked = (one_hot(generator.choice(num_labels, num_rows, p=shares), num_labels) for _ in range(2))
    system = System("m", picked, np.where(picked, 0.9, 0.1))
    settings = EvaluationSettings(bootstrap_samples=100)
    found = evaluate("rows", [system], actual, tuple(map(str, range(num_labels))), "single", settings)
    assert all(each.low <= each.value <= each.high for each in found.scores["m"].values())


def test_macro_f1_leaves_out_what_only_scikit_learn_would_count() -> None:
    """Two rows of label 0, one of them taken for label 1, which no row has."""
    actual, picked = [0, 0], [0, 1]
    ours = headline_scores(one_hot(actual, 2), one_hot(picked, 2), np.full((2, 2), 0.5), "single")
    assert ours["macro_f1"] == pytest.approx(2 / 3)
    assert sk.f1_score(actual, picked, average="macro") == pytest.approx((2 / 3 + 0) / 2)
    assert sk.f1_score(actual, picked, average="macro", labels=[0]) == pytest.approx(2 / 3)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    settings = EvaluationSettings(bootstrap_samples=200, confidence=0.9)
    covered = 0
    for seed in range(100):
        is_right = np.random.default_rng(seed).random(150) < 0.7
        picked = one_hot(np.where(is_right, 0, 1).tolist(), 2)
        system = System("m", picked, np.where(picked, 0.9, 0.1))
        accuracy = evaluate("r", [system], one_hot([0] * 150, 2), ("a", "b"), "single", settings).scores["m"][
            "accuracy"
        ]
        covered += accuracy.low <= 0.7 <= accuracy.high
    assert 82 <= covered <= 97


def test_a_resample_of_groups_has_all_rows_of_each_group_that_was_drawn() -> None:
    generator = np.random.default_rng(5)
    probabilities = generator.dirichlet(np.ones(3), size=30)
    actual, picked = one_hot(generator.integers(0, 3, 30), 3), one_hot(probabilities.argmax(1), 3)
    groups = generator.permutation(np.repeat(np.arange(7), [1, 2, 3, 4, 5, 6, 9]))
    statistics = row_statistics(actual, picked, probabilities, "single")
    (sums,) = bootstrap_sums([statistics], num_samples=5, seed=9, clusters=groups)
    scores = scores_from_sums(sums, statistics.counted_labels)
    for sample, drawn in enumerate(np.random.default_rng(9).integers(7, size=(5, 7))):
        rows = np.concatenate([np.flatnonzero(groups == group) for group in drawn])
        expected = headline_scores(actual[rows], picked[rows], probabilities[rows], "single")
        assert {name: scores[name][sample] for name in expected} == pytest.approx(expected)


def test_one_group_is_no_surer_than_two() -> None:
    actual = one_hot([0, 1] * 20, 2)
    systems = [System("m", actual, np.where(actual, 0.9, 0.1)), System("o", ~actual, np.where(actual, 0.1, 0.9))]
    for num_groups in (1, 2):
        groups = np.arange(40) % num_groups
        evaluation = evaluate("r", systems, actual, ("a", "b"), "single", FEW_SAMPLES, groups=groups)
        assert evaluation.num_groups == num_groups
        assert "too few for a verdict" in verdict_sentences(evaluation)[0]


def test_intervals_over_groups_cover_the_truth_where_authors_differ() -> None:
    """Each of 30 authors wrote 20 rows, and some are easier than others: rows one by one look more certain."""
    settings = EvaluationSettings(bootstrap_samples=200, confidence=0.9)
    groups = np.repeat(np.arange(30), 20)
    covered = {"groups": 0, "rows": 0}
    for seed in range(100):
        generator = np.random.default_rng(seed)
        is_right = generator.random(600) < generator.uniform(0.4, 1.0, 30)[groups]
        picked = one_hot(np.where(is_right, 0, 1).tolist(), 2)
        system, actual = System("m", picked, np.where(picked, 0.9, 0.1)), one_hot([0] * 600, 2)
        for name, drawn in (("groups", groups), ("rows", None)):
            evaluation = evaluate("r", [system], actual, ("a", "b"), "single", settings, groups=drawn)
            accuracy = evaluation.scores["m"]["accuracy"]
            covered[name] += accuracy.low <= 0.7 <= accuracy.high
            assert evaluation.num_groups == (30 if name == "groups" else None)
    assert 80 <= covered["groups"] <= 97
    assert covered["rows"] <= 70


def test_cells_of_the_confusion_matrix_are_sorted_by_their_counts() -> None:
    names = ("a", "b", "c")
    cells = [("a", "a", 2), ("a", "b", 1), ("b", "a", 1), ("b", "b", 1), ("c", "b", 1)]
    assert confusion_cells(ACTUAL, PREDICTED, names) == [ConfusionCell(*cell) for cell in cells]
    unpicked = PREDICTED & [[False], [True], [True], [True], [True], [False]]
    assert [(cell.actual + cell.predicted, cell.count) for cell in confusion_cells(ACTUAL, unpicked, names)] == [
        ("aa", 1),
        ("ab", 1),
        ("ba", 1),
        ("bb", 1),
    ]
    assert matrix(ACTUAL, unpicked, "single") == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(("num_labels", "has_matrix"), [(100, True), (101, False)])
def test_many_labels_have_cells_but_no_matrix(num_labels: int, has_matrix: bool) -> None:
    actual = np.eye(num_labels, dtype=bool)
    names = tuple(map(str, range(num_labels)))
    found = evaluate("r", [System("m", actual, actual * 0.9)], actual, names, "single", FEW_SAMPLES)
    assert (found.confusion is not None) == has_matrix
    assert found.confusion_cells == [ConfusionCell(name, name, 1) for name in names]
    several = evaluate("r", [System("m", actual, actual * 0.9)], actual, names, "multi", FEW_SAMPLES)
    assert (several.confusion, several.confusion_cells) == ([[1, 0, 0, num_labels - 1]] * num_labels, [])


@pytest.mark.parametrize(
    ("kind", "main_score"), [("single", "macro_f1"), ("multi", "macro_f1"), ("traits", "mean_accuracy")]
)
def test_an_evaluation_says_what_was_scored_and_how(kind: LabelKind, main_score: str) -> None:
    settings = EvaluationSettings(bootstrap_samples=100, confidence=0.8)
    systems = [System("m", PREDICTED, PROBABILITIES), System("o", ACTUAL, PROBABILITIES)]
    names = ("a", "b", "c")
    found = evaluate("rows", systems, ACTUAL, names, kind, settings, is_tuned_on=True)
    assert (found.name, found.kind, found.num_rows, found.num_groups) == ("rows", kind, 6, None)
    assert (found.confidence, found.main_score, found.is_tuned_on) == (0.8, main_score, True)
    assert list(found.scores) == list(found.labels) == list(found.calibration) == ["m", "o"]
    assert [label.label for label in found.labels["m"]] == list(names)
    assert found.calibration["m"].error_before is None
    assert [one.score for one in found.comparisons] == [main_score]
    assert found.comparisons[0].difference.value == pytest.approx(
        found.scores["m"][main_score].value - found.scores["o"][main_score].value
    )
    assert not evaluate("rows", systems, ACTUAL, names, kind, settings).is_tuned_on


def test_an_interval_leaves_the_same_share_of_resamples_on_either_side() -> None:
    """Of the rows, and of each label, which are right nine times and five times out of ten."""
    generator = np.random.default_rng(8)
    actual = generator.random((80, 2)) < 0.5
    is_right = generator.random((80, 2)) < [0.9, 0.5]
    picked = np.where(is_right, actual, ~actual)
    settings = EvaluationSettings(bootstrap_samples=500, confidence=0.9)
    system, other = (System(name, each, np.where(each, 0.9, 0.1)) for name, each in (("m", picked), ("o", ~picked)))
    found = evaluate("r", [system, other], actual, ("a", "b"), "traits", settings)
    draws = np.random.default_rng(20_000).integers(80, size=(500, 80))
    share = is_right.mean(axis=1)
    pairs = [
        (found.scores["m"]["mean_accuracy"], share),
        (found.comparisons[0].difference, 2 * share - 1),
        *((label.accuracy, is_right[:, number]) for number, label in enumerate(found.labels["m"])),
    ]
    for estimate, values in pairs:
        low, high = np.quantile(values[draws].mean(axis=1), [0.05, 0.95])
        assert estimate.value == pytest.approx(values.mean())
        assert (estimate.low, estimate.high) == (pytest.approx(low), pytest.approx(high))


def test_comparisons_are_paired_and_worded_by_the_interval() -> None:
    generator = np.random.default_rng(2)
    actual = one_hot(generator.integers(0, 2, 400).tolist(), 2)
    noisy = np.where(generator.random((400, 1)) < 0.2, ~actual, actual)
    noisier = np.where(generator.random((400, 1)) < 0.2, ~noisy, noisy)
    systems = [System(name, d, np.where(d, 0.8, 0.2)) for name, d in (("m", noisy), ("same", noisy), ("less", noisier))]
    same, less = evaluate("r", systems, actual, ("a", "b"), "single", FEW_SAMPLES).comparisons
    assert [(one.other, one.score) for one in (same, less)] == [("same", "macro_f1"), ("less", "macro_f1")]
    assert (same.verdict, same.difference.low, same.difference.high) == ("not distinguishable", 0.0, 0.0)
    assert less.verdict == "better"
    (worse,) = evaluate("r", systems[::-2], actual, ("a", "b"), "single", FEW_SAMPLES).comparisons
    assert worse.verdict == "worse"
    assert worse.difference.value == pytest.approx(-less.difference.value)


def test_the_same_predictions_have_the_same_intervals() -> None:
    system = System("m", PREDICTED, PROBABILITIES)
    first, second = (evaluate("r", [system], ACTUAL, ("a", "b", "c"), "single", FEW_SAMPLES) for _ in range(2))
    assert first == second


def f1_at(threshold: float, probabilities: np.ndarray, targets: np.ndarray) -> float:
    picked = probabilities >= threshold
    return float(2 * (picked & targets).sum() / (picked.sum() + targets.sum()))


def brute_force_f1(probabilities: np.ndarray, targets: np.ndarray) -> float:
    return max(f1_at(threshold, probabilities, targets) for threshold in [*probabilities, np.inf])


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 25))
def test_the_best_threshold_is_the_best_of_all(seed: int, num_rows: int) -> None:
    """For rows that count once, twice or not at all."""
    generator = np.random.default_rng(seed)
    probabilities = generator.integers(0, 10, num_rows) / 10  # with ties
    targets = generator.random(num_rows) < 0.4
    weights = np.stack([np.ones(num_rows, dtype=np.int64), generator.integers(0, 3, num_rows)])
    for threshold, times in zip(best_f1_thresholds(probabilities, targets, weights), weights, strict=True):
        rows = np.repeat(np.arange(num_rows), times)
        if targets[rows].any():
            found = f1_at(threshold, probabilities[rows], targets[rows])
            assert found == pytest.approx(brute_force_f1(probabilities[rows], targets[rows]))
        else:
            assert np.isnan(threshold)


def test_thresholds_of_rare_labels_stay_near_the_common_one() -> None:
    generator = np.random.default_rng(0)
    targets = np.column_stack([generator.random(2000) < 0.5, np.arange(2000) == 0])
    probabilities = np.column_stack([np.where(targets[:, 0], 0.3, 0.1), np.where(targets[:, 1], 0.9, 0.01)])
    common = common_f1_threshold(probabilities, targets)
    trusting = f1_thresholds(probabilities, targets, shrinkage=0.0)
    assert trusting == pytest.approx([0.2, 0.455], abs=1e-6)
    careful = f1_thresholds(probabilities, targets)
    assert abs(careful[0] - 0.2) < 0.01
    assert abs(careful[1] - common) < 0.5 * abs(trusting[1] - common)


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


@pytest.mark.parametrize("shrinkage", [2.0, 5.0, 30.0])
def test_a_threshold_is_the_mean_of_its_own_and_the_common_one_weighted_by_rows(shrinkage: float) -> None:
    """With as many rows as the shrinkage, both count the same; the mean is that of logits."""
    generator = np.random.default_rng(3)
    targets = generator.random((60, 3)) < [0.5, 0.2, 0.05]
    probabilities = np.clip(0.5 * generator.random((60, 3)) + 0.4 * targets * [1.0, 0.6, 0.3], 0.0, 1.0)
    common = common_f1_threshold(probabilities, targets)
    own = f1_thresholds(probabilities, targets, shrinkage=0.0, most_picked=math.inf)
    found = f1_thresholds(probabilities, targets, shrinkage=shrinkage, most_picked=math.inf)
    for label, num_rows in enumerate(targets.sum(axis=0)):
        mean = (num_rows * logit(own[label]) + shrinkage * logit(common)) / (num_rows + shrinkage)
        assert logit(found[label]) == pytest.approx(mean)
        assert abs(logit(own[label]) - logit(common)) > 0.01  # or the mean would say nothing
    assert (f1_thresholds(probabilities, targets) == f1_thresholds(probabilities, targets, shrinkage=5.0)).all()


def test_thresholds_are_finite_where_a_model_is_certain() -> None:
    targets = np.array([[True, True], [True, False]])
    found = f1_thresholds(np.array([[0.0, 1.0], [0.0, 0.0]]), targets, shrinkage=0.0)
    assert (found > 0.0).all()
    assert (found < 1.0).all()


@given(st.integers(0, 10_000))
def test_the_common_threshold_has_the_best_mean_of_all_from_2_to_98_percent(seed: int) -> None:
    generator = np.random.default_rng(seed)
    targets = generator.random((30, 4)) < [0.5, 0.3, 0.1, 0.0]
    targets[0, :3] = True
    # Between the thresholds, so that rounding decides nothing; low ones, high ones, and some on both sides.
    low, high = [(0, 100), (0, 4), (95, 100)][seed % 3]
    probabilities = (generator.integers(low, high, (30, 4)) + 0.5) / 100

    def mean_f1(threshold: float) -> float:
        return float(np.mean([f1_at(threshold, probabilities[:, label], targets[:, label]) for label in range(3)]))

    found = common_f1_threshold(probabilities, targets)
    scores = {number: mean_f1(number / 100) for number in range(2, 99)}
    assert mean_f1(found) == pytest.approx(max(scores.values()))
    assert found * 100 == pytest.approx(round(found * 100))
    assert round(found * 100) in scores


def test_without_any_label_the_common_threshold_is_a_half() -> None:
    assert common_f1_threshold(np.array([[0.3, 0.9]]), np.zeros((1, 2), dtype=bool)) == 0.5


def test_one_lucky_row_does_not_decide_a_threshold() -> None:
    """With the negative row at 0.7 the best cut lies above it, without it at the bottom; resamples see both."""
    probabilities = np.array([*np.linspace(0.8, 0.9, 7), 0.7, 0.69, 0.45, *np.linspace(0.0, 0.2, 90)])
    targets = np.array([*[True] * 7, False, False, True, *[False] * 90])
    every_row = np.ones((1, len(targets)), dtype=np.int64)
    without_it = every_row - (probabilities == 0.7)
    (with_cut,) = best_f1_thresholds(probabilities, targets, every_row)
    (without_cut,) = best_f1_thresholds(probabilities, targets, without_it)
    assert with_cut > 0.7 > without_cut
    (bagged,) = f1_thresholds(probabilities[:, None], targets[:, None], shrinkage=0.0)
    assert with_cut > bagged > without_cut


def test_a_label_without_validation_rows_gets_the_common_threshold() -> None:
    probabilities = np.array([[0.3, 0.2], [0.1, 0.2], [0.3, 0.2]])
    targets = np.array([[True, False], [False, False], [True, False]])
    assert f1_thresholds(probabilities, targets)[1] == pytest.approx(common_f1_threshold(probabilities, targets))


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_the_temperature_undoes_a_scaling_of_the_logits(kind: str) -> None:
    generator = np.random.default_rng(0)
    logits = 1.5 * generator.normal(size=(4000, 3))
    probabilities = probabilities_from_logits(logits, kind)
    if kind == "single":
        chosen = (probabilities.cumsum(axis=1) > generator.random((4000, 1))).argmax(axis=1)
        targets = one_hot(chosen, 3)
    else:
        targets = generator.random((4000, 3)) < probabilities
    assert fit_temperature(logits, targets, kind) == pytest.approx(1.0, abs=0.1)
    assert fit_temperature(3 * logits, targets, kind) == pytest.approx(3.0, abs=0.3)


def test_probabilities_of_extreme_logits_stay_finite() -> None:
    logits = np.array([[1e4, -1e4, 0.0]], dtype=np.float32)
    assert probabilities_from_logits(logits, "single").tolist() == [[1.0, 0.0, 0.0]]
    assert probabilities_from_logits(logits, "multi").tolist() == [[1.0, 0.0, 0.5]]
    assert math.isfinite(
        headline_scores(one_hot([1], 3), one_hot([0], 3), np.array([[1.0, 0.0, 0.0]]), "single")["log_loss"]
    )


P = np.array([[0.6, 0.3, 0.1], [0.2, 0.35, 0.3]])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (DecisionRule("single", np.zeros(3)), [[1, 0, 0], [0, 1, 0]]),
        (DecisionRule("single", np.zeros(3)).with_threshold(0.5), [[1, 0, 0], [0, 0, 0]]),
        (DecisionRule("multi", np.array([0.5, 0.3, 0.4])), [[1, 1, 0], [0, 1, 0]]),
        (DecisionRule("multi", np.array([0.9, 0.4, 0.31])), [[0, 0, 0], [0, 0, 0]]),
        (DecisionRule("multi", np.array([0.9, 0.4, 0.31]), at_least_one=True), [[0, 1, 0], [0, 0, 1]]),
        (DecisionRule("multi", np.array([0.9, 0.4, 0.31]), at_least_one=True).with_threshold(0.7), [[0] * 3, [0] * 3]),
        (DecisionRule("traits", np.full(3, 0.5)), [[1, 0, 0], [0, 0, 0]]),
    ],
)
def test_decisions(rule: DecisionRule, expected: list[list[int]]) -> None:
    assert rule.decide(P).astype(int).tolist() == expected


def test_a_threshold_from_outside_replaces_all_others_and_may_pick_none() -> None:
    for rule in (
        DecisionRule("multi", np.array([0.9, 0.4, 0.31]), at_least_one=True),
        DecisionRule("single", np.zeros(3)),
    ):
        found = rule.with_threshold(0.7)
        assert (found.kind, found.thresholds.tolist(), found.at_least_one) == (rule.kind, [0.7] * 3, False)


def test_the_score_is_that_of_the_weakest_pick_or_of_picking_none() -> None:
    decisions = np.array([[True, True, False], [False, False, False]])
    assert decision_scores(P, decisions) == pytest.approx([0.3, 1 - 0.35])
