"""One answer for each person."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student

import lstmcli
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.decisions import untuned_rule
from lstmcli.metrics.people import T_QUANTILES, Pool, evidence, more_texts, pooled
from tests.conftest import feeling_rows, invoke, write_csv


def test_quantiles_are_those_of_students_t() -> None:
    expected = [student.ppf(0.975, freedom) for freedom in range(1, 31)]
    np.testing.assert_allclose(T_QUANTILES[:-1], expected, atol=0.0005)
    assert T_QUANTILES[-1] == pytest.approx(student.ppf(0.975, np.inf), abs=0.0005)


@pytest.mark.parametrize("kind", ["single", "traits"])
def test_a_person_has_the_mean_of_the_evidence_text_by_text(kind: str) -> None:
    generator = np.random.default_rng(1)
    probabilities = generator.dirichlet(np.ones(3), size=40)
    people = np.concatenate([np.arange(6), generator.integers(6, size=34)])
    found = pooled(probabilities, people, kind)
    for person in range(6):
        own = probabilities[people == person]
        if kind == "single":
            expected = np.exp(np.log(own).mean(axis=0))
            expected /= expected.sum()
        else:
            expected = 1 / (1 + np.exp(-np.log(own / (1 - own)).mean(axis=0)))
        np.testing.assert_allclose(found[person], expected, atol=1e-9)
    pool = Pool(3, kind)
    for start in range(0, 40, 7):
        pool.add(probabilities[start : start + 7], people[start : start + 7])
    np.testing.assert_allclose(pool.answers().probabilities, found, atol=1e-9)
    assert pool.counts.tolist() == np.bincount(people).tolist()


def test_the_interval_is_that_of_a_mean_of_log_odds_and_one_text_has_none() -> None:
    pool = Pool(1, "traits")
    probabilities = np.array([[0.3], [0.6], [0.8], [0.9], [0.55]])
    pool.add(probabilities, np.array([0, 0, 0, 0, 1]))
    found = pool.answers()
    odds = np.log(probabilities[:4, 0] / (1 - probabilities[:4, 0]))
    margin = student.ppf(0.975, 3) * odds.std(ddof=1) / 2
    for end, sign in ((found.low, -1), (found.high, 1)):
        assert end[0, 0] == pytest.approx(1 / (1 + np.exp(-(odds.mean() + sign * margin))), abs=1e-4)
        assert np.isnan(end[1, 0])


def test_certain_probabilities_do_not_become_infinite_evidence() -> None:
    assert np.isfinite(evidence(np.array([[0.0, 1.0]]), "single")).all()
    assert np.isfinite(evidence(np.array([[0.0, 1.0]]), "traits")).all()


def test_more_texts_help_where_each_says_a_little() -> None:
    generator = np.random.default_rng(2)
    people = np.repeat(np.arange(60), 20)
    targets = (np.arange(60) % 2 == 0)[people][:, None]
    odds = 0.4 * np.where(targets, 1, -1) + generator.normal(size=targets.shape)
    probabilities = 1 / (1 + np.exp(-odds))
    rule = untuned_rule("traits", 1, at_least_one=False)
    found = more_texts(
        probabilities, rule.decide(probabilities), targets, people, rule, num_samples=200, confidence=0.95
    )
    assert (found.num_people, found.num_texts) == (60, 20)
    assert found.one.value == pytest.approx(((odds > 0) == targets).mean())
    means = np.array([odds[people == person].mean() for person in range(60)])
    assert found.all.value == pytest.approx(((means > 0) == (np.arange(60) % 2 == 0)).mean())
    assert found.gain.low > 0.15
    assert [number for number, _ in found.curve] == [2, 5, 10]
    values = [found.one.value, *(each.value for _, each in found.curve), found.all.value]
    assert values == sorted(values)


COLUMNS = ["author", "text", "label"]


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """Three posts of each of nine authors, three of each label, not one after another; and two rows of nobody."""
    rows = [(f"{label}-{number % 3}", text, label) for number, (text, label) in enumerate(feeling_rows(3, offset=300))]
    return write_csv(tmp_path / "posts.csv", COLUMNS, [*rows, ("", "i feel glad", "joy"), ("joy-1", " ", "joy")])


def test_predict_writes_a_row_for_each_person(run_directory: Path, posts: Path) -> None:
    result = invoke("predict", run_directory, posts, "--by", "author", "--probabilities")
    assert result.exit_code == 3  # a blank text is in no answer
    assert "1 row with a blank text: left out." in result.stderr
    assert "1 row without a cell in 'author': left out." in result.stderr
    found = list(csv.DictReader(io.StringIO(result.stdout)))
    with posts.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["author"] and row["text"].strip()]
    assert [row["author"] for row in found] == list(dict.fromkeys(row["author"] for row in rows))
    assert [int(row["rows"]) for row in found] == [
        sum(each["author"] == row["author"] for each in rows) for row in found
    ]
    predictor = Predictor.open(run_directory)
    names = list(dict.fromkeys(row["author"] for row in rows))
    people = np.array([names.index(row["author"]) for row in rows])
    expected = pooled(predictor.probabilities([row["text"] for row in rows]), people, "single")
    for label, column in zip(predictor.model.labels.names, expected.T, strict=True):
        np.testing.assert_allclose([float(row[f"probability_{label}"]) for row in found], column, atol=1e-6)
    assert all(float(row["score_low"]) <= float(row["score"]) <= float(row["score_high"]) for row in found)


def test_the_answers_are_the_same_for_any_number_of_processes_and_formats(run_directory: Path, posts: Path) -> None:
    arguments = "predict", run_directory, posts, "--by", "author", "--quiet"
    one = invoke(*arguments).stdout
    assert invoke(*arguments, "--jobs", "2").stdout == one
    lines = [json.loads(line) for line in invoke(*arguments, "--output-format", "jsonl").stdout.splitlines()]
    assert [str(line["author"]) for line in lines] == [row["author"] for row in csv.DictReader(io.StringIO(one))]
    twice = list(csv.DictReader(io.StringIO(invoke(*arguments[:3], posts, *arguments[3:]).stdout)))
    assert [int(row["rows"]) for row in twice] == [2 * line["rows"] for line in lines]


def test_python_gives_the_same_answers(run_directory: Path, posts: Path) -> None:
    with posts.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    output = invoke("predict", run_directory, posts, "--by", "author", "--probabilities", "--output-format", "jsonl")
    expected = [json.loads(line) for line in output.stdout.splitlines()]
    named = [row for row in rows if row["author"].strip()]
    model = lstmcli.load(run_directory)
    found = model.predict_groups((row["text"] for row in named), (row["author"].strip() for row in named))
    assert [(each.group, each.num_texts, each.prediction) for each in found] == [
        (line["author"], line["rows"], line["prediction"]) for line in expected
    ]
    for each, line in zip(found, expected, strict=True):
        assert each.probabilities.max() == pytest.approx(line["score"], abs=1e-4)
    assert model.predict_groups(["", " "], ["anna", "ben"]) == []


@pytest.mark.parametrize("groups", [["anna"], ["anna", "ben", "carl"], ["anna", None], ["anna", float("nan")]])
def test_groups_that_do_not_fit_the_texts_are_an_error_in_python(run_directory: Path, groups: list[Any]) -> None:
    with pytest.raises(ValueError, match="expected a group for each text, got"):
        lstmcli.load(run_directory).predict_groups(["so glad", "so sad"], groups)


def test_a_person_with_one_text_gets_its_prediction_without_an_interval(run_directory: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "one.csv", COLUMNS[:2], [("x", "i feel glad about it")])
    by_person = next(csv.DictReader(io.StringIO(invoke("predict", run_directory, file, "--by", "author").stdout)))
    by_row = next(csv.DictReader(io.StringIO(invoke("predict", run_directory, file).stdout)))
    assert by_person["prediction"] == by_row["prediction"]
    assert float(by_person["score"]) == pytest.approx(float(by_row["score"]), abs=1e-6)
    assert (by_person["score_low"], by_person["score_high"]) == ("", "")
    none = write_csv(tmp_path / "none.csv", COLUMNS[:2], [])
    assert len(invoke("predict", run_directory, none, "--by", "author").stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--by", "writer"], "has no column 'writer'"),
        (["--by", "author", "--columns", "text"], "--columns, --resume and --line-buffered don't apply"),
        (["--by", "author", "--top-k", "2"], "can't be combined with --top-k"),
        (["--by", "author", "--on-error", "stop"], "the text is blank"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    run_directory: Path, posts: Path, options: list[str], message: str
) -> None:
    result = invoke("predict", run_directory, posts, *options)
    assert result.exit_code in {1, 2}
    assert message in " ".join(result.stderr.split())


def test_plain_text_has_no_people(run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("i feel glad\n")
    result = invoke("predict", run_directory, tmp_path / "lines.txt", "--by", "author")
    assert result.exit_code == 2
    assert "lines of plain text have no column" in result.stderr


def test_evaluate_scores_people_and_says_what_more_texts_bring(run_directory: Path, posts: Path) -> None:
    result = invoke("evaluate", run_directory, posts, "--by", "author", "--json")
    assert result.exit_code == 0, result.stderr
    own, by_person = json.loads(result.stdout)["evaluations"].values()
    assert (by_person["num_rows"], by_person["name"]) == (10, f"{own['name']}, one answer per author")
    assert by_person["scores"].keys() == own["scores"].keys()
    assert "All texts of one author (10, with 3 texts each at the median) are" in by_person["notes"][-2]
    assert by_person["notes"][-1].startswith("By number of texts, drawn at random: 2 texts ")


def test_people_with_two_labels_are_named(run_directory: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "posts.csv", COLUMNS, [("x", "glad", "joy"), ("y", "sad", "joy"), ("x", "hm", "anger")])
    result = invoke("evaluate", run_directory, file, "--by", "author")
    assert result.exit_code == 1
    assert "lines 2 and 4 have the same 'author', but different labels" in " ".join(result.stderr.split())
    nobody = write_csv(tmp_path / "nobody.csv", COLUMNS, [("", "glad", "joy"), ("", "sad", "joy")])
    result = invoke("evaluate", run_directory, nobody, "--by", "author")
    assert "all cells of 'author' are empty" in result.stderr
    result = invoke("evaluate", nobody, "--folds", "2", "--by", "author")
    assert "--by requires a RUN" in result.stderr
