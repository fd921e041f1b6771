"""Every block of shell commands in the documentation is run, or, where that would take long, read as the tool would."""

import gzip
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import lstmcli
from lstmcli.cli.commands import Commands
from tests.conftest import PROJECT, TEXTS, shell, write_csv

PATH = "/usr/bin:/bin"

CLOSED_PIPE = 141  # of a program that writes to a `head` that has ended

DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def blocks(kind: str) -> list[str]:
    """Blocks marked "sh" are run; those marked "bash" train, download or need files that a reader has."""
    return [
        block
        for document in DOCUMENTS
        for block in re.findall(rf"```{kind}\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    ]


BLOCKS = blocks("sh")


def commands() -> list[str]:
    """The calls of the tool in blocks that are not run."""
    lines = [line.strip() for block in blocks("bash") for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith("lstmcli ")]


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
    with gzip.open(folder / "comments.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.write('{"text": "so glad"}\n')
    (folder / "growing.log").touch()
    tool = folder / "lstmcli"  # xargs knows no shell functions
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m lstmcli "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    if shutil.which("sbatch", path=PATH) is None:  # what SLURM would do with an array, here and one after the other
        array = folder / "sbatch"
        array.write_text(
            '#!/bin/sh\nfor n in 1 2; do SLURM_ARRAY_TASK_ID=$n bash "$2" || exit; done\n', encoding="utf-8"
        )
        array.chmod(0o755)
    return folder


def test_the_function_for_spark_answers_a_partition(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    page = (PROJECT / "docs" / "scaling.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], names)
    frame = pd.read_csv("comments.csv")
    found = list(names["predict_partition"](iter([frame[:5], frame[5:]])))
    expected = lstmcli.load("runs/demo").predict(frame["text"].tolist())
    assert pd.concat(found)["prediction"].tolist() == expected


def test_spark_accepts_the_function(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = pytest.importorskip("pyspark.sql")
    monkeypatch.chdir(folder)
    page = (PROJECT / "docs" / "scaling.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], names)
    session = sql.SparkSession.builder.master("local[1]").getOrCreate()
    rows = session.createDataFrame([(1, "so glad"), (2, "so lonely")], "id long, text string")
    assert len(names["predict_frame"](rows).collect()) == 2


def test_there_are_recipes() -> None:
    assert len(BLOCKS) > 10


@pytest.mark.parametrize("block", BLOCKS, ids=[block[:60] for block in BLOCKS])
def test_a_recipe_runs_and_says_something(folder: Path, block: str) -> None:
    for tool in ("jq", "parallel", "sbatch"):
        if re.search(rf"\b{tool} ", block) and shutil.which(tool, path=f"{folder}:{PATH}") is None:
            pytest.skip(f"{tool} is not installed")
    result = shell(f"PATH={folder}:$PATH; {block}", folder)
    good = {0} | ({CLOSED_PIPE} if "head" in block else set())
    assert result.returncode in good, result.stderr
    assert "Traceback" not in result.stderr
    assert "error" not in result.stderr
    if "--output " in block:
        assert not list(folder.glob("*.part*"))
    else:
        assert result.stdout


@pytest.mark.parametrize("command", commands())
def test_a_command_that_is_not_run_has_no_wrong_option(command: str) -> None:
    _, name, *arguments = shlex.split(command, comments=True)
    context = Commands()[name].make_context(name, arguments)
    assert not context.args
