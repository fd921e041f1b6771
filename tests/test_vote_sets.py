"""Annotators who give a text several labels: agreement on sets, and training on the shares of their votes."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.examples import read_examples
from lstmcli.corpus.label_cells import majority_set
from lstmcli.corpus.votes import MISSING, VotedSets
from lstmcli.metrics.agreement import Ratings, alpha, cohens_kappa
from lstmcli.metrics.set_agreement import masi_distance, masi_distances, of_label
from lstmcli.store.model import read_model
from tests.conftest import FAST, feeling_rows, invoke, set_options, write_csv

COLUMNS = ["text", "anna", "ben", "chris"]
SETTINGS = DataSettings(annotators=("anna", "ben", "chris"), label_separator="|")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a", "a", 0.0),
        ("a", "b", 1.0),
        ("a", "ab", 1 - 1 / 2 * 2 / 3),
        ("abc", "a", 1 - 1 / 3 * 2 / 3),
        ("ab", "bc", 1 - 1 / 3 * 1 / 3),
        ("abc", "bcd", 1 - 2 / 4 * 1 / 3),
    ],
)
def test_the_distance_is_that_of_passonneau(one: str, other: str, expected: float) -> None:
    assert masi_distance(frozenset(one), frozenset(other)) == pytest.approx(expected)
    assert masi_distance(frozenset(other), frozenset(one)) == pytest.approx(expected)


def alpha_by_hand(items: list[list[frozenset[str]]], distance) -> float:
    """Krippendorff's alpha from pairs of values: within items, and between all values that can be paired."""
    items = [own for own in items if len(own) > 1]
    values = [value for own in items for value in own]
    observed = sum(
        2 * distance(one, other) / (len(own) - 1) for own in items for one, other in combinations(own, 2)
    ) / len(values)
    expected = sum(2 * distance(one, other) for one, other in combinations(values, 2))
    return 1 - observed / (expected / (len(values) * (len(values) - 1)))


@pytest.mark.parametrize("seed", range(4))
def test_alpha_of_random_tables_is_that_of_an_oracle(seed: int) -> None:
    generator = np.random.default_rng(seed)
    sets = [frozenset(each) for each in ("a", "b", "ab", "abc", "cd")]
    codes = generator.integers(-1, len(sets), size=(17, 4))
    ratings = Ratings(tuple("wxyz"), tuple(map(str, sets)), codes, np.arange(5.0), "sets", masi_distances(sets))
    items = [[sets[code] for code in row if code != MISSING] for row in codes]
    once = np.ones((1, 17))
    assert alpha(ratings, once)[0] == pytest.approx(alpha_by_hand(items, masi_distance))
    for label in "abcd":
        given = [[frozenset(label) & own for own in item] for item in items]
        expected = alpha_by_hand(given, lambda one, other: float(one != other))
        assert alpha(of_label(ratings, sets, label), once)[0] == pytest.approx(expected)
    drawn = generator.multinomial(17, np.full(17, 1 / 17))[None].astype(float)
    repeated = [item for item, count in zip(items, drawn[0], strict=True) for _ in range(int(count))]
    assert alpha(ratings, drawn)[0] == pytest.approx(alpha_by_hand(repeated, masi_distance))
    pair = ratings.of([0, 1])
    both = [(sets[one], sets[other]) for one, other in codes[:, :2] if one != MISSING and other != MISSING]
    observed = np.mean([masi_distance(one, other) for one, other in both])
    expected = np.mean([masi_distance(one, other) for one, _ in both for _, other in both])
    assert cohens_kappa(pair, once)[0] == pytest.approx(1 - observed / expected)


def test_a_row_has_the_labels_of_more_than_half_else_the_first_of_most() -> None:
    assert majority_set([("a", "b"), ("b",), ("b", "c")]) == ("b",)
    assert majority_set([("a", "b"), ("a", "b"), ()]) == ("a", "b")
    assert majority_set([("c",), ("a",)]) == ("c",)
    assert majority_set([(), ()]) is None


def test_the_target_is_the_share_of_annotators_who_gave_the_label(tmp_path: Path) -> None:
    rows = [("glad", "joy|love", "joy", "love|hope"), ("livid", "anger", "NA", ""), ("hm", "", "", "")]
    file = write_csv(tmp_path / "train.csv", COLUMNS, rows)
    examples = read_examples(str(file), SETTINGS)
    assert examples.labels == [("joy", "love"), ("anger",)]
    soft = examples.soft
    assert isinstance(soft, VotedSets)
    assert soft.names == ("anger", "hope", "joy", "love")
    np.testing.assert_allclose(soft.values, [[0, 1 / 3, 2 / 3, 2 / 3], [1, 0, 0, 0]], atol=1e-7)
    lines = tmp_path / "train.jsonl"
    as_lists = [
        [text, *(cell.split("|") if cell not in {"", "NA"} else None for cell in cells)] for text, *cells in rows
    ]
    lines.write_text("".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in as_lists))
    again = read_examples(str(lines), SETTINGS)
    assert again.digest() == examples.digest()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with voted rows, and a run."""
    folder = tmp_path_factory.mktemp("votes")
    for name, repeats, offset in (("train", 4, 0), ("test", 2, 200)):
        rows = [
            (text, label, f"{label}|strong" if number % 2 else label, "strong" if number % 3 == 0 else label)
            for number, (text, label) in enumerate(feeling_rows(repeats, offset=offset))
        ]
        write_csv(folder / f"{name}.csv", COLUMNS, rows)
    settings = "data.annotators=[anna, ben, chris]", "data.label_separator='|'", f"data.test={folder}/test.csv"
    options = set_options(*FAST, "training.epochs=1", *settings)
    result = invoke("train", folder / "train.csv", "--run-dir", folder / "run", *options)
    assert result.exit_code == 0, result.stderr
    return folder


def test_a_model_of_voted_sets_has_several_labels_and_reports_agreement(place: Path) -> None:
    model = read_model(place / "run")
    assert model.labels.kind == "multi"
    assert model.columns.annotators == ("anna", "ben", "chris")
    result = invoke("evaluate", place / "run", place / "test.csv", "--json")
    assert result.exit_code == 0, result.stderr
    (evaluation,) = json.loads(result.stdout)["evaluations"].values()
    assert any("the labels of a row are those of most" in note for note in evaluation["notes"])


def test_agree_measures_sets_and_each_label_and_a_model(place: Path) -> None:
    arguments = "agree", place / "test.csv", "--labels", "anna,ben,chris", "--label-separator", "|"
    result = invoke(*arguments, "--run", place / "run", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    rows = [line.split(",")[1:] for line in (place / "test.csv").read_text().splitlines()[1:]]
    items = [[frozenset(cell.split("|")) for cell in row] for row in rows]
    assert found["alpha"]["value"] == pytest.approx(alpha_by_hand(items, masi_distance))
    assert set(found["labels"]) == {"joy", "sadness", "anger", "strong"}
    given = [[frozenset({"strong"}) & own for own in item] for item in items]
    by_hand = alpha_by_hand(given, lambda one, other: float(one != other))
    assert found["labels"]["strong"]["value"] == pytest.approx(by_hand)
    shown = invoke(*arguments).stdout
    assert "by sets of labels" in shown
    assert "Fleiss" not in shown
    assert all(len(line) <= 80 for line in shown.splitlines()[2:])


def test_sets_have_no_scale_and_models_of_several_labels_need_a_separator(place: Path) -> None:
    arguments = "agree", place / "test.csv", "--labels", "anna,ben"
    result = invoke(*arguments, "--label-separator", "|", "--scale", "ordinal")
    assert result.exit_code == 2
    assert "sets of labels have no order" in " ".join(result.stderr.split())
    assert "--label-separator" in " ".join(invoke(*arguments, "--run", place / "run").stderr.split())
