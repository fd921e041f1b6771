"""`data.label_map`: labels merged into groups before training."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.examples import read_examples
from lstmcli.corpus.label_map import MapInUse, with_map
from lstmcli.errors import DataError
from lstmcli.store.model import read_model
from tests.conftest import FAST, feeling_rows, invoke, set_options, write_csv

GROUPS = {"joy": "good", "sadness": "bad", "anger": "bad"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows of fine labels and of merged ones, a map, and a run of each training."""
    folder = tmp_path_factory.mktemp("maps")
    write_csv(folder / "map.csv", ["label", "group"], list(GROUPS.items()))
    for name, repeats, offset in (("train", 4, 0), ("validation", 2, 100), ("test", 2, 200)):
        rows = feeling_rows(repeats, offset=offset)
        write_csv(folder / f"{name}.csv", ["text", "label"], rows)
        merged = [(text, GROUPS[label]) for text, label in rows]
        (folder / "merged").mkdir(exist_ok=True)
        write_csv(folder / "merged" / f"{name}.csv", ["text", "label"], merged)
    mapped = train(folder, folder / "run", f"data.label_map={folder}/map.csv")
    assert mapped.exit_code == 0, mapped.stderr
    assert "2 (single): bad, good" in mapped.stderr
    assert train(folder / "merged", folder / "own").exit_code == 0
    return folder


def train(rows: Path, run: Path, *further: str) -> Any:
    files = f"data.validation={rows}/validation.csv", f"data.test={rows}/test.csv", "training.epochs=1"
    return invoke("train", rows / "train.csv", "--run-dir", run, *set_options(*FAST, *files, *further))


def test_the_model_is_that_of_rows_whose_labels_were_merged_by_hand(place: Path) -> None:
    for name in ("weights.safetensors", "ngrams.npy", "vocabulary.txt", "embedding.npy"):
        assert (place / "run" / "model" / name).read_bytes() == (place / "own" / "model" / name).read_bytes()
    own, mapped = (
        json.loads((place / name / "model" / "model.json").read_text(encoding="utf-8")) for name in ("own", "run")
    )
    assert "label_map" not in own["columns"]
    assert mapped["columns"].pop("label_map") == {
        "name": str(place / "map.csv"),
        "groups": {label: [group] for label, group in GROUPS.items()},
    }
    assert mapped == own


def test_fine_labels_and_groups_are_scored_alike_and_without_the_file_of_the_map(place: Path) -> None:
    found = read_model(place / "run").columns.label_map
    assert isinstance(found, MapInUse)
    assert found.described() == "bad: sadness, anger; good: joy"
    (place / "map.csv").rename(place / "gone.csv")
    try:
        scores = []
        for file in (place / "test.csv", place / "merged" / "test.csv"):
            result = invoke("evaluate", place / "run", file, "--json")
            assert result.exit_code == 0, result.stderr
            (evaluation,) = json.loads(result.stdout)["evaluations"].values()
            scores.append((evaluation["scores"], evaluation["confusion"]))
        assert scores[0] == scores[1]
        further = write_csv(place / "further.csv", ["text", "label"], [("so glad", "joy"), ("hm", "envy")])
        assert "labels not seen in training (envy)" in invoke("evaluate", place / "run", further).stderr
    finally:
        (place / "gone.csv").rename(place / "map.csv")


def test_report_card_and_information_say_what_was_merged(place: Path) -> None:
    report = (place / "run" / "report.html").read_text(encoding="utf-8")
    assert f"with labels merged by {place}/map.csv" in report
    card = (place / "run" / "model" / "README.md").read_text(encoding="utf-8")
    assert "Labels were merged before training (map.csv): bad: sadness, anger; good: joy." in card
    shown = " ".join(invoke("info", place / "run").stdout.split())
    assert "map.csv: bad: sadness, anger; good: joy" in shown


def test_labels_without_a_group_get_one_message_with_their_lines(place: Path, tmp_path: Path) -> None:
    rows = [*feeling_rows(2), ("what a day", "envy"), ("hm", "pride")]
    file = write_csv(tmp_path / "rows.csv", ["text", "label"], rows)
    settings = set_options(f"data.label_map={place}/map.csv")
    result = invoke("train", file, "--run-dir", tmp_path / "run", *settings)
    assert result.exit_code == 1
    shown = " ".join(result.stderr.split())
    assert "invalid labels in 2 rows: line 26: label 'envy' has no group in data.label_map" in shown
    assert "line 27: label 'pride'" in shown
    config = tmp_path / "config.yaml"
    config.write_text(f"data: {{train: {file}, label_map: {place}/map.csv}}", encoding="utf-8")
    checked = invoke("check", file, "--config", config)
    assert checked.exit_code == 4
    assert "label 'envy' has no group" in " ".join(checked.stdout.split())


def test_a_label_of_several_groups_needs_several_labels_per_text(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "types.csv", ["text", "label"], [("one", "INTJ"), ("two", "ESFP")])
    settings = DataSettings(train=str(file), label_map="mbti-letters")
    with pytest.raises(DataError, match=r"'INTJ' has 4 groups in data.label_map .*set data.label_separator"):
        read_examples(str(file), settings)
    found = read_examples(str(file), DataSettings(train=str(file), label_map="mbti-letters", label_separator="|"))
    assert found.labels == [("I", "J", "N", "T"), ("E", "F", "P", "S")]


def test_votes_of_annotators_are_merged_before_they_are_counted(place: Path, tmp_path: Path) -> None:
    votes = [("one", "anger", "sadness", "joy"), ("two", "joy", "", "joy")]
    file = write_csv(tmp_path / "votes.csv", ["text", "a", "b", "c"], votes)
    settings = DataSettings(train=str(file), annotators=("a", "b", "c"), label_map=str(place / "map.csv"))
    found = read_examples(str(file), settings)
    assert found.labels == [("bad",), ("good",)]
    assert found.soft is not None
    assert found.soft.names == ("bad", "good")
    assert found.soft.values.tolist() == [pytest.approx([2 / 3, 1 / 3]), [0.0, 1.0]]


def test_json_lines_and_standard_input_are_merged_too(place: Path, tmp_path: Path) -> None:
    with (place / "test.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    settings = with_map(DataSettings(label_map=str(place / "map.csv")), is_strict=False)
    assert read_examples(str(lines), settings).labels == read_examples(str(place / "test.csv"), settings).labels


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["data.label_map=goemotion-ekman"], "data.label_map goemotion-ekman: no such file or map. Did you mean"),
        (["data.label_map=a.csv", "data.labels=[x]"], "data.label_map can't be combined with data.labels"),
        (["data.label_map=a.csv", "data.scores=[x]"], "data.label_map and data.scores can't be combined"),
    ],
)
def test_what_can_not_be_merged_is_refused(place: Path, tmp_path: Path, settings: list[str], message: str) -> None:
    result = invoke("train", place / "train.csv", "--run-dir", tmp_path / "run", *set_options(*settings))
    assert result.exit_code in {1, 2}
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "run").exists()
