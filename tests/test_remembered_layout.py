"""What a model remembers of the files it was trained on: their format and their encoding."""

import json
import shutil
from pathlib import Path

import pytest

from lstmcli.data.reading import Layout, input_layout
from lstmcli.errors import DataError
from tests.conftest import FAST, Cli, feeling_rows, run_here, set_options

TRAINED = Layout("csv-semicolon", "cp1252")


@pytest.mark.parametrize(
    ("path", "wanted", "expected"),
    [
        ("a.csv", Layout(), TRAINED),
        ("A.CSV.GZ", Layout(), TRAINED),
        ("a.dat", Layout(), TRAINED),
        ("a.tsv", Layout(), Layout("tsv", "cp1252")),
        ("a.txt", Layout(), Layout("text", "cp1252")),
        ("a.jsonl", Layout(), Layout("jsonl", "cp1252")),
        ("-", Layout(), Layout("text", "utf-8")),
        ("a.csv", Layout("auto"), Layout("csv", "cp1252")),
        ("a.csv", Layout(None, ""), Layout("csv-semicolon", "")),
        ("a.csv", Layout("csv-pipe", "utf-16"), Layout("csv-pipe", "utf-16")),
        ("-", Layout("csv", "latin-1"), Layout("csv", "latin-1")),
    ],
)
def test_options_come_first_then_training_then_the_extension(path: str, wanted: Layout, expected: Layout) -> None:
    assert input_layout(path, wanted, TRAINED) == expected


def test_a_raw_tsv_is_remembered_for_tsv_alone() -> None:
    trained = Layout("tsv-raw", "utf-8")
    assert input_layout("a.tsv", Layout(), trained).format_name == "tsv-raw"
    assert input_layout("a.csv", Layout(), trained).format_name == "csv"


def test_auto_is_remembered_as_the_extension() -> None:
    assert input_layout("a.csv", Layout(), Layout("auto", "utf-8")) == Layout("csv", "utf-8")
    with pytest.raises(DataError, match="can't tell the format"):
        input_layout("a.dat", Layout(), Layout("auto", "utf-8"))


def table(path: Path, rows: list[tuple[str, str]], encoding: str, delimiter: str) -> Path:
    lines = [f"text{delimiter}label", *(f"{text}, déjà vu{delimiter}{label}" for text, label in rows)]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


@pytest.fixture(scope="module")
def western(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run on train.csv, which has semicolons in cp1252."""
    folder = tmp_path_factory.mktemp("western")
    table(folder / "train.csv", feeling_rows(4), "cp1252", ";")
    options = ["--format", "csv-semicolon", "--encoding", "cp1252", *set_options(*FAST, "evaluation.baselines=false")]
    result = run_here("train", "train.csv", *options, "--run-dir", "run", cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder


def test_predict_and_evaluate_read_files_as_training_did(western: Path, cli: Cli) -> None:
    predicted = cli("predict", "run", "train.csv", cwd=western)
    assert (predicted.returncode, predicted.stderr) == (0, "")
    assert predicted.stdout.startswith("text;label;prediction;score\n")
    assert "déjà vu" in predicted.stdout
    evaluated = run_here("evaluate", "run", "train.csv", "--no-baselines", cwd=western)
    assert evaluated.returncode == 0, evaluated.stderr


def test_a_file_unlike_those_of_training_is_told_what_it_is(western: Path) -> None:
    table(western / "utf8.csv", feeling_rows(1), "utf-8", ";")
    table(western / "commas.csv", feeling_rows(1), "cp1252", "|")
    for command in ("predict", "evaluate"):
        wrong_encoding = run_here(command, "run", "utf8.csv", cwd=western)
        assert (wrong_encoding.returncode, wrong_encoding.stdout) == (1, "")
        assert "looks like utf-8, not cp1252: try --encoding utf-8" in wrong_encoding.stderr
        assert "try --format csv-pipe" in run_here(command, "run", "commas.csv", cwd=western).stderr
        right = run_here(command, "run", "utf8.csv", "--encoding", "utf-8", cwd=western)
        assert right.returncode == 0, right.stderr


def test_standard_input_is_utf8_whatever_training_read(western: Path, cli: Cli) -> None:
    piped = "text,label\nso glad né été déjà,joy\n"
    result = run_here("evaluate", "run", "-", "--no-baselines", stdin=piped, cwd=western)
    assert result.returncode == 0, result.stderr
    assert cli("predict", "run", stdin="so glad, déjà vu\n", cwd=western).returncode == 0


def test_older_models_remember_nothing_and_damaged_ones_are_refused(western: Path, cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(western / "run" / "model", tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    description = json.loads(path.read_text(encoding="utf-8")) | {"format_version": 3}
    (tmp_path / "model" / "checksums.json").unlink(missing_ok=True)  # later versions have it
    assert (description["columns"].pop("format"), description["columns"].pop("encoding")) == TRAINED
    path.write_text(json.dumps(description))
    assert "try --format csv-semicolon" in cli("predict", tmp_path / "model", western / "train.csv").stderr
    for key, value in [("format", "xlsx"), ("encoding", 5)]:
        changed = {**description, "columns": {**description["columns"], key: value}}
        path.write_text(json.dumps(changed))
        assert "is damaged" in cli("predict", tmp_path / "model", western / "train.csv").stderr
