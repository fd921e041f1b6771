"""`lstmcli train --from RUN`: going on from a trained model with more rows, words and labels."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import lstmcli
from lstmcli.errors import LstmcliError
from lstmcli.events import Event, StepFinished
from lstmcli.store.model import read_model
from lstmcli.store.model_digest import model_digest
from lstmcli.store.seen_texts import read_seen_texts
from tests.conftest import FAST, OPENINGS, PROJECT, feeling_rows, interrupt, invoke, losses, set_options, write_csv
from tests.metrics_schema import problems

FEAR = [
    (f"{OPENINGS[number % 8]} i feel {('afraid', 'scared')[number % 2]} about it number{number}", "fear")
    for number in range(60)
]
FEW = set_options("training.epochs=3", "training.learning_rate=0.02", "evaluation.baselines=false")


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory, run_directory: Path) -> Path:
    """A folder with all.csv, which repeats the earlier training rows and adds a label, test.csv and the run `new`."""
    folder = tmp_path_factory.mktemp("grown")
    write_csv(folder / "all.csv", ["text", "label"], [*feeling_rows(10), *feeling_rows(3, offset=300), *FEAR[:40]])
    write_csv(folder / "test.csv", ["text", "label"], [*feeling_rows(3, offset=200), *FEAR[40:]])
    files = set_options("data.validation=null", f"data.test={folder}/test.csv")
    result = invoke("train", "--from", run_directory, folder / "all.csv", *files, *FEW, "--run-dir", folder / "new")
    assert result.exit_code == 0, result.stderr
    (folder / "stderr").write_text(result.stderr, encoding="utf-8")
    (folder / "stdout").write_text(result.stdout, encoding="utf-8")
    return folder


def metrics_of(run: Path) -> dict[str, Any]:
    content = json.loads((run / "metrics.json").read_text())
    assert list(problems(content)) == []
    return dict(content)


def scored_by(run: Path, rows: list[tuple[str, str]]) -> float:
    predicted = lstmcli.load(run).predict([text for text, _ in rows])
    return sum(ours == label for ours, (_, label) in zip(predicted, rows, strict=True)) / len(rows)


# What a model is after it


def test_a_new_label_is_learned_and_the_old_ones_are_kept(grown: Path, run_directory: Path) -> None:
    assert read_model(grown / "new").labels.names == ("anger", "fear", "joy", "sadness")
    assert scored_by(grown / "new", FEAR[40:]) >= 0.9
    assert scored_by(grown / "new", feeling_rows(3, offset=200)) >= 0.9
    old_words = read_model(run_directory).vocabulary.words
    assert {*old_words, "afraid", "scared"} <= set(read_model(grown / "new").vocabulary.words)


def test_reports_compare_both_models_on_the_same_rows(grown: Path) -> None:
    metrics = metrics_of(grown / "new")
    (test,) = [found for name, found in metrics["evaluations"].items() if name.endswith("test.csv")]
    assert list(test["scores"])[:2] == ["this model", "the model before"]
    (against,) = [each for each in test["comparisons"] if each["other"] == "the model before"]
    assert against["difference"]["low"] > 0.0  # it did not know fear
    before = {each["label"]: each for each in test["labels"]["the model before"]}
    assert (before["fear"]["picked"], before["joy"]["support"]) == (0, 12)
    for place in ("new/report.md", "new/report.html", "stdout"):
        content = (grown / place).read_text(encoding="utf-8")
        assert f"On the 36 rows of {grown}/test.csv with labels that the model before knew, accuracy was " in content
        assert "than the model before" in content


def test_metrics_and_card_say_from_which_model_it_went_on(grown: Path, run_directory: Path) -> None:
    found = metrics_of(grown / "new")["goes_on_from"]
    assert (found["run"], found["model_sha256"]) == (str(run_directory), model_digest(run_directory))
    assert (found["training_texts_given_again"], found["remembered_weight"]) == (1.0, 0.0)
    assert found["new_labels"] == ["fear"]
    (known,) = found["known_labels"].values()  # too few validation rows to say anything
    assert known["rows"] == 36
    accuracy = known["scores"]["accuracy"]
    assert accuracy["before"] + accuracy["difference"]["value"] == pytest.approx(accuracy["after"])
    assert model_digest(run_directory) in (grown / "new" / "model" / "README.md").read_text(encoding="utf-8")
    assert "100% of its training texts are among the new ones; new labels: fear" in (grown / "stderr").read_text()


def test_rows_that_the_earlier_model_was_trained_on_are_not_validated_on(grown: Path, run_directory: Path) -> None:
    old, new = (read_seen_texts(run / "seen_texts") for run in (run_directory, grown / "new"))
    assert set(old["training"]) <= set(new["training"])
    assert not set(old["training"]) & set(new["validation"])
    assert set(old["validation"]) == set(new["earlier"])


def test_a_model_folder_without_its_run_serves_too(grown: Path, run_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory / "model", tmp_path / "copy")
    alone = invoke("train", "--from", tmp_path / "copy", grown / "all.csv", *FEW, "--run-dir", tmp_path / "run")
    assert (alone.exit_code, "name the settings with --config FILE" in alone.stderr) == (1, True)
    config = ["--config", run_directory / "config.yaml", "--set", f"data.train={grown}/all.csv"]
    result = invoke("train", "--from", tmp_path / "copy", *config, *FEW, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "which texts it was trained on is not known; 50% of each target is what it says" in result.stderr
    assert metrics_of(tmp_path / "run")["goes_on_from"]["model_sha256"] == model_digest(run_directory)


# With the new rows alone


@pytest.fixture(scope="module")
def only_new(tmp_path_factory: pytest.TempPathFactory, run_directory: Path) -> Path:
    """A folder with fresh.csv, without any earlier row, and the run `new`; validation and test are as they were."""
    folder = tmp_path_factory.mktemp("only-new")
    write_csv(folder / "fresh.csv", ["text", "label"], feeling_rows(4, offset=400))
    result = invoke("train", "--from", run_directory, folder / "fresh.csv", *FEW, "--run-dir", folder / "new")
    assert result.exit_code == 0, result.stderr
    return folder


def test_with_new_rows_alone_half_of_each_target_is_what_the_model_said(only_new: Path) -> None:
    found = metrics_of(only_new / "new")["goes_on_from"]
    assert (found["training_texts_given_again"], found["remembered_weight"]) == (0.0, 0.5)


def test_an_evaluation_warns_of_rows_of_the_earlier_training(only_new: Path, corpus: Path) -> None:
    result = invoke("evaluate", only_new / "new", corpus / "train.csv", "--no-baselines")
    assert result.exit_code == 0, result.stderr
    assert "120 texts in both the model's earlier rows and" in result.stdout


def test_a_model_of_a_model_still_knows_the_first_rows(only_new: Path, run_directory: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "third.csv", ["text", "label"], feeling_rows(3, offset=500))
    result = invoke("train", "--from", only_new / "new", tmp_path / "third.csv", *FEW, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    first = read_seen_texts(run_directory / "seen_texts")
    assert set(first["training"]) <= set(read_seen_texts(tmp_path / "run" / "seen_texts")["earlier"])


def test_the_thresholds_of_a_model_that_went_on_can_be_tuned_again(tmp_path: Path) -> None:
    rows = [(text, f"{label}|strong" if number % 2 else label) for number, (text, label) in enumerate(feeling_rows(8))]
    write_csv(tmp_path / "first.csv", ["text", "label"], rows[:60])
    write_csv(tmp_path / "all.csv", ["text", "label"], rows)
    options = set_options("data.label_separator=|", *FAST, "training.epochs=1", "evaluation.baselines=false")
    assert invoke("train", tmp_path / "first.csv", *options, "--run-dir", tmp_path / "old").exit_code == 0
    run = tmp_path / "new"
    result = invoke("train", "--from", tmp_path / "old", tmp_path / "all.csv", *FEW, "--run-dir", run)
    assert result.exit_code == 0, result.stderr
    again = invoke("evaluate", run, tmp_path / "all.csv", "--threshold", "recall=0.8")
    assert again.exit_code == 0, again.stderr
    assert "tuned on" in again.stdout


# Other kinds of models


def test_an_ensemble_of_yes_no_questions_goes_on(tmp_path: Path) -> None:
    rows = [(text, label == "joy", label != "anger") for text, label in feeling_rows(8)]
    cells = [(text, *(str(int(each)) for each in answers)) for text, *answers in rows]
    write_csv(tmp_path / "first.csv", ["text", "glad", "calm"], cells[:60])
    write_csv(tmp_path / "more.csv", ["text", "glad", "calm"], cells[60:])
    options = set_options("data.labels=[glad, calm]", *FAST, "training.ensemble=2", "training.epochs=2")
    assert invoke("train", tmp_path / "first.csv", *options, "--run-dir", tmp_path / "old").exit_code == 0
    result = invoke("train", "--from", tmp_path / "old", tmp_path / "more.csv", *FEW, "--run-dir", tmp_path / "new")
    assert result.exit_code == 0, result.stderr
    assert len(read_model(tmp_path / "new").members) == 2


def test_a_model_of_scores_goes_on(tmp_path: Path) -> None:
    with (PROJECT / "data" / "scores" / "train.csv").open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    write_csv(tmp_path / "first.csv", header, rows[:120])
    write_csv(tmp_path / "more.csv", header, rows[120:220])
    options = set_options("data.scores=[valence, arousal]", *FAST, "training.epochs=2", "data.validation_fraction=0.3")
    assert invoke("train", tmp_path / "first.csv", *options, "--run-dir", tmp_path / "old").exit_code == 0
    result = invoke("train", "--from", tmp_path / "old", tmp_path / "more.csv", *FEW, "--run-dir", tmp_path / "new")
    assert result.exit_code == 0, result.stderr
    metrics = metrics_of(tmp_path / "new")
    (validation,) = metrics["evaluations"].values()
    assert [each["other"] for each in validation["comparisons"]] == ["the model before"]
    assert metrics["goes_on_from"]["remembered_weight"] == 0.5
    assert "goes on from: run " in (tmp_path / "new" / "report.md").read_text(encoding="utf-8")


def test_a_model_of_ordered_labels_goes_on_with_the_same_order_alone(tmp_path: Path) -> None:
    with (PROJECT / "data" / "severity" / "train.csv").open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    write_csv(tmp_path / "first.csv", header, rows[::2])
    write_csv(tmp_path / "more.csv", header, rows[1::2])
    options = ["--config", PROJECT / "configs" / "ordered.yaml", *set_options(*FAST, "training.epochs=2")]
    options += set_options("data.validation=null", "data.test=null", "data.validation_fraction=0.3")
    assert invoke("train", tmp_path / "first.csv", *options, "--run-dir", tmp_path / "old").exit_code == 0
    more = ["train", "--from", tmp_path / "old", tmp_path / "more.csv", *FEW]
    result = invoke(*more, "--run-dir", tmp_path / "new")
    assert result.exit_code == 0, result.stderr
    assert read_model(tmp_path / "new").labels == read_model(tmp_path / "old").labels
    assert metrics_of(tmp_path / "new")["goes_on_from"]["remembered_weight"] == 0.5
    other = invoke(*more, "--set", "data.ordered=[severe, mild, none]", "--run-dir", tmp_path / "other")
    assert (other.exit_code, "data.ordered was none < mild < severe, is now severe < mild < none" in other.stderr) == (
        1,
        True,
    )


# Stopping, mistakes


def test_an_interrupted_training_goes_on_where_it_stopped(grown: Path, run_directory: Path, tmp_path: Path) -> None:
    many = ["train", "--from", run_directory, grown / "all.csv", *FEW]
    many += set_options("training.epochs=10", "training.patience=99")
    assert invoke(*many, "--run-dir", tmp_path / "whole").exit_code == 0
    parts = tmp_path / "parts"
    stderr = interrupt(*many, "--run-dir", parts, when=parts / "history.jsonl")
    assert f"Resume with: lstmcli train --resume --run-dir {parts}" in stderr
    resumed = invoke("train", "--resume", "--run-dir", parts)
    assert resumed.exit_code == 0, resumed.stderr
    assert losses(parts) == losses(tmp_path / "whole")
    for name in ("metrics.json", "model/weights.safetensors", "model/embedding.npy", "model/ngrams.npy"):
        assert (parts / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_resuming_from_another_model_is_refused(grown: Path, run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory, tmp_path / "old")

    def stop(event: Event) -> None:
        if isinstance(event, StepFinished) and event.epoch == 2:
            raise KeyboardInterrupt

    settings = {"data.train": str(grown / "all.csv"), "training.epochs": 3, "evaluation.baselines": False}
    settings |= {"data.validation": str(corpus / "validation.csv"), "data.test": None}
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        lstmcli.train(settings, start=tmp_path / "old", run_dir=run, progress=stop)
    shutil.rmtree(tmp_path / "old")
    shutil.copytree(grown / "new", tmp_path / "old")
    with pytest.raises(LstmcliError, match="have changed since"):
        lstmcli.train(settings, start=tmp_path / "old", run_dir=run, resume=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            set_options("model.cell=rnn", "model.hidden_size=9"),
            "with other settings than it was trained with: model.cell was lstm, is now rnn; model.hidden_size was 8, "
            "is now 9. Leave these",
        ),
        (set_options("data.label_separator=,"), "targets was one label per text, is now any number of labels per text"),
        (set_options("training.ensemble=3"), "training.ensemble was 1, is now 3"),
        (set_options("tokenizer.lowercase=false"), "tokenizer.lowercase was true, is now false"),
        (set_options("model.pretrained=english"), "--set model.pretrained=english contradicts --from"),
    ],
)
def test_what_does_not_fit_the_model_is_refused_in_one_message(
    grown: Path, run_directory: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    result = invoke("train", "--from", run_directory, grown / "all.csv", *options, "--run-dir", tmp_path / "run")
    assert (result.exit_code in (1, 2), message in result.stderr) == (True, True), result.stderr
    assert not (tmp_path / "run").exists()


def test_a_start_that_is_none_is_refused(grown: Path, run_directory: Path, tmp_path: Path) -> None:
    missing = invoke("train", "--from", tmp_path / "nothing", grown / "all.csv", "--run-dir", tmp_path / "run")
    assert (missing.exit_code, "no such run directory" in missing.stderr) == (1, True)
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy)
    itself = invoke("train", "--from", copy, grown / "all.csv", "--run-dir", copy, "--overwrite")
    assert itself.exit_code == 1
    assert "would replace the model that it goes on from" in itself.stderr
    assert (copy / "model" / "model.json").is_file()
    folds = invoke(
        "evaluate", "--folds", "2", "--config", run_directory / "config.yaml", "--set", f"model.pretrained={copy}"
    )
    assert (folds.exit_code, "which may know the rows of the folds" in folds.stderr) == (1, True), folds.stderr


def test_without_new_rows_to_validate_on_a_file_is_asked_for(run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    options = ["--set", "data.validation=null", "--run-dir", tmp_path / "run"]
    result = invoke("train", "--from", run_directory, corpus / "train.csv", *options)
    assert (result.exit_code, "no row is left to validate on" in result.stderr) == (1, True)


# Python


def test_python_goes_on_with_texts_in_memory(run_directory: Path, tmp_path: Path) -> None:
    texts, labels = zip(*FEAR[:30], *feeling_rows(2, offset=600), strict=True)
    settings = {"training": {"epochs": 2}, "evaluation.baselines": False}
    result = lstmcli.train(settings, texts=texts, labels=labels, start=run_directory, run_dir=tmp_path / "run")
    assert result.model.labels == ("anger", "fear", "joy", "sadness")
    assert metrics_of(tmp_path / "run")["goes_on_from"]["new_labels"] == ["fear"]


BESIDE = ["data.weight=trust", "data.features=[age, place]", "data.lexicons=[LEXICON]"]


def beside(folder: Path, rows: list[tuple[str, str]]) -> Path:
    """Write rows with further columns, and a lexicon beside them."""
    (folder / "mood.csv").write_text("word,valence\nhappy,0.9\nglad,0.8\nsad,0.1\n", encoding="utf-8")
    further = [(text, label, str(1 + at % 2), str(20 + at % 9), f"P{at % 3}") for at, (text, label) in enumerate(rows)]
    return write_csv(folder / "rows.csv", ["text", "label", "trust", "age", "place"], further)


@pytest.mark.parametrize("setting", BESIDE)
def test_what_stands_beside_the_text_is_not_learned_from_new_rows_alone(
    setting: str, run_directory: Path, tmp_path: Path
) -> None:
    file = beside(tmp_path, feeling_rows(4, offset=700))
    settings = set_options(
        setting.replace("LEXICON", str(tmp_path / "mood.csv")), "data.validation=null", "data.test=null"
    )
    result = invoke("train", file, "--from", run_directory, *settings, "--run-dir", tmp_path / "run")
    assert result.exit_code == 1
    assert f"{setting.partition('=')[0]}: what a model knows of these can't be changed" in result.stderr
    assert "0% of its training texts are among the new ones" in " ".join(result.stderr.split())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("setting", BESIDE)
def test_what_stands_beside_the_text_is_learned_anew_from_all_rows(setting: str, tmp_path: Path) -> None:
    setting = setting.replace("LEXICON", str(tmp_path / "mood.csv"))
    settings = set_options(*FAST, setting, "model.pretrained=none", "training.epochs=2", "evaluation.baselines=false")
    file = beside(tmp_path, feeling_rows(6))
    first = invoke("train", file, *settings, "--run-dir", tmp_path / "first")
    assert first.exit_code == 0, first.stderr
    file = beside(tmp_path, [*feeling_rows(6), *FEAR[:40]])
    second = invoke("train", file, "--from", tmp_path / "first", "--run-dir", tmp_path / "second")
    assert second.exit_code == 0, second.stderr
    assert "of its training texts are among the new ones; new labels: fear" in " ".join(second.stderr.split())
    assert "the model before" in (tmp_path / "second" / "report.md").read_text(encoding="utf-8")
    found = invoke("evaluate", tmp_path / "second", file, "--json")
    assert found.exit_code == 0, found.stderr
    alone = invoke("train", file, "--from", tmp_path / "first", *settings[-2:], "--run-dir", tmp_path / "third")
    assert alone.exit_code == 0, alone.stderr


def test_a_model_with_features_goes_on_only_with_the_same(tmp_path: Path) -> None:
    settings = set_options(*FAST, "data.features=[age]", "model.pretrained=none", "training.epochs=1")
    file = beside(tmp_path, feeling_rows(4))
    assert invoke("train", file, *settings, "--run-dir", tmp_path / "first").exit_code == 0
    others = set_options("data.features=[place]")
    result = invoke("train", file, "--from", tmp_path / "first", *others, "--run-dir", tmp_path / "second")
    assert result.exit_code == 1
    assert "data.features was age, is now place" in result.stderr
    rows = file.read_text(encoding="utf-8").replace(",20,", ",twenty,")
    file.write_text(rows, encoding="utf-8")
    result = invoke("train", file, "--from", tmp_path / "first", "--run-dir", tmp_path / "second")
    assert result.exit_code == 1
    assert "train from scratch, without --from" in result.stderr
