"""Large predictions: the same bytes from one process or several, from a file or a pipe, in any batch."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import IO

import numpy as np
import pytest

from lstmcli.errors import LstmcliError
from lstmcli.inference import processes
from lstmcli.inference.processes import OtherProcesses
from lstmcli.recipes.predict import BLOCK_ROWS
from tests.conftest import PROJECT, Cli, write_csv

WORDS = [
    "i",
    "feel",
    "glad",
    "lonely",
    "furious",
    "again",
    "today",
    "😂",
    "שלום",
    "\x00",
    "n e v e r",
    '"quoted"',
    "a\nb",
]


@pytest.fixture(scope="module")
def many(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with RUN and in.csv, more rows than two blocks, of all kinds of texts."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "RUN").symlink_to(run_directory)
    generator = np.random.default_rng(3)
    texts = [" ".join(generator.choice(WORDS, size=generator.integers(0, 25))) for _ in range(2 * BLOCK_ROWS + 7)]
    texts[5:9] = ["", "glad " * 3000, texts[0], "unseen " * 400]
    write_csv(folder / "in.csv", ["id", "text"], [[str(number), text] for number, text in enumerate(texts)])
    return folder


@pytest.fixture(scope="module")
def expected(many: Path, cli: Cli) -> str:
    result = cli("predict", "RUN", "in.csv", "--probabilities", cwd=many)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_every_row_comes_back_in_its_place(many: Path, expected: str) -> None:
    given = list(csv.reader(io.StringIO((many / "in.csv").read_text(encoding="utf-8"), newline="")))
    found = list(csv.reader(io.StringIO(expected, newline="")))
    assert [row[:2] for row in found] == given
    assert {len(row) for row in found} == {len(given[0]) + 5}


@pytest.mark.parametrize("options", [["--jobs", "2"], ["--jobs", "3", "--batch-size", "50"], ["--batch-size", "1000"]])
def test_the_output_does_not_depend_on_processes_and_batches(
    many: Path, cli: Cli, expected: str, options: list[str]
) -> None:
    assert cli("predict", "RUN", "in.csv", "--probabilities", *options, cwd=many).stdout == expected


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_output_does_not_depend_on_how_a_pipe_delivers(many: Path, expected: str, jobs: str) -> None:
    command = [sys.executable, "-m", "lstmcli", "predict", "RUN", "-f", "csv", "--probabilities", "--jobs", jobs]
    content = (many / "in.csv").read_bytes()
    with subprocess.Popen(
        command, cwd=many, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        writer = Thread(target=write_slowly, args=(process.stdin, content))
        writer.start()
        output = process.stdout.read()
        writer.join()
    assert output.decode() == expected


def write_slowly(stream: IO[bytes], content: bytes) -> None:
    size = len(content) // 5
    for start in range(0, len(content), size):
        stream.write(content[start : start + size])
        stream.flush()
        time.sleep(0.2)  # so that a part of a line is all that has come
    stream.close()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT)}


def test_a_killed_prediction_leaves_no_process_behind(many: Path) -> None:
    command = [sys.executable, "-m", "lstmcli", "predict", "RUN", "--jobs", "2"]
    with subprocess.Popen(
        command, cwd=many, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), process_group=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"so glad\n")
        process.stdin.flush()
        process.stdout.readline()
        process.kill()
        process.wait()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.05)
        else:
            os.killpg(process.pid, signal.SIGKILL)
            pytest.fail("processes outlive the one that started them")


def test_a_process_that_dies_is_reported(run_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.sys, "executable", "false")
    pool = OtherProcesses(run_directory, 1, 256)
    try:
        with pytest.raises(LstmcliError, match=r"ended by itself \(exit code 1\)"):
            [pool.submit(["so glad"]) for _ in range(2)]
    finally:
        pool.close()
