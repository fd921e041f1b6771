"""Worker processes: what they import, and that they end silently with the process that started them."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcli.errors import LstmcliError, RunDirectoryError
from lstmcli.inference import processes
from lstmcli.inference.pool import ThisProcess
from lstmcli.inference.predictor import Predictor
from lstmcli.inference.processes import OtherProcesses
from lstmcli.inference.worker import portable
from lstmcli.store.model import read_model
from tests.conftest import PROJECT, Cli

PLANTED = ["json", "numpy", "pickle", "queue", "safetensors", "struct", "subprocess", "threading", "token", "typing"]


@pytest.fixture
def planted(folder: Path) -> Path:
    """The folder of the inputs, in which modules lie that leave PWNED when they are imported."""
    program = f"open({str(folder / 'PWNED')!r}, 'a').write(__name__)\n"
    for name in PLANTED:
        (folder / f"{name}.py").write_text(program)
    (folder / "lstmcli").mkdir()
    (folder / "lstmcli" / "__init__.py").write_text(program)
    return folder


@pytest.fixture
def pool(run_directory: Path) -> Iterator[OtherProcesses]:
    pool = OtherProcesses(run_directory, 2, 256)
    yield pool
    pool.close()


def test_a_prediction_imports_nothing_from_the_current_folder(planted: Path, cli: Cli) -> None:
    result = cli("predict", "RUN", "in.csv", "--jobs", "2", cwd=planted)
    assert result.returncode == 0, result.stderr
    assert not (planted / "PWNED").exists()


def test_python_m_does_not_prefer_modules_of_the_current_folder(planted: Path) -> None:
    for path in (planted / "lstmcli" / "__init__.py", planted / "typing.py"):
        path.unlink()  # Python itself looks for these there, before the first line of this package
    result = subprocess.run(
        [sys.executable, "-m", "lstmcli", "predict", "RUN", "in.csv", "--jobs", "2"],
        cwd=planted,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert not (planted / "PWNED").exists()


@pytest.mark.parametrize("entry", ["", ".", "FOLDER"])
def test_a_worker_ignores_the_current_folder_on_the_search_path(
    planted: Path, run_directory: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    entry = entry.replace("FOLDER", str(planted))
    monkeypatch.chdir(planted)
    monkeypatch.setenv("PYTHONPATH", f"{entry}{os.pathsep}{PROJECT}")
    monkeypatch.setattr(sys, "path", [entry, *sys.path])
    pool = OtherProcesses(run_directory, 1, 256)
    try:
        pool.submit(["so glad"])
        (found,) = pool.drain()
    finally:
        pool.close()
    (expected,) = ThisProcess(Predictor.open(run_directory, batch_size=256)).submit(["so glad"])
    assert np.array_equal(found.probabilities, expected.probabilities)
    assert not (planted / "PWNED").exists()


def test_absurd_numbers_of_processes_are_refused(folder: Path, cli: Cli) -> None:
    result = cli("predict", "RUN", "in.csv", "--jobs", "1000000000", cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert "1000000000 is not in the range 1<=x<=256" in result.stderr


def test_only_as_many_processes_start_as_there_are_blocks(pool: OtherProcesses) -> None:
    for _ in range(3):
        pool.submit(["so glad"])
        pool.drain()
    assert len(pool._processes) == 1


def test_a_process_that_cannot_be_started_is_one_error(pool: OtherProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    pool.submit(["so glad"])

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(processes.subprocess, "Popen", refuse)
    with pytest.raises(LstmcliError, match=r"worker process 2 of 2 can't be started \(Resource temporarily unav"):
        pool.submit(["so sad"])
    pool.close()
    assert [process.returncode is not None for process in pool._processes] == [True]


def test_what_a_worker_cannot_read_is_said_as_by_this_process(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError) as expected:
        read_model(tmp_path)
    pool = OtherProcesses(tmp_path, 1, 256)
    try:
        with pytest.raises(RunDirectoryError) as found:
            [pool.submit(["so glad " * 100_000]) for _ in range(processes.BLOCKS_PER_JOB + 1)]  # more than a pipe holds
    finally:
        pool.close()
    assert str(found.value) == str(expected.value)


def test_blocks_that_a_worker_gets_early_are_answered_in_order(pool: OtherProcesses) -> None:
    blocks = [["so glad"] * size for size in range(1, 9)]
    found = [answers for block in blocks for answers in pool.submit(block)]
    assert len(found) == len(blocks) - processes.BLOCKS_PER_JOB * len(pool._processes)
    assert [len(answers.probabilities) for answers in [*found, *pool.drain()]] == list(map(len, blocks))


class _UnportableError(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def test_an_unexpected_error_of_a_worker_says_where_it_happened() -> None:
    try:
        raise KeyError("vocabulary")
    except KeyError as error:
        notes: Any = pickle.loads(pickle.dumps(portable(error))).__notes__
    assert 'raise KeyError("vocabulary")' in notes[0]
    assert str(portable(_UnportableError("one", "two"))) == "_UnportableError: one two"


def test_a_worker_that_dies_while_it_answers_is_reported() -> None:
    answer = pickle.dumps(np.zeros(1000), protocol=5)[:-500]
    program = f"import sys; sys.stdout.buffer.write({answer!r})"
    with (
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process,
        pytest.raises(LstmcliError, match="exited unexpectedly"),
    ):
        processes._answer(process)


@pytest.mark.parametrize("sent", [b"", pickle.dumps(["so glad"] * 5, protocol=5)[:-4]], ids=["nothing", "half a block"])
def test_a_worker_is_silent_when_its_parent_is_gone(run_directory: Path, sent: bytes) -> None:
    result = subprocess.run(
        processes._command(run_directory, 256), input=sent, capture_output=True, check=False, timeout=600
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_worker_leaves_signals_to_its_parent_from_the_first_moment(pool: OtherProcesses, number: str) -> None:
    pool._start()
    os.kill(pool._processes[0].pid, getattr(signal, number))
    pool.submit(["so glad"])
    assert [len(answer.probabilities) for answer in pool.drain()] == [1]


# All processes get the signal, just after the second worker was asked for.
SIGNALLED_PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
number, started = int(sys.argv.pop(1)), []
def watch(event, arguments):
    if event == "subprocess.Popen":
        started.append(event)
        if len(started) == 2:
            os.killpg(0, number)
sys.addaudithook(watch)
from lstmcli.cli.main import main
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_workers_start_ends_all_with_one_line(run_directory: Path, number: str) -> None:
    command = [sys.executable, "-c", SIGNALLED_PROGRAM, str(int(getattr(signal, number)))]
    result = subprocess.run(
        [*command, "predict", str(run_directory), "--jobs", "2"],
        input="so glad\n" * 10_000,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        process_group=0,
        check=False,
    )
    assert (result.returncode, result.stderr) == (130, "interrupted\n")
