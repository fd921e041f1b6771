"""Labels that are probably wrong: confident learning by hand, and on rows whose labels were changed."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lstmcli.corpus.label_set import LabelSet
from lstmcli.metrics.suspects import doubts, doubts_about_label
from lstmcli.recipes.evaluation.suspects import find_suspects
from lstmcli.recipes.score import ScoredRows
from lstmcli.reports.inspection.cells import Style, display_width
from lstmcli.reports.suspects import suspects_text
from tests.conftest import FAST, FEELINGS, feeling_rows, invoke, set_options, write_csv
from tests.metrics_schema import problems

# Given label (a column) and probabilities. Mean self-confidence: 0: (.9 + .8 + .1) / 3 = .6, 1: (.7 + .2) / 2 = .45,
# 2: (.5 + .25) / 2 = .375.
TABLE = [
    (0, (0.9, 0.1, 0.0)),
    (0, (0.8, 0.1, 0.1)),
    (0, (0.1, 0.5, 0.4)),  # counted as 1, given 0: margin .1 - .5
    (1, (0.1, 0.7, 0.2)),
    (1, (0.5, 0.2, 0.3)),  # reaches no threshold, but prefers 0: margin .2 - .5
    (2, (0.3, 0.2, 0.5)),
    (2, (0.65, 0.1, 0.25)),  # counted as 0, given 2: margin .25 - .65
]
GIVEN = np.array([given for given, _ in TABLE])
PROBABILITIES = np.array([row for _, row in TABLE])
ALL = np.ones(len(TABLE), dtype=bool)


def test_suspects_of_a_table_counted_by_hand_are_off_the_diagonal_first() -> None:
    found = doubts(np.eye(3, dtype=bool)[GIVEN], PROBABILITIES, ALL)
    assert found.rows.tolist() == [2, 6, 4]
    assert found.is_confident.tolist() == [True, True, False]
    assert list(zip(found.given, found.suggested, strict=True)) == [(0, 1), (2, 0), (1, 0)]
    assert found.margins.tolist() == pytest.approx([-0.4, -0.4, -0.3])
    assert found.probability_given.tolist() == [0.1, 0.25, 0.2]


def test_the_suggestion_is_the_label_that_the_row_counts_as_even_if_the_given_one_is_more_probable() -> None:
    """Label 1 is never predicted with much confidence, so .4 is a lot for it."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.7, 0.3]])
    found = doubts(np.eye(2, dtype=bool)[[0, 0, 0, 1]], probabilities, np.ones(4, dtype=bool))
    # Thresholds are (.9 + .9 + .6) / 3 = .8 and .3: row 2 counts as 1, row 3 as what it is given.
    assert (found.rows.tolist(), found.suggested.tolist()) == ([2, 3], [1, 0])
    assert found.is_confident.tolist() == [True, False]


def test_rows_that_are_not_judged_have_no_part_in_thresholds() -> None:
    some = np.array([True, True, True, True, False, True, True])
    found = doubts(np.eye(3, dtype=bool)[GIVEN], PROBABILITIES, some)
    # Label 1 now has the threshold .7, which row 2 does not reach with .5; it counts as 2.
    assert (found.rows.tolist()[:2], found.suggested.tolist()[:2]) == ([6, 2], [0, 2])


def test_nothing_is_suspect_where_the_model_agrees_or_nothing_is_judged() -> None:
    targets = np.eye(3, dtype=bool)[[0, 1, 2]]
    assert doubts(targets, np.where(targets, 0.8, 0.1), np.ones(3, dtype=bool)).rows.tolist() == []
    assert doubts(targets, np.where(targets, 0.1, 0.45), np.zeros(3, dtype=bool)).rows.tolist() == []


def test_a_label_among_several_is_a_question_with_yes_and_no() -> None:
    has_label = np.array([True, True, False, False, False])
    found = doubts_about_label(has_label, np.array([0.9, 0.2, 0.1, 0.7, 0.3]), np.ones(5, dtype=bool))
    assert list(zip(found.rows, found.given, found.suggested, strict=True)) == [(1, 1, 0), (3, 0, 1)]
    assert found.probability_given.tolist() == pytest.approx([0.2, 0.3])
    assert found.is_confident.tolist() == [True, True]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[int]]:
    """A corpus in which every 15th label is wrong, and the lines of these rows."""
    rows, names = feeling_rows(12), list(FEELINGS)
    noisy = [
        (text, names[(names.index(label) + 1) % 3] if number % 15 == 7 else label)
        for number, (text, label) in enumerate(rows)
    ]
    lines = {number + 2 for number in range(len(rows)) if number % 15 == 7}
    return write_csv(tmp_path_factory.mktemp("noisy") / "noisy.csv", ["text", "label"], noisy), lines


def test_a_cross_validation_finds_most_of_the_labels_that_were_changed(
    flipped: tuple[Path, set[int]], tmp_path: Path
) -> None:
    path, lines = flipped
    options = set_options(*FAST, "evaluation.baselines=false")
    command = ["cross-validate", path, *options, "--folds", 3, "--run-dir", tmp_path / "run"]
    result = invoke(*command, "--suspects", tmp_path / "suspects.csv")
    assert result.exit_code == 0, result.stderr
    assert f"wrote    {tmp_path / 'suspects.csv'}" in result.stderr
    found = read(tmp_path / "suspects.csv")
    assert list(found[0]) == [
        *("rank", "line", "text", "given", "suggested", "probability_given", "probability_suggested", "confident")
    ]
    first = {int(row["line"]) for row in found[: len(lines)]}
    assert len(first & lines) >= 0.7 * len(lines)
    corrected = dict(feeling_rows(12))
    assert sum(row["suggested"] == corrected[row["text"]] for row in found if int(row["line"]) in lines) >= 7
    assert [int(row["rank"]) for row in found] == list(range(1, len(found) + 1))
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert list(problems(metrics)) == []
    (evaluation,) = metrics["evaluations"].values()
    assert evaluation["suspects"]["num_listed"] == len(found)
    assert evaluation["suspects"]["first"][0]["line"] == int(found[0]["line"])
    assert "Suspect labels" in (tmp_path / "run" / "report.md").read_text()
    assert f"Suspect labels ({min(10, len(found))} of {len(found)})" in result.stdout


def test_an_evaluation_writes_them_in_the_format_of_the_extension_and_says_which_rows_they_are_good_for(
    flipped: tuple[Path, set[int]], run_directory: Path, tmp_path: Path
) -> None:
    path, lines = flipped
    result = invoke("evaluate", run_directory, path, "--no-baselines", "--suspects", tmp_path / "s.jsonl", "--json")
    assert result.exit_code == 0, result.stderr
    found = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert {row["line"] for row in found if row["confident"]} == lines
    assert isinstance(found[0]["probability_given"], float)
    (evaluation,) = json.loads(result.stdout)["evaluations"].values()
    assert evaluation["suspects"]["num_confident"] == len(lines)
    assert any("not trained on" in note for note in evaluation["notes"])
    new = write_csv(tmp_path / "new.csv", ["text", "label"], [(f"{t} unseen", label) for t, label in feeling_rows(12)])
    result = invoke("evaluate", run_directory, new, "--no-baselines", "--suspects", tmp_path / "n.csv", "--json")
    (evaluation,) = json.loads(result.stdout)["evaluations"].values()
    assert not any("not trained on" in note for note in evaluation["notes"])


@pytest.mark.parametrize(
    ("name", "exit_code", "message"),
    [
        ("s.parquet", 2, "predictions can't be written as parquet"),
        ("s.txt", 2, "--suspects s.txt: plain text has no columns; choose .csv, .tsv or .jsonl."),
        ("-", 2, "--suspects -: expected the name of a file; standard output has the scores."),
        ("missing/s.csv", 1, "can't be written: there is no folder "),
    ],
)
def test_a_file_that_can_t_be_written_is_refused_before_anything_is_computed(
    folder: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch, name: str, exit_code: int, message: str
) -> None:
    monkeypatch.chdir(folder)
    result = invoke("evaluate", "RUN", corpus / "test.csv", "--suspects", name)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_suspects_and_predictions_never_overwrite_each_other(run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    both = ["--suspects", tmp_path / "a.csv", "--predictions", tmp_path / "a.csv"]
    result = invoke("evaluate", run_directory, corpus / "test.csv", *both)
    assert (result.exit_code, "name two files" in result.stderr) == (2, True)


def test_a_label_that_the_model_of_a_fold_does_not_know_is_not_suspect(folder: Path, corpus: Path) -> None:
    from lstmcli.recipes.evaluate import ColumnOverrides, evaluate_file

    scored = evaluate_file(folder / "RUN", str(corpus / "test.csv"), ColumnOverrides(), baselines=False)
    assert find_suspects(scored)[2] == 0
    model = scored.systems[0]
    probabilities = np.array(model.probabilities)
    probabilities[::2, 0] = 0.0  # as if half of the rows were predicted by a model without this label
    fold = np.arange(len(probabilities)) % 2 + 1
    unknown: ScoredRows = replace(scored, systems=[replace(model, probabilities=probabilities)], fold=fold)
    suspects, num_rows, num_skipped = find_suspects(unknown)
    assert num_skipped == scored.targets[::2, 0].sum() > 0
    assert num_rows == len(probabilities) - num_skipped
    assert not [each for each in suspects if each.probability_given == 0.0]


def test_several_labels_per_text_are_judged_label_by_label(run_directory: Path, corpus: Path) -> None:
    from lstmcli.recipes.evaluate import ColumnOverrides, evaluate_file

    scored = evaluate_file(run_directory, str(corpus / "test.csv"), ColumnOverrides(), baselines=False)
    labels = LabelSet(scored.labels.names, "multi")
    targets = scored.targets.copy()
    targets[3] = True
    suspects, num_rows, _ = find_suspects(replace(scored, labels=labels, targets=targets))
    assert num_rows == len(targets)
    doubted = [each for each in suspects if each.line == 3 + 2 and each.is_confident]
    own = scored.labels.join(scored.targets[3])
    assert {each.label for each in doubted} == set(labels.names) - {own}
    assert {(each.given, each.suggested) for each in doubted} == {("yes", "no")}


def test_the_list_is_no_wider_than_the_screen() -> None:
    from lstmcli.metrics.suspects import Suspect, Suspects

    one = Suspect(2, 17, "a long text\nwith\ta line break " * 9, "happiness and joy", "yes", "no", 0.1, 0.9, True)
    shown = suspects_text(Suspects(9, 1, 1, 3, (one,)), "some/suspects.csv", Style(60))
    assert max(map(display_width, shown.splitlines())) <= 60
    assert "2:17" in shown
    assert "3 labels unknown to the model not judged." in " ".join(shown.split())
