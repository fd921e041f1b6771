"""Weights of training rows, from the file to the model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import sparse

import lstmcli
from lstmcli.config.loading import config_from
from lstmcli.config.model_settings import DataSettings, LabelKind
from lstmcli.corpus.corpus import load_corpus
from lstmcli.corpus.examples import read_examples
from lstmcli.errors import ConfigError, DataError
from lstmcli.metrics import linear, ridge
from lstmcli.metrics.score_tuning import Standard
from lstmcli.ngrams.fit import NgramFeatures
from lstmcli.ngrams.regressions import fit_logistic, fit_scores, label_weights, score_weights
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.loss import Loss, make_loss, with_weights
from lstmcli.training.score_loss import make_score_loss
from tests.conftest import FAST, feeling_rows, invoke, set_options, write_csv

RIGHT = {("glad", "joy"), ("livid", "sadness")}
RANDOM = np.random.default_rng(3)
COUNTS = np.array([1.0, 3.0, 2.0, 1.0, 4.0, 2.0, 1.0])
REPEATED = np.repeat(np.arange(len(COUNTS)), COUNTS.astype(int))
SINGLE = np.eye(3, dtype=np.bool_)[[0, 1, 2, 0, 1, 1, 2]]
SEVERAL = np.array([[1, 0], [0, 1], [1, 1], [0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.bool_)
SHARES = np.array([[0.2, 0.8], [1, 0], [0.5, 0.5], [0, 1], [0.9, 0.1], [0.4, 0.6], [0.7, 0.3]], dtype=np.float32)
NUMBERS = np.array([[0.5, np.nan], [1, 2], [np.nan, -1], [0.2, 0.4], [-2, 1], [0, 0.1], [1.5, -0.5]], dtype=np.float32)


def loss_and_gradient(loss: Loss, logits: NDArray[Any], targets: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    values = torch.from_numpy(logits).requires_grad_()
    found = loss(values, torch.from_numpy(targets.astype(np.float32)))
    found.backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    return found.item(), values.grad.numpy()


def summed(gradient: NDArray[Any]) -> NDArray[Any]:
    """Return the gradient of each row from that of the repeated rows."""
    sums = np.zeros((len(COUNTS), gradient.shape[1]))
    np.add.at(sums, REPEATED, gradient)
    return sums


def losses(kind: str, targets: NDArray[Any], class_weights: str, weights: NDArray[np.float64] | None) -> Loss:
    if kind == "scores":
        return make_score_loss("huber", targets, weights)
    return make_loss(targets, kind, class_weights, weights)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "targets", "class_weights"),
    [
        ("single", SINGLE, "none"),
        ("single", SINGLE, "balanced"),
        ("single", SHARES, "none"),
        ("single", SHARES, "sqrt"),
        ("multi", SEVERAL, "none"),
        ("traits", SEVERAL, "balanced"),
        ("scores", NUMBERS, "none"),
    ],
)
def test_a_weight_of_three_is_three_equal_rows_in_the_loss(
    kind: LabelKind, targets: NDArray[Any], class_weights: str
) -> None:
    logits = RANDOM.normal(size=targets.shape).astype(np.float32)
    weighted = losses(kind, targets, class_weights, COUNTS)
    repeated = losses(kind, targets[REPEATED], class_weights, None)
    one, gradient = loss_and_gradient(weighted, logits, with_weights(targets, COUNTS))
    other, long_gradient = loss_and_gradient(repeated, logits[REPEATED], targets[REPEATED])
    assert one == pytest.approx(other, rel=1e-5)
    np.testing.assert_allclose(gradient, summed(long_gradient), atol=1e-6)


def test_what_a_batch_weighs_does_not_depend_on_the_rows_beside_a_row() -> None:
    loss = make_loss(SINGLE, "single", "none", COUNTS)
    logits = RANDOM.normal(size=SINGLE.shape).astype(np.float32)
    targets = with_weights(SINGLE, COUNTS)
    _, beside_heavy = loss_and_gradient(loss, logits[[0, 4]], targets[[0, 4]])
    _, beside_light = loss_and_gradient(loss, logits[[0, 3]], targets[[0, 3]])
    np.testing.assert_allclose(beside_heavy[0], beside_light[0], rtol=1e-6)


@pytest.mark.parametrize("targets", [SINGLE, SHARES], ids=["labels", "probabilities"])
def test_a_weight_of_three_is_three_equal_texts_in_a_logistic_regression(
    targets: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TOLERANCE": 1e-8, "MIN_PASSES": 100_000, "MAX_PASSES": 100_000}.items():
        monkeypatch.setattr(linear, name, value)
    features = sparse.csr_matrix(RANDOM.random((len(COUNTS), 4)))
    np.testing.assert_allclose(
        label_weights(features, targets, COUNTS), label_weights(features[REPEATED], targets[REPEATED]), rtol=1e-6
    )
    own, repeated = (
        fit_logistic(features, targets, 1.0, COUNTS),
        fit_logistic(features[REPEATED], targets[REPEATED], 1.0),
    )
    for one, other in zip(own, repeated, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    unweighted, _ = fit_logistic(features, targets, 1.0)
    assert np.abs(unweighted - own[0]).max() > 0.01


def test_a_weight_of_three_is_three_equal_texts_in_a_ridge_regression(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ridge, "TOLERANCE", 1e-12)
    features = sparse.csr_matrix(RANDOM.random((len(COUNTS), 4)))
    standard, repeated_standard = Standard.of(NUMBERS, COUNTS), Standard.of(NUMBERS[REPEATED])
    np.testing.assert_allclose(standard.means, repeated_standard.means, rtol=1e-6)
    np.testing.assert_allclose(standard.deviations, repeated_standard.deviations, rtol=1e-6)
    targets = standard.standardised(NUMBERS)
    np.testing.assert_allclose(
        score_weights(features, targets, COUNTS), score_weights(features[REPEATED], targets[REPEATED])
    )
    own, repeated = fit_scores(features, targets, 1.0, COUNTS), fit_scores(features[REPEATED], targets[REPEATED], 1.0)
    for one, other in zip(own, repeated, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_weight_of_three_is_three_equal_texts_for_the_table_of_ngrams(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TOLERANCE": 1e-8, "MIN_PASSES": 100_000, "MAX_PASSES": 100_000}.items():
        monkeypatch.setattr(linear, name, value)
    # Each word is in two texts at least: a text of weight 3 is not three texts that could share a word.
    texts = [[0, 1, 2], [1, 2, 0], [3, 1, 3], [3, 2], [0, 3, 1], [2, 0, 1], [1, 3]]
    words = ["red", "blue", "green", "grey"]

    def table(rows: NDArray[np.int64], weights: NDArray[np.float64] | None) -> NDArray[Any]:
        ids = [texts[row] for row in rows]
        token_ids = TokenIds(np.concatenate([np.array(each) for each in ids]), np.cumsum([0, *map(len, ids)]))
        features = NgramFeatures(token_ids, words, range(9, 10), num_buckets=1 << 10, seed=1, weights=weights)
        return features.fit(SINGLE[rows], 1.0).rows

    own, repeated = table(np.arange(len(texts)), COUNTS), table(REPEATED, None)
    of_words = own[:, 0] > 0  # pairs in one text alone are features if it is repeated
    assert of_words.sum() >= len(words)
    np.testing.assert_allclose(own[of_words, 0], repeated[of_words, 0], rtol=1e-3)


def test_rows_without_weight_are_dropped_with_a_note(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "train.csv", ["text", "label", "w"], [("a b", "x", 2), ("c", "y", "0"), ("d", "y", ".5")]
    )
    settings = DataSettings(weight="w")
    examples = read_examples(str(file), settings, weighted=True)
    assert examples.row_weights is not None
    assert examples.row_weights.tolist() == [2.0, 0.5]
    assert [str(finding) for finding in examples.findings] == ["weight 0 at line 3"]
    assert read_examples(str(file), settings).row_weights is None
    assert read_examples(str(file), settings).digest() != examples.digest()


@pytest.mark.parametrize("cell", ["", "-1", "heavy", "nan", "inf", "1e9", "1,5"])
def test_what_can_be_no_weight_is_told_with_its_line(cell: str, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "train.csv", ["text", "label", "w"], [("a b", "x", 1), ("c", "y", cell)])
    with pytest.raises(DataError, match=r"invalid weights in 1 row: line 3: expected a weight from 0 to 1,000,000"):
        read_examples(str(file), DataSettings(weight="w"), weighted=True)


def test_only_the_training_file_needs_weights(tmp_path: Path) -> None:
    rows = [(text, label, number % 3 + 1) for number, (text, label) in enumerate(feeling_rows(2))]
    train = write_csv(tmp_path / "train.csv", ["text", "label", "w"], rows)
    other = write_csv(tmp_path / "validation.csv", ["text", "label"], feeling_rows(1, offset=50))
    corpus = load_corpus(DataSettings(train=str(train), validation=str(other), weight="w"), seed=1)
    assert corpus.train.row_weights is not None
    assert corpus.validation.row_weights is None
    with pytest.raises(DataError, match=r"no column 'w'\..*data\.weight"):
        load_corpus(DataSettings(train=str(other), weight="w"), seed=1)


def test_a_weight_column_that_is_something_else_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"data\.weight: column 'label' is also that of the texts or of what is learned"
    ):
        config_from({"data.train": "a.csv", "data.weight": "label"})


def test_rows_of_more_weight_decide_what_is_learned(tmp_path: Path) -> None:
    """Each text is there twice, once as joy and once as sadness; the weights say which is right."""
    rows = [
        (f"{word} number{number}", label, 9 if (word, label) in RIGHT else 1)
        for number in range(12)
        for word in ("glad", "livid")
        for label in ("joy", "sadness")
    ]
    file = write_csv(tmp_path / "train.csv", ["text", "label", "w"], rows)
    options = set_options("data.weight=w", "model.pretrained=none", "evaluation.baselines=false", *FAST)
    result = invoke("train", file, *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert lstmcli.load(tmp_path / "run").predict(["glad number3", "livid number3"]) == ["joy", "sadness"]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], r"expected one weight for each of 2 texts"),
        ([1.0, -1.0], r"weights\[1\] is -1\.0"),
        ([0.0, 0.0], r"but all are 0"),
        ([1.0, float("nan")], r"weights\[1\] is nan"),
    ],
)
def test_weights_of_python_are_checked(weights: list[float], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        lstmcli.train(texts=["a", "b"], labels=["x", "y"], weights=weights, run_dir=tmp_path / "run")


def test_weights_without_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"set data\.weight"):
        lstmcli.train({"data.train": "a.csv"}, weights=[1.0], run_dir=tmp_path / "run")
