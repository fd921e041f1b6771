"""The n-grams of a model alone, beside it in every report: counted by hand, and what the network adds to them."""

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.examples import read_examples
from lstmcli.inference.predictor import Predictor
from lstmcli.inference.tokens import KnownTokens
from lstmcli.metrics.evaluation import Comparison, System, evaluate
from lstmcli.metrics.scores import PROBABILITY_FLOOR
from lstmcli.recipes.score import score_examples
from lstmcli.reports.verdicts import verdict_sentences
from lstmcli.store.model import SavedModel, read_model
from tests.conftest import FAST, TEXTS, corpus_options, feeling_rows, invoke, set_options, write_csv

ALONE = "n-grams alone"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def evaluations(run: Path) -> list[dict[str, Any]]:
    return list(json.loads((run / "metrics.json").read_text())["evaluations"].values())


def probabilities_alone(run: Path, texts: list[str]) -> np.ndarray:
    """Those of a model of which the network has no weight."""
    temperature = json.loads((run / "baselines" / "ngrams.json").read_text())["temperature"]
    model = replace(read_model(run), ngram_share=1.0, temperature=temperature)
    return Predictor(model).probabilities(texts)


def test_the_ngrams_alone_are_scored_beside_the_model(run_directory: Path, tmp_path: Path) -> None:
    """Accuracy and log loss of texts that leave doubts, counted one by one."""
    rows = [("happy or sad", "joy"), ("sad or angry", "anger"), ("today again", "sadness"), ("furious", "joy")]
    path = write_csv(tmp_path / "doubtful.csv", ["text", "label"], [*rows, ("glad", "joy"), ("again at home", "anger")])
    evaluated = invoke("evaluate", run_directory, path, "--json")
    assert evaluated.exit_code == 0, evaluated.stderr
    (evaluation,) = json.loads(evaluated.stdout)["evaluations"].values()
    names, found = read_model(run_directory).labels.names, evaluation["scores"]
    probabilities = probabilities_alone(run_directory, [row["text"] for row in rows_of(path)])
    actual = [names.index(row["label"]) for row in rows_of(path)]
    num_right = sum(one.argmax() == label for one, label in zip(probabilities, actual, strict=True))
    losses = [-np.log(max(PROBABILITY_FLOOR, one[label])) for one, label in zip(probabilities, actual, strict=True)]
    assert 0 < num_right < 6
    assert found[ALONE]["accuracy"]["value"] == pytest.approx(num_right / 6)
    assert found[ALONE]["log_loss"]["value"] == pytest.approx(np.mean(losses))
    assert found[ALONE]["log_loss"]["value"] != pytest.approx(found["this model"]["log_loss"]["value"])


def test_where_ngrams_solve_a_corpus_every_report_says_that_the_network_adds_nothing(run_directory: Path) -> None:
    for evaluation in evaluations(run_directory):
        assert evaluation["scores"][ALONE]["accuracy"]["value"] == 1.0
        comparison = evaluation["comparisons"][-1]
        assert (comparison["other"], comparison["added_to_ngrams"]) == (ALONE, "network")
        assert [each["added_to_ngrams"] for each in evaluation["comparisons"][:-1]] == ["", ""]
        assert comparison["difference"]["low"] <= 0.0 <= comparison["difference"]["high"]
    for name in ("report.md", "report.html"):
        report = (run_directory / name).read_text(encoding="utf-8")
        assert report.count("The network adds NOTHING measurable to the n-grams on these rows: ") == 2


def test_several_labels_have_thresholds_for_the_ngrams_alone_and_all_networks_are_compared(tmp_path: Path) -> None:
    rows = [(text, label if number % 3 else f"{label}|intense") for number, (text, label) in enumerate(feeling_rows(6))]
    files = [write_csv(tmp_path / f"{name}.csv", ["text", "label"], rows[part::2]) for part, name in enumerate("ab")]
    options = [*FAST, f"data.train={files[0]}", f"data.validation={files[1]}", "data.label_separator=|"]
    options += ["training.ensemble=2", "training.epochs=1"]
    trained = invoke("train", *set_options(*options), "--run-dir", tmp_path / "run")
    assert trained.exit_code == 0, trained.stderr
    (evaluation,) = evaluations(tmp_path / "run")
    systems = ["this model", "its first network", "majority class", "TF-IDF + logistic regression", ALONE]
    assert list(evaluation["scores"]) == systems
    assert re.search(r"^The ensemble of 2 networks (adds|makes)", trained.stdout, re.M)

    names = read_model(tmp_path / "run").labels.names
    stored = json.loads((tmp_path / "run" / "baselines" / "ngrams.json").read_text())
    assert stored["at_least_one"]
    assert any(threshold != 0.5 for threshold in stored["thresholds"])
    validation = rows_of(files[1])
    num_shared = num_picked = num_actual = 0
    for row, one in zip(
        validation, probabilities_alone(tmp_path / "run", [r["text"] for r in validation]), strict=True
    ):
        picked = {name for name, p, least in zip(names, one, stored["thresholds"], strict=True) if p >= least}
        picked = picked or {names[int((one / stored["thresholds"]).argmax())]}
        actual = set(row["label"].split("|"))
        num_shared, num_picked, num_actual = (
            num_shared + len(picked & actual),
            num_picked + len(picked),
            num_actual + len(actual),
        )
    micro_f1 = evaluation["scores"][ALONE]["micro_f1"]["value"]
    assert micro_f1 == pytest.approx(2 * num_shared / (num_picked + num_actual))
    told = re.search(r"n-grams alone (\d\.\d{3}), combined", trained.stderr)  # before the table is rounded for storage
    assert told is not None
    assert evaluation["scores"][ALONE]["macro_f1"]["value"] == pytest.approx(float(told[1]), abs=0.02)


def test_traits_are_compared_by_mean_accuracy(tmp_path: Path) -> None:
    rows = [(text, str(int(label == "joy")), "yn"[label == "anger"]) for text, label in feeling_rows(6)]
    path = write_csv(tmp_path / "traits.csv", ["text", "HAP", "CAL"], rows)
    options = [*FAST, f"data.train={path}", "data.labels=HAP,CAL", "training.epochs=1"]
    trained = invoke("train", *set_options(*options), "--run-dir", tmp_path / "run")
    assert trained.exit_code == 0, trained.stderr
    evaluated = invoke("evaluate", tmp_path / "run", path, "--json")
    (found,) = json.loads(evaluated.stdout)["evaluations"].values()
    picked = probabilities_alone(tmp_path / "run", [row["text"] for row in rows_of(path)]) >= 0.5
    assert read_model(tmp_path / "run").labels.names == ("HAP", "CAL")
    actual = np.array([[row["HAP"] == "1", row["CAL"] == "y"] for row in rows_of(path)])
    assert found["scores"][ALONE]["mean_accuracy"]["value"] == pytest.approx((picked == actual).mean())
    assert found["comparisons"][-1]["score"] == "mean_accuracy"


def test_a_model_without_ngrams_is_not_compared_with_them(corpus: Path, tmp_path: Path) -> None:
    options = [*corpus_options(corpus), *set_options("ngrams.enabled=false", "training.epochs=1")]
    trained = invoke("train", *options, "--run-dir", tmp_path / "run")
    assert trained.exit_code == 0, trained.stderr
    assert ALONE not in trained.stdout
    assert not (tmp_path / "run" / "baselines" / "ngrams.json").exists()
    (evaluation,) = evaluations(tmp_path / "run")
    assert list(evaluation["scores"]) == ["this model", "majority class", "TF-IDF + logistic regression"]
    assert Predictor.open(tmp_path / "run").predict_with_ngrams(TEXTS)[1] is None


def without_weight(model: SavedModel) -> SavedModel:
    return replace(model, ngram_share=1.0)


def with_empty_ngrams(model: SavedModel) -> SavedModel:
    assert model.ngrams is not None
    table = model.ngrams._replace(rows=np.zeros_like(model.ngrams.rows), guard=None)
    return replace(model, ngrams=table, ngram_share=0.0)


def with_wrong_network(model: SavedModel) -> SavedModel:
    (weights,) = model.members
    wrong = {name: -value if name.startswith("output.") else value for name, value in weights.items()}
    return replace(model, members=(wrong,), ngram_share=0.0)


@pytest.mark.parametrize(
    ("change", "sign", "sentence"),
    [
        (with_empty_ngrams, 1, "The network adds to the n-grams: +"),
        (without_weight, 0, "The network adds NOTHING measurable to the n-grams on these rows: +0.0 points"),
        (with_wrong_network, -1, "The network makes the model WORSE than its n-grams alone: -"),
    ],
)
def test_the_verdict_says_what_the_network_adds(
    run_directory: Path, corpus: Path, change: Callable[[SavedModel], SavedModel], sign: int, sentence: str
) -> None:
    predictor = Predictor(change(read_model(run_directory)))
    examples = read_examples(str(corpus / "test.csv"), DataSettings())
    settings = EvaluationSettings(bootstrap_samples=100)
    evaluation = score_examples(examples, predictor, run_directory / "baselines", settings).evaluation
    comparison = evaluation.comparisons[-1]
    assert (comparison.other, np.sign(comparison.difference.value)) == (ALONE, sign)
    assert verdict_sentences(evaluation)[2].startswith(sentence)


@pytest.mark.parametrize(
    ("num_right", "sentence"),
    [
        (90, "The {} adds to the n-grams: +30.0 points of mean accuracy (interval +"),
        (60, "The {} adds NOTHING measurable to the n-grams on these rows: +0.0 points of mean accuracy (interval "),
        (30, "The {} makes the model WORSE than its n-grams alone: -30.0 points of mean accuracy (interval -"),
    ],
)
@pytest.mark.parametrize("added", ["network", "ensemble of 3 networks"])
def test_verdicts_on_the_network_are_worded_by_the_interval(num_right: int, sentence: str, added: str) -> None:
    """N-grams are right 60 times of 100; the same predictions are also those of a system that is no part of it."""
    actual = np.arange(100)[:, None] % 2 == 0
    model, ngrams = (np.where(np.arange(100)[:, None] < right, actual, ~actual) for right in (num_right, 60))
    systems = [
        System("m", model, model * 1.0),
        System("other", ngrams, ngrams * 1.0),
        System(ALONE, ngrams, ngrams * 1.0, added_to_ngrams=added),
    ]
    settings = EvaluationSettings(bootstrap_samples=100)
    other, found = evaluate("rows", systems, actual, ("a",), "traits", settings).comparisons
    assert found == Comparison(ALONE, "mean_accuracy", other.difference, added)
    evaluation = evaluate("rows", systems, actual, ("a",), "traits", settings)
    first, second = verdict_sentences(evaluation)
    assert first.startswith("The model ")
    assert second.startswith(sentence.format(added))


def test_texts_are_tokenised_once_for_the_model_and_its_ngrams(
    run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts that occur twice have their results twice, in the order of the texts."""
    predictor, texts = Predictor.open(run_directory), [TEXTS[2], *TEXTS]
    expected = predictor.predict(texts)
    encoded, encode = [], KnownTokens.encode
    monkeypatch.setattr(KnownTokens, "encode", lambda self, these: encoded.append(these) or encode(self, these))
    predictions, logits = predictor.predict_with_ngrams(texts)
    assert encoded == [[TEXTS[2], *TEXTS[:2], *TEXTS[3:]]]
    assert logits is not None
    for found, wanted in zip(predictions, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    temperature = json.loads((run_directory / "baselines" / "ngrams.json").read_text())["temperature"]
    odds = np.exp(logits / temperature)
    alone = probabilities_alone(run_directory, texts)
    np.testing.assert_allclose(odds / odds.sum(axis=1, keepdims=True), alone, atol=1e-12)
