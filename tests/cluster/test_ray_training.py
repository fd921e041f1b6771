"""Training on Ray: a process is killed, a host is lost, a user presses Ctrl-C; the weights are those of torchrun."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cluster.namespaces import Host, needs_namespaces, two_hosts
from tests.cluster.ray_processes import (
    descendants,
    environment,
    lstmcli,
    needs_ray,
    ray_on,
    short_folder,
    start_ray,
    wait_for,
)
from tests.cluster.starting import quick_training, torchrun
from tests.conftest import history

# So many that the training is still going on when a test acts, also where the test has to wait for a processor.
NUM_EPOCHS = 60

WORKER = b"ray::RayTrainWorker"


@pytest.fixture(scope="module")
def options(corpus: Path) -> list[str]:
    return quick_training(corpus, f"training.epochs={NUM_EPOCHS}", "training.patience=1000")


@pytest.fixture(scope="module")
def uninterrupted(options: list[str], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("by-torchrun") / "run"
    result = torchrun("-m", "lstmcli", "train", *options, "--run-dir", path)
    assert result.returncode == 0, result.stderr
    return weights(path)


def weights(run: Path) -> bytes:
    return (run / "model/weights.safetensors").read_bytes()


def start(folder: Path, *arguments: object, command: str = "train") -> subprocess.Popen[str]:
    whole = lstmcli(command, *arguments, "--run-dir", "run", "--engine", "ray", "--ray-address", "local")
    return subprocess.Popen(
        whole, cwd=folder, env=environment(), text=True, stdout=-1, stderr=-1, start_new_session=True
    )


def has_epochs(run: Path, number: int) -> bool:
    return (run / "history.jsonl").exists() and len(history(run)) >= number


@needs_ray
def test_processes_that_are_killed_and_a_user_who_interrupts_change_no_weight(
    options: list[str], uninterrupted: bytes, tmp_path: Path
) -> None:
    process = start(tmp_path, *options)
    wait_for(lambda: has_epochs(tmp_path / "run", 3), process)
    os.kill(next(number for number, line in descendants(process.pid) if line.startswith(WORKER)), signal.SIGKILL)
    before = len(history(tmp_path / "run"))
    wait_for(lambda: len(history(tmp_path / "run")) > before + 3, process)
    os.killpg(process.pid, signal.SIGINT)
    output, messages = process.communicate()
    assert (process.returncode, output) == (130, ""), messages
    assert messages.count("note     a process or a host was lost; all 2 have started again\n") == 1
    assert messages.count("resume   run: from epoch ") == 1
    lines = messages.splitlines()
    assert lines[-1].startswith("error: stopped in epoch ")
    resume = "lstmcli train --resume --run-dir run --engine ray --ray-address local"
    assert lines[-1].endswith(f" of {NUM_EPOCHS}; the state is saved. Resume with: {resume}")
    assert "Traceback" not in messages

    process = start(tmp_path, "--resume")
    output, messages = process.communicate()
    assert process.returncode == 0, messages
    assert "Scores on " in output
    assert messages.splitlines()[-1].startswith("wrote    run ")
    assert weights(tmp_path / "run") == uninterrupted
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@needs_ray
def test_a_mistake_that_only_the_processes_find_is_told_once(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("text,label\nso glad,joy\nvery glad,joy\n")
    process = start(tmp_path, *options, "--set", "data.train=one.csv")
    output, messages = process.communicate()
    assert (process.returncode, output) == (1, "")
    assert messages.count("error: ") == 1
    assert "one.csv" in messages.splitlines()[-1]
    assert list(tmp_path.iterdir()) == [tmp_path / "one.csv"]


@needs_ray
def test_a_pretraining_needs_no_labels(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("".join(f"it rains again on day {day} of this month\n" for day in range(200)))
    settings = "pretraining.epochs=1", "embedding.size=16", "model.hidden_size=8"
    process = start(tmp_path, "texts.txt", *(part for each in settings for part in ("--set", each)), command="pretrain")
    output, messages = process.communicate()
    assert (process.returncode, output) == (0, ""), messages
    assert messages.splitlines()[-1].startswith("wrote    run ")
    assert len(history(tmp_path / "run")) == 1


@needs_ray
@needs_namespaces
def test_a_host_that_is_lost_is_replaced_by_another(options: list[str], uninterrupted: bytes, tmp_path: Path) -> None:
    with two_hosts() as hosts, ray_on(hosts) as (address, variables), short_folder() as folder:
        first, second = hosts
        command = lstmcli("train", *options, "--run-dir", "run", "--engine", "ray", "--ray-address", address)
        process = first.start(*command, cwd=tmp_path, env=variables, text=True, stdout=-1, stderr=-1)
        wait_for(lambda: has_epochs(tmp_path / "run", 3), process)
        assert len(workers(first)) == len(workers(second)) == 1
        for number in second.processes():
            os.kill(number, signal.SIGKILL)
        again = start_ray(second, folder, variables, at=first)
        output, messages = process.communicate()
        assert process.returncode == 0, messages
        assert "note     a process or a host was lost; all 2 have started again\n" in messages
        assert messages.splitlines()[-1].startswith("wrote    run ")
        assert "Scores on " in output
    again.wait()
    assert weights(tmp_path / "run") == uninterrupted


def workers(host: Host) -> list[int]:
    lines = {number: Path(f"/proc/{number}/cmdline") for number in host.processes()}
    return [number for number, path in lines.items() if path.exists() and path.read_bytes().startswith(WORKER)]
