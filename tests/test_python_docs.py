"""Every block of docs/python.md is run, in order, in one program."""

import re
from pathlib import Path
from typing import Any

import pytest

import lstmcli
from lstmcli.config import loading
from tests.conftest import PROJECT, TEXTS, feeling_rows, write_csv

PAGE = (PROJECT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


# A model as small as this is all that the tests of these examples need.
CHEAP = {
    "embedding.size": 8,
    "model.hidden_size": 5,
    "training.epochs": 2,
    "pretraining.epochs": 1,
    "evaluation.bootstrap_samples": 100,
}


@pytest.fixture
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    original = loading.config_from
    monkeypatch.setattr(loading, "config_from", lambda settings, **options: original({**settings, **CHEAP}, **options))


@pytest.fixture
def folder(run_directory: Path, tmp_path: Path) -> Path:
    """A folder with what the page names."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "demo").symlink_to(run_directory)
    (tmp_path / "lines.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    write_csv(tmp_path / "comments.csv", ["id", "text"], [[str(number), text] for number, text in enumerate(TEXTS)])
    write_csv(tmp_path / "reviews.csv", ["text", "mood"], feeling_rows(3))
    return tmp_path


@pytest.mark.usefixtures("_cheap")
def test_the_examples_run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(block, "docs/python.md", "exec"), names)
    first, *epochs = capsys.readouterr().out.splitlines()
    assert first == "runs/no-such-run: no such run directory. `lstmcli train` writes one."
    assert [line.split(":")[0] for line in epochs] == ["epoch 1 of 1", "epoch 1 of 2", "epoch 2 of 2"]
    assert names["answers"] == [["joy"], ["sadness"]]
    labelled = (folder / "labelled.csv").read_text(encoding="utf-8").splitlines()
    assert labelled[0] == "id,text,emotion,anger,joy,sadness"
    assert labelled[1].startswith("0,i feel glad about it,joy,")
    assert {path.name for path in (folder / "runs").iterdir()} == {"demo", "reviews", "memory", "stopped", "exported"}
    whole, stopped = (lstmcli.load(folder / "runs" / name).predict_proba(TEXTS) for name in ("reviews", "stopped"))
    assert whole.tobytes() == stopped.tobytes()
    assert names["search"].best_params_["lstmclassifier__hidden_size"] in {40, 80}
