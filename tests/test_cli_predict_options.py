"""Options of `lstmcli predict`: where the output goes, what is listed, and what a slip on the command line gets."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.conftest import Cli, shell


@pytest.mark.parametrize("arguments", [["in.csv"], ["in.txt"], ["in.csv", "--output-format", "jsonl"], ["-"]])
def test_a_dash_is_standard_output_in_the_same_format(folder: Path, cli: Cli, arguments: list[str]) -> None:
    expected = cli("predict", "RUN", *arguments, stdin="so glad\n", cwd=folder)
    found = cli("predict", "RUN", *arguments, "--output", "-", stdin="so glad\n", cwd=folder)
    assert (found.returncode, found.stdout, found.stderr) == (0, expected.stdout, "")
    assert not (folder / "-").exists()


@pytest.mark.parametrize(("output", "example"), [("new/", "new"), (".", ""), ("RUN", "RUN")])
def test_a_folder_is_no_output(folder: Path, cli: Cli, output: str, example: str) -> None:
    result = cli("predict", "RUN", "in.csv", "--output", output, cwd=folder)
    path = Path(example) / "predictions.csv"
    message = f"error: {output}: is a folder, expected the name of a file to write, such as {path}.\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, "", message)
    assert not (folder / "new").exists()


def test_a_threshold_leaves_ranked_cells_empty(folder: Path, cli: Cli) -> None:
    rows = "text\nglad\nsad and glad\n"
    arguments = ("predict", "RUN", "--format", "csv", "--top-k", "3", "--probabilities")
    everything, listed = (
        list(csv.DictReader(io.StringIO(cli(*arguments, *more, stdin=rows, cwd=folder).stdout)))
        for more in ([], ["--threshold", "0.2"])
    )
    assert list(listed[0]) == list(everything[0])
    for row, other in zip(listed, everything, strict=True):
        for rank in (1, 2, 3):
            is_listed = float(other[f"score_{rank}"]) >= 0.2
            for column in (f"label_{rank}", f"score_{rank}"):
                assert row[column] == (other[column] if is_listed else "")
    assert "" in [row["label_3"] for row in listed]


def test_a_threshold_counts_for_ranked_lines_of_text(folder: Path, cli: Cli) -> None:
    all_of = cli("predict", "RUN", "-k", "2", stdin="glad\n", cwd=folder).stdout.rstrip("\n").split("\t")
    threshold = str((float(all_of[1]) + float(all_of[3])) / 2)
    line = cli("predict", "RUN", "-k", "2", "--threshold", threshold, stdin="glad\n", cwd=folder).stdout
    assert line == "\t".join([*all_of[:2], "", ""]) + "\n"
    none = cli("predict", "RUN", "-k", "2", "--threshold", "100%", stdin="glad\n", cwd=folder).stdout
    assert none == "\t\t\t\n"
    (row,) = cli(
        "predict", "RUN", "-k", "1", "--threshold", "1", "-F", "jsonl", stdin="glad\n", cwd=folder
    ).stdout.splitlines()
    assert [json.loads(row)[key] for key in ("prediction", "label_1", "score_1")] == ["", None, None]


def test_a_threshold_may_be_a_percentage(folder: Path, cli: Cli) -> None:
    fraction, percentage = (
        cli("predict", "RUN", "in.txt", "--threshold", word, cwd=folder).stdout for word in ("0.955", "95.5%")
    )
    assert fraction == percentage


@pytest.mark.parametrize("word", ["1.5", "120%", "-1", "nan", "many", "%", "50"])
def test_a_threshold_that_is_no_probability_is_wrong_usage(folder: Path, cli: Cli, word: str) -> None:
    result = cli("predict", "RUN", "in.txt", "--threshold", word, cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"expected a probability from 0 to 1 or from 0% to 100%, got '{word}'." in result.stderr


@pytest.mark.parametrize("text", ["i am so happy today", "It's over. Not a day too soon"])
def test_a_sentence_instead_of_a_file_is_answered_with_the_right_command(folder: Path, cli: Cli, text: str) -> None:
    result = cli("predict", "RUN", text, cwd=folder)
    quoted = "'i am so happy today'" if "'" not in text else "'It'\"'\"'s over. Not a day too soon'"
    assert (result.returncode, result.stderr) == (
        1,
        f"error: {text}: no such file. To label a text, pipe it in: echo {quoted} | lstmcli predict RUN\n",
    )


def test_a_file_with_a_space_in_its_name_is_a_file(folder: Path, cli: Cli) -> None:
    (folder / "my texts.txt").write_text("so glad\n")
    (folder / "my texts").write_text("so glad\n")
    assert cli("predict", "RUN", "my texts.txt", cwd=folder).stdout.startswith("joy\t")
    assert cli("predict", "RUN", "my texts", "--format", "text", cwd=folder).stdout.startswith("joy\t")
    assert cli("predict", "RUN", "my textts.txt", cwd=folder).stderr == (
        "error: my textts.txt: no such file. Did you mean 'my texts.txt'?\n"
    )


@pytest.mark.parametrize("name", ["app.log", "noext", "/dev/null"])
def test_a_name_that_tells_no_format_says_what_to_do(folder: Path, cli: Cli, name: str) -> None:
    if not name.startswith("/"):
        (folder / name).write_text("so glad\n")
    result = cli("predict", "RUN", "in.txt", name, cwd=folder)
    assert (result.returncode, result.stdout, result.stderr) == (
        1,
        "",
        f"error: {name}: can't tell the format from the file name. Add --format text for one text per line, or "
        "--format with one of csv, tsv, csv-semicolon, csv-pipe, tsv-raw, jsonl, parquet, excel, spss.\n",
    )
    assert cli("predict", "RUN", name, "--format", "text", cwd=folder).returncode == 0


def test_quiet_silences_notes_and_progress_but_neither_results_nor_errors(folder: Path, cli: Cli) -> None:
    table = "text,id\nglad,1\nsad\n"
    loud = cli("predict", "RUN", "--format", "csv", "--progress", stdin=table, cwd=folder)
    quiet = cli("predict", "RUN", "--format", "csv", "--progress", "--quiet", stdin=table, cwd=folder)
    assert "note: " in loud.stderr
    assert "progress" in loud.stderr
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (3, loud.stdout, "")
    error = cli("predict", "RUN", "none.csv", "-q", cwd=folder)
    assert (error.returncode, error.stderr[:6]) == (1, "error:")


def test_the_end_is_quick_but_loses_nothing(folder: Path) -> None:
    """The tool leaves without Python's own clearing up: what was written must have arrived, and the exit code too."""
    result = shell("lstmcli predict RUN in.txt | wc -l; lstmcli predict RUN gone.jsonl; echo $?", folder)
    assert (result.stdout.split(), result.stderr) == (["6", "1"], "error: gone.jsonl: no such file.\n")


def test_a_closed_standard_output_is_told(folder: Path) -> None:
    result = shell("lstmcli predict RUN in.txt >&-", folder)
    assert (result.returncode, result.stderr) == (
        1,
        "error: standard output is closed; name a file with --output.\n",
    )
