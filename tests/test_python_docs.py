"""Every block of docs/python.md is run, in order, in one program."""

import re
from pathlib import Path

import pytest

from tests.conftest import PROJECT, TEXTS, write_csv

PAGE = (PROJECT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(run_directory: Path, tmp_path: Path) -> Path:
    """A folder with what the page names."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "demo").symlink_to(run_directory)
    (tmp_path / "lines.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    write_csv(tmp_path / "comments.csv", ["id", "text"], [[str(number), text] for number, text in enumerate(TEXTS)])
    return tmp_path


def test_the_examples_run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert capsys.readouterr().out == "runs/no-such-run: no such run directory. `lstmcli train` writes one.\n"
    assert names["answers"] == [["joy"], ["sadness"]]
    labelled = (folder / "labelled.csv").read_text(encoding="utf-8").splitlines()
    assert labelled[0] == "id,text,emotion,anger,joy,sadness"
    assert labelled[1].startswith("0,i feel glad about it,joy,")
