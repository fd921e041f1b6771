"""Models of scores on people, on slices, and compared with each other."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student

import lstmcli
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.people import ScorePool, mean_known_by
from lstmcli.metrics.score_metrics import agreement
from lstmcli.metrics.score_paired import compare_scores
from tests.conftest import FAST, feeling_rows, invoke, set_options, write_csv
from tests.metrics_schema import problems

COLUMNS = ["author", "text", "mood", "force", "source"]
VALUES = {"joy": (4.0, 3.0), "sadness": (1.5, 1.0), "anger": (1.0, 4.5)}


def posts(repeats: int, offset: int) -> list[tuple[str, ...]]:
    """Three texts of each author; every fifth lacks a score."""
    return [
        (
            f"{label}{number % 4}-{offset}",
            text,
            str(VALUES[label][0] + number % 3 / 10),
            "" if number % 5 == 0 else str(VALUES[label][1]),
            "web" if number % 2 else "diary",
        )
        for number, (text, label) in enumerate(feeling_rows(repeats, offset=offset))
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows and two runs of scores, of different length."""
    folder = tmp_path_factory.mktemp("scores")
    for name, repeats, offset in (("train", 6, 0), ("validation", 3, 100), ("test", 5, 200)):
        write_csv(folder / f"{name}.csv", COLUMNS, posts(repeats, offset))
    for run, epochs in (("one", 1), ("two", 2)):
        settings = f"data.validation={folder}/validation.csv", "data.scores=[mood, force]", "data.group=author"
        options = set_options(*FAST, f"training.epochs={epochs}", *settings)
        result = invoke("train", folder / "train.csv", "--run-dir", folder / run, *options)
        assert result.exit_code == 0, result.stderr
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def numbers(rows: list[dict[str, str]]) -> np.ndarray:
    return np.array([[float(row[name] or "nan") for name in ("mood", "force")] for row in rows])


def test_a_person_has_the_mean_of_the_scores_and_the_interval_of_a_mean() -> None:
    generator = np.random.default_rng(3)
    scores, people = (
        1e6 + generator.normal(size=(23, 2)),
        np.concatenate([np.arange(5), generator.integers(4, size=18)]),
    )
    pool = ScorePool(2)
    for start in range(0, 23, 6):
        pool.add(scores[start : start + 6], people[start : start + 6])
    found = pool.answers()
    for person in range(5):
        own = scores[people == person]
        np.testing.assert_allclose(found.probabilities[person], own.mean(axis=0), rtol=1e-12)
        if len(own) > 1:
            margin = student.ppf(0.975, len(own) - 1) * own.std(axis=0, ddof=1) / len(own) ** 0.5
            np.testing.assert_allclose(found.high[person] - own.mean(axis=0), margin, atol=2e-3)
            np.testing.assert_allclose(own.mean(axis=0) - found.low[person], margin, atol=2e-3)
    assert np.isnan(found.low[4]).all()


def test_missing_scores_are_left_out_of_a_mean() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, 5.0]])
    found = mean_known_by(values, np.array([0, 0, 1]))
    np.testing.assert_array_equal(found, [[2.0, np.nan], [np.nan, 5.0]])


def test_predict_writes_the_mean_scores_of_each_person(place: Path) -> None:
    arguments = "predict", place / "one", place / "test.csv", "--by", "author"
    result = invoke(*arguments)
    assert result.exit_code == 0, result.stderr
    found = list(csv.DictReader(io.StringIO(result.stdout)))
    names = ("predicted_mood", "low_mood", "high_mood", "predicted_force", "low_force", "high_force")
    assert tuple(found[0]) == ("author", "rows", *names)
    rows = rows_of(place / "test.csv")
    values = Predictor.open(place / "one").probabilities([row["text"] for row in rows])
    for each in found:
        own = values[[row["author"] == each["author"] for row in rows]]
        assert int(each["rows"]) == len(own)
        assert float(each["predicted_mood"]) == pytest.approx(own[:, 0].mean(), abs=1e-5)
        assert float(each["low_force"]) <= float(each["predicted_force"]) <= float(each["high_force"])
    assert invoke(*arguments, "--jobs", "2").stdout == result.stdout
    lines = [json.loads(line) for line in invoke(*arguments, "--output-format", "jsonl").stdout.splitlines()]
    assert [line["author"] for line in lines] == [row["author"] for row in found]
    assert invoke(*arguments, "--interval", "0.8").exit_code == 2
    assert invoke(*arguments, "--probabilities").exit_code == 2
    answers = lstmcli.load(place / "one").predict_groups([row["text"] for row in rows], [row["author"] for row in rows])
    for answer, line in zip(answers, lines, strict=True):
        assert (answer.group, answer.num_texts) == (line["author"], line["rows"])
        for at, name in enumerate(("mood", "force")):
            cells = [line[f"{prefix}_{name}"] for prefix in ("predicted", "low", "high")]
            assert [answer.prediction[at], answer.low[at], answer.high[at]] == pytest.approx(cells, abs=1e-6)


def test_evaluate_scores_the_means_of_people(place: Path) -> None:
    arguments = "evaluate", place / "one", place / "test.csv", "--by", "author"
    result = invoke(*arguments, "--json", "--output", place / "report")
    assert result.exit_code == 0, result.stderr
    own, by_person = json.loads(result.stdout)["evaluations"].values()
    rows = rows_of(place / "test.csv")
    names, people = np.unique([row["author"] for row in rows], return_inverse=True)
    assert (by_person["name"], by_person["num_rows"]) == (f"{own['name']}, one answer per author", len(names))
    values = Predictor.open(place / "one").probabilities([row["text"] for row in rows])
    truth, means = (
        np.array([np.nanmean(each[people == person], axis=0) for person in range(len(names))])
        for each in (numbers(rows), values)
    )
    expected = agreement(truth, means)
    for at, score in enumerate(by_person["each_score"]["this model"]):
        assert score["rmse"]["value"] == pytest.approx(expected["rmse"][at])
        assert score["r"]["value"] == pytest.approx(expected["r"][at])
    assert "mean over all rows of one author" in by_person["notes"][-1]
    assert "one answer per author" in (place / "report" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("grouped", [False, True])
def test_differences_are_paired_and_those_of_equal_predictions_are_zero(grouped: bool) -> None:
    generator = np.random.default_rng(5)
    truth = generator.normal(size=(60, 2))
    first = truth + generator.normal(size=(60, 2))
    groups = np.repeat(np.arange(20), 3) if grouped else None
    same = compare_scores(truth, first, first, ("a", "b"), groups=groups)
    assert all((each.difference.low, each.difference.high) == (0.0, 0.0) for each in same.means if each.difference)
    better = compare_scores(truth, first, truth + (first - truth) / 3, ("a", "b"), groups=groups)
    verdicts = {each.figure: each.verdict for each in better.means}
    assert verdicts == dict.fromkeys(("r", "rmse", "mae", "r2", "ccc"), "better")
    assert {each.verdict for each in compare_scores(truth, truth, first, ("a", "b")).means} == {"worse"}
    by_hand = agreement(truth, truth + (first - truth) / 3)["rmse"] - agreement(truth, first)["rmse"]
    rmse = {each.score: each.difference for each in better.each_score if each.figure == "rmse"}
    assert [each.value for each in rmse.values() if each] == pytest.approx(by_hand.tolist())
    assert better.num_groups == (20 if grouped else None)


def test_compare_shows_how_two_runs_of_scores_differ(place: Path) -> None:
    arguments = "compare", place / "one", place / "two", place / "test.csv"
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["num_groups"] == 12
    for name, run in (("a", "one"), ("b", "two")):
        (own,) = json.loads(invoke("evaluate", place / run, place / "test.csv", "--json").stdout)[
            "evaluations"
        ].values()
        for figure, value in own["scores"]["this model"].items():
            assert found["scores"][figure][name] == pytest.approx(value["value"])
    shown = invoke(*arguments).stdout
    assert "mood, RMSE" in shown
    assert "12 groups: too few for a verdict" in " ".join(shown.split())
    assert all(len(line) <= 80 for line in shown.splitlines() if not line.startswith(("A  ", "B  ", "rows")))
    assert "for models of labels" in invoke(*arguments, "--flips", "2").stderr
    assert "name a FILE" in " ".join(invoke(*arguments[:3]).stderr.split())


def test_models_of_scores_and_of_labels_are_not_compared(place: Path, run_directory: Path) -> None:
    result = invoke("compare", place / "one", run_directory, place / "test.csv")
    assert result.exit_code == 1
    assert not result.stdout


def test_slices_have_the_figures_of_their_rows(place: Path) -> None:
    arguments = "evaluate", place / "one", place / "test.csv", "--slice", "source", "--slice", "length"
    result = invoke(*arguments, "--json", "--output", place / "sliced")
    assert result.exit_code == 0, result.stderr
    content = json.loads(result.stdout)
    assert list(problems(json.loads((place / "sliced" / "metrics.json").read_text(encoding="utf-8")))) == []
    (evaluation,) = content["evaluations"].values()
    by_source, by_length = evaluation["slices"]
    assert (by_source["name"], by_length["name"]) == ("source", "length")
    rows = rows_of(place / "test.csv")
    values = Predictor.open(place / "one").probabilities([row["text"] for row in rows])
    for each in by_source["slices"]:
        is_own = np.array([row["source"] == each["value"] for row in rows])
        expected = agreement(numbers(rows)[is_own], values[is_own])
        assert each["num_rows"] == is_own.sum()
        for figure in ("r", "rmse", "r2"):
            assert each["figures"][figure]["value"] == pytest.approx(np.nanmean(expected[figure]))
    assert sum(each["num_rows"] for each in by_length["slices"]) == len(rows)
    shown = invoke(*arguments).stdout
    assert "Slices by source" in shown
    assert "not reliable" in " ".join(shown.split())
    assert "Slices by source" in (place / "sliced" / "report.html").read_text(encoding="utf-8")


def test_the_card_of_a_model_of_scores_has_figures_and_limits(place: Path) -> None:
    card = (place / "one" / "model" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# A model of 2 scores of a text")
    assert "a number for mood and force" in card
    assert "### validation.csv" in card
    assert str(place) not in card
    assert "**Optimistic scores.**" in card
    assert invoke("verify", place / "one").exit_code == 0
