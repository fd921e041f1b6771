"""Models of scores from training to prediction, on the bundled corpus."""

import csv
import io
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lstmcli
from lstmcli.data.sealed import seal
from lstmcli.errors import DamagedFileError, LstmcliError
from lstmcli.explanation.explainer import Explainer
from lstmcli.inference.predictor import Predictor
from lstmcli.models.classifier import Classifier
from lstmcli.store.model import read_model
from lstmcli.store.score_baselines import read_score_baselines
from lstmcli.text.vocabulary import PAD_ID
from lstmcli.training.batch import word_batch
from tests.conftest import FAST, PROJECT, Cli, history, invoke, run_process, set_options
from tests.metrics_schema import problems

DATA = PROJECT / "data" / "scores"
FEW = [*FAST, "training.epochs=3", "data.validation_fraction=0.3"]
TEXTS = ["a quiet lake", "we won!!!", "unknown wörds 😂", "the bus comes at ten"]


def options(*settings: str) -> list[str]:
    config = ["--config", str(PROJECT / "configs" / "scores.yaml")]
    files = [f"data.train={DATA}/train.csv", f"data.test={DATA}/test.csv"]
    return [*config, *set_options(*files, *FEW, *settings)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run. Tests must not change it."""
    path = tmp_path_factory.mktemp("scores") / "affect"
    result = run_process("train", *options(), "--run-dir", path)
    assert result.returncode == 0, result.stderr
    return path


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# Training and reports


def test_a_training_on_the_bundled_corpus_reports_every_figure_beside_its_baselines(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    assert list(problems(metrics)) == []
    (validation, test) = metrics["evaluations"].values()
    assert (validation["is_tuned_on"], test["is_tuned_on"]) == (True, False)
    assert list(test["scores"]) == ["this model", "mean of training rows", "TF-IDF + ridge", "n-grams alone"]
    assert list(test["scores"]["this model"]) == ["r", "rmse", "mae", "r2", "ccc"]
    assert test["scores"]["mean of training rows"]["r"] is None
    for figure in test["scores"]["this model"].values():
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert [each["name"] for each in test["each_score"]["this model"]] == ["valence", "arousal"]
    assert [each["score"] for each in test["comparisons"]] == ["r2"] * 3
    assert {each["name"] for each in test["intervals"]} == {"valence", "arousal"}
    for name in ("report.md", "report.html"):
        report = (run / name).read_text(encoding="utf-8")
        assert "CCC" in report
        assert "TF-IDF + ridge" in report
        assert "nan" not in report


def test_the_history_has_the_squared_error_by_which_the_best_epoch_is_chosen(run: Path) -> None:
    epochs = history(run)
    errors = [epoch["validation"]["mse"] for epoch in epochs]
    best = json.loads((run / "metrics.json").read_text())["best_epoch"]
    assert errors.index(min(errors)) + 1 == best
    assert {"mse", "r", "rmse", "mae", "r2", "ccc"} == set(epochs[0]["validation"])


def test_huber_s_loss_and_an_ensemble_train_too(tmp_path: Path) -> None:
    few = options("training.score_loss=huber", "training.ensemble=2", "ngrams.enabled=false", "training.epochs=1")
    result = invoke("train", *few, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    test = list(json.loads((tmp_path / "run" / "metrics.json").read_text())["evaluations"].values())[1]
    assert list(test["scores"]) == ["this model", "its first network", "mean of training rows", "TF-IDF + ridge"]
    assert set(read_model(tmp_path / "run").members[0]) == set(read_model(tmp_path / "run").members[1])


def test_a_model_of_scores_has_a_newer_format_and_one_of_labels_the_old_one(run: Path, run_directory: Path) -> None:
    scores = json.loads((run / "model" / "model.json").read_text())
    labels = json.loads((run_directory / "model" / "model.json").read_text())
    assert (scores["format_version"], labels["format_version"]) == (6, 5)
    assert "scores" not in labels
    assert "scores" not in labels["columns"]
    assert list(labels) == [
        *("format_version", "written_by", "network", "members", "tokenizer", "labels", "label_kind"),
        *("thresholds", "at_least_one", "temperature", "columns", "ngrams"),
    ]


def test_a_test_file_changes_no_byte_of_a_model_but_for_its_card(run: Path, tmp_path: Path) -> None:
    result = invoke("train", *options(), "--set", "data.test=null", "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    files = [file for file in sorted((run / "model").iterdir()) if file.name not in {"README.md", "checksums.json"}]
    assert len(files) > 4
    for file in files:
        assert file.read_bytes() == (tmp_path / "run" / "model" / file.name).read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda scores: scores["means"].append(1.0),
        lambda scores: scores["deviations"].__setitem__(0, -1.0),
        lambda scores: scores["network_weights"].__setitem__(0, "x"),
        lambda scores: scores.pop("offsets"),
        lambda scores: scores["reaches"][0].pop(),
        lambda scores: scores["reaches"].pop(),
        lambda scores: scores["reaches"][0].__setitem__(0, 1e9),
        lambda scores: scores["reaches"][1].__setitem__(0, None),
    ],
)
def test_damaged_scores_are_refused(run: Path, tmp_path: Path, change: Callable[[Any], object]) -> None:
    folder = shutil.copytree(run / "model", tmp_path / "model")
    description = json.loads((folder / "model.json").read_text())
    change(description["scores"])
    (folder / "model.json").write_text(json.dumps(description))
    (folder / "checksums.json").unlink()
    seal(folder)
    with pytest.raises(DamagedFileError, match=r"model.json.*is damaged"):
        read_model(folder)


def test_damaged_baselines_are_refused(run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run / "baselines", tmp_path / "baselines")
    labels = read_model(run).labels
    assert read_score_baselines(folder, labels).means.shape == (2,)
    content = json.loads((folder / "scores.json").read_text())
    (folder / "scores.json").write_text(json.dumps(content | {"means": [1.0]}))
    (folder / "checksums.json").unlink()
    seal(folder)
    with pytest.raises(DamagedFileError, match=r"scores.json.*is damaged"):
        read_score_baselines(folder, labels)


# The engine


def test_the_numpy_engine_equals_torch(run: Path) -> None:
    predictor = Predictor.open(run)
    model = predictor.model
    assert model.scores is not None
    texts = [row["text"] for row in table((DATA / "test.csv").read_text(encoding="utf-8"))]
    with predictor.turn():
        token_ids = predictor.tokens.encode(texts)
        found = predictor.part_logits(token_ids).network
        words = predictor.tokens.word_ids(token_ids)
    network = Classifier.from_saved(model.network, model.members[0], pad_id=PAD_ID)
    with torch.no_grad():
        outputs = network(*word_batch(words, np.arange(len(texts)), torch.device("cpu"))).numpy()
    np.testing.assert_allclose(found, outputs, atol=1e-5)
    ngrams = predictor.scores_with_ngrams(texts)[1]
    expected = model.scores.means + model.scores.deviations * (
        model.scores.offsets + model.scores.network_weights * outputs + model.scores.ngram_weights * ngrams
    )
    np.testing.assert_allclose(predictor.scores_with_ngrams(texts)[0], expected, atol=1e-5)


def test_the_baseline_of_the_ngrams_alone_is_a_mixture_without_the_network(run: Path) -> None:
    predictor = Predictor.open(run)
    saved = read_score_baselines(run / "baselines", predictor.model.labels)
    values, outputs = predictor.scores_with_ngrams(TEXTS)
    assert saved.ngrams is not None
    assert outputs is not None
    alone = replace(saved.ngrams, network_weights=np.zeros(2), ngram_weights=saved.ngrams.network_weights)
    silent = Predictor(replace(predictor.model, scores=alone))
    np.testing.assert_allclose(silent.scores_with_ngrams(TEXTS)[0], saved.ngrams.values(outputs, None), rtol=1e-12)
    assert values.shape == (4, 2)


# Prediction


def test_rows_gain_a_column_for_each_score_and_two_for_its_interval(run: Path, cli: Cli) -> None:
    result = cli("predict", run, DATA / "test.csv", "--interval", "0.8")
    assert result.returncode == 0, result.stderr
    rows = table(result.stdout)
    added = [f"{prefix}_{name}" for name in ("valence", "arousal") for prefix in ("predicted", "low", "high")]
    assert list(rows[0]) == ["text", "valence", "arousal", *added]
    reach = read_model(run).scores.reach(0.8)  # type: ignore[union-attr]
    for row in rows:
        for at, name in enumerate(("valence", "arousal")):
            middle = float(row[f"predicted_{name}"])
            assert float(row[f"low_{name}"]) == pytest.approx(middle - reach[at], abs=2e-7)
            assert float(row[f"high_{name}"]) == pytest.approx(middle + reach[at], abs=2e-7)
    percent = cli("predict", run, DATA / "test.csv", "--interval", "80%")
    assert percent.stdout == result.stdout


def test_bytes_do_not_depend_on_batches_processes_formats_or_pauses(run: Path, cli: Cli, tmp_path: Path) -> None:
    whole = cli("predict", run, DATA / "test.csv").stdout
    for others in (["--batch-size", "3"], ["--jobs", "2"], ["--line-buffered"], ["--batch-size", "1"]):
        assert cli("predict", run, DATA / "test.csv", *others).stdout == whole
    rows = table(whole)
    lines = "".join(f"{row['text']}\n" for row in rows)
    answered = cli("predict", run, stdin=lines).stdout.splitlines()
    assert answered == [f"{row['predicted_valence']}\t{row['predicted_arousal']}" for row in rows]
    objects = "".join(json.dumps({"text": row["text"]}) + "\n" for row in rows)
    for line, row in zip(
        cli("predict", run, "--format", "jsonl", stdin=objects).stdout.splitlines(), rows, strict=True
    ):
        assert f"{json.loads(line)['predicted_valence']:.7f}" == row["predicted_valence"]
    file = tmp_path / "out.csv"
    assert cli("predict", run, DATA / "test.csv", "--output", file, "--resume").returncode == 0
    assert file.read_text(encoding="utf-8") == whole


def test_a_blank_text_gets_no_score_and_an_unknown_word_one_with_a_note(run: Path, cli: Cli) -> None:
    result = cli("predict", run, stdin="the lake\n\nqqqqqq\n")
    first, blank, unknown = result.stdout.splitlines()
    assert result.returncode == 3
    assert (len(first.split("\t")), blank, len(unknown.split("\t"))) == (2, "\t", 2)
    assert "its scores rest on character n-grams alone" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--threshold", "0.5"], "--threshold: for models of labels; this one predicts scores"),
        (["--top-k", "2", "-p"], "--probabilities, --top-k: for models of labels"),
        (["--min-confidence", "0.5"], "--min-confidence: for models of labels"),
        (["--trait-columns"], "--trait-columns: for models of labels"),
        (["--interval", "0.2"], "from 0.5 to 0.99"),
        (["--interval", "0.99"], "the model was tuned on too few rows with valence, arousal"),
    ],
)
def test_options_that_mean_nothing_for_scores_are_refused(
    run: Path, cli: Cli, arguments: list[str], words: str
) -> None:
    result = cli("predict", run, *arguments, stdin="calm\n")
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr


def test_an_interval_of_labels_is_refused(run_directory: Path, cli: Cli) -> None:
    result = cli("predict", run_directory, "--interval", "0.8", stdin="calm\n")
    assert (result.returncode, "--interval: this model predicts labels" in result.stderr) == (2, True)


def test_a_column_that_would_be_added_is_refused(run: Path, cli: Cli) -> None:
    result = cli("predict", run, "--format", "csv", stdin="text,predicted_valence\ncalm,1\n")
    assert result.returncode == 1
    assert "already has a column 'predicted_valence'" in result.stderr


def test_prediction_of_scores_loads_nothing_heavy(run: Path) -> None:
    program = "import sys; from lstmcli.cli.main import app\ntry: app()\nexcept SystemExit: pass\n"
    program += "print(*sys.modules, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", program, "predict", str(run), "--interval", "0.8"],
        input="calm\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )
    assert result.stdout
    assert not {"torch", "pandas", "sklearn", "scipy", "pydantic"} & set(result.stderr.split())


# Evaluation


def test_an_evaluation_equals_that_of_training_and_writes_rows(run: Path, cli: Cli, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    result = cli("evaluate", run, DATA / "test.csv", "--json", "--predictions", rows)
    assert result.returncode == 0, result.stderr
    (found,) = json.loads(result.stdout)["evaluations"].values()
    before = list(json.loads((run / "metrics.json").read_text())["evaluations"].values())[1]
    for system, figures in before["scores"].items():
        for name, figure in figures.items():
            assert found["scores"][system][name] == (figure if figure is None else pytest.approx(figure, abs=1e-12))
    written, predicted = table(rows.read_text()), table(cli("predict", run, DATA / "test.csv").stdout)
    for one, other in zip(written, predicted, strict=True):
        assert one["predicted_arousal"] == other["predicted_arousal"]
        assert float(one["gold_arousal"]) == float(other["arousal"])


def test_limits_on_figures_are_checked(run: Path) -> None:
    file = DATA / "test.csv"
    missed = invoke("evaluate", run, file, "--fail-under", "r2.valence=0.99", "--fail-over", "rmse=0.01")
    assert missed.exit_code == 4
    assert "r2.valence" in missed.stderr
    assert "is under 0.99 (--fail-under); rmse" in missed.stderr
    assert invoke("evaluate", run, file, "--fail-under", "ccc=-1", "--fail-over", "mae.arousal=9").exit_code == 0
    wrong = invoke("evaluate", run, file, "--fail-under", "macro_f1=0.5")
    assert (wrong.exit_code, "there is no such score" in wrong.stderr) == (2, True)
    undefined = invoke("evaluate", run, file, "--fail-under", "majority.r=0")
    assert (undefined.exit_code, "majority.r is not defined on these rows" in undefined.stderr) == (4, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "RUN", "FILE", "--mistakes", "3"],
        ["evaluate", "RUN", "FILE", "--write-up"],
        ["evaluate", "RUN", "FILE", "--threshold", "0.5"],
        ["evaluate", "RUN", "FILE", "--label", "x"],
        ["inspect", "RUN", "--text", "calm"],
        ["gradients", "RUN", "FILE"],
        ["page", "RUN", "--output", "OUT"],
        ["explain", "RUN", "--faithfulness", "FILE"],
        ["explain", "RUN", "FILE", "--label", "EXT"],
        ["cross-validate", "FILE", "--set", "data.scores=[valence]", "--mistakes", "3"],
    ],
)
def test_what_is_for_labels_says_so(run: Path, tmp_path: Path, arguments: list[str]) -> None:
    places = {"RUN": str(run), "FILE": str(DATA / "test.csv"), "OUT": str(tmp_path / "page.html")}
    result = invoke(*[places.get(each, each) for each in arguments])
    assert result.exit_code in (1, 2), result.output
    assert isinstance(result.exception, SystemExit)
    assert "scores" in result.stderr or "labels" in result.stderr


def test_other_commands_know_scores(run: Path, tmp_path: Path) -> None:
    info = invoke("info", run)
    assert "a model of scores" in info.stdout
    assert "2: valence, arousal" in info.stdout
    assert json.loads(invoke("info", run, "--json").stdout)["classifier"]["label_kind"] == "scores"
    assert invoke("verify", run).exit_code == 0
    assert invoke("check", DATA / "train.csv", "--config", PROJECT / "configs" / "scores.yaml").exit_code == 0
    assert invoke("check", DATA / "test.csv", "--against", run).exit_code == 0
    (tmp_path / "bad.csv").write_text('text,valence,arousal\nhello there,"3,5",1\n')
    bad = invoke("check", tmp_path / "bad.csv", "--against", run)
    assert "write numbers with a decimal point" in " ".join(bad.stdout.split())
    config = tmp_path / "scores.yaml"
    assert invoke("init", DATA / "train.csv", "--output", config).exit_code == 0
    assert "scores: [valence, arousal]" in config.read_text()


def test_folds_predict_each_row_once(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    few = options("training.epochs=1", "data.test=null")
    result = invoke("cross-validate", *few, "--folds", 2, "--run-dir", tmp_path / "cv", "--predictions", rows)
    assert result.exit_code == 0, result.stderr
    assert "R2 per fold" in result.stdout
    written = table(rows.read_text())
    assert len(written) == 150
    assert {row["fold"] for row in written} == {"1", "2"}
    for number in (1, 2):
        own = [row for row in written if row["fold"] == str(number)]
        model = lstmcli.load(tmp_path / "cv" / "folds" / str(number))
        values = model.predict([row["text"] for row in own])
        assert [f"{each:.7f}" for each in values[:, 1]] == [row["predicted_arousal"] for row in own]


# Explanations


@pytest.mark.parametrize("label", ["valence", "arousal"])
def test_leaving_a_word_out_is_predicting_the_rest(run: Path, label: str) -> None:
    predictor = Predictor.open(run)
    at = predictor.model.labels.names.index(label)
    explainer = Explainer(predictor, method="leave-one-out", label=label)
    (found,) = explainer.explain(["calm crowd roaring"]).explanations
    whole = predictor.scores_with_ngrams(["calm crowd roaring"])[0][0, at]
    for word, rest in zip(found.words, ["crowd roaring", "calm roaring", "calm crowd"], strict=True):
        assert word.share == pytest.approx(whole - predictor.scores_with_ngrams([rest])[0][0, at], abs=1e-9)
    assert (found.label, found.probability) == (label, pytest.approx(whole))


def test_shares_are_in_the_unit_of_the_score(run: Path) -> None:
    predictor = Predictor.open(run)
    text = "we won and the crowd was roaring"
    (linear,) = Explainer(predictor, method="linear", label="valence").explain([text]).explanations
    assert linear.parts.ngrams is not None
    assert linear.parts.intercept is not None
    total = sum(word.share for word in linear.words)
    assert total == pytest.approx(linear.parts.ngrams - linear.parts.intercept, abs=1e-6)
    scores = predictor.model.scores
    assert scores is not None
    value = predictor.scores_with_ngrams([text])[0][0, 0]
    start = scores.means[0] + scores.deviations[0] * scores.offsets[0]
    assert value == pytest.approx(start + linear.parts.network + linear.parts.ngrams)
    (whole,) = Explainer(predictor, method="integrated-gradients", label="valence").explain([text]).explanations
    nothing = predictor.part_logits
    with predictor.turn():
        unknown = predictor.tokens.encode([" ".join(["qqqqqq"] * 7)])
        network = nothing(unknown).network[0, 0]
    baseline = start + scores.deviations[0] * (
        scores.network_weights[0] * network + scores.ngram_weights[0] * predictor.scorer.intercepts[0]  # type: ignore[union-attr]
    )
    assert sum(word.share for word in whole.words) == pytest.approx(value - baseline, abs=0.01)


def test_the_most_unusual_score_is_explained_by_default(run: Path) -> None:
    predictor = Predictor.open(run)
    scores = predictor.model.scores
    assert scores is not None
    texts = [row["text"] for row in table((DATA / "test.csv").read_text(encoding="utf-8"))]
    distances = np.abs(predictor.scores_with_ngrams(texts)[0] - scores.means) / scores.deviations
    found = Explainer(predictor, method="linear").explain(texts).explanations
    names = np.array(predictor.model.labels.names)
    assert [each.label for each in found] == names[distances.argmax(axis=1)].tolist()


# Python


def test_the_python_interface_answers_with_arrays(run: Path, cli: Cli) -> None:
    model = lstmcli.load(run)
    assert isinstance(model, lstmcli.ScoreModel)
    values = model.predict(TEXTS)
    lines = cli("predict", run, stdin="".join(f"{text}\n" for text in TEXTS)).stdout.splitlines()
    assert ["\t".join(f"{each:.7f}" for each in row) for row in values] == lines
    low, high = model.predict_interval(TEXTS, 0.9)
    np.testing.assert_allclose((low + high) / 2.0, values)
    assert (high > low).all()
    assert np.isnan(model.predict([" "])).all()
    assert not np.isnan(model.predict([" "], answer_blank=True)).any()
    assert model.predict([]).shape == (0, 2)
    assert (model.kind, model.labels) == ("scores", ("valence", "arousal"))
    with pytest.raises(LstmcliError, match="scores, which have no probabilities"):
        model.predict_proba(TEXTS)
    with pytest.raises(LstmcliError, match="no thresholds"):
        _ = model.thresholds
    with pytest.raises(LstmcliError, match=r"from 0\.5 to 0\.99"):
        model.predict_interval(TEXTS, 0.1)


def test_texts_in_memory_are_trained_with_scores(tmp_path: Path) -> None:
    texts = [f"{word} number {number}" for number in range(20) for word in ("good", "bad")]
    values = [float(5 - 4 * (number % 2)) for number in range(40)]
    quick = dict(each.split("=") for each in FAST)
    settings = {name: json.loads(value) for name, value in quick.items()}
    scores = {"x": values, "y": [None if number % 4 == 0 else value for number, value in enumerate(values)]}
    result = lstmcli.train(settings, texts=texts, scores=scores, run_dir=tmp_path / "run")
    assert set(result.scores) <= {"r", "rmse", "mae", "r2", "ccc"}
    good, bad = result.model.predict(["good number 3", "bad number 4"])
    assert good[0] > bad[0]
    for wrong, kind in (
        ({"labels": ["a"] * 40, "scores": scores}, TypeError),
        ({"scores": {"x": values[:3]}}, ValueError),
        ({"scores": {"x": ["high"] * 40}}, TypeError),
        ({"scores": {}}, ValueError),
        ({"scores": {"x": [math.nan] * 40}}, ValueError),
        ({"scores": values}, TypeError),
    ):
        with pytest.raises(kind):
            lstmcli.train(settings, texts=texts, run_dir=tmp_path / "other", **wrong)  # type: ignore[arg-type]
