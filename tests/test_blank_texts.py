"""Texts that say nothing get no label; texts without a known word get one, and that is told."""

import csv
import io
import json
from pathlib import Path

import pytest

from lstmcli.data.blank import is_blank
from tests.conftest import Cli, feeling_rows, run_here, set_options, write_csv

BLANK = [
    "",
    " ",
    "\t\r\n",
    "\x00",
    "\u00a0",
    "\u2028",
    "\u200b",
    "\ufeff",
    "\u00ad",
    "\u2800",
    "\u3164",
    "\ufe0f",
    "\u200d \u2060",
]


def code_points(text: str) -> str:
    """Name a test, in characters that a command line can repeat."""
    return " ".join(f"{ord(character):04x}" for character in text)


@pytest.mark.parametrize("text", BLANK, ids=code_points)
def test_a_text_that_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text", ["a", ".", " a", "\u200ba", "é", "😂", "\u200d😂", "שלום", "\u0301", "\ufffd", "0"], ids=code_points
)
def test_a_text_that_shows_something_is_not(text: str) -> None:
    assert not is_blank(text)


def test_a_blank_text_gets_empty_cells_and_counts_as_a_row_without_a_prediction(
    run_directory: Path, tmp_path: Path, cli: Cli
) -> None:
    write_csv(tmp_path / "in.csv", ["id", "text"], [["1", "so glad"], ["2", ""], ["3", " \u200b "], ["4", "so sad"]])
    result = cli("predict", run_directory, "in.csv", "-p", "--top-k", "2", cwd=tmp_path)
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert [row[2:] for row in rows[2:4]] == [[""] * 9] * 2
    assert all(cell for row in (rows[1], rows[4]) for cell in row)
    assert (result.returncode, result.stderr) == (
        3,
        "note: 2 rows with a blank text (the first: in.csv, line 3): kept without a prediction.\n",
    )
    objects = cli("predict", run_directory, "in.csv", "-F", "jsonl", cwd=tmp_path).stdout.splitlines()
    expected = {"id": "2", "text": "", "error": "the text is blank.", "prediction": None, "score": None}
    assert json.loads(objects[1]) == expected
    skipped = cli("predict", run_directory, "in.csv", "--on-error", "skip", cwd=tmp_path)
    assert (skipped.returncode, skipped.stdout.count("\n")) == (0, 3)
    assert skipped.stderr == "note: 2 rows with a blank text (the first: in.csv, line 3): left out.\n"
    stopped = cli("predict", run_directory, "in.csv", "--on-error", "stop", cwd=tmp_path)
    assert (stopped.returncode, stopped.stdout.count("\n")) == (1, 2)
    assert stopped.stderr == "error: in.csv, line 3: the text is blank.\n"


@pytest.mark.parametrize("value", ["null", '""', '" "', "NaN"])
def test_a_missing_value_is_a_blank_text(run_directory: Path, tmp_path: Path, cli: Cli, value: str) -> None:
    (tmp_path / "in.jsonl").write_text(f'{{"text": {value}}}\n{{"text": "so glad"}}\n')
    result = cli("predict", run_directory, "in.jsonl", cwd=tmp_path)
    assert result.stdout.startswith(
        f'{{"text": {value}, "error": "the text is blank.", "prediction": null, "score": null}}\n'
    )
    assert (result.returncode, result.stderr) == (
        3,
        "note: 1 row with a blank text (in.jsonl, line 1): kept without a prediction.\n",
    )


def test_a_blank_line_is_answered_by_a_line_of_empty_cells(run_directory: Path, cli: Cli) -> None:
    result = cli("predict", run_directory, "-p", stdin="so glad\n\n \n\t\n\r\nso sad\n")
    lines = result.stdout.split("\n")
    assert lines[1:5] == ["\t\t\t\t"] * 4
    assert (len(lines), lines[0].split("\t")[0], lines[5].split("\t")[0], result.returncode) == (7, "joy", "sadness", 3)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_texts_without_a_known_word_are_answered_and_counted(run_directory: Path, cli: Cli, jobs: str) -> None:
    result = cli("predict", run_directory, "--jobs", jobs, stdin="qwxyz!\nqwxyz!\nzzzqq\nso glad\n")
    assert result.returncode == 0
    assert all(line.split("\t")[0] for line in result.stdout.splitlines())
    assert result.stderr == (
        "note: 3 texts contain no word known to the model; their predictions rest on character n-grams alone.\n"
    )
    one = cli("predict", run_directory, stdin="qwxyz\nglad zzzqq\n")
    assert one.stderr == (
        "note: 1 text contains no word known to the model; its prediction rests on character n-grams alone.\n"
    )


def test_evaluation_drops_the_texts_that_prediction_leaves_without_a_label(run_directory: Path, tmp_path: Path) -> None:
    rows = [*feeling_rows(2), ("", "joy"), ("\u200b", "joy"), (" ", "joy")]
    write_csv(tmp_path / "test.csv", ["text", "label"], rows)
    result = run_here("evaluate", run_directory, "test.csv", cwd=tmp_path)
    assert result.returncode == 0
    assert "empty text at lines 26, 27, 28" in " ".join(result.stderr.split())


def test_the_first_object_of_a_corpus_may_lack_the_label_but_not_all(corpus: Path, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((corpus / "train.csv").read_text(encoding="utf-8"))))
    lines = [json.dumps({"text": "no label yet"}), *map(json.dumps, rows)]
    (tmp_path / "some.jsonl").write_text("\n".join(lines))
    (tmp_path / "none.jsonl").write_text(f"{lines[0]}\n" * 2000)
    fast = set_options("training.epochs=1", "pretraining.own_texts=false", "evaluation.baselines=false")
    result = run_here("train", "some.jsonl", *fast, "--run-dir", "some", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "1 dropped: no label at line 1" in result.stderr
    result = run_here("train", "none.jsonl", *fast, "--run-dir", "none", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert "error: none.jsonl has no column 'label'. Columns: text. The column is set by --label" in result.stderr
