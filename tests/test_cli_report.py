"""`lstmcli report`, and --no-texts, as a shell user meets them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FAST, feeling_rows, invoke, set_options, write_csv


def evaluations(folder: Path) -> dict[str, Any]:
    (found,) = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["evaluations"].values()
    return dict(found)


@pytest.fixture(scope="module")
def rows(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions of a model that knows only half of the corpus's words well; tests must not change it."""
    place = tmp_path_factory.mktemp("rows")
    texts = [("i feel sad and glad", "joy"), ("angry about it, or so", "sadness"), *feeling_rows(3, offset=300)]
    file = write_csv(place / "test.csv", ["text", "label"], texts)
    arguments = ("evaluate", run_directory, file, "--predictions", place / "rows.csv", "--output", place / "scores")
    assert invoke(*arguments).exit_code == 0
    return place


def test_a_report_is_rebuilt_from_predictions_with_the_same_scores(rows: Path, tmp_path: Path) -> None:
    result = invoke("report", rows / "rows.csv", "--output", tmp_path / "again")
    assert result.exit_code == 0, result.stderr
    assert f"wrote    {tmp_path / 'again'}" in result.stderr
    assert "the model gives the right label to " in result.stdout.splitlines()[0]
    old, new = evaluations(rows / "scores"), evaluations(tmp_path / "again")
    for score, value in old["scores"]["this model"].items():
        assert new["scores"]["this model"][score]["value"] == pytest.approx(value["value"], abs=1e-4)
    assert new["confusion"] == old["confusion"]
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"metrics.json", "report.md", "report.html"}
    assert "angry about it, or so" in (tmp_path / "again" / "report.html").read_text(encoding="utf-8")
    assert "the other baselines" not in result.stdout
    assert "TF-IDF and the n-grams alone need the model" in result.stdout


def test_several_labels_and_yes_no_questions_are_told_apart(tmp_path: Path) -> None:
    header = ["text", "gold", "prediction", "correct", "score", "probability_a", "probability_b"]
    cells = [
        [f"text {number}", gold, predicted, int(gold == predicted), 0.7, 0.7, 0.8 if "b" in predicted else 0.2]
        for number, (gold, predicted) in enumerate([("a|b", "a|b"), ("a", "a|b"), ("", "a")] * 8)
    ]
    file = write_csv(tmp_path / "rows.csv", header, cells)
    several = json.loads(invoke("report", file, "--json").stdout)["evaluations"][str(file)]
    traits = json.loads(invoke("report", file, "--traits", "--json").stdout)["evaluations"][str(file)]
    assert (several["kind"], traits["kind"]) == ("multi", "traits")
    assert several["scores"]["this model"]["accuracy"]["value"] == pytest.approx(1 / 3)
    assert traits["scores"]["this model"]["mean_accuracy"]["value"] == pytest.approx(4 / 6)
    assert several["confusion"] == [[16, 8, 0, 0], [8, 8, 0, 8]]


def test_folds_in_the_file_are_averaged(tmp_path: Path) -> None:
    header = ["text", "fold", "gold", "prediction", "correct", "score", "probability_a", "probability_b"]
    cells = [
        [f"t{number}", number % 3 + 1, "ab"[number % 2], "a", 1 - number % 2, 0.6, 0.6, 0.4] for number in range(30)
    ]
    result = invoke("report", write_csv(tmp_path / "rows.csv", header, cells))
    assert result.exit_code == 0, result.stderr
    assert "Macro-F1 per fold" in result.stdout
    assert "each predicted by a model that had not seen it" in result.stdout


@pytest.mark.parametrize(
    ("header", "cells", "code", "message"),
    [
        (["text", "gold", "prediction"], ["t", "a", "a"], 1, "has no column probability_LABEL; `lstmcli evaluate"),
        (["text", "gold", "prediction", "probability_a"], ["t", "b", "a", "1"], 1, "no column probability_b for the"),
        (["text", "gold", "prediction", "probability_a"], ["t", "a", "a", "x"], 1, "line 2: the columns probability_"),
        (["text", "gold", "prediction", "probability_a"], ["t", "a", "a", "1.5"], 1, "need numbers from 0 to 1"),
        (["text", "prediction", "probability_a"], ["t", "a", "1"], 1, "has no column 'gold'"),
    ],
)
def test_a_file_that_is_none_of_predictions_is_refused(
    tmp_path: Path, header: list[str], cells: list[str], code: int, message: str
) -> None:
    result = invoke("report", write_csv(tmp_path / "rows.csv", header, [cells]))
    assert result.exit_code == code
    assert message in result.stderr


def test_an_empty_file_standard_input_and_other_reports_are_refused(tmp_path: Path, rows: Path) -> None:
    empty = write_csv(tmp_path / "rows.csv", ["text", "gold", "prediction", "probability_a"], [])
    assert "there is no row with a prediction" in invoke("report", empty).stderr
    assert invoke("report", "-").exit_code == 2
    (tmp_path / "report.md").write_text("precious")
    refused = invoke("report", rows / "rows.csv", "--output", tmp_path)
    assert (refused.exit_code, "did not write; choose another --output" in refused.stderr) == (1, True)


def shown(folder: Path, *names: str) -> str:
    return "".join((folder / name).read_text(encoding="utf-8") for name in names or ("report.html", "report.md"))


SECRET = "zebra"


def secret_file(path: Path, offset: int) -> Path:
    return write_csv(path, ["text", "label"], [(f"{SECRET} {text}", label) for text, label in feeling_rows(3, offset)])


def test_reports_show_texts_unless_no_texts_is_given(run_directory: Path, tmp_path: Path) -> None:
    options = ("--mistakes", 5, "--slice", "length")
    texts = [(f"{SECRET} {text}", "joy") for text, _ in feeling_rows(3, 400)]  # so that there are mistakes
    wrong = write_csv(tmp_path / "wrong.csv", ["text", "label"], texts)
    open_report = invoke("evaluate", run_directory, wrong, *options, "--output", tmp_path / "open")
    assert SECRET in open_report.stdout
    assert SECRET in shown(tmp_path / "open", "report.html")
    hidden = invoke("evaluate", run_directory, wrong, *options, "--output", tmp_path / "hidden", "--no-texts")
    assert hidden.exit_code == 0, hidden.stderr
    assert "Most confident mistakes (5)" in hidden.stdout
    printed = invoke("evaluate", run_directory, wrong, *options, "--json", "--no-texts")
    assert len(json.loads(printed.stdout)["mistakes"]) == 5
    everything = shown(tmp_path / "hidden", "report.html", "report.md", "metrics.json")
    assert SECRET not in everything + hidden.stdout + hidden.stderr + printed.stdout


def test_a_training_without_texts_keeps_them_out_of_all_later_reports(tmp_path: Path) -> None:
    file = secret_file(tmp_path / "train.csv", 500)
    settings = [*FAST, "training.epochs=2"]
    run = tmp_path / "run"
    trained = invoke("train", file, *set_options(*settings), "--run-dir", run, "--no-texts")
    assert trained.exit_code == 0, trained.stderr
    scored = invoke("evaluate", run, file, "--mistakes", 3, "--output", tmp_path / "scores")
    assert scored.exit_code == 0, scored.stderr
    written = shown(run) + shown(run, "metrics.json", "history.jsonl") + shown(tmp_path / "scores")
    assert SECRET not in written + trained.stdout + trained.stderr + scored.stdout
    assert "texts: false" in (run / "config.yaml").read_text(encoding="utf-8")


def test_a_cross_validation_shows_its_mistakes_or_hides_them(tmp_path: Path) -> None:
    file = secret_file(tmp_path / "train.csv", 600)
    settings = set_options(*FAST, "training.epochs=1", "evaluation.baselines=false")
    for name, more in (("open", []), ("hidden", ["--no-texts"])):
        result = invoke("cross-validate", file, "--folds", 2, *settings, "--run-dir", tmp_path / name, *more)
        assert result.exit_code == 0, result.stderr
    assert SECRET in shown(tmp_path / "open", "report.html")
    hidden = [tmp_path / "hidden", *(tmp_path / "hidden" / "folds" / str(number) for number in (1, 2))]
    assert SECRET not in "".join(map(shown, hidden))


def test_reports_of_a_rebuilt_file_can_hide_texts_too(rows: Path, tmp_path: Path) -> None:
    assert invoke("report", rows / "rows.csv", "--output", tmp_path / "a", "--no-texts").exit_code == 0
    assert "angry about it" not in shown(tmp_path / "a", "report.html", "report.md", "metrics.json")
