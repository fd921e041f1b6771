"""Ordered labels: probabilities from cumulative outputs, the best decisions, and scores of ranks."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

from lstmcli.config.loading import config_from, load_config
from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.order_hint import likely_order
from lstmcli.errors import ConfigError
from lstmcli.metrics.decisions import DecisionRule, probabilities_from_logits
from lstmcli.metrics.evaluation import System, evaluate
from lstmcli.metrics.limits import scalars
from lstmcli.metrics.ordinal import (
    class_log_odds,
    class_probabilities,
    cumulative_targets,
    median_classes,
    output_weights,
    outputs_of,
    qwk_cuts,
)
from lstmcli.metrics.paired import compare
from lstmcli.metrics.rank_scores import rank_scores_from_sums, rank_statistics
from lstmcli.metrics.reliability import without_temperature
from lstmcli.recipes.starting.propose import start
from lstmcli.training.loss import make_loss

Ranks = NDArray[np.int64]


def one_hot(ranks: Ranks, num_labels: int) -> NDArray[np.bool_]:
    return np.arange(num_labels) == ranks[:, None]


def scores_of(actual: Ranks, predicted: Ranks, num_labels: int) -> tuple[float, float]:
    statistics = rank_statistics(one_hot(actual, num_labels), one_hot(predicted, num_labels))
    found = rank_scores_from_sums(statistics.values.sum(axis=0, keepdims=True))
    return float(found["qwk"][0]), float(found["mae"][0])


def rows_of(table: list[list[int]]) -> tuple[Ranks, Ranks]:
    counts = np.array(table)
    actual, predicted = np.indices(counts.shape)
    return np.repeat(actual.ravel(), counts.ravel()), np.repeat(predicted.ravel(), counts.ravel())


# Probabilities


def test_probabilities_are_differences_of_sigmoids() -> None:
    outputs = np.array([[2.0, 0.5, -1.0]])
    above = 1.0 / (1.0 + np.exp(-outputs[0]))
    expected = [1.0 - above[0], above[0] - above[1], above[1] - above[2], above[2]]
    np.testing.assert_allclose(class_probabilities(outputs)[0], expected, rtol=1e-12)


def test_probabilities_are_never_negative_and_sum_to_one_whatever_the_outputs() -> None:
    generator = np.random.default_rng(1)
    outputs = np.concatenate([generator.normal(scale=scale, size=(50, 4)) for scale in (0.1, 5.0, 300.0)])
    outputs[0] = 0.0
    for temperature in (0.1, 1.0, 10.0):
        found = probabilities_from_logits(outputs, "ordered", temperature=temperature)
        assert found.shape == (150, 5)
        assert (found >= 0.0).all()
        np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)


def test_a_far_class_keeps_its_small_probability() -> None:
    found = class_probabilities(np.array([[40.0, 39.0]]))[0]
    expected = math.exp(-39.0) - math.exp(-40.0)  # 1 - s(x) is e^-x, within e^-2x
    assert found[1] == pytest.approx(expected, rel=1e-9)


def test_outputs_out_of_order_say_the_same_as_in_order() -> None:
    in_order, other = np.array([[1.0, 0.0, -2.0]]), np.array([[0.0, -2.0, 1.0]])
    np.testing.assert_array_equal(class_probabilities(in_order), class_probabilities(other))


def test_outputs_come_back_from_probabilities_and_lose_their_temperature() -> None:
    outputs = np.array([[1.5, 0.2, -3.0], [0.1, 0.0, -0.1]])
    probabilities = class_probabilities(outputs / 2.5)
    np.testing.assert_allclose(outputs_of(probabilities, floor=1e-7), outputs / 2.5, rtol=1e-9)
    np.testing.assert_allclose(without_temperature(probabilities, "ordered", 2.5), class_probabilities(outputs))


@pytest.mark.parametrize("dtype", [np.bool_, np.float32])
def test_targets_say_whether_the_label_is_above_each_step(dtype: type) -> None:
    targets = np.eye(4).astype(dtype)
    np.testing.assert_array_equal(cumulative_targets(targets), np.tri(4, 3, -1).astype(dtype))


def test_targets_of_shares_are_cumulative_shares() -> None:
    found = cumulative_targets(np.array([[0.5, 0.25, 0.25]], dtype=np.float32))
    np.testing.assert_array_equal(found, np.array([[0.5, 0.25]], dtype=np.float32))


def test_log_odds_are_those_of_the_probability_and_their_slopes_those_of_differences() -> None:
    outputs, step = np.array([-0.7, 1.1, 0.4]), 1e-6  # not in order
    for label in range(4):
        p = class_probabilities(outputs[None])[0, label]
        assert class_log_odds(outputs[None], np.array([label]))[0] == pytest.approx(math.log(p / (1.0 - p)))
        for output, weight in enumerate(output_weights(outputs, label)):
            moved = np.array([outputs + sign * step * (np.arange(3) == output) for sign in (1, -1)])
            high, low = class_log_odds(moved, np.array([label, label]))
            assert weight == pytest.approx((high - low) / (2 * step), abs=1e-6)


def test_log_odds_stay_finite_where_nothing_is_left_for_a_class() -> None:
    outputs = np.array([[1.0, 1.0]])
    assert np.isfinite(class_log_odds(outputs, np.array([1]))).all()
    assert np.isfinite(output_weights(outputs[0], 1)).all()


# Loss


def test_the_loss_is_the_mean_cross_entropy_of_the_steps() -> None:
    logits = torch.tensor([[0.5, -1.0], [2.0, 0.0], [-0.3, 0.3]], dtype=torch.float64)
    targets = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
    loss = make_loss(targets.numpy().astype(np.bool_), "ordered", "none")(logits, targets)
    p = 1.0 / (1.0 + np.exp(-logits.numpy()))
    expected = -np.where(targets.numpy() > 0.5, np.log(p), np.log(1.0 - p)).mean()
    assert float(loss) == pytest.approx(expected)


def test_class_weights_count_rows_by_their_label() -> None:
    targets = np.array([[0, 0]] * 6 + [[1, 0]] * 2 + [[1, 1]], dtype=np.bool_)
    logits = torch.randn(9, 2, generator=torch.Generator().manual_seed(1))
    weighted = make_loss(targets, "ordered", "balanced")(logits, torch.from_numpy(targets).float())
    plain = make_loss(targets, "ordered", "none")
    of_labels = [plain(logits[rows], torch.from_numpy(targets[rows]).float()) for rows in ([*range(6)], [6, 7], [8])]
    assert float(weighted) == pytest.approx(float(sum(of_labels) / 3), rel=1e-5)


# Decisions


def rule(measure: str, probabilities: NDArray[np.float64]) -> DecisionRule:
    cuts = tuple(qwk_cuts(probabilities).tolist()) if measure == "qwk" else ()
    return DecisionRule("single", np.zeros(probabilities.shape[1]), measure=measure, cuts=cuts)  # type: ignore[arg-type]


def test_each_measure_picks_the_label_with_the_best_expectation() -> None:
    probabilities = np.random.default_rng(2).dirichlet(np.full(4, 0.7), size=200)
    ranks = np.arange(4)
    distances = np.abs(ranks[:, None] - ranks)
    best_accuracy = probabilities.argmax(axis=1)
    best_mae = (probabilities @ distances).argmin(axis=1)
    np.testing.assert_array_equal(rule("accuracy", probabilities).decide(probabilities).argmax(axis=1), best_accuracy)
    np.testing.assert_array_equal(rule("mae", probabilities).decide(probabilities).argmax(axis=1), best_mae)
    np.testing.assert_array_equal(median_classes(probabilities), best_mae)


def expected_qwk(picked: Ranks, probabilities: NDArray[np.float64]) -> float:
    squares = np.square(np.subtract.outer(np.arange(3), np.arange(3)))
    found = (squares[picked] * probabilities).sum()
    return float(1.0 - found / (squares[picked] @ probabilities.mean(axis=0)).sum())


def test_no_other_predictions_have_a_better_expected_qwk() -> None:
    generator = np.random.default_rng(3)
    for _ in range(20):
        probabilities = generator.dirichlet(np.full(3, 0.6), size=6)
        picked = rule("qwk", probabilities).decide(probabilities).argmax(axis=1)
        others = (np.array(each) for each in itertools.product(range(3), repeat=6) if len(set(each)) > 1)
        best = max(expected_qwk(other, probabilities) for other in others)
        assert expected_qwk(picked, probabilities) == pytest.approx(best)


def test_a_threshold_leaves_the_measure_as_it_is() -> None:
    probabilities = np.array([[0.4, 0.25, 0.35]])
    with_threshold = rule("mae", probabilities).with_threshold(0.2)
    assert with_threshold.decide(probabilities).tolist() == [[False, True, False]]
    assert not with_threshold.with_threshold(0.3).decide(probabilities).any()


# QWK and MAE


def test_qwk_and_mae_equal_those_of_scikit_learn_on_random_tables() -> None:
    generator = np.random.default_rng(4)
    for _ in range(200):
        num_labels = int(generator.integers(2, 8))
        size = int(generator.integers(2, 60))
        actual = generator.integers(num_labels, size=size)
        predicted = np.clip(actual + generator.integers(-2, 3, size=size), 0, num_labels - 1)
        if (actual == actual[0]).all() and (predicted == actual[0]).all():
            continue
        qwk, mae = scores_of(actual, predicted, num_labels)
        expected = cohen_kappa_score(actual, predicted, labels=np.arange(num_labels), weights="quadratic")
        assert qwk == pytest.approx(expected, abs=1e-12)
        assert mae == pytest.approx(mean_absolute_error(actual, predicted), abs=1e-12)


@pytest.mark.parametrize(
    ("table", "published"),
    [
        # Agresti 1990, table 2.12 (SexualFun in R's vcd), with the weights of Fleiss and Cohen
        ([[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]], 0.3320),
        # cont3x3abstractors in R's irrCAC, with quadratic.weights
        ([[13, 0, 0], [0, 20, 7], [0, 4, 56]], 0.8921569),
    ],
)
def test_qwk_equals_published_values(table: list[list[int]], published: float) -> None:
    assert scores_of(*rows_of(table), len(table))[0] == pytest.approx(published, abs=0.00005)


def test_qwk_is_the_correlation_if_both_sides_have_the_same_frequencies() -> None:
    # Cohen 1968 shows this of weighted kappa with squared distances.
    actual, predicted = rows_of([[20, 5, 1], [4, 30, 6], [2, 5, 12]])
    assert scores_of(actual, predicted, 3)[0] == pytest.approx(np.corrcoef(actual, predicted)[0, 1])


def test_qwk_of_one_class_is_undefined_and_of_constant_predictions_0() -> None:
    same = np.zeros(5, dtype=np.int64)
    qwk, mae = scores_of(same, same, 3)
    assert math.isnan(qwk)
    assert mae == 0.0
    assert scores_of(np.array([0, 1, 2]), np.array([1, 1, 1]), 3)[0] == 0.0
    assert scores_of(same, same + 2, 3) == (0.0, 2.0)


def test_ranks_are_places_among_all_labels_also_if_rows_lack_some() -> None:
    actual, predicted = np.array([0, 3, 1, 3, 0]), np.array([1, 3, 0, 0, 0])
    found = scores_of(actual, predicted, 4)
    assert found[0] == pytest.approx(cohen_kappa_score(actual, predicted, labels=range(4), weights="quadratic"))
    assert found[0] != pytest.approx(cohen_kappa_score(actual, predicted, weights="quadratic"))  # closes the gap
    assert found[1] == 1.0


def test_rows_without_a_prediction_are_left_out() -> None:
    targets, decisions = one_hot(np.array([0, 1, 2]), 3), one_hot(np.array([0, 2, 0]), 3)
    decisions[2] = False
    found = rank_scores_from_sums(rank_statistics(targets, decisions).values.sum(axis=0, keepdims=True))
    assert (float(found["qwk"][0]), float(found["mae"][0])) == scores_of(np.array([0, 1]), np.array([0, 2]), 3)


def system(name: str, ranks: Ranks) -> System:
    decisions = one_hot(ranks, 3)
    return System(name, decisions, np.where(decisions, 0.8, 0.1))


def test_an_evaluation_has_them_for_all_systems_with_paired_differences() -> None:
    actual = np.array([0, 1, 2] * 20)
    other = np.roll(actual, 1)
    names, settings = ("none", "mild", "severe"), EvaluationSettings(bootstrap_samples=100)
    systems = [system("model", actual), system("median class", other)]
    found = evaluate("rows", systems, one_hot(actual, 3), names, "single", settings, is_ordered=True)
    model, baseline = found.ordered
    assert model.qwk is not None
    assert baseline.qwk is not None
    assert baseline.qwk_difference is not None
    assert (model.qwk.value, model.qwk_difference) == (1.0, None)
    assert baseline.qwk_difference.value == pytest.approx(1.0 - baseline.qwk.value)
    assert baseline.mae_difference is not None
    assert baseline.mae_difference.high < 0.0
    assert baseline.qwk.low <= baseline.qwk.value <= baseline.qwk.high
    values = scalars(found, {"median class": "median"})
    assert (values["qwk"], values["mae"], values["median.mae"]) == (1.0, 0.0, pytest.approx(4.0 / 3.0))
    assert evaluate("rows", systems, one_hot(actual, 3), names, "single", settings).ordered == ()


def test_a_comparison_says_that_less_distance_is_better() -> None:
    actual = np.array([0, 1, 2] * 20)
    targets, wrong = one_hot(actual, 3), one_hot(np.roll(actual, 1), 3)
    found = compare(targets, wrong, targets, "single", num_samples=100, is_ordered=True)
    assert [(each.score, each.verdict) for each in found.scores] == [
        (score, "better") for score in ("accuracy", "macro_f1", "kappa", "mcc", "qwk", "mae")
    ]
    constant = one_hot(np.zeros(4, dtype=np.int64), 3)
    assert "qwk" not in [each.score for each in compare(constant, constant, constant, "single", is_ordered=True).scores]


# Settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["data.ordered=[a]"], "expected at least two labels"),
        (["data.ordered=[a, b, a ]"], "named twice: 'a'"),
        (["data.ordered=[a, b]", "data.labels=[x, y]"], "data.labels and data.ordered can't be combined"),
        (["data.ordered=[a, b]", "data.label_separator=|"], "data.label_separator and data.ordered can't be combined"),
        (["data.ordered=[a, b]", "data.scores=[x]"], "data.scores and data.ordered can't be combined"),
        (["decision.measure=qwk"], "decision.measure: applies to ordered labels"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, ["data.train=x.csv", *settings])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("names", "message"),
    [(["a", " "], "data.ordered: a label is empty"), ([False, "maybe"], "data.ordered: expected text, found false")],
)
def test_names_that_are_none_are_refused(names: list[object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from({"data.train": "x.csv", "data.ordered": names})
    assert message in str(caught.value)


def test_stars_may_be_numbers() -> None:
    assert load_config(None, ["data.train=x.csv", "data.ordered=[1, 2, 3]"]).data.ordered == ("1", "2", "3")
    assert config_from({"data.train": "x.csv", "data.ordered": [1, 2]}).data.ordered == ("1", "2")


# A first config


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ({"Severe", "mild", "none"}, ("none", "mild", "Severe")),
        ({"10", "2", "1"}, ("1", "2", "10")),
        ({"positive", "negative", "neutral"}, ("negative", "neutral", "positive")),
        ({"positive", "negative"}, ()),
        ({"joy", "anger", "fear"}, ()),
        ({"mild", "low", "severe"}, ()),
        ({str(number) for number in range(11)}, ()),
    ],
)
def test_labels_that_look_ordered_are_put_in_order(names: set[str], order: tuple[str, ...]) -> None:
    assert likely_order(names) == order


def test_a_first_config_names_the_order_in_a_hint(tmp_path: Path) -> None:
    rows = [f"what a {word} film number {number},{stars}" for number in range(20) for stars, word in enumerate("abc")]
    (tmp_path / "films.csv").write_text("text,stars\n" + "\n".join(rows) + "\n")
    assert "set data.ordered to [0, 1, 2]" in " ".join(start(str(tmp_path / "films.csv")).hints)
