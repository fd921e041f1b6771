"""SPSS files: read like tables, with value labels, where pyreadstat is installed, and one message elsewhere."""

import datetime
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcli.config.loading import load_config
from lstmcli.data.formats import spss
from lstmcli.data.formats.spss import read_spss
from lstmcli.data.reading import open_records
from lstmcli.errors import DataError
from tests.conftest import FEELINGS, feeling_rows, invoke, set_options

CODES = {name: number for number, name in enumerate(FEELINGS, start=1)}


def written(path: Path, columns: dict[str, list[Any]], labels: dict[str, dict[float, str]], **options: Any) -> Path:
    pyreadstat = pytest.importorskip("pyreadstat")
    import pandas as pd

    pyreadstat.write_sav(pd.DataFrame(columns), str(path), variable_value_labels=labels, **options)
    return path


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    rows = feeling_rows(10)
    columns = {
        "id": list(range(len(rows))),
        "answer": [text for text, _ in rows],
        "mood": [float(CODES[label]) for _, label in rows],
    }
    return written(tmp_path / "survey.sav", columns, {"mood": {code: name for name, code in CODES.items()}})


def test_codes_become_labels_and_other_cells_what_they_show(tmp_path: Path) -> None:
    columns = {
        "text": ["schön 😀", "", "two\nlines"],
        "code": [1.0, 2.0, np.nan],
        "weight": [1.5, 3.0, -1.0],
        "day": [datetime.date(2024, 5, 1)] * 3,
    }
    names, records = read_spss(str(written(tmp_path / "a.sav", columns, {"code": {1.0: "glad"}})))
    assert names == list(columns)
    found = list(records)
    assert [record.line for record in found] == [1, 2, 3]
    assert [record.cells for record in found] == [
        ["schön 😀", "glad", 1.5, "2024-05-01"],
        ["", 2, 3, "2024-05-01"],
        ["two\nlines", None, -1, "2024-05-01"],
    ]


def test_init_proposes_a_config_with_which_a_training_reads_the_file(survey: Path, tmp_path: Path) -> None:
    result = invoke("init", survey, "--output", tmp_path / "survey.yaml")
    assert result.exit_code == 0, result.stderr
    assert "120 rows of spss" in result.stdout + result.stderr
    data = load_config(tmp_path / "survey.yaml", []).data
    assert (data.text, data.label, data.format) == ("answer", "mood", "auto")
    settings = ["training.epochs=1", "evaluation.baselines=false", "evaluation.bootstrap_samples=100"]
    settings += ["model.hidden_size=8", "embedding.size=16", "pretraining.own_texts=false", "model.pretrained=none"]
    run = tmp_path / "run"
    trained = invoke("train", "--config", tmp_path / "survey.yaml", *set_options(*settings), "--run-dir", run)
    assert trained.exit_code == 0, trained.stderr
    assert f"labels   3 (single): {', '.join(sorted(FEELINGS))}" in trained.stderr
    predicted = invoke("predict", run, survey)
    assert predicted.exit_code == 0, predicted.stderr
    assert predicted.stdout.startswith("id,answer,mood,prediction,score\n0,")


@pytest.mark.parametrize("size", [1, 7, 40, 120])
def test_rows_are_the_same_in_blocks_of_any_size(survey: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    expected = list(read_spss(str(survey)).records)
    assert len(expected) == 120
    monkeypatch.setattr(spss, "BLOCK_ROWS", size)
    assert list(read_spss(str(survey)).records) == expected


def test_a_compressed_file_is_read_too(tmp_path: Path) -> None:
    path = written(tmp_path / "a.zsav", {"text": ["a", "b"]}, {}, compress=True)
    assert [record.cells for record in read_spss(str(path)).records] == [["a"], ["b"]]


def test_a_file_without_rows_has_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "a.sav", {"text": ["a"]}, {})
    assert read_spss(str(path)).columns == ["text"]


def test_what_is_no_spss_file_is_one_message(tmp_path: Path) -> None:
    pytest.importorskip("pyreadstat")
    (tmp_path / "a.sav").write_text("text,label\n")
    with pytest.raises(DataError, match="is damaged or not an SPSS file"):
        read_spss(str(tmp_path / "a.sav"))


def test_a_file_that_is_cut_off_is_one_message(survey: Path) -> None:
    content = survey.read_bytes()
    survey.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(DataError, match=r"survey\.sav: (is damaged or not an SPSS file|rows after row)"):
        list(read_spss(str(survey)).records)


def test_without_the_package_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    (tmp_path / "a.sav").write_bytes(b"$FL2@(#)")
    result = invoke("init", tmp_path / "a.sav")
    assert result.exit_code == 1
    assert "pip install 'lstmcli[spss]', or export the data as CSV (UTF-8)" in result.stderr


def test_a_file_with_another_name_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"$FL2@(#) SPSS DATA FILE" + b"\0" * 200)
    advice = r"is an SPSS file, not text; read it with --format spss \(data\.format\), or name it \.sav"
    with pytest.raises(DataError, match=advice), open_records(str(tmp_path / "a.csv")) as source:
        list(source.records)
