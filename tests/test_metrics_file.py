"""metrics.json: what `train`, `evaluate` and `cross-validate` write fits the schema, and the schema is explained."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from lstmcli.config.loading import load_config
from lstmcli.reports.metrics_file import SCHEMA_VERSION
from lstmcli.store.provenance import config_digest, file_digest, provenance
from lstmcli.store.run_directory import RunDirectory
from tests.conftest import FAST, corpus_options, invoke, set_options, write_csv
from tests.metrics_schema import MARK, PAGE, SCHEMA, page_tables, problems


def read(folder: Path) -> Any:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_file_of_a_training_fits_the_schema_and_says_what_it_read(run_directory: Path) -> None:
    found = read(run_directory)
    assert list(problems(found)) == []
    assert (found["schema_version"], found["seed"]) == (SCHEMA_VERSION, 1)
    config = RunDirectory(run_directory).read_config().data
    files = [path for path in (config.train, config.validation, config.test) if path is not None]
    assert found["data_files"] == [{"file": path, "sha256": sha256(Path(path))} for path in files]
    assert len(files) == 3


def test_no_key_of_the_file_is_a_time(run_directory: Path) -> None:
    assert "seconds" not in (run_directory / "metrics.json").read_text()


def test_reports_and_output_of_an_evaluation_fit_the_schema(folder: Path, corpus: Path) -> None:
    options = [folder / "RUN", corpus / "test.csv", "--slice", "length", "--mistakes", 2, "--output", folder / "report"]
    result = invoke("evaluate", *options, "--json", "--write-up")
    assert result.exit_code == 0, result.stderr
    printed, written = json.loads(result.stdout), read(folder / "report")
    assert list(problems(printed)) == list(problems(written)) == []
    trained = read(folder / "RUN")
    for found in (printed, written):
        assert [found[key] for key in ("seed", "config_sha256")] == [trained[key] for key in ("seed", "config_sha256")]
        assert found["data_files"] == [{"file": str(corpus / "test.csv"), "sha256": sha256(corpus / "test.csv")}]


def test_a_copied_model_folder_knows_neither_seed_nor_config(run_directory: Path, corpus: Path) -> None:
    result = invoke("evaluate", run_directory / "model", corpus / "test.csv", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert list(problems(found)) == []
    assert (found["seed"], found["config_sha256"]) == (None, None)


def test_the_files_of_a_cross_validation_and_its_folds_fit_the_schema(corpus: Path, tmp_path: Path) -> None:
    options = [*corpus_options(corpus), *set_options("training.epochs=1", "evaluation.baselines=false")]
    result = invoke("cross-validate", "--folds", 2, *options, "--run-dir", tmp_path / "folds")
    assert result.exit_code == 0, result.stderr
    for place in (tmp_path / "folds", tmp_path / "folds" / "folds" / "1"):
        assert list(problems(read(place))) == []
    names = [each["file"] for each in read(tmp_path / "folds")["data_files"]]
    assert names == [f"{corpus}/train.csv", f"{corpus}/validation.csv"]


@pytest.mark.parametrize("kind", ["multi", "traits"])
def test_several_labels_per_text_fit_the_schema(kind: str, tmp_path: Path) -> None:
    """And so does a pretraining within."""
    texts = [
        f"text {number} {'good' if number % 2 else 'bad'} {'long' if number % 3 else 'short'}" for number in range(48)
    ]
    if kind == "multi":
        cells = ["|".join(["g"] * (number % 2) + ["l"] * (number % 3 > 0)) for number in range(48)]
        path = write_csv(tmp_path / "t.csv", ["text", "label"], list(zip(texts, cells, strict=True)))
        settings = ["data.label_separator=|", "data.unlabelled=keep"]
    else:
        rows = [(text, str(number % 2), str(int(number % 3 > 0))) for number, text in enumerate(texts)]
        path = write_csv(tmp_path / "t.csv", ["text", "g", "l"], rows)
        settings = ["data.labels=[g, l]"]
    settings = [*FAST, *settings, "training.epochs=1", "pretraining.own_texts=true", "model.pretrained=none"]
    result = invoke("train", path, *set_options(*settings), "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert list(problems(read(tmp_path / "run"))) == []
    assert read(tmp_path / "run")["evaluations"]
    assert list(problems(read(tmp_path / "run" / "pretraining"))) == []


def test_a_wrong_value_and_an_unknown_key_are_found(run_directory: Path) -> None:
    """The check itself can fail."""
    for change in ({"schema_version": 2}, {"seed": "1"}, {"evaluation": {}}, {"data_files": [{"file": "x"}]}):
        assert list(problems(read(run_directory) | change)), change
    without = read(run_directory)
    del without["seed"]
    assert list(problems(without)) == ["$: lacks seed"]
    (evaluation, *_) = without["evaluations"].values()
    evaluation["scores"]["this model"]["accuracy"]["value"] = None
    assert any("accuracy.value" in each for each in problems(without))


def test_the_page_explains_every_key_as_the_schema_does() -> None:
    assert PAGE.read_text(encoding="utf-8").partition(MARK)[2] == "\n" + page_tables()
    for name, each in SCHEMA["$defs"].items():
        assert each["additionalProperties"] is False, name
        assert all("description" in of_key for of_key in each["properties"].values()), name


def test_the_digest_of_a_config_changes_with_its_settings_and_not_with_its_folder() -> None:
    one, same, other = (
        load_config(None, ["data.train=x.csv", *more]) for more in ([], ["output.run_dir=y"], ["training.seed=2"])
    )
    assert config_digest(one) == config_digest(same) != config_digest(other)


def test_what_can_t_be_read_again_has_no_digest(tmp_path: Path) -> None:
    assert file_digest("-") is None
    assert file_digest(str(tmp_path)) is None
    assert file_digest(str(tmp_path / "missing")) is None
    assert provenance(None, [None, "-"]).data_files[0].sha256 is None
