"""`lstmcli verify`: all that is damaged is found, and nothing else."""

import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lstmcli.cli.main import app


def verify(*runs: Path) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, ["verify", *map(str, runs)])
    return result.exit_code, result.stdout.splitlines(), result.stderr


@pytest.fixture
def run(run_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run_directory, tmp_path / "run"))


def test_an_undamaged_run_is_ok(run: Path) -> None:
    code, lines, stderr = verify(run, run / "model")
    assert (code, stderr) == (0, "")
    assert all(line.startswith("ok ") for line in lines)
    assert [Path(line.split()[1].rstrip(":")).relative_to(run).as_posix() for line in lines] == [
        ".", "model", "baselines", "seen_texts", "checkpoints/last", "checkpoints/best", "model",
    ]  # fmt: skip


def test_every_damaged_file_is_named(run: Path) -> None:
    folders = ("model", "baselines", "seen_texts", "checkpoints/last", "checkpoints/best")
    sealed = [path for folder in folders for path in sorted((run / folder).iterdir())]
    assert len(sealed) == 22
    for path in [*sealed, run / "config.yaml"]:
        content = path.read_bytes()
        for damaged in (content[:-7], bytes([*content[:-7], content[-7] ^ 4, *content[-6:]])):
            path.write_bytes(damaged)
            code, lines, stderr = verify(run)
            assert code == 1
            named = path.parent if path.name == "checksums.json" else f"{path}: "
            assert next(line for line in lines if line.startswith("damaged")).startswith(f"damaged  {named}")
            assert "Restore what is damaged from a copy, or train again" in stderr
        path.write_bytes(content)
    assert verify(run)[0] == 0


@pytest.mark.parametrize("folder", ["model", "baselines", "checkpoints/last", "checkpoints/best"])
def test_checksums_that_are_missing_are_noticed_in_every_folder(run: Path, folder: str) -> None:
    (run / folder / "checksums.json").unlink()
    code, lines, _ = verify(run)
    assert code == 1
    assert f"damaged  {run / folder}/checksums.json: is missing" in lines


@pytest.mark.parametrize("name", ["metrics.json", "history.jsonl"])
def test_a_report_that_can_no_longer_be_parsed_is_named(run: Path, name: str) -> None:
    (run / name).write_text("{half", encoding="utf-8")
    code, lines, _ = verify(run)
    assert code == 1
    assert lines[0].startswith(f"damaged  {run / name}: can't be used (")


def test_all_damage_is_told_at_once(run: Path) -> None:
    for name in ("ngrams.npy", "vocabulary.txt"):
        os.truncate(run / "model" / name, 10)
    (run / "checkpoints" / "last" / "progress.json").unlink()
    code, lines, stderr = verify(run)
    assert code == 1
    assert sum(line.startswith("damaged") for line in lines) == 3
    assert "found 3 problems" in stderr


def test_what_is_not_a_run_is_named(tmp_path: Path) -> None:
    code, _, stderr = verify(tmp_path)
    assert code == 1
    assert stderr == f"error: {tmp_path}: is neither a run directory nor a model folder.\n"
