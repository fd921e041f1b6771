"""`decision.level=group`: thresholds for one answer per person, chosen on validation people."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.people import pooled
from lstmcli.metrics.share_thresholds import share_threshold
from lstmcli.store.baselines import read_baselines
from lstmcli.store.model import read_model
from tests.conftest import FAST, feeling_rows, invoke, set_options, write_csv

COLUMNS = ["author", "text", "upset", "loud"]


def posts(repeats: int, offset: int) -> list[tuple[str, ...]]:
    """Rows of authors who are all upset or not, and loud or not: three texts each."""
    return [
        (f"{label}{number // 3}-{offset}", text, str(int(label != "joy")), str(int(label == "anger")))
        for label in ("joy", "sadness", "anger")
        for number, text in enumerate(text for text, each in feeling_rows(repeats, offset=offset) if each == label)
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows, and a run with thresholds for authors."""
    folder = tmp_path_factory.mktemp("people")
    for name, repeats, offset in (("train", 6, 0), ("validation", 4, 100), ("test", 3, 200)):
        write_csv(folder / f"{name}.csv", COLUMNS, posts(repeats, offset))
    result = invoke("train", folder / "train.csv", "--run-dir", folder / "run", *options(folder))
    assert result.exit_code == 0, result.stderr
    assert "thresholds for each author (share of the label): upset 0." in result.stderr
    assert "All texts of one author" in result.stderr
    return folder


def options(folder: Path, *further: str) -> list[str]:
    files = f"data.validation={folder}/validation.csv", f"data.test={folder}/test.csv"
    columns = "data.group=author", "data.labels=[upset, loud]", "decision.level=group"
    return set_options(*FAST, "training.epochs=2", *files, *columns, *further)


def people_of(predictor: Predictor, path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pooled probabilities of each author, the true answers, and how each author is called."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    names, first, people = np.unique([row["author"] for row in rows], return_index=True, return_inverse=True)
    probabilities = predictor.probabilities([row["text"] for row in rows])
    targets = np.array([[rows[at][name] == "1" for name in COLUMNS[2:]] for at in first])
    return pooled(probabilities, people, "traits"), targets, names


@pytest.mark.parametrize("seed", range(5))
def test_as_many_rows_get_a_label_as_have_it(seed: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities = np.where(generator.random(23) < 0.3, 0.6, generator.random(23))
    for num_positive in range(24):
        targets = np.arange(23) < num_positive
        threshold = share_threshold(probabilities, targets)
        cuts = [0.0, *probabilities, 2.0]
        nearest = min(abs((probabilities >= cut).sum() - num_positive) for cut in cuts)
        assert abs((probabilities >= threshold).sum() - num_positive) == nearest
        assert 0.0 < threshold < 1.0


def test_thresholds_of_authors_give_a_label_as_often_as_validation_authors_have_it(place: Path) -> None:
    model = read_model(place / "run")
    assert model.group_rule is not None
    probabilities, targets, _ = people_of(Predictor(model), place / "validation.csv")
    assert model.group_rule.decide(probabilities).sum(axis=0).tolist() == targets.sum(axis=0).tolist()
    assert model.rule.thresholds.tolist() == [0.5, 0.5]
    baselines = read_baselines(place / "run" / "baselines", model.labels)
    assert baselines.tfidf.group_rule is not None
    assert baselines.ngrams is not None
    assert baselines.ngrams.group_rule is not None


def test_predictions_of_people_use_them_and_those_of_rows_do_not(place: Path) -> None:
    model = read_model(place / "run")
    assert model.group_rule is not None
    probabilities, _, names = people_of(Predictor(model), place / "test.csv")
    result = invoke("predict", place / "run", place / "test.csv", "--by", "author", "--trait-columns")
    found = {row["author"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    for name, decided in zip(names, model.group_rule.decide(probabilities), strict=True):
        assert [found[name][f"predicted_{label}"] for label in COLUMNS[2:]] == [str(int(each)) for each in decided]
    by_hand = invoke("predict", place / "run", place / "test.csv", "--by", "author", "--threshold", "0.99")
    assert all(not row["prediction"] for row in csv.DictReader(io.StringIO(by_hand.stdout)))


def test_an_evaluation_of_people_scores_their_own_decisions(place: Path) -> None:
    model = read_model(place / "run")
    assert model.group_rule is not None
    probabilities, targets, _ = people_of(Predictor(model), place / "test.csv")
    right = (model.group_rule.decide(probabilities) == targets).mean()
    arguments = "evaluate", place / "run", place / "test.csv", "--by", "author"
    result = invoke(*arguments, "--json", "--output", place / "report")
    _, people = json.loads(result.stdout)["evaluations"].values()
    assert people["scores"]["this model"]["mean_accuracy"]["value"] == pytest.approx(right)
    assert [each["threshold"] for each in people["labels"]["this model"]] == model.group_rule.thresholds.tolist()
    assert people["more_texts"]["num_people"] == len(targets)
    assert people["more_texts"]["all"]["value"] == pytest.approx(right)
    assert "What more texts of a person bring" in (place / "report" / "report.html").read_text(encoding="utf-8")
    never = json.loads(invoke(*arguments, "--json", "--threshold", "0.99").stdout)["evaluations"]
    assert all(each["picked"] == 0 for each in list(never.values())[1]["labels"]["this model"])
    tuned = json.loads(invoke(*arguments, "--json", "--threshold", "share").stdout)["evaluations"]
    for one, other in zip(*(each["labels"]["this model"] for each in (people, list(tuned.values())[1])), strict=True):
        assert one["picked"] == other["picked"]
        assert one["threshold"] == pytest.approx(other["threshold"], abs=1e-3)


def test_reports_of_the_training_have_both_levels(place: Path) -> None:
    found = json.loads((place / "run" / "metrics.json").read_text(encoding="utf-8"))["evaluations"]
    assert [name.removeprefix(f"{place}/") for name in found] == [
        "validation.csv, one answer per author",
        "validation.csv",
        "test.csv, one answer per author",
        "test.csv",
    ]
    assert found[f"{place}/validation.csv, one answer per author"]["is_tuned_on"]
    info = invoke("info", place / "run")
    assert "for groups" in info.stdout
    assert "answers for each author, --by" in " ".join(info.stdout.split())
    content = json.loads(invoke("info", place / "run", "--json").stdout)["classifier"]
    assert list(content["group_thresholds"]) == COLUMNS[2:]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["data.group=null"], "decision.level=group requires data.group"),
        (["data.labels=[]", "data.label=upset"], "decision.level=group: is for yes/no columns"),
        (["data.group=loud"], "have the same 'loud', but different labels"),
    ],
)
def test_what_has_no_answers_for_groups_is_refused_before_training(
    place: Path, tmp_path: Path, settings: list[str], message: str
) -> None:
    arguments = "train", place / "train.csv", "--run-dir", tmp_path / "run"
    result = invoke(*arguments, *options(place), *set_options(*settings))
    assert result.exit_code in {1, 2}
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "run").exists()
