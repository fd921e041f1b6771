"""Every block of docs/pipelines.md is run."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT, TEXTS, shell, write_csv

CLOSED_PIPE = 141  # of a program that writes to a `head` that has ended
TIMED_OUT = 124

BLOCKS = re.findall(r"```sh\n(.*?)```", (PROJECT / "docs" / "pipelines.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def folder(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "runs").mkdir()
    (folder / "runs" / "demo").symlink_to(run_directory)
    (folder / "labelled").mkdir()
    texts = [*TEXTS, "so angry, furious again", "glad"] * 3
    (folder / "lines.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    for name in ("comments.csv", "part-1.csv", "part-2.csv"):
        write_csv(folder / name, ["id", "text"], [[str(number), text] for number, text in enumerate(texts)])
    (folder / "comments.jsonl").write_text('{"text": "so glad", "id": 1}\n{"text": "so lonely"}\n', encoding="utf-8")
    (folder / "growing.log").touch()
    tool = folder / "lstmcli"  # xargs knows no shell functions
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lstmcli "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    return folder


def test_there_are_recipes() -> None:
    assert len(BLOCKS) > 10


@pytest.mark.parametrize("block", BLOCKS, ids=[block[:60] for block in BLOCKS])
def test_a_recipe_runs_and_says_something(folder: Path, block: str) -> None:
    if "jq " in block and shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    result = shell(f"PATH={folder}:$PATH; {block}", folder)
    good = {0} | ({CLOSED_PIPE} if "head" in block else set()) | ({TIMED_OUT} if "timeout" in block else set())
    assert result.returncode in good, result.stderr
    assert "Traceback" not in result.stderr
    assert "error" not in result.stderr
    if "--output " in block:
        assert not list(folder.glob("*.part*"))
    else:
        assert result.stdout
