"""Labels merged into larger groups."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from lstmcli.cli.evaluation import Maps
from lstmcli.corpus.label_map import FOLDER, LabelMap, known_maps, read_label_map
from lstmcli.corpus.label_set import LabelSet
from lstmcli.errors import DataError, UsageError
from tests.conftest import invoke, write_csv

THREE = LabelSet(("anger", "joy", "love"), "single")
TO_SENTIMENT = LabelMap("sentiment", {"anger": ("bad",), "joy": ("good",), "love": ("good",), "other": ("none",)})


def test_probabilities_of_a_group_are_summed_where_a_text_has_one_label() -> None:
    mapped = TO_SENTIMENT.of(THREE)
    assert (mapped.labels.names, mapped.labels.kind) == (("bad", "good"), "single")
    probabilities = np.array([[0.4, 0.3, 0.3], [0.7, 0.2, 0.1]])
    np.testing.assert_allclose(mapped.probabilities(probabilities), [[0.4, 0.6], [0.7, 0.3]])
    decisions = np.array([[True, False, False], [True, False, False]])
    assert mapped.decisions(decisions, probabilities).tolist() == [[False, True], [True, False]]
    nothing = np.zeros((2, 3), dtype=bool)  # an uncertain text without a label has no group
    assert not mapped.decisions(nothing, probabilities).any()
    assert mapped.targets(np.array([[False, False, True]])).tolist() == [[False, True]]


def test_a_group_is_as_probable_as_at_least_one_of_its_labels_where_there_may_be_several() -> None:
    mapped = TO_SENTIMENT.of(LabelSet(THREE.names, "multi"))
    assert mapped.labels.kind == "multi"
    probabilities = np.array([[0.1, 0.5, 0.4], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(mapped.probabilities(probabilities), [[0.1, 0.7], [0.0, 1.0]], atol=1e-9)
    decisions = np.array([[True, False, True], [False, False, False]])
    assert mapped.decisions(decisions, probabilities).tolist() == [[True, True], [False, False]]


def test_a_label_of_several_groups_has_all_of_them() -> None:
    letters = read_label_map("mbti-letters")
    assert len(letters.groups) == 16
    assert letters.groups["INTJ"] == ("I", "J", "N", "T")
    mapped = letters.of(LabelSet(("INTJ", "ESFP", "INTP"), "single"))
    assert mapped.labels.kind == "multi"
    found = dict(zip(mapped.labels.names, mapped.probabilities(np.array([[0.5, 0.2, 0.3]]))[0].tolist(), strict=True))
    assert found == pytest.approx({"I": 0.8, "N": 0.8, "T": 0.8, "J": 0.5, "E": 0.2, "S": 0.2, "F": 0.2, "P": 0.5})
    decided = mapped.decisions(np.array([[True, False, False]]), np.array([[0.5, 0.2, 0.3]]))[0]
    assert {name for name, picked in zip(mapped.labels.names, decided, strict=True) if picked} == set("INTJ")


def test_maps_of_goemotions_have_its_28_labels_and_plutchiks_dyads_two_emotions() -> None:
    ekman, sentiment = read_label_map("goemotions-ekman"), read_label_map("goemotions-sentiment")
    assert set(ekman.groups) == set(sentiment.groups)
    assert len(ekman.groups) == 28
    assert {group for own in ekman.groups.values() for group in own} == set(read_label_map("ekman-sentiment").groups)
    plutchik = read_label_map("plutchik-basic")
    assert len({group for own in plutchik.groups.values() for group in own}) == 8
    assert sorted(len(own) for own in plutchik.groups.values()) == [1] * 24 + [2] * 8


def test_every_map_has_a_source_and_is_named_in_the_help() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    (option,) = Maps.__metadata__
    for name in known_maps():
        assert f"| `{name}` |" in readme
        assert name in option.help
        with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
            rows = [tuple(row.values()) for row in csv.DictReader(stream)]
        assert len(set(rows)) == len(rows)


def test_an_evaluation_scores_each_level(run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    rows = [("anger", "bad"), ("sadness", "bad"), ("joy", "good")]
    file = write_csv(tmp_path / "two.csv", ["label", "group"], rows)
    arguments = "evaluate", run_directory, corpus / "test.csv", "--map", file
    shown = invoke(*arguments)
    assert shown.exit_code == 0, shown.stderr
    assert f"test.csv, labels mapped by {file}" in " ".join(shown.stdout.split())
    found = json.loads(invoke(*arguments, "--json", "--output", tmp_path / "reports").stdout)["evaluations"]
    own, level = found.values()
    assert level["num_rows"] == own["num_rows"]
    assert level["kind"] == "single"
    assert set(level["scores"]) == set(own["scores"])
    confusion = np.array(own["confusion"])
    assert [each["label"] for each in next(iter(own["labels"].values()))] == ["anger", "joy", "sadness"]
    assert np.sum(level["confusion"]) == confusion.sum()
    is_bad = np.array([True, False, True])
    actual = {"bad": int(confusion[is_bad].sum()), "good": int(confusion[~is_bad].sum())}
    assert {each["label"]: each["support"] for each in next(iter(level["labels"].values()))} == actual
    assert level["scores"]["this model"]["accuracy"]["value"] >= own["scores"]["this model"]["accuracy"]["value"]
    written = json.loads((tmp_path / "reports" / "metrics.json").read_text(encoding="utf-8"))
    assert written["evaluations"] == found


def test_mistakes_in_maps_are_told(run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'goemotions-ekman'"):
        read_label_map("goemotion-ekman")
    lacking = write_csv(tmp_path / "lacking.csv", ["label", "group"], [("joy", "good")])
    result = invoke("evaluate", run_directory, corpus / "test.csv", "--map", lacking)
    assert result.exit_code == 1
    assert "has no group for anger, sadness" in " ".join(result.stderr.split())
    for name, header, rows, message in [
        ("columns", ["from", "to"], [("joy", "good")], "no column 'label'"),
        ("empty", ["label", "group"], [], "has no rows below the header"),
        ("cell", ["label", "group"], [("joy", "")], "line 2: expected a label and its group"),
        ("bar", ["label", "group"], [("joy", "a|b")], "can't contain"),
    ]:
        file = write_csv(tmp_path / f"{name}.csv", header, rows)
        with pytest.raises(DataError, match=message):
            read_label_map(str(file))
