"""`lstmcli predict --fast`: what it promises, and what it does not change."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lstmcli.cli.main import app
from lstmcli.errors import UsageError
from lstmcli.inference import cascade
from lstmcli.inference.answers import PredictOptions
from lstmcli.inference.row_counts import StageTotals
from lstmcli.metrics.first_stage import FirstStage
from lstmcli.recipes.cascade.calibrate import check_fast
from lstmcli.store.model import read_model
from tests.conftest import TEXTS, feeling_rows, invoke, write_csv


@pytest.fixture
def files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cascade, "CHECKED_SHARE", 8)
    rows = [[text, label] for text, label in feeling_rows(20, offset=300)]
    mixed = [[f"{one} but {other}", ""] for (one, _), (other, _) in zip(rows, rows[5:], strict=False)]
    write_csv(folder / "rows.csv", ["text", "label"], [*rows, *rows[:30], *[[text, ""] for text in TEXTS], ["", ""]])
    write_csv(folder / "mixed.csv", ["text", "label"], mixed)
    return folder


def predict(files: Path, *arguments: str, name: str = "rows.csv") -> tuple[str, str]:
    result = invoke("predict", files / "RUN", files / name, *arguments)
    assert result.exit_code in {0, 3}, result.stderr
    return result.stdout, result.stderr


def table(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content)))


FAST = ["--fast", "0.95", "--answered-by", "--probabilities"]


def test_most_predictions_stay_and_the_whole_model_is_not_changed(files: Path) -> None:
    whole = table(predict(files, "--probabilities")[0])
    content, notes = predict(files, *FAST)
    fast = table(content)
    by_whole = [row for row in fast if row["answered_by"] != "ngrams"]
    assert 0 < len(by_whole) < len(fast)
    same = 0
    for row, other in zip(fast, whole, strict=True):
        assert list(row) == [*other, "answered_by"]
        same += row["prediction"] == other["prediction"]
        if row["answered_by"] != "ngrams":
            assert row == {**other, "answered_by": row["answered_by"]}
    assert same / len(fast) >= 0.95
    assert "on such rows, at least 0.95 of all predictions stay the same (95% confidence)" in notes
    assert f"{len(fast) - len(by_whole):,} rows of {len(fast) - 1:,}" in notes
    assert "kept their prediction" in notes


def test_probabilities_of_the_first_stage_are_probabilities(files: Path) -> None:
    for row in table(predict(files, *FAST)[0])[:-1]:
        found = [float(cell) for column, cell in row.items() if column.startswith("probability_")]
        assert sum(found) == pytest.approx(1.0, abs=1e-6)
        assert float(row["score"]) == max(found)


@pytest.mark.parametrize(
    "options", [["--jobs", "2"], ["--batch-size", "3"], ["--line-buffered"], ["--jobs", "2", "--batch-size", "7"]]
)
def test_neither_processes_nor_batches_change_a_byte(
    files: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cascade, "CHECKED_SHARE", 64)  # as in the workers
    assert predict(files, *FAST, *options)[0] == predict(files, *FAST)[0]


def test_joined_shards_are_the_same(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lstmcli.data import shards

    monkeypatch.setattr(shards, "SHARD_ROWS", 16)
    for number in ("1", "2"):
        predict(files, *FAST, "--shard", f"{number}/2", "--output", str(files / f"{number}.csv"))
    assert invoke("join", files / "1.csv", files / "2.csv").stdout == predict(files, *FAST)[0]


def test_a_pipe_needs_a_file_to_calibrate_on(files: Path) -> None:
    result = invoke("predict", files / "RUN", "-", "--fast", "0.95")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "name one with such texts (labels are not needed) with --fast-on." in result.stderr
    content = (files / "rows.csv").read_text()
    command = ["predict", str(files / "RUN"), "-", "--format", "csv", *FAST, "--fast-on", str(files / "rows.csv")]
    assert CliRunner().invoke(app, command, input=content).stdout == predict(files, *FAST)[0]


def test_too_few_rows_leave_all_to_the_whole_model(files: Path) -> None:
    content, notes = predict(files, "--fast", "0.999", "--answered-by")
    whole, _ = predict(files)
    rows = table(content)
    assert {row.pop("answered_by") for row in rows} == {"model", ""}
    assert rows == table(whole)
    assert "too few to be sure of that (2,995 are needed)" in notes


def test_rows_of_another_kind_are_noticed(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cascade, "CHECKED_SHARE", 1)
    stage = FirstStage((1.0,), (0.0,), 0.5)
    assert len(cascade.notes_on_stages(StageTotals(1000, 0, 1000, 999), stage, 0.99)) == 1
    _, differ = cascade.notes_on_stages(StageTotals(1000, 0, 1000, 900), stage, 0.99)
    assert "these rows differ from those it was calibrated on" in differ
    content, notes = predict(files, *FAST, name="mixed.csv")
    assert content == predict(files, "--probabilities", "--fast", "0.95", "--answered-by", name="mixed.csv")[0]
    assert "(0.0%) answered by the n-grams alone; of" in notes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--fast", "0.5"],
            "--fast 0.5: expected the share of predictions that must stay the same, from 0.9 to 0.9999.",
        ),
        (["--fast", "1"], "--fast 1: expected the share"),
        (["--fast", "many"], "expected a probability"),
        (["--fast-on", "x.csv"], "--fast-on: is for --fast, such as --fast 0.999."),
        (["--answered-by"], "--answered-by: is for --fast"),
        (["--fast", "0.95", "--by", "label"], "--fast: can't be combined with --by."),
        (["--fast", "0.95", "--threshold", "0.5"], "--fast: can't be combined with --threshold"),
        (["--fast", "0.95", "--min-confidence", "0.5"], "--fast: can't be combined with --min-confidence"),
        (["--fast", "0.95", "--top-k", "2"], "--fast: can't be combined with --top-k"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(files: Path, options: list[str], message: str) -> None:
    result = invoke("predict", files / "RUN", files / "rows.csv", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())


def test_a_model_without_ngrams_has_no_first_stage(run_directory: Path) -> None:
    model = read_model(run_directory)
    message = "this model has no n-grams that could answer alone; distill it first: lstmcli distill a/run"
    with pytest.raises(UsageError, match=message):
        check_fast(replace(model, ngrams=None), None, 0.99, PredictOptions(), run=Path("a/run"))
    check_fast(model, None, 0.99, PredictOptions(), run=run_directory)


def test_json_lines_say_who_has_answered(files: Path) -> None:
    content, _ = predict(files, *FAST, "--output-format", "jsonl")
    assert {json.loads(line)["answered_by"] for line in content.splitlines()} == {"ngrams", "model", None}
