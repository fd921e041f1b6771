"""`lstmcli info`: what it says about each kind of run, and that nothing heavy is loaded for it."""

import json
import shutil
from pathlib import Path

import pytest

from lstmcli import __version__
from lstmcli.store.model import read_model
from tests.conftest import FAST, PROJECT, Cli, feeling_rows, invoke, set_options, write_csv
from tests.test_architecture import HEAVY, loaded_modules


def test_a_classifier_says_on_one_screen_what_it_is_and_how_to_use_it(run_directory: Path) -> None:
    result = invoke("info", run_directory)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == f"{run_directory}: a classifier, one label per text"
    assert len(lines) <= 40
    facts = {line[:14].strip(): line[14:] for line in lines if line[:14].strip() and line[13] == " "}
    assert facts["labels"].startswith("3: ")
    assert "anger 33%" in facts["labels"]
    assert "train.csv: 120 rows, epoch" in result.stdout.replace("\n" + " " * 14, " ")
    assert facts["written by"] == f"lstmcli {__version__} (format 5); this is lstmcli {__version__}"
    assert lines[-1] == f"  lstmcli predict {run_directory} FILE.csv --text text"


def test_the_scores_are_those_of_the_reports_with_their_baselines(run_directory: Path) -> None:
    stored = json.loads((run_directory / "metrics.json").read_text())
    found = json.loads(invoke("info", run_directory, "--json").stdout)
    assert [each["name"] for each in found["evaluations"]] == list(stored["evaluations"])
    for each in found["evaluations"]:
        assert each["scores"] == stored["evaluations"][each["name"]]["scores"]
    shown = invoke("info", run_directory).stdout
    for each in stored["evaluations"].values():
        for system, scores in each["scores"].items():
            value = "{value:.3f} [{low:.3f}, {high:.3f}]".format(**scores["macro_f1"])
            assert any(system in line and value in line for line in shown.splitlines())


def test_json_says_what_prediction_reads_and_what_was_trained(run_directory: Path) -> None:
    found = json.loads(invoke("info", run_directory, "--json").stdout)
    model = read_model(run_directory)
    assert found["classifier"]["labels"] == list(model.labels.names)
    assert sum(found["classifier"]["label_shares"].values()) == pytest.approx(1.0)
    assert found["classifier"]["num_words"] == len(model.vocabulary)
    assert found["classifier"]["columns"]["text"] == "text"
    assert found["config"]["data"]["train"].endswith("train.csv")
    assert found["facts"]["train_rows"] > 0
    assert found["finished"].endswith("+00:00")
    assert found["bytes"]["model"] == sum(path.stat().st_size for path in (run_directory / "model").iterdir())


def test_a_copied_model_folder_will_do(run_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory / "model", tmp_path / "copy")
    result = invoke("info", tmp_path / "copy")
    assert result.exit_code == 0
    assert "has not finished" not in result.stdout
    assert "finished" not in result.stdout  # nothing is known about it


def test_a_pretraining_says_what_it_has_learned() -> None:
    english = PROJECT / "lstmcli" / "pretrained" / "english"
    result = invoke("info", english)
    assert result.exit_code == 0, result.stderr
    assert "a pretrained network, which knows no labels" in result.stdout
    assert "sentence vectors of all-MiniLM-L6-v2: mean cosine 0." in result.stdout
    assert f"--set model.pretrained={english}" in result.stdout
    assert json.loads(invoke("info", english, "--json").stdout)["language_model"]["learned"]["teacher_size"] == 384


def test_a_model_whose_training_was_killed_says_so(run_directory: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(run_directory, run)
    (run / "metrics.json").unlink()
    assert "(its training has not finished)" in invoke("info", run).stdout
    shutil.rmtree(run / "model")
    result = invoke("info", run)
    assert "an unfinished run" in result.stdout
    assert f"lstmcli train --resume --run-dir {run}" in result.stdout


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"train_rows": "many"}',
        '{"median_tokens": "x"}',
        '{"evaluations": {"a": {"scores": 3}}}',
        '{"evaluations": []}',
    ],
)
def test_a_damaged_report_is_one_message(run_directory: Path, tmp_path: Path, content: str) -> None:
    run = tmp_path / "run"
    shutil.copytree(run_directory, run)
    (run / "metrics.json").write_text(content)
    result = invoke("info", run)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"error: {run}/metrics.json: is damaged" in result.stderr


def test_a_release_that_is_no_text_does_no_harm(run_directory: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_directory / "model", tmp_path / "copy"))
    (copy / "checksums.json").unlink()
    description = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps({**description, "format_version": 3, "written_by": ["\x1b"]}))
    result = invoke("info", copy)
    assert result.exit_code == 0, result.stderr
    assert "\x1b" not in result.stdout


def test_what_is_no_run_is_one_message(tmp_path: Path) -> None:
    result = invoke("info", tmp_path / "gone")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "no such run directory" in result.stderr


def test_thresholds_are_listed_where_there_are_some(cli: Cli, tmp_path: Path) -> None:
    rows = [(text, label if len(text) % 3 else f"{label}|long") for text, label in feeling_rows(4)]
    write_csv(tmp_path / "several.csv", ["text", "label"], rows)
    options = set_options("data.label_separator=|", "ngrams.max_characters=0", "evaluation.baselines=false", *FAST)
    trained = cli("train", tmp_path / "several.csv", "--run-dir", tmp_path / "run", *options)
    assert trained.returncode == 0, trained.stderr
    result = invoke("info", tmp_path / "run")
    assert "several labels per text" in result.stdout
    assert "words, pairs of words; " in result.stdout  # and a model without character n-grams can be opened at all
    thresholds = json.loads(invoke("info", tmp_path / "run", "--json").stdout)["classifier"]["thresholds"]
    assert set(thresholds) == {"anger", "joy", "long", "sadness"}
    line = next(line for line in result.stdout.splitlines() if line.startswith("thresholds"))
    assert f"long {thresholds['long']:.2f}" in line or "for every label" in line


def test_info_loads_neither_torch_nor_pandas(run_directory: Path) -> None:
    modules = loaded_modules("from lstmcli.cli.main import app; app()", "info", str(run_directory))
    assert "lstmcli.store.information" in modules
    assert not modules & (HEAVY - {"pydantic"})
