"""What the recipes promise across stages: nothing leaks from test rows, and splits and decisions are what they say."""

import json
from pathlib import Path

import numpy as np
import pytest

from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import DecisionSettings
from lstmcli.corpus.corpus import load_corpus
from lstmcli.corpus.label_set import LabelSet
from lstmcli.errors import DataError
from lstmcli.metrics.tuning import DecisionMaker
from tests.conftest import corpus_options, feeling_rows, run_here, set_options, write_csv


def test_a_part_of_the_training_rows_validates_where_no_file_does(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "all.csv", ["text", "label"], feeling_rows(10))
    corpus = load_corpus(DataSettings(train=str(path), validation_fraction=0.2), seed=1)
    assert len(corpus.train.table) + len(corpus.validation.table) == 120
    assert len(corpus.validation.table) == 24
    assert corpus.validation.name == f"{path} (validation part)"
    assert not set(corpus.train.texts) & set(corpus.validation.texts)
    assert corpus.overlaps == ()


def test_labels_are_those_of_training_rows_and_others_are_left_out(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", ["text", "label"], [("a", "x"), ("b", "y")])
    validation = write_csv(tmp_path / "validation.csv", ["text", "label"], [("c", "x"), ("d", "z")])
    settings = DataSettings(train=str(train), validation=str(validation))
    corpus = load_corpus(settings, seed=1)
    assert corpus.labels.names == ("x", "y")
    assert list(corpus.validation.texts) == ["c"]
    with pytest.raises(DataError, match=r"labels not seen in training \(z\) at line 3"):
        load_corpus(DataSettings(train=str(train), validation=str(validation), unknown_labels="error"), seed=1)


def test_a_trait_with_one_answer_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", ["text", "A", "B"], [(f"t{n}", str(n % 2), "1") for n in range(40)])
    with pytest.raises(DataError, match="every training row has the same answer in 'B'"):
        load_corpus(DataSettings(train=str(path), labels=("A", "B")), seed=1)


def test_a_column_of_ids_is_not_taken_for_labels(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", ["text", "id"], [(f"t{n}", f"id{n}") for n in range(100)])
    with pytest.raises(DataError, match=r"column 'id' has .* different labels in .* rows; is it the right column"):
        load_corpus(DataSettings(train=str(path), label="id"), seed=1)


def test_a_label_that_could_not_be_told_from_two_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", ["text", "label"], [(f"t{n}", f"a|b,{n % 3}") for n in range(30)])
    with pytest.raises(DataError, match=r"label 'a\|b' contains '\|', which separates labels in predictions"):
        load_corpus(DataSettings(train=str(path), label_separator=","), seed=1)


def test_a_label_that_only_the_split_off_part_has_is_left_out_and_said(tmp_path: Path) -> None:
    rows = [(f"t{n}", "xy"[n % 2], f"author{n % 4}") for n in range(40)]
    rows += [(f"z{n}", "z", "author z") for n in range(30)]  # one author alone uses the label
    path = write_csv(tmp_path / "t.csv", ["text", "label", "who"], rows)
    settings = DataSettings(train=str(path), group="who", validation_fraction=0.6)
    corpus = load_corpus(settings, seed=1)
    assert corpus.labels.names == ("x", "y")
    assert set(corpus.validation.labels) <= {("x",), ("y",)}
    (finding,) = corpus.validation.findings
    assert (finding.action, len(finding.lines)) == ("drop", 30)


def test_texts_in_several_splits_are_counted(tmp_path: Path) -> None:
    paths = {
        name: str(write_csv(tmp_path / f"{name}.csv", ["text", "label"], [(text, "x"), (f"{name}", "y")]))
        for name, text in (("train", "Same  text"), ("validation", "same text"), ("test", "other"))
    }
    corpus = load_corpus(DataSettings(**paths), seed=1)
    assert corpus.overlaps == ((paths["train"], paths["validation"], 1),)


LOGITS = np.array([[2.0, -1.0], [0.5, -2.0], [-1.0, 1.5], [-0.4, -0.2]], dtype=np.float32)
TARGETS = np.array([[1, 0], [1, 0], [0, 1], [1, 1]], dtype=bool)


@pytest.mark.parametrize(
    ("kind", "setting", "is_tuned"),
    [
        ("single", "auto", False),
        ("multi", "auto", True),
        ("multi", "half", False),
        ("traits", "auto", False),
        ("traits", "f1", True),
    ],
)
def test_thresholds_are_tuned_where_the_setting_says(kind: str, setting: str, is_tuned: bool) -> None:
    labels = LabelSet(("a", "b"), kind)
    targets = np.eye(2, dtype=bool)[TARGETS.argmax(axis=1)] if kind == "single" else TARGETS
    maker = DecisionMaker(labels.kind, targets, targets, DecisionSettings(thresholds=setting))
    thresholds = maker.decision(LOGITS).rule.thresholds
    untuned = 0.0 if kind == "single" else 0.5
    assert (thresholds != untuned).any() == is_tuned


def test_an_empty_answer_is_allowed_only_where_training_shows_one() -> None:
    labels = LabelSet(("a", "b"), "multi")
    for train_targets, at_least_one in ((TARGETS, True), (TARGETS & [True, False], False)):
        rule = DecisionMaker(labels.kind, train_targets, TARGETS, DecisionSettings()).decision(LOGITS).rule
        assert rule.at_least_one == at_least_one


def test_odd_labels_survive_every_report(tmp_path: Path) -> None:
    odd = {"joy": "<b>joy</b>", "sadness": "[red]sad|ness", "anger": "ang,er \\ é"}
    rows = [(text, odd[label]) for text, label in feeling_rows(6)]
    path = write_csv(tmp_path / "odd.csv", ["text", "label"], rows)
    options = [option for option in corpus_options(tmp_path) if not option.startswith("data.")]
    settings = [option for option in options if option != "--set"]
    run = tmp_path / "run"
    result = run_here("train", *set_options(f"data.train={path}", *settings), "--run-dir", run)
    assert result.returncode == 0, result.stderr
    for label in odd.values():
        assert label in result.stdout
        assert label in json.loads((run / "model" / "model.json").read_text(encoding="utf-8"))["labels"]
    html = (run / "report.html").read_text(encoding="utf-8")
    assert "<b>joy" not in html
    assert "&lt;b&gt;joy&lt;/b&gt;" in html
    assert "[red]sad\\|ness" in (run / "report.md").read_text(encoding="utf-8")


def test_rows_without_labels_are_scored_where_training_had_some(tmp_path: Path) -> None:
    rows = [(text, label if number % 3 else "") for number, (text, label) in enumerate(feeling_rows(6))]
    path = write_csv(tmp_path / "some.csv", ["text", "label"], rows)
    options = [option for option in corpus_options(tmp_path) if option != "--set" and not option.startswith("data.")]
    settings = [f"data.train={path}", "data.label_separator=|", "data.unlabelled=keep", "evaluation.baselines=false"]
    result = run_here("train", *set_options(*options, *settings), "--run-dir", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    scored = run_here("evaluate", tmp_path / "run", path, "--json")
    assert json.loads(scored.stdout)["evaluations"][str(path)]["num_rows"] == 72
    assert not json.loads((tmp_path / "run" / "model" / "model.json").read_text())["at_least_one"]
