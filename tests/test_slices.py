"""`lstmcli evaluate --slice`: scores of parts of the rows, against loops, and as a shell user meets them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from lstmcli.config.settings import EvaluationSettings
from lstmcli.metrics.scores import bootstrap_part_sums, bootstrap_sums, row_statistics
from lstmcli.metrics.slices import length_bins, slice_scores, value_bins
from tests.conftest import FEELINGS, Cli, feeling_rows, invoke, write_csv

SETTINGS = EvaluationSettings(bootstrap_samples=3000)


def rows_of(seed: int, num_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets and decisions of single labels, (rows, 3), and the slice of each row, of which there are 3."""
    generator = np.random.default_rng(seed)
    actual = generator.integers(3, size=num_rows)
    picked = np.where(generator.random(num_rows) < 0.7, actual, generator.integers(3, size=num_rows))
    parts = np.repeat([0, 1, 2], [num_rows // 2, num_rows // 3, num_rows - num_rows // 2 - num_rows // 3])
    return np.eye(3, dtype=bool)[actual], np.eye(3, dtype=bool)[picked], parts


def sliced(targets: np.ndarray, decisions: np.ndarray, parts: np.ndarray, groups: np.ndarray | None = None):  # type: ignore[no-untyped-def]
    statistics = row_statistics(targets, decisions, decisions.astype(float), "single")
    return slice_scores("source", ["a", "b", "c"], parts, statistics, "single", SETTINGS, groups)


def test_scores_and_gaps_equal_scikit_learn() -> None:
    targets, decisions, parts = rows_of(1, 61)
    actual, picked = targets.argmax(axis=1), decisions.argmax(axis=1)
    for number, found in enumerate(sliced(targets, decisions, parts).slices):
        own, rest = parts == number, parts != number
        assert found.num_rows == own.sum()
        assert found.scores["accuracy"] == pytest.approx(accuracy_score(actual[own], picked[own]))
        for name, oracle in (
            ("accuracy", accuracy_score),
            ("macro_f1", lambda a, p: f1_score(a, p, average="macro", labels=np.unique(a))),
        ):
            gap = oracle(actual[own], picked[own]) - oracle(actual[rest], picked[rest])
            assert found.gaps[name].value == pytest.approx(gap)


@pytest.mark.parametrize("of_authors", [False, True])
def test_intervals_of_gaps_equal_a_bootstrap_in_a_loop(of_authors: bool) -> None:
    targets, decisions, parts = rows_of(2, 80)
    right = (targets == decisions).all(axis=1)
    authors = np.arange(80) // 4 if of_authors else np.arange(80)
    num_authors, generator, gaps = authors.max() + 1, np.random.default_rng(3), []
    rows_by = [np.flatnonzero(authors == author) for author in range(num_authors)]
    for _ in range(3000):
        drawn = np.concatenate([rows_by[author] for author in generator.integers(num_authors, size=num_authors)])
        own = parts[drawn] == 1
        if own.any() and not own.all():
            gaps.append(right[drawn][own].mean() - right[drawn][~own].mean())
    found = sliced(targets, decisions, parts, authors if of_authors else None).slices[1].gaps["accuracy"]
    assert [found.low, found.high] == pytest.approx(np.quantile(gaps, [0.025, 0.975]), abs=0.03)


def test_sums_of_parts_add_up_to_those_of_all_rows() -> None:
    targets, decisions, parts = rows_of(4, 47)
    statistics = row_statistics(targets, decisions, decisions.astype(float), "single")
    authors = np.random.default_rng(5).permutation(np.arange(47) // 3)
    for clusters in (None, authors):
        by_part = bootstrap_part_sums(statistics, parts, 3, num_samples=20, seed=6, clusters=clusters)
        (whole,) = bootstrap_sums([statistics], num_samples=20, seed=6, clusters=clusters)
        assert np.sum(by_part, axis=0) == pytest.approx(whole)


def test_the_worst_slice_is_the_one_with_the_lowest_score_that_is_not_small() -> None:
    targets = np.eye(3, dtype=bool)[np.zeros(75, dtype=int)]
    decisions, parts = targets.copy(), np.repeat([0, 1, 2], [30, 40, 5])
    wrong = np.eye(3, dtype=bool)[1]
    decisions[:6], decisions[30:40], decisions[70:] = wrong, wrong, wrong
    found = sliced(targets, decisions, parts)
    assert (found.worst, found.score) == ("b", "accuracy")
    assert [each.is_small for each in found.slices] == [False, False, True]
    authors = np.repeat(np.arange(15), 5)
    of_authors = sliced(targets, decisions, parts, authors)
    assert of_authors.worst is None
    assert [each.num_groups for each in of_authors.slices] == [6, 8, 1]
    assert all(each.is_small for each in of_authors.slices)


def test_one_value_has_no_rest() -> None:
    targets, decisions, _ = rows_of(7, 30)
    statistics = row_statistics(targets, decisions, decisions.astype(float), "single")
    (only,) = slice_scores("x", ["a"], np.zeros(30, dtype=int), statistics, "single", SETTINGS).slices
    assert only.gaps == {}


def test_lengths_fall_into_quartiles_and_few_distinct_ones_into_fewer() -> None:
    names, bins = length_bins(np.array([9, 1, 2, 3, 4, 5, 6, 7]))
    assert names == ["1-2 words", "3-4 words", "5-6 words", "7-9 words"]
    assert bins.tolist() == [3, 0, 0, 1, 1, 2, 2, 3]
    assert length_bins(np.array([3, 3, 3, 3, 3, 8]))[0] == ["3 words", "8 words"]
    assert length_bins(np.array([4]))[0] == ["4 words"]


def test_values_are_in_the_order_of_numbers_with_empty_ones_last() -> None:
    names, parts = value_bins(["10", "9", "", " 9 ", "b", "nan", "a"])
    assert names == ["9", "10", "a", "b", "nan", "(empty)"]
    assert [names[part] for part in parts] == ["10", "9", "(empty)", "9", "b", "nan", "a"]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Rows from two sources; those from the web have wrong labels, and the third has few rows."""
    rows = [[text, label, ("app", "web")[number % 2], ""] for number, (text, label) in enumerate(feeling_rows(4, 300))]
    labels = list(FEELINGS)
    for row in rows:
        if row[2] == "web":
            row[1] = labels[labels.index(row[1]) - 1]
    return write_csv(
        tmp_path / "sources.csv", ["text", "label", "source", "note"], [*rows, ["i feel glad", "joy", "", "x"]]
    )


def test_slices_are_in_all_reports_and_the_worst_is_named(run_directory: Path, sources: Path, tmp_path: Path) -> None:
    arguments = ("evaluate", run_directory, sources, "--no-baselines", "--output", tmp_path / "report")
    result = invoke(*arguments, "--slice", "source", "--slice", "length", "--predictions", tmp_path / "rows.csv")
    assert result.exit_code == 0, result.stderr
    markdown = (tmp_path / "report" / "report.md").read_text()
    for shown in (result.stdout, markdown, (tmp_path / "report" / "report.html").read_text()):
        assert "Slices by source" in shown
        assert "Worst: web (accuracy 0." in shown
        assert "Fewer than 20 rows: not reliable." in shown
        assert "gap in macro-F1" in shown
    assert "Slices by length" in result.stdout
    (found,) = json.loads((tmp_path / "report" / "metrics.json").read_text())["evaluations"].values()
    by_source, by_length = found["slices"]
    assert [(each["value"], each["is_small"]) for each in by_source["slices"]] == [
        ("app", False),
        ("web", False),
        ("(empty)", True),
    ]
    rows = list(csv.DictReader((tmp_path / "rows.csv").read_text().splitlines()))
    of_web = [row["correct"] == "1" for row in rows if row["source"] == "web"]
    assert by_source["slices"][1]["scores"]["accuracy"] == pytest.approx(np.mean(of_web))
    assert sum(each["num_rows"] for each in by_length["slices"]) == len(rows)


def test_without_the_option_nothing_changes(run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    result = invoke("evaluate", run_directory, corpus / "test.csv", "--output", tmp_path / "report")
    assert result.exit_code == 0, result.stderr
    (found,) = json.loads((tmp_path / "report" / "metrics.json").read_text())["evaluations"].values()
    assert "slices" not in found
    assert "slice" not in result.stdout.lower()


def test_a_column_called_length_comes_before_the_built_in_slices(run_directory: Path, tmp_path: Path) -> None:
    rows = [[text, label, ("short", "long")[number % 2]] for number, (text, label) in enumerate(feeling_rows(1))]
    path = write_csv(tmp_path / "lengths.csv", ["text", "label", "length"], rows)
    result = invoke("evaluate", run_directory, path, "--no-baselines", "--slice", "length", "--json")
    (found,) = json.loads(result.stdout)["evaluations"].values()
    assert [each["value"] for each in found["slices"][0]["slices"]] == ["long", "short"]


def test_json_lines_may_lack_the_key_in_some_rows(run_directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"text": "glad", "label": "joy"}\n{"text": "sad", "label": "sadness", "age": 1.0}\n'
        '{"text": "livid", "label": "anger", "age": ["x"]}\n'
    )
    result = invoke("evaluate", run_directory, path, "--no-baselines", "--slice", "age", "--json")
    assert result.exit_code == 0, result.stderr
    (found,) = json.loads(result.stdout)["evaluations"].values()
    assert [each["value"] for each in found["slices"][0]["slices"]] == ["1.0", '["x"]', "(empty)"]
    missing = invoke("evaluate", run_directory, path, "--no-baselines", "--slice", "ages")
    assert missing.exit_code == 1
    assert "has no column 'ages'" in missing.stderr


def test_a_column_that_can_t_be_sliced_by_is_an_error(run_directory: Path, tmp_path: Path) -> None:
    rows = [[text, label, str(number)] for number, (text, label) in enumerate(feeling_rows(5))]
    path = write_csv(tmp_path / "rows.csv", ["text", "label", "id"], rows)
    many = invoke("evaluate", run_directory, path, "--no-baselines", "--slice", "id")
    assert many.exit_code == 1
    assert "column 'id' has 60 values, more than 50 slices" in many.stderr
    missing = invoke("evaluate", run_directory, path, "--slice", "sorce")
    assert missing.exit_code == 1
    assert "rows.csv has no column 'sorce'. Columns: text, label, id." in missing.stderr
    pipe = invoke("evaluate", run_directory, "-", "--slice", "id")
    assert (pipe.exit_code, "can't come through a pipe" in pipe.stderr) == (2, True)


def test_rows_from_a_pipe_can_be_sliced_by_their_length(run_directory: Path, cli: Cli) -> None:
    table = "text,label,length\nglad,joy,1\ni feel so sad,sadness,2\n"
    command = ("evaluate", run_directory, "-", "--no-baselines", "--slice", "length", "--json")
    result = cli(*command, stdin=table)
    assert result.returncode == 0, result.stderr
    (found,) = json.loads(result.stdout)["evaluations"].values()
    assert [each["value"] for each in found["slices"][0]["slices"]] == ["1 word", "4 words"]


def test_a_value_is_text_in_every_report(run_directory: Path, tmp_path: Path) -> None:
    rows = [
        [text, label, "\x1b]0;x\x07<b>*|" if number % 2 else "b"]
        for number, (text, label) in enumerate(feeling_rows(4))
    ]
    path = write_csv(tmp_path / "rows.csv", ["text", "label", "<i>"], rows)
    arguments = ("evaluate", run_directory, path, "--no-baselines", "--slice", "<i>", "--output", tmp_path / "report")
    result = invoke(*arguments)
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "report" / "report.html").read_text()
    for shown in (result.stdout, page, (tmp_path / "report" / "report.md").read_text()):
        assert not {"\x1b", "\x07"} & set(shown)
    assert "<b>" not in page
    assert "<i>" not in page
    assert r"\x1b]0;x\x07<b>*|" in result.stdout
