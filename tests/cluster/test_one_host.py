"""Processes on one host that are stopped, killed and started again."""

import re
import shutil
from pathlib import Path

import pytest

from tests.cluster.starting import quick_training, torchrun
from tests.conftest import Cli, set_options

# One process dies at the end of the second epoch, but not when torchrun has started both again.
KILLED = """
import os, signal, sys
from lstmcli.store.checkpoint import Checkpoints
from lstmcli.training.loop import EpochResult, Trainer

doomed = int(sys.argv.pop(1))
run = Trainer.run

def dying(self):
    for result in run(self):
        is_last = isinstance(result, EpochResult) and result.epoch == 2
        if is_last and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0" and int(os.environ["RANK"]) == doomed:
            os.kill(os.getpid(), signal.SIGKILL)
        yield result

Trainer.run = dying
from lstmcli.cli.main import main
main()
"""

# Process 1 alone is asked to end after the first epoch.
STOPPED = KILLED.replace("result.epoch == 2", "result.epoch == 1").replace("SIGKILL", "SIGTERM")

WRITTEN = "model/weights.safetensors", "checkpoints/last/state.safetensors", "checkpoints/best/average.safetensors"


@pytest.fixture(scope="module")
def options(corpus: Path) -> list[str]:
    return quick_training(corpus, "training.epochs=3", "training.patience=9")


@pytest.fixture(scope="module")
def uninterrupted(options: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shared") / "run"
    result = torchrun("-m", "lstmcli", "train", *options, "--run-dir", path)
    assert result.returncode == 0, result.stderr
    assert "process" not in result.stderr
    return path


def assert_same_model(run: Path, expected: Path) -> None:
    for name in WRITTEN:
        assert (run / name).read_bytes() == (expected / name).read_bytes(), name


@pytest.mark.parametrize("doomed", [0, 1])
def test_killed_processes_go_on_from_the_last_state_by_themselves(
    options: list[str], uninterrupted: Path, tmp_path: Path, doomed: int
) -> None:
    (tmp_path / "killed.py").write_text(KILLED)
    run = tmp_path / "run"
    result = torchrun("--max-restarts", 1, tmp_path / "killed.py", doomed, "train", *options, "--run-dir", run)
    assert result.returncode == 0, result.stderr
    assert re.search(rf"resume   {run}: from epoch [23], after 0 batches", result.stderr)
    assert "lost contact with another process" in result.stderr
    assert "Traceback" not in result.stderr
    assert_same_model(run, uninterrupted)


def test_a_request_to_one_process_stops_both_and_any_number_can_resume(
    options: list[str], uninterrupted: Path, tmp_path: Path, cli: Cli
) -> None:
    (tmp_path / "stopped.py").write_text(STOPPED)
    run, other = tmp_path / "run", tmp_path / "other"
    result = torchrun(tmp_path / "stopped.py", 1, "train", *options, "--run-dir", run)
    resume = f"torchrun --nproc-per-node 2 -m lstmcli train --resume --run-dir {run}"
    assert f"error: stopped in epoch 2 of 3; the state is saved. Resume with: {resume}" in result.stderr
    assert result.stderr.count("error: ") == 1
    assert "exitcode  : 130" in result.stderr
    shutil.copytree(run, other)

    resumed = torchrun("-m", "lstmcli", "train", "--resume", "--run-dir", run)
    assert resumed.returncode == 0, resumed.stderr
    assert "from epoch 2, after 1 batch" in resumed.stderr
    assert_same_model(run, uninterrupted)
    alone = cli("train", "--resume", "--run-dir", other)
    assert alone.returncode == 0, alone.stderr
    assert "from epoch 2, after 1 batch" in alone.stderr


def test_a_finished_run_is_left_alone(options: list[str], uninterrupted: Path) -> None:
    result = torchrun("-m", "lstmcli", "train", "--resume", *options, "--run-dir", uninterrupted)
    assert result.returncode == 0
    assert result.stderr == f"done     {uninterrupted}: already finished; nothing to resume\n"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("data.text=sentence", "no column 'sentence'"),
        ("data.train=NOWHERE", "NOWHERE"),
        ("training.device=cuda", "on CPUs only"),
    ],
)
def test_a_mistake_is_told_once(options: list[str], tmp_path: Path, setting: str, message: str) -> None:
    result = torchrun("-m", "lstmcli", "train", *options, *set_options(setting), "--run-dir", tmp_path / "run")
    assert result.returncode != 0
    assert result.stderr.count("error: ") == 1
    assert message in result.stderr
    assert not (tmp_path / "run").exists()


def test_an_ensemble_and_its_ngrams_are_trained_together(corpus: Path, tmp_path: Path) -> None:
    options = quick_training(
        corpus, "training.epochs=2", "training.ensemble=2", "ngrams.enabled=true", "training.engine=torch"
    )
    result = torchrun("-m", "lstmcli", "train", *options, "--run-dir", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run/checkpoints/network-2/best").exists()
