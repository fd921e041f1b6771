"""Scores as targets: cells, figures, regressions, losses, mixtures and intervals, each against an own oracle."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse, stats
from sklearn import metrics
from sklearn.linear_model import Ridge

from lstmcli.config.loading import config_from
from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.corpus import load_corpus
from lstmcli.corpus.score_cells import parse_score
from lstmcli.corpus.scores import score_notes, score_targets
from lstmcli.errors import ConfigError, DataError
from lstmcli.metrics.conformal import conformal_reaches
from lstmcli.metrics.ridge import fit_ridge, squared_error
from lstmcli.metrics.score_evaluation import ScoreSystem, evaluate_scores
from lstmcli.metrics.score_metrics import agreement
from lstmcli.metrics.score_outputs import COVERAGES, ScoreOutputs
from lstmcli.metrics.score_tuning import ScoreTuner, Standard, fit_weights
from lstmcli.ngrams.regressions import LEAST_WEIGHT, SCORE_SMOOTHING, score_weights
from lstmcli.reports.scores.files import scores_json
from lstmcli.reports.scores.tables import score_tables
from lstmcli.training.score_loss import make_score_loss

NAN = math.nan


def concordance(truth: np.ndarray, guess: np.ndarray) -> float:
    """Lin's coefficient as he defines it."""
    covariance = np.mean((truth - truth.mean()) * (guess - guess.mean()))
    return float(2 * covariance / (truth.var() + guess.var() + (truth.mean() - guess.mean()) ** 2))


# Cells and rows


@pytest.mark.parametrize(
    ("cell", "value"),
    [("3.5", 3.5), (" -2 ", -2.0), ("1e-3", 0.001), ("+.5", 0.5), ("4.", 4.0), (3, 3.0), (2.25, 2.25)],
)
def test_a_number_is_read_as_it_is_written(cell: object, value: float) -> None:
    assert parse_score(cell, "x") == value


@pytest.mark.parametrize("cell", ["", "  ", "NA", "nan", "n/a", "None", "NULL", None, NAN])
def test_a_missing_cell_is_no_number(cell: object) -> None:
    assert math.isnan(parse_score(cell, "x"))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("3,5", "a number with a decimal point in column 'x', found '3,5'"),
        ("high", "expected a number in column 'x', found 'high'"),
        ("1_000", "expected a number in column"),
        ("inf", "expected a number in column"),
        ("3 5", "expected a number in column"),
        ("٣", "expected a number in column"),
        (True, "expected a number in column 'x', found True"),
        ([1.0], "expected a number in column"),
        ("1e12", r"of at most 1e\+09"),
    ],
)
def test_anything_else_is_refused_with_what_is_expected(cell: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_score(cell, "x")


def rows(tmp_path: Path, *lines: str) -> dict[str, object]:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["text,a,b", *lines]) + "\n", encoding="utf-8")
    return {"data.train": str(path), "data.validation": str(path), "data.scores": ["a", "b"]}


def test_rows_keep_their_scores_and_those_without_any_are_unlabelled(tmp_path: Path) -> None:
    config = config_from(rows(tmp_path, "one,1,2", "two,NA,", "three,3,", "four,,4.5"))
    train = load_corpus(config.data, seed=1).train
    np.testing.assert_array_equal(score_targets(train), [[1.0, 2.0], [3.0, NAN], [NAN, 4.5]])
    assert list(train.table["line"]) == [2, 4, 5]
    assert [str(finding) for finding in train.findings] == ["no score at line 3"]
    assert score_notes(train, train)[0] == "missing scores in 3 training rows: a in 1, b in 1"


def test_cells_that_are_no_numbers_are_told_together_with_their_lines(tmp_path: Path) -> None:
    config = config_from(rows(tmp_path, 'one,"3,5",2', "two,2,x", "three,3,1"))
    with pytest.raises(DataError) as error:
        load_corpus(config.data, seed=1)
    assert "invalid scores in 2 rows: line 2: expected a number with a decimal point in column 'a'" in str(error.value)
    assert "line 3: expected a number in column 'b', found 'x'" in str(error.value)


@pytest.mark.parametrize("cells", [("1,2", "1,3", "1,4"), (",2", ",3", "5,4"), (",2", ",3", ",4")])
def test_a_column_without_two_different_numbers_is_refused(tmp_path: Path, cells: tuple[str, ...]) -> None:
    lines = [f"text {number},{each}" for number, each in enumerate(cells)]
    config = config_from(rows(tmp_path, *lines))
    with pytest.raises(DataError, match="fewer than two different numbers in 'a'"):
        load_corpus(config.data, seed=1)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("data.label", "mood", "either a column of labels or scores"),
        ("data.labels", ["x"], "either yes/no columns or scores"),
        ("data.label_separator", "|", "either several labels per text or scores"),
        ("data.soft_labels", 0.5, "either probabilities of labels or scores"),
        ("data.scores", ["a", "a"], "duplicate column"),
        ("data.scores", ["text"], "is also set as data.text"),
        ("data.scores", [" a"], "a name is empty, or has spaces"),
        ("training.metric", "accuracy", "the mean squared error selects the best epoch"),
        ("training.class_weights", "sqrt", "applies to labels"),
        ("decision.thresholds", 0.4, "applies to labels"),
    ],
)
def test_settings_for_labels_contradict_scores(key: str, value: object, words: str) -> None:
    settings = {"data.train": "rows.csv", "data.scores": ["a"], key: value}
    with pytest.raises(ConfigError, match=words):
        config_from(settings)


def test_a_loss_of_scores_needs_scores() -> None:
    with pytest.raises(ConfigError, match=r"training.score_loss: applies to scores; set data.scores"):
        config_from({"data.train": "rows.csv", "training.score_loss": "huber"})


# Figures


@pytest.mark.parametrize("seed", range(200))
def test_figures_equal_those_of_other_libraries(seed: int) -> None:
    random = np.random.default_rng(seed)
    num_rows, place = int(random.integers(3, 40)), float(random.choice([0.0, 3.0, -1e4]))
    truth = place + random.normal(size=(num_rows, 2))
    guess = place + random.normal(size=2) + random.uniform(-1, 1) * (truth - place) + random.normal(size=truth.shape)
    is_missing = random.random(truth.shape) < 0.2
    is_missing[:3] = False
    found = agreement(np.where(is_missing, NAN, truth), guess)
    for score in range(2):
        y, p = truth[~is_missing[:, score], score], guess[~is_missing[:, score], score]
        expected = {
            "r": stats.pearsonr(y, p)[0],
            "rmse": metrics.root_mean_squared_error(y, p),
            "mae": metrics.mean_absolute_error(y, p),
            "r2": metrics.r2_score(y, p),
            "ccc": concordance(y, p),
        }
        for name, value in expected.items():
            assert found[name][score] == pytest.approx(value, rel=1e-6, abs=1e-7), name


@pytest.mark.parametrize(
    ("truth", "guess", "undefined"),
    [
        ([1.0, 2.0, 4.0], [3.1, 3.1, 3.1], {"r"}),
        ([3.1, 3.1, 3.1], [1.0, 2.0, 4.0], {"r", "r2", "ccc"}),
        ([0.1, 0.1], [0.1, 0.1], {"r", "r2", "ccc"}),
        ([2.0], [3.0], {"r", "r2", "ccc"}),
        ([NAN, 2.0], [1.0, 3.0], {"r", "r2", "ccc"}),
        ([NAN, NAN], [1.0, 3.0], {"r", "rmse", "mae", "r2", "ccc"}),
    ],
)
def test_what_is_not_defined_is_none_in_json_and_a_dash_in_tables(
    truth: list[float], guess: list[float], undefined: set[str]
) -> None:
    targets, values = np.array(truth)[:, None], np.array(guess)[:, None]
    systems = [ScoreSystem("model", values), ScoreSystem("other", values + 1.0)]
    evaluation = evaluate_scores("rows", systems, targets, ("x",), EvaluationSettings(bootstrap_samples=100))
    assert {name for name, each in evaluation.scores["model"].items() if each is None} == undefined
    (one,) = evaluation.each_score["model"]
    assert {name for name in evaluation.scores["model"] if getattr(one, name) is None} == undefined
    text = scores_json([evaluation], {})
    assert "NaN" not in text
    assert json.loads(text)["evaluations"]["rows"]["num_rows"] == len(truth)
    cells = [cell for table in score_tables(evaluation) for row in table.rows for cell in row]
    assert not any("nan" in cell for cell in cells)
    assert cells.count("-") >= len(undefined)


def test_a_prediction_of_a_constant_agrees_with_nothing() -> None:
    assert agreement(np.array([[1.0], [2.0]]), np.array([[1.5], [1.5]]))["ccc"][0] == 0.0


def test_systems_share_resamples_and_whole_groups_are_drawn() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=(60, 1))
    better, worse = truth + 0.1 * random.normal(size=truth.shape), truth + 0.9 * random.normal(size=truth.shape)
    systems = [ScoreSystem("better", better), ScoreSystem("worse", worse), ScoreSystem("same", better)]
    settings = EvaluationSettings(bootstrap_samples=300)
    found = evaluate_scores("rows", systems, truth, ("x",), settings)
    assert [each.verdict for each in found.comparisons] == ["better", "not distinguishable"]
    same = found.comparisons[1].difference
    assert (same.low, same.value, same.high) == (0.0, 0.0, 0.0)
    grouped = evaluate_scores("rows", systems, truth, ("x",), settings, groups=np.repeat(np.arange(6), 10))
    assert grouped.num_groups == 6
    r2, r2_of_groups = found.scores["worse"]["r2"], grouped.scores["worse"]["r2"]
    assert r2 is not None
    assert r2_of_groups is not None
    assert (r2.low, r2.value) != (r2_of_groups.low, r2_of_groups.value)
    assert r2.value == r2_of_groups.value


# Regression and loss


def test_ridge_equals_that_of_scikit_learn_where_scores_are_there() -> None:
    random = np.random.default_rng(3)
    dense = random.random((40, 7)) * (random.random((40, 7)) < 0.5)
    targets = random.normal(size=(40, 2))
    targets[:5, 1] = NAN
    coefficients, intercepts = fit_ridge(sparse.csr_matrix(dense), targets, 2.0)
    for score, used in enumerate([slice(0, 40), slice(5, 40)]):
        model = Ridge(alpha=0.5, solver="cholesky").fit(dense[used], targets[used, score])
        np.testing.assert_allclose(coefficients[score], model.coef_, atol=1e-3)
        assert intercepts[score] == pytest.approx(model.intercept_, abs=1e-3)


def test_a_feature_with_a_large_weight_is_hardly_regularised() -> None:
    random = np.random.default_rng(3)
    features = sparse.csr_matrix(random.random((30, 2)))
    targets = features.toarray().sum(axis=1, keepdims=True)
    weights = np.array([[10.0, 0.1]])
    (coefficients,), _ = fit_ridge(features, targets, 0.1, weights)
    expected = Ridge(alpha=10.0, solver="cholesky").fit(features.toarray() * weights, targets[:, 0]).coef_ * weights[0]
    np.testing.assert_allclose(coefficients, expected, atol=1e-3)
    assert coefficients[0] > 5 * coefficients[1]


def test_a_feature_that_moves_a_score_is_weighted_more() -> None:
    features = sparse.csr_matrix(np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
    targets = np.array([[2.0, NAN], [2.0, 1.0], [-2.0, -1.0], [-2.0, NAN]])
    expected = LEAST_WEIGHT + np.abs(np.array([[4.0, 0.0], [1.0, -1.0]]) / (2.0 + SCORE_SMOOTHING))
    expected /= np.sqrt((expected**2).mean(axis=1, keepdims=True))
    np.testing.assert_allclose(score_weights(features, targets), expected)
    assert expected[0, 0] > expected[0, 1]


def test_without_rows_or_features_the_mean_is_predicted() -> None:
    targets = np.array([[1.0, NAN], [3.0, NAN]])
    coefficients, intercepts = fit_ridge(sparse.csr_matrix((2, 0)), targets, 1.0)
    assert coefficients.shape == (2, 0)
    np.testing.assert_array_equal(intercepts, [2.0, 0.0])


@pytest.mark.parametrize("name", ["squared", "huber"])
def test_the_loss_and_its_gradient_are_those_of_a_loop_over_the_scores_that_are_there(name: str) -> None:
    random = np.random.default_rng(1)
    outputs = torch.tensor(2.0 * random.normal(size=(5, 3)), requires_grad=True)
    targets = torch.tensor(random.normal(size=(5, 3)))
    targets[0, 1] = targets[3, :] = NAN
    loss = make_score_loss(name)  # type: ignore[arg-type]
    total = loss(outputs, targets)
    total.backward()
    there = [(row, score) for row in range(5) for score in range(3) if not math.isnan(targets[row, score])]
    expected, gradient = 0.0, torch.zeros(5, 3, dtype=torch.float64)
    for row, score in there:
        error = float(outputs.detach()[row, score] - targets[row, score])
        is_far = name == "huber" and abs(error) > 1.0
        expected += (abs(error) - 0.5) if is_far else 0.5 * error**2
        gradient[row, score] = (math.copysign(1.0, error) if is_far else error) / len(there)
    assert float(total.detach()) == pytest.approx(expected / len(there), rel=1e-12)
    assert outputs.grad is not None
    torch.testing.assert_close(outputs.grad, gradient, rtol=1e-12, atol=1e-14)
    assert torch.autograd.gradcheck(lambda each: loss(each, targets), (outputs.detach().requires_grad_(),))


def test_a_batch_without_any_score_costs_nothing() -> None:
    outputs = torch.ones(2, 1, requires_grad=True)
    loss = make_score_loss("squared")(outputs, torch.full((2, 1), NAN))
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert outputs.grad is not None
    assert not outputs.grad.any()


# Mixture and intervals


def test_with_many_rows_the_mixture_is_least_squares_without_negative_weights() -> None:
    random = np.random.default_rng(2)
    first, second, noise = random.normal(size=(3, 20_000))
    truth = 0.3 + 0.5 * first + 0.2 * second + 0.5 * noise
    matrix = np.column_stack([first, second, np.ones(len(truth))])
    np.testing.assert_allclose(fit_weights([first, second], truth), np.linalg.lstsq(matrix, truth)[0], atol=2e-3)
    weights = fit_weights([first, second], 0.5 * first - 0.5 * second + noise)
    assert weights[1] == 0.0
    assert weights[0] == pytest.approx(0.5, abs=0.02)


def test_with_few_rows_the_mixture_is_the_mean_of_its_parts() -> None:
    np.testing.assert_allclose(fit_weights([np.ones(1), np.zeros(1)], np.array([5.0])), [0.5, 0.5, 0.0], atol=0.2)
    np.testing.assert_array_equal(fit_weights([np.empty(0), np.empty(0)], np.empty(0)), [0.5, 0.5, 0.0])
    np.testing.assert_array_equal(fit_weights([np.zeros(2)], np.full(2, NAN)), [1.0, 0.0])


def test_an_overconfident_part_is_drawn_toward_the_mean() -> None:
    random = np.random.default_rng(5)
    truth = random.normal(size=500)
    loud = 3.0 * (truth + random.normal(size=500))
    standard = Standard(np.array([3.0]), np.array([0.5]))
    tuner = ScoreTuner(standard, 3.0 + 0.5 * truth[:, None])
    found = tuner.tuned(loud[:, None])
    assert 0.1 < found.network_weights[0] < 0.25
    values = found.values(loud[:, None], None)
    assert squared_error(3.0 + 0.5 * truth[:, None], values) < 0.25 * 0.6
    assert tuner.scores(loud[:, None])["r2"] == pytest.approx(0.5, abs=0.08)


def test_intervals_hold_the_asked_part_of_new_rows() -> None:
    random = np.random.default_rng(4)
    held = {0.5: 0.0, 0.8: 0.0, 0.95: 0.0}
    for _ in range(200):
        residuals = random.exponential(size=(99, 1))
        reaches = conformal_reaches(residuals, np.zeros_like(residuals))
        new = random.exponential(size=1000)
        for coverage in held:
            reach = reaches[0, np.searchsorted(COVERAGES, coverage - 1e-9)]
            held[coverage] += float((new <= reach).mean()) / 200
    for coverage, found in held.items():
        assert found == pytest.approx(coverage, abs=0.01)


def test_intervals_come_from_mixtures_that_have_not_seen_the_row() -> None:
    random = np.random.default_rng(6)
    truth, outputs = random.normal(size=(30, 1)), random.normal(size=(30, 1))
    standard = Standard(np.zeros(1), np.ones(1))
    residuals = np.empty(30)
    for part in range(5):
        rows = np.arange(30) % 5 == part
        weight, offset = fit_weights([outputs[~rows, 0]], truth[~rows, 0])
        residuals[rows] = np.abs(truth[rows, 0] - offset - weight * outputs[rows, 0])
    reaches = ScoreTuner(standard, truth).tuned(outputs).reaches[0]
    expected = np.sort(residuals)[np.ceil(31 * COVERAGES - 1e-9).astype(int)[COVERAGES < 0.96] - 1]
    np.testing.assert_allclose(reaches[COVERAGES < 0.96], expected)


def test_a_reach_is_the_residual_of_the_rank_that_theory_says() -> None:
    targets = np.array([[3.0], [-1.0], [NAN], [2.0], [4.0]])
    reaches = conformal_reaches(targets, np.zeros_like(targets))[0]
    outputs = ScoreOutputs(*[np.zeros(1)] * 5, reaches=reaches[None])
    assert outputs.reach(0.5)[0] == 3.0  # ceil(5 * 0.5) = 3rd of 1, 2, 3, 4
    assert outputs.reach(0.8)[0] == 4.0
    assert outputs.reach(0.6)[0] == 3.0
    assert outputs.reach(0.601)[0] == 4.0
    assert math.isnan(outputs.reach(0.81)[0])  # would be the 5th of 4
    with pytest.raises(ValueError, match=r"expected a coverage from 0\.5 to 0\.99"):
        outputs.reach(0.4)
