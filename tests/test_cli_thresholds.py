"""Thresholds and abstention on the command line: in training, in reports, without training, and in predictions."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

import lstmcli
from lstmcli.store.description import Description
from lstmcli.store.model import read_model
from tests.conftest import FAST, Cli, feeling_rows, invoke, set_options, write_csv


def several(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(text, label if number % 3 else f"{label}|intense") for number, (text, label) in enumerate(rows)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of rows with several labels, and with a run that has thresholds of its own kinds."""
    folder = tmp_path_factory.mktemp("several")
    for name, repeats, offset in (("train", 6, 0), ("validation", 3, 100), ("test", 3, 200)):
        write_csv(folder / f"{name}.csv", ["text", "label"], several(feeling_rows(repeats, offset)))
    result = invoke(
        "train", *options(folder, "decision.thresholds.joy=0.7", "decision.thresholds.intense=precision=0.99")
    )
    (folder / "said.txt").write_text(result.stderr)
    (folder / "scores.txt").write_text(result.stdout)
    assert result.exit_code == 0, result.stderr
    return folder


def options(folder: Path, *more: str) -> list[str]:
    files = [f"data.{name}={folder}/{name}.csv" for name in ("train", "validation", "test")]
    return [*set_options(*FAST, *files, "data.label_separator=|", *more), "--run-dir", str(folder / "run")]


def evaluation(text: str) -> dict:
    return next(reversed(json.loads(text)["evaluations"].values()))


def test_training_tells_the_thresholds_and_where_they_come_from(place: Path) -> None:
    said = (place / "said.txt").read_text()
    lines = [line for line in said.splitlines() if line.startswith("decision ")]
    assert [line.partition(":")[0] for line in lines] == [
        "decision thresholds (F1)",
        "decision thresholds (precision 0.99 not reached)",
        "decision thresholds (set by hand)",
    ]
    assert lines[2].endswith(": joy 0.700")
    assert "anger 0." in lines[0]
    assert "sadness 0." in lines[0]
    assert "precision 0.99 is not reached by any threshold; never predicted: intense." in said


def test_every_report_has_the_thresholds_with_their_origins(place: Path) -> None:
    stored = read_model(place / "run").rule
    labels = evaluation((place / "run" / "metrics.json").read_text())["labels"]
    model = labels["this model"]
    assert [label["threshold"] for label in model] == pytest.approx(stored.thresholds.tolist())
    origins = ["F1", "precision 0.99 not reached", "set by hand", "F1"]
    assert [label["threshold_origin"] for label in model] == origins == list(stored.origins)
    assert labels["majority class"][0]["threshold"] is None
    for report in ((place / "run" / "report.md").read_text(), (place / "scores.txt").read_text()):
        (joy, *_) = [line for line in report.splitlines() if "joy" in line and "set by hand" in line]
        assert "0.700" in joy
    assert "<td>set by hand</td>" in (place / "run" / "report.html").read_text()


def test_a_promised_threshold_is_kept_even_if_a_text_then_has_no_label(place: Path) -> None:
    model = read_model(place / "run")
    assert not model.rule.at_least_one
    assert lstmcli.load(place / "run").thresholds["intense"] == 1.0


def test_origins_come_back_from_disk_and_older_models_have_none(place: Path) -> None:
    stored = json.loads((place / "run" / "model" / "model.json").read_text())
    found = Description.from_dict(stored)
    assert found.to_dict()["threshold_origins"] == stored["threshold_origins"]
    del stored["threshold_origins"]
    assert Description.from_dict(stored).rule.origins == ()
    for wrong in (["F1"], "F1", [1, 2, 3, 4], ["a\x1b", "b", "c", "d"]):
        with pytest.raises((ValueError, TypeError)):
            Description.from_dict({**stored, "threshold_origins": wrong})


def test_a_run_says_at_once_that_a_label_does_not_exist(place: Path, tmp_path: Path) -> None:
    arguments = [*options(place, "decision.thresholds.joi=0.7")[:-1], str(tmp_path / "run")]
    result = invoke("train", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error: decision.thresholds: 'joi' is not a label. Did you mean 'joy'?\n" in result.stderr
    assert not (tmp_path / "run").exists()


def tried(place: Path, threshold: str, run: str = "run", file: str = "test.csv") -> dict:
    result = invoke("evaluate", str(place / run), str(place / file), "--json", "--threshold", threshold)
    assert result.exit_code == 0, result.stderr
    return evaluation(result.stdout)


def test_a_number_is_tried_without_training(place: Path) -> None:
    found = tried(place, "35%")
    assert [label["threshold"] for label in found["labels"]["this model"]] == [0.35] * 4
    assert found["notes"][-1] == "Thresholds of the model, by --threshold 35%: set by hand. The baselines keep theirs."
    assert (found["comparisons"][-1]["other"], found["comparisons"][-1]["added_to_ngrams"]) == ("n-grams alone", "")
    shutil.copytree(place / "run" / "model", place / "copy", dirs_exist_ok=True)
    alone = tried(place, "0.35", "copy")
    own, copied = (
        {score: estimate["value"] for score, estimate in each["scores"]["this model"].items()}
        for each in (found, alone)
    )
    assert own == copied
    probabilities = lstmcli.load(place / "copy").predict_proba(row["text"] for row in rows_of(place / "test.csv"))
    assert [label["picked"] for label in found["labels"]["this model"]] == (probabilities >= 0.35).sum(axis=0).tolist()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("threshold", ["f1", "jaccard", "auto", "precision=0.5", "recall=0.6", "half"])
def test_named_thresholds_are_those_that_training_would_choose(place: Path, tmp_path: Path, threshold: str) -> None:
    """The validation rows are read again; the rows that are scored change nothing."""
    arguments = [*options(place, f"decision.thresholds={threshold}")[:-1], str(tmp_path / "run")]
    assert invoke("train", *arguments).exit_code == 0
    trained = evaluation((tmp_path / "run" / "metrics.json").read_text())["labels"]["this model"]
    origins = [label["threshold_origin"] for label in trained]
    for file in ("test.csv", "train.csv"):
        found = tried(place, threshold, file=file)["labels"]["this model"]
        assert [label["threshold_origin"] for label in found] == origins
        # Training tunes on torch's logits, the model answers with numpy's.
        expected = [label["threshold"] for label in trained]
        assert [label["threshold"] for label in found] == pytest.approx(expected, abs=1e-4)


def test_named_thresholds_need_the_validation_rows_as_they_were(place: Path, tmp_path: Path) -> None:
    for name in ("train", "validation", "test"):
        shutil.copy(place / f"{name}.csv", tmp_path)
    shutil.copytree(place / "run" / "model", tmp_path / "model")
    config = (place / "run" / "config.yaml").read_text()
    result = invoke("evaluate", str(tmp_path / "model"), str(tmp_path / "test.csv"), "--threshold", "f1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "needs the validation rows of the run, but" in result.stderr
    assert "has no config.yaml; name the run directory, or a number instead." in result.stderr
    assert str(place) in config
    lines = (place / "validation.csv").read_text().splitlines(keepends=True)
    try:
        (place / "validation.csv").write_text("".join(lines[:-1]))
        changed = invoke("evaluate", str(place / "run"), str(place / "test.csv"), "--threshold", "f1")
        (place / "validation.csv").unlink()
        gone = invoke("evaluate", str(place / "run"), str(place / "test.csv"), "--threshold", "f1")
        assert invoke("evaluate", str(place / "run"), str(place / "test.csv"), "--threshold", "0.5").exit_code == 0
    finally:
        (place / "validation.csv").write_text("".join(lines))
    assert (changed.exit_code, gone.exit_code) == (1, 1)
    assert "--threshold f1: needs the validation rows of the run, but its files have changed since" in changed.stderr
    assert "--threshold f1: needs the validation rows of the run, which can't be read: " in gone.stderr


def test_a_wrong_threshold_is_wrong_usage(place: Path, run_directory: Path, corpus: Path) -> None:
    wrong = invoke("evaluate", str(place / "run"), str(place / "test.csv"), "--threshold", "jacard")
    assert wrong.exit_code == 2
    assert "--threshold: expected auto, f1, jaccard" in wrong.stderr
    assert "Did you mean 'jaccard'?" in wrong.stderr
    single = invoke("evaluate", str(run_directory), str(corpus / "test.csv"), "--threshold", "0.5")
    assert single.exit_code == 2
    assert "--threshold: does not apply to single labels" in single.stderr
    folds = invoke("evaluate", str(place / "train.csv"), "--folds", "2", "--threshold", "0.5")
    assert folds.exit_code == 2
    assert "use --set decision.thresholds=X" in folds.stderr


def test_reports_say_what_leaving_out_uncertain_texts_would_bring(place: Path, run_directory: Path) -> None:
    for run, score in ((place / "run", "jaccard"), (run_directory, "accuracy")):
        found = evaluation((run / "metrics.json").read_text())
        coverage = found["coverage"]
        assert [row["coverage"] for row in coverage] == [1.0, 0.9, 0.8, 0.7, 0.5]
        assert coverage[0]["num_rows"] == found["num_rows"]
        assert coverage[0]["scores"][score] == pytest.approx(found["scores"]["this model"][score]["value"])
        report = (run / "report.md").read_text()
        assert "### Accuracy if uncertain texts are left out" in report
        for share in ("100%", "90%", "80%", "70%", "50%"):
            assert f"\n| {share} | " in report
    shown = (place / "scores.txt").read_text()
    assert "\n80% " in shown
    assert "\n90% " not in shown


def test_an_uncertain_prediction_is_left_empty_and_counted(folder: Path, cli: Cli) -> None:
    rows = "text\nglad\nsad and glad\nno known words\nangry\n"
    arguments = ("predict", "RUN", "--format", "csv")
    everything = list(csv.DictReader(io.StringIO(cli(*arguments, stdin=rows, cwd=folder).stdout)))
    _, second, third, _ = sorted(float(row["score"]) for row in everything)
    cut = (second + third) / 2
    result = cli(*arguments, "--min-confidence", cut, stdin=rows, cwd=folder)
    certain = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["score"] for row in certain] == [row["score"] for row in everything]
    for row, other in zip(certain, everything, strict=True):
        assert row["prediction"] == (other["prediction"] if float(row["score"]) >= cut else "")
    assert result.returncode == 0
    assert f"note: 2 rows with a score below {cut:g}: their predictions are left empty" in result.stderr


@pytest.mark.parametrize("output_format", ["csv", "tsv", "jsonl", "text"])
@pytest.mark.parametrize("more", [[], ["--jobs", "2"], ["--probabilities"]])
def test_all_formats_leave_the_label_empty_and_keep_the_score(
    folder: Path, cli: Cli, output_format: str, more: list[str]
) -> None:
    arguments = ("predict", "RUN", "-", "--output-format", output_format, *more)
    given = cli(*arguments, stdin="glad\nsad\n", cwd=folder).stdout
    result = cli(*arguments, "--min-confidence", "100%", stdin="glad\nsad\n", cwd=folder)
    assert (result.returncode, result.stderr) == (
        0,
        "note: 2 rows with a score below 1: their predictions are left empty (--min-confidence).\n",
    )
    empty = "null" if output_format == "jsonl" else ""
    expected = (
        given.replace('"joy"', empty).replace('"sadness"', empty).replace("joy\t", "\t").replace("sadness\t", "\t")
    )
    if output_format in {"csv", "tsv"}:
        expected = given.replace("joy", "", 1) if more != ["--probabilities"] else given
        header, *lines = given.splitlines(keepends=True)
        expected = header + "".join(line.replace("joy", "").replace("sadness", "") for line in lines)
    assert result.stdout == expected


def test_nothing_is_told_where_every_prediction_is_certain(folder: Path, cli: Cli) -> None:
    result = cli("predict", "RUN", "--min-confidence", "0", stdin="glad\n", cwd=folder)
    assert (result.stdout, result.stderr) == (cli("predict", "RUN", stdin="glad\n", cwd=folder).stdout, "")
    quiet = cli("predict", "RUN", "--min-confidence", "1", "--quiet", stdin="glad\n", cwd=folder)
    assert (quiet.stdout[0], quiet.stderr) == ("\t", "")


def test_the_confidence_is_part_of_what_can_be_resumed(folder: Path, cli: Cli) -> None:
    from lstmcli.inference.answers import PredictOptions
    from lstmcli.recipes.predict import describe_job

    jobs = {
        describe_job(folder / "RUN", ["in.csv"], PredictOptions(min_confidence=least)) for least in (None, 0.5, 0.6)
    }
    assert len(jobs) == 3
    text = cli("predict", "RUN", "--top-k", "1", "--min-confidence", "0.5", stdin="glad\n", cwd=folder)
    assert text.returncode == 2
    assert "--min-confidence: with --top-k, lines of plain text have no prediction" in text.stderr


def test_several_labels_and_python_abstain_alike(place: Path, cli: Cli) -> None:
    model = lstmcli.load(place / "run")
    texts = [row["text"] for row in rows_of(place / "test.csv")]
    found = list(csv.DictReader(io.StringIO(cli("predict", place / "run", place / "test.csv").stdout)))
    least = sorted(float(row["score"]) for row in found)[len(found) // 2] + 1e-6
    answers = model.predict(texts, min_confidence=least)
    output = cli("predict", place / "run", place / "test.csv", "--min-confidence", least, "-F", "jsonl").stdout
    predictions = [json.loads(line)["prediction"] for line in output.splitlines()]
    assert [None if answer is None else "|".join(answer) for answer in answers] == predictions
    assert 0 < answers.count(None) < len(answers)
    for answer, whole, row in zip(answers, model.predict(texts), found, strict=True):
        assert answer == (whole if float(row["score"]) >= least else None)
    with pytest.raises(ValueError, match=r"expected a min_confidence from 0 to 1, got 1\.5"):
        model.predict(texts, min_confidence=1.5)
