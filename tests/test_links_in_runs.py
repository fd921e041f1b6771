"""A run from a stranger may hold links: nothing outside it is changed through them."""

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import corpus_options, invoke, set_options

NAMES = ["history.jsonl", "metrics.json", "report.md", "report.html", "gradients.svg", ".owner.json", ".lock"]
FOLDERS = ["checkpoints", "checkpoints/last", "checkpoints/best", "model", "baselines"]


@pytest.fixture
def unfinished(run_directory: Path, tmp_path: Path) -> Path:
    run = Path(shutil.copytree(run_directory, tmp_path / "run"))
    (run / "metrics.json").unlink()
    return run


def contents(path: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in (path, *path.rglob("*")) if each.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_no_file_outside_is_written_through_a_link(unfinished: Path, corpus: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (unfinished / name).unlink(missing_ok=True)
    (unfinished / name).symlink_to(mine)
    test_file = set_options(f"data.test={corpus}/test.csv")
    for command in (["verify", unfinished], ["train", *corpus_options(corpus), *test_file, "--run-dir", unfinished]):
        for options in ([], ["--resume"], ["--overwrite"]) if command[0] == "train" else ([],):
            result = invoke(*command, *options)
            assert "Traceback" not in result.output
            assert (mine.read_text(), mine.is_symlink()) == ("mine", False)


@pytest.mark.parametrize("name", FOLDERS)
def test_no_folder_outside_is_written_through_a_link(unfinished: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (unfinished / name).rename(outside)
    (unfinished / name).symlink_to(outside)
    before = contents(outside)
    result = invoke("train", "--resume", "--run-dir", unfinished)
    assert result.exit_code == 1
    assert f"{unfinished / name}: is a link that leads out of the run" in result.stderr
    assert contents(outside) == before


@pytest.mark.parametrize("name", [*NAMES, *FOLDERS])
def test_a_link_to_itself_is_one_line_or_replaced(unfinished: Path, name: str) -> None:
    path = unfinished / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(path.name)
    result = invoke("train", "--resume", "--run-dir", unfinished)
    assert result.exit_code == 0 or (result.exit_code == 1 and f"error: {unfinished}" in result.stderr)


def test_an_output_that_is_a_link_to_itself_is_one_line(folder: Path) -> None:
    loop = folder / "out.csv"
    loop.symlink_to("out.csv")
    result = invoke("predict", folder / "RUN", folder / "in.txt", "--output", loop)
    assert (result.exit_code, result.stderr.count("error: ")) == (1, 1)
    assert str(loop) in result.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_baselines_that_are_no_folder_are_refused_and_not_waited_for(
    unfinished: Path, corpus: Path, run_directory: Path
) -> None:
    shutil.rmtree(unfinished / "baselines")
    os.mkfifo(unfinished / "baselines")
    result = invoke("evaluate", unfinished, corpus / "test.csv")
    assert (result.exit_code, f"error: {unfinished / 'baselines'}" in result.stderr) == (1, True)
    assert invoke("train", "--resume", "--run-dir", unfinished).exit_code == 0
    found, expected = (contents(run / "baselines") for run in (unfinished, run_directory))
    assert sorted(found.values()) == sorted(expected.values())
