"""`lstmcli evaluate` as a shell user meets it."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import FAST, Cli, feeling_rows, run_here, set_options, shell, write_csv


def test_evaluate_prints_figures_with_intervals_beside_the_baselines(folder: Path, cli: Cli, corpus: Path) -> None:
    result = cli("evaluate", "RUN", corpus / "test.csv", "--output", "report", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert result.stderr == f"read     {corpus}/test.csv: 36 rows\n"
    for words in (
        "this model",
        "majority class",
        "TF-IDF + logistic regression",
        "n-grams alone",
        "The network adds NOTHING measurable to the n-grams on these rows: ",
        "95% bootstrap intervals over 36 rows",
    ):
        assert words in result.stdout
    assert {path.name for path in (folder / "report").iterdir()} == {"metrics.json", "report.md", "report.html"}


def test_evaluate_prints_json_for_programs(folder: Path, corpus: Path, run_directory: Path) -> None:
    result = run_here("evaluate", "RUN", corpus / "test.csv", "--json", cwd=folder)
    found = json.loads(result.stdout)["evaluations"][f"{corpus}/test.csv"]
    trained = json.loads((run_directory / "metrics.json").read_text())["evaluations"][f"{corpus}/test.csv"]
    assert found["scores"]["this model"]["macro_f1"]["value"] == trained["scores"]["this model"]["macro_f1"]["value"]


def test_evaluate_never_overwrites_the_reports_of_a_run(folder: Path, corpus: Path) -> None:
    result = run_here("evaluate", "RUN", corpus / "test.csv", "--output", "RUN", "--no-baselines", cwd=folder)
    assert result.returncode == 1
    assert "is a run directory, whose reports would be overwritten" in result.stderr
    assert "validation" in (folder / "RUN" / "metrics.json").read_text()


def test_evaluate_reads_a_table_from_standard_input_and_ends_quietly_when_nobody_listens(
    folder: Path, cli: Cli, corpus: Path
) -> None:
    result = cli("evaluate", "RUN", "-", "--no-baselines", stdin=(corpus / "test.csv").read_bytes(), cwd=folder)
    assert (result.returncode, result.stderr) == (0, "read     standard input: 36 rows\n")
    closed = shell(f"lstmcli evaluate RUN {corpus}/test.csv --no-baselines | true", folder)
    assert (closed.returncode, closed.stderr) == (0, f"read     {corpus}/test.csv: 36 rows\n")


def test_damaged_baselines_are_named(folder: Path, corpus: Path, run_directory: Path) -> None:
    shutil.copytree(run_directory, folder / "copy")
    (folder / "copy" / "baselines" / "rule.json").write_text("{")
    result = run_here("evaluate", "copy", corpus / "test.csv", cwd=folder)
    assert result.returncode == 1
    assert "evaluate with --no-baselines" in result.stderr


def test_evaluate_counts_what_it_leaves_out_and_takes_other_columns(folder: Path) -> None:
    rows = [["glad", "joy"], ["sad", "sadness"], ["livid", "anger"], ["hm", "envy"], ["", "joy"], ["fine", ""]]
    write_csv(folder / "other.csv", ["words", "mood"], rows)
    result = run_here(
        "evaluate", "RUN", "other.csv", "--text", "words", "--label", "mood", "--no-baselines", cwd=folder
    )
    assert result.returncode == 0, result.stderr
    assert "other.csv: 6 rows (3 dropped: no label at line 7; empty text at line 6; labels not seen" in result.stderr
    assert "majority" not in result.stdout


def test_the_score_of_a_prediction_file_equals_evaluate(folder: Path, corpus: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run_here("predict", "RUN", corpus / "test.csv", cwd=folder).stdout)))
    right = sum(row["prediction"] == row["label"] for row in rows)
    found = json.loads(run_here("evaluate", "RUN", corpus / "test.csv", "--json", cwd=folder).stdout)
    accuracy = found["evaluations"][f"{corpus}/test.csv"]["scores"]["this model"]["accuracy"]["value"]
    assert accuracy == pytest.approx(right / len(rows))


def test_intervals_are_over_authors_where_the_model_was_trained_with_them(tmp_path: Path) -> None:
    def with_authors(repeats: int, offset: int) -> list[list[str]]:
        return [[*row, f"author {number % 9 + offset}"] for number, row in enumerate(feeling_rows(repeats, offset))]

    for name, repeats, offset in (("train.csv", 5, 0), ("test.csv", 2, 100)):
        write_csv(tmp_path / name, ["text", "label", "author"], with_authors(repeats, offset))
    write_csv(tmp_path / "nobody.csv", ["text", "label"], [row[:2] for row in with_authors(2, 100)])
    options = set_options("data.train=train.csv", "data.test=test.csv", "data.group=author", *FAST)
    trained = run_here("train", *options, "--run-dir", "RUN", cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    evaluated = run_here("evaluate", "RUN", "test.csv", cwd=tmp_path)
    assert "over 24 rows in 9 groups, resampled as whole groups" in evaluated.stdout
    assert evaluated.stdout == trained.stdout
    without = run_here("evaluate", "RUN", "nobody.csv", cwd=tmp_path)
    assert "over 24 rows." in without.stdout


def test_reports_say_what_was_not_scored_and_what_was_probably_meant(folder: Path, corpus: Path) -> None:
    rows = list(csv.reader((corpus / "test.csv").read_text().splitlines()))
    changed = [[text, "Joy" if label == "joy" else label] for text, label in rows[1:]]
    write_csv(folder / "changed.csv", rows[0], changed)
    num_dropped = sum(label == "Joy" for _, label in changed)
    result = run_here("evaluate", "RUN", "changed.csv", "--output", "report-of-changed", cwd=folder)
    sentence = f"Not scored: {num_dropped} of 36 rows, labels not seen in training (Joy, similar to 'joy') at lines "
    assert sentence in result.stdout
    assert sentence in (folder / "report-of-changed" / "report.md").read_text()
    assert "labels not seen in training" in (folder / "report-of-changed" / "report.html").read_text()
    found = json.loads((folder / "report-of-changed" / "metrics.json").read_text())["evaluations"]["changed.csv"]
    assert found["notes"][0].startswith(sentence)


def test_few_rows_get_no_verdict(folder: Path, corpus: Path) -> None:
    lines = (corpus / "test.csv").read_text().splitlines(keepends=True)
    (folder / "few.csv").write_text("".join(lines[:4]))
    result = run_here("evaluate", "RUN", "few.csv", cwd=folder)
    assert "3 rows: too few for a verdict" in result.stdout
    assert "better than" not in result.stdout


def test_evaluate_overwrites_its_own_reports_and_no_others(folder: Path, corpus: Path) -> None:
    arguments = ("evaluate", "RUN", corpus / "test.csv", "--no-baselines", "--output")
    (folder / "others").mkdir()
    (folder / "others" / "report.md").write_text("precious")
    result = run_here(*arguments, "others", cwd=folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert "others: contains a report.md that `lstmcli evaluate` did not write" in result.stderr
    assert (folder / "others" / "report.md").read_text() == "precious"
    assert [run_here(*arguments, "own", cwd=folder).returncode for _ in range(2)] == [0, 0]
    file = run_here(*arguments, "others/report.md", cwd=folder)
    assert "is a file; --output names a folder" in file.stderr
    run_here("evaluate", "no-such-run", corpus / "test.csv", "--output", "new", cwd=folder)
    assert not (folder / "new").exists()


def test_tables_in_a_pipe_have_no_spaces_at_the_end(folder: Path, corpus: Path) -> None:
    lines = run_here("evaluate", "RUN", corpus / "test.csv", cwd=folder).stdout.splitlines()
    assert lines == [line.rstrip() for line in lines]


def test_quiet_leaves_the_figures_alone(folder: Path, corpus: Path) -> None:
    arguments = ("evaluate", "RUN", corpus / "test.csv")
    quiet = run_here(*arguments, "--quiet", cwd=folder)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert quiet.stdout == run_here(*arguments, cwd=folder).stdout


@pytest.mark.parametrize(("split", "num_texts", "part"), [("train", 120, "training"), ("validation", 36, "validation")])
def test_evaluate_says_which_texts_the_model_has_seen(
    folder: Path, corpus: Path, split: str, num_texts: int, part: str
) -> None:
    path = corpus / f"{split}.csv"
    result = run_here("evaluate", "RUN", path, "--no-baselines", "--output", "report", cwd=folder)
    assert result.returncode == 0, result.stderr
    note = f"{num_texts} texts in both the model's {part} rows and {path}; scores on them are inflated."
    assert note in result.stdout
    assert "scores on them are inflated" in (folder / "report" / "report.md").read_text(encoding="utf-8")


def test_seen_texts_are_recognised_in_another_case_and_spacing(folder: Path) -> None:
    (text, label), *_ = feeling_rows(10)
    (new, _), *_ = feeling_rows(1, offset=900)
    write_csv(folder / "some.csv", ["text", "label"], [(f"  {text.upper()} ", label), (new, label)])
    result = run_here("evaluate", "RUN", "some.csv", "--no-baselines", cwd=folder)
    assert "1 text in both the model's training rows and some.csv; scores on them are inflated." in result.stdout
