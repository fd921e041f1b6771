"""Models of ordered labels from training to prediction, on the bundled corpus."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

import lstmcli
from lstmcli import LSTMClassifier
from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.corpus import load_corpus
from lstmcli.data.sealed import seal
from lstmcli.errors import DamagedFileError, DataError
from lstmcli.explanation.explainer import Explainer
from lstmcli.explanation.methods import METHODS
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.ordinal import class_probabilities
from lstmcli.models.classifier import Classifier
from lstmcli.store.model import read_model
from lstmcli.text.vocabulary import PAD_ID
from lstmcli.training.batch import word_batch
from tests.conftest import FAST, PROJECT, Cli, invoke, set_options
from tests.metrics_schema import problems

DATA = PROJECT / "data" / "severity"
ORDER = ["none", "mild", "severe"]
FEW = [*FAST, "training.epochs=3", "evaluation.bootstrap_samples=100"]
SEVERE = "My knee is swollen and the pain makes me scream."


def options(*settings: str) -> list[str]:
    config = ["--config", str(PROJECT / "configs" / "ordered.yaml")]
    files = [f"data.train={DATA}/train.csv", f"data.test={DATA}/test.csv"]
    return [*config, *set_options(*files, *FEW, *settings)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run. Tests must not change it."""
    path = tmp_path_factory.mktemp("ordered") / "severity"
    result = invoke("train", *options("decision.measure=qwk"), "--run-dir", path)
    assert result.exit_code == 0, result.stderr
    return path


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# Training and reports


def test_a_training_reports_qwk_and_mae_of_all_systems_in_every_report(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    assert list(problems(metrics)) == []
    test = list(metrics["evaluations"].values())[1]
    systems = ["this model", "majority class", "median class", "TF-IDF + logistic regression", "n-grams alone"]
    assert [each["system"] for each in test["ordered"]] == systems == list(test["scores"])
    assert [label["label"] for label in test["labels"]["this model"]] == ORDER
    for name in ("report.md", "report.html", "model/README.md"):
        text = (run / name).read_text(encoding="utf-8")
        assert f"QWK {test['ordered'][0]['qwk']['value']:.3f}" in text
        assert "from the lowest to the highest" in text or name == "report.md"
    columns = "| actual \\\\ predicted | none | mild | severe |"
    assert columns.replace("\\\\", "\\") in (run / "report.md").read_text().replace("\\\\", "\\")


def test_the_reported_figures_are_those_of_the_predictions(run: Path) -> None:
    texts = table((DATA / "test.csv").read_text())
    predicted = lstmcli.load(run).predict([row["text"] for row in texts])
    actual, found = ([ORDER.index(name) for name in each] for each in ([row["severity"] for row in texts], predicted))
    ranks = list(json.loads((run / "metrics.json").read_text())["evaluations"].values())[1]["ordered"][0]
    assert ranks["qwk"]["value"] == pytest.approx(cohen_kappa_score(actual, found, weights="quadratic"))
    assert ranks["mae"]["value"] == pytest.approx(mean_absolute_error(actual, found))


def test_only_a_model_of_ordered_labels_has_the_newer_format(run: Path, run_directory: Path) -> None:
    ordered = json.loads((run / "model" / "model.json").read_text())
    plain = json.loads((run_directory / "model" / "model.json").read_text())
    assert (ordered["format_version"], plain["format_version"]) == (7, 5)
    assert (ordered["ordered"], ordered["measure"], len(ordered["cuts"])) == (True, "qwk", 2)
    assert not {"ordered", "measure", "cuts"} & set(plain)
    assert len(ordered["ngrams"]["intercepts"]) == 2
    metrics = json.loads((run_directory / "metrics.json").read_text())
    assert all("ordered" not in each for each in metrics["evaluations"].values())


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored.update(ordered=1),
        lambda stored: stored.update(label_kind="multi"),
        lambda stored: stored.update(measure="best"),
        lambda stored: stored.update(cuts=[0.5]),
        lambda stored: stored.update(cuts=[1.5, 0.5]),
        lambda stored: stored.update(measure="mae"),
        lambda stored: stored.pop("ordered"),
    ],
)
def test_a_damaged_order_is_refused(run: Path, tmp_path: Path, change: Callable[[Any], object]) -> None:
    folder = shutil.copytree(run / "model", tmp_path / "model")
    description = json.loads((folder / "model.json").read_text())
    change(description)
    (folder / "model.json").write_text(json.dumps(description))
    (folder / "checksums.json").unlink()
    seal(folder)
    with pytest.raises(DamagedFileError, match="damaged"):
        read_model(folder)


# Labels that are not in the order, and the other way round


def write_rows(path: Path, labels: list[str]) -> str:
    rows = [f"text number {number},{label}\n" for number, label in enumerate(labels)]
    path.write_text("text,label\n" + "".join(rows))
    return str(path)


def test_labels_that_the_order_lacks_and_labels_without_rows_get_one_message(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.csv", ["low", "mid", "high", "mid"] * 3)
    with pytest.raises(DataError) as caught:
        load_corpus(DataSettings(train=file, ordered=("low", "high", "top")), seed=1)
    message = str(caught.value)
    assert "data.ordered lacks 'mid' (line 3)" in message
    assert "no row has 'top' of data.ordered" in message
    assert "low < high < top" in message


def test_a_label_without_rows_in_the_training_part_keeps_its_place(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.csv", [*["low", "high"] * 10, "mid"])
    for seed in range(5):  # in some of them, the only row goes to the validation part
        assert load_corpus(DataSettings(train=file, ordered=("low", "mid", "high")), seed=seed).labels.names[1] == "mid"


def test_rows_of_other_files_with_other_labels_are_dropped_as_ever(tmp_path: Path) -> None:
    train = write_rows(tmp_path / "train.csv", ["low", "high"] * 10)
    test = write_rows(tmp_path / "test.csv", ["low", "huge", "high"])
    corpus = load_corpus(DataSettings(train=train, test=test, ordered=("low", "high")), seed=1)
    assert corpus.test is not None
    assert len(corpus.test.table) == 2


# The engine


def test_the_numpy_engine_equals_torch(run: Path) -> None:
    predictor = Predictor.open(run)
    model = predictor.model
    texts = [row["text"] for row in table((DATA / "test.csv").read_text(encoding="utf-8"))]
    with predictor.turn():
        token_ids = predictor.tokens.encode(texts)
        parts = predictor.part_logits(token_ids)
        words = predictor.tokens.word_ids(token_ids)
    network = Classifier.from_saved(model.network, model.members[0], pad_id=PAD_ID)
    with torch.no_grad():
        outputs = network(*word_batch(words, np.arange(len(texts)), torch.device("cpu"))).numpy()
    assert outputs.shape == (len(texts), 2)
    np.testing.assert_allclose(parts.network, outputs, atol=1e-5)
    assert parts.ngrams is not None
    mixed = (1.0 - model.ngram_share) * outputs + model.ngram_share * parts.ngrams
    found = predictor.probabilities(texts)
    np.testing.assert_allclose(found, class_probabilities(mixed / model.temperature), atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("label", ORDER)
def test_every_method_explains_every_label(run: Path, method: str, label: str) -> None:
    (found,) = Explainer(Predictor.open(run), method=method, label=label).explain([SEVERE]).explanations
    shares = np.array([word.share for word in found.words])
    assert np.isfinite(shares).all()
    assert np.abs(shares).max() > 0.0
    assert found.probability == pytest.approx(lstmcli.load(run).predict_proba([SEVERE])[0, ORDER.index(label)])


# Commands


def test_predictions_have_the_labels_in_their_order_in_every_format(run: Path, tmp_path: Path) -> None:
    file, whole = DATA / "test.csv", tmp_path / "whole.csv"
    assert invoke("predict", run, file, "-p", "-o", whole).exit_code == 0
    rows = table(whole.read_text())
    assert list(rows[0])[-3:] == [f"probability_{name}" for name in ORDER]
    again = tmp_path / "again.csv"
    again.write_text("".join(whole.read_text().splitlines(keepends=True)[:9]))
    for number, more in enumerate((["--jobs", "2"], ["--batch-size", "3"])):
        other = tmp_path / f"{number}.csv"
        assert invoke("predict", run, file, "-p", "-o", other, *more).exit_code == 0
        assert other.read_bytes() == whole.read_bytes()
    objects = tmp_path / "rows.jsonl"
    assert invoke("predict", run, file, "-o", objects, "--output-format", "jsonl").exit_code == 0
    lines = [json.loads(line) for line in objects.read_text().splitlines()]
    assert [line["prediction"] for line in lines] == [row["prediction"] for row in rows]


def test_standard_input_is_answered(run: Path, cli: Cli) -> None:
    result = cli("predict", run, stdin=f"{SEVERE}\nAll is well.\n")
    assert result.returncode == 0, result.stderr
    assert [line.split("\t")[0] in ORDER for line in result.stdout.splitlines()] == [True, True]


def test_an_evaluation_can_be_rebuilt_compared_and_held_against_limits(run: Path, tmp_path: Path) -> None:
    rows, file = tmp_path / "rows.csv", DATA / "test.csv"
    limits = ["--fail-under", "qwk=2", "--fail-over", "mae=9", "--fail-under", "median.qwk=-1"]
    result = invoke("evaluate", run, file, "--predictions", rows, "--json", *limits)
    assert result.exit_code == 4
    assert "qwk" in result.stderr
    assert "mae" not in result.stderr
    (found,) = json.loads(result.stdout)["evaluations"].values()
    rebuilt = invoke("report", rows, "--ordered", "none,mild,severe", "--json")
    (again,) = json.loads(rebuilt.stdout)["evaluations"].values()
    assert again["ordered"][0]["qwk"]["value"] == pytest.approx(found["ordered"][0]["qwk"]["value"])
    compared = json.loads(invoke("compare", rows, rows, "--ordered", "none,mild,severe", "--json").stdout)
    assert compared["scores"]["mae"]["a"] == pytest.approx(found["ordered"][0]["mae"]["value"])
    runs = json.loads(invoke("compare", run, run, file, "--json").stdout)
    assert runs["scores"]["qwk"]["b"] == pytest.approx(found["ordered"][0]["qwk"]["value"])
    for wrong, words in (("none,mild", "lacks 'severe'"), ("none,mild,mild,severe", "two different labels")):
        refused = invoke("compare", rows, rows, "--ordered", wrong)
        assert (refused.exit_code, words in refused.stderr) == (2, True)


def test_info_names_the_order_and_verify_finds_nothing_wrong(run: Path) -> None:
    screen = invoke("info", run).stdout
    assert "none < mild < severe; predicts by the expected rank" in " ".join(screen.split())
    assert json.loads(invoke("info", run, "--json").stdout)["classifier"]["measure"] == "qwk"
    assert invoke("verify", run).exit_code == 0


def test_a_page_is_refused(run: Path, tmp_path: Path) -> None:
    refused = invoke("page", run, "--output", tmp_path / "page.html")
    assert refused.exit_code == 2
    assert "predicts ordered labels" in refused.stderr


def test_a_cross_validation_reports_ranks_of_all_folds_together(tmp_path: Path) -> None:
    few = options("training.epochs=1", "ngrams.enabled=false", "evaluation.baselines=false", "data.test=null")
    result = invoke("cross-validate", *few, "--folds", "2", "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    (found,) = json.loads((tmp_path / "run" / "metrics.json").read_text())["evaluations"].values()
    assert found["ordered"][0]["qwk"]["low"] <= found["ordered"][0]["qwk"]["high"]
    assert found["num_rows"] == 102


# Python


def test_scikit_learn_s_estimator_takes_the_order_of_numbers() -> None:
    texts = [f"{word} {number}" for number in range(8) for word in ("dreadful", "fair", "splendid")]
    settings = {"data.ordered": [1, 2, 3], **dict(setting.split("=") for setting in FAST[:2])}
    settings = {key: int(value) if isinstance(value, str) else value for key, value in settings.items()}
    fitted = LSTMClassifier(epochs=1, pretraining=False, settings=settings, random_state=1).fit(texts, [3, 1, 2] * 8)
    assert fitted.classes_.tolist() == [1, 2, 3]
    assert fitted.model_.labels == ("1", "2", "3")
    assert fitted.predict_proba(texts[:2]).sum(axis=1) == pytest.approx([1.0, 1.0])
    with pytest.raises(ValueError, match=r"data\.ordered lacks '3'"):
        LSTMClassifier(settings={"data.ordered": [1, 2]}).fit(texts, [3, 1, 2] * 8)
