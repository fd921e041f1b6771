"""Large predictions: the same bytes from one process or several, from a file or a pipe, in any batch."""

import csv
import fcntl
import io
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
import zlib
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from lstmcli.data.file_output import MARK_ROWS
from lstmcli.data.marks import Mark
from lstmcli.errors import LstmcliError
from lstmcli.inference import processes
from lstmcli.inference.processes import OtherProcesses
from lstmcli.inference.rows import BLOCK_ROWS
from lstmcli.reports.row_progress import RowProgress
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
    """A folder with RUN and in.csv, more rows than three blocks, of all kinds of texts."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "RUN").symlink_to(run_directory)
    generator = np.random.default_rng(3)
    texts = [" ".join(generator.choice(WORDS, size=generator.integers(0, 25))) for _ in range(3 * BLOCK_ROWS + 7)]
    texts[5:9] = ["", "glad " * 3000, texts[0], "unseen " * 400]
    write_csv(folder / "in.csv", ["id", "text"], [[str(number), text] for number, text in enumerate(texts)])
    return folder


@pytest.fixture(scope="module")
def expected(many: Path, cli: Cli) -> str:
    result = cli("predict", "RUN", "in.csv", "--probabilities", cwd=many)
    assert result.returncode == 3  # some texts are blank
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
    command = [sys.executable, "-P", "-m", "lstmcli", "predict", "RUN", "-f", "csv", "--probabilities", "--jobs", jobs]
    content = (many / "in.csv").read_bytes()
    reading, writing = os.pipe()
    with subprocess.Popen(
        command, cwd=many, stdin=reading, stdout=subprocess.PIPE, env=environment(), close_fds=True
    ) as process:
        assert process.stdout is not None
        writer = Thread(target=write_in_parts, args=(process, reading, writing, content))
        writer.start()
        output = process.stdout.read()
        writer.join()
    assert output.decode() == expected


def write_in_parts(process: subprocess.Popen[bytes], reading: int, writing: int, content: bytes) -> None:
    """Write a part when the process has read all that came before, so that a part of a line is all that it has."""
    size = 50_001  # below what a pipe holds, so that this never waits for a process that has died
    with os.fdopen(writing, "wb") as stream:
        for start in range(0, len(content), size):
            stream.write(content[start : start + size])
            stream.flush()
            while num_unread(reading) and process.poll() is None:
                time.sleep(0.002)
    os.close(reading)


def num_unread(pipe: int) -> int:
    """Return the number of bytes in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT)}


def test_a_killed_prediction_leaves_no_process_behind(many: Path) -> None:
    command = [sys.executable, "-P", "-m", "lstmcli", "predict", "RUN", "--jobs", "2"]
    # Whatever a process starts gets its stderr, so that this pipe ends with the last of them.
    with subprocess.Popen(
        command,
        cwd=many,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"so glad\n")
        process.stdin.flush()
        process.stdout.readline()
        process.kill()
        process.wait()
        process.stderr.read()  # waits for ever for a process that outlives the one that started it


def test_a_process_that_dies_is_reported(run_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.sys, "executable", "false")
    pool = OtherProcesses(run_directory, 1, 256)
    try:
        with pytest.raises(LstmcliError, match=r"exited unexpectedly \(exit code 1\)"):
            [*pool.submit(["so glad"]), *pool.drain()]
    finally:
        pool.close()


def started(many: Path, *arguments: object) -> subprocess.Popen[bytes]:
    """Start a prediction of CSV rows from a pipe. It can't end before the pipe is closed, however fast it is."""
    # A shell's background jobs, and all that they start, ignore Ctrl-C: here it must count.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from lstmcli.cli.main import main; main()"
    )
    command = [sys.executable, "-c", program, "predict", "RUN", "-f", "csv", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=many, env=environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )


def wait_for_mark(process: subprocess.Popen[bytes], mark: Path, num_rows: int) -> None:
    """Wait until so many rows are marked as written."""
    while not mark.exists() or json.loads(mark.read_text())["written_rows"] < num_rows:
        assert process.poll() is None, "ended too early"
        time.sleep(0.002)


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_a_killed_prediction_goes_on_without_repeating_or_losing_a_row(
    many: Path, cli: Cli, name: str, tmp_path: Path
) -> None:
    content = (many / "in.csv").read_bytes()
    options = ["predict", "RUN", "-f", "csv", "--probabilities", "-o"]
    assert cli(*options, tmp_path / f"whole-{name}", stdin=content, cwd=many).returncode == 3
    part, mark = tmp_path / f"{name}.part", tmp_path / f"{name}.part.json"
    for wanted in (1, 2):  # killed after the first mark, then after the second
        with started(many, "--probabilities", "-o", tmp_path / name, "--resume") as process:
            assert process.stdin is not None
            process.stdin.write(content[:-1])
            wait_for_mark(process, mark, wanted * MARK_ROWS)
            process.kill()
        assert part.exists()
        with part.open("ab") as stream:
            stream.write(b"half a ro")  # as a kill in the middle of a write leaves it
    result = cli(*options, tmp_path / name, "--resume", stdin=content, cwd=many)
    assert result.returncode == 3, result.stderr
    assert (tmp_path / name).read_bytes() == (tmp_path / f"whole-{name}").read_bytes()
    assert not part.exists()
    assert not mark.exists()


def test_only_the_same_job_goes_on(many: Path, cli: Cli, tmp_path: Path) -> None:
    part = tmp_path / "out.csv.part"
    part.write_bytes(b"text")
    mark = Mark("other", MARK_ROWS, MARK_ROWS, 4, zlib.crc32(b"text"), part.stat().st_ino)
    (tmp_path / "out.csv.part.json").write_text(mark.to_json())
    result = cli("predict", "RUN", "in.csv", "-o", tmp_path / "out.csv", "--resume", cwd=many)
    assert result.returncode == 1
    assert "was begun with another model, input or options" in result.stderr
    assert (tmp_path / "out.csv.part").read_bytes() == b"text"
    (tmp_path / "out.csv.part.json").write_text("{")
    assert "is damaged" in cli("predict", "RUN", "in.csv", "-o", tmp_path / "out.csv", "--resume", cwd=many).stderr
    assert cli("predict", "RUN", "in.csv", "--resume", cwd=many).returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_one_line_that_says_how_to_go_on(many: Path, tmp_path: Path, number: int) -> None:
    with started(many, "-o", tmp_path / "out.csv") as process:
        assert process.stdin is not None
        process.stdin.write((many / "in.csv").read_bytes()[:-1])
        wait_for_mark(process, tmp_path / "out.csv.part.json", MARK_ROWS)
        process.send_signal(number)
        assert process.stderr is not None
        message = process.stderr.read().decode()
    assert process.returncode == 130
    assert "the same command with --resume goes on" in message
    assert len(message.splitlines()) == 1


def test_two_processes_never_write_one_file(many: Path, cli: Cli, tmp_path: Path) -> None:
    part = tmp_path / "out.csv.part"
    with started(many, "-o", tmp_path / "out.csv") as process:
        assert process.stdin is not None
        process.stdin.write(b"text\nso glad\n")
        while not part.exists() or not part.stat().st_size:  # what has written has claimed the file before
            assert process.poll() is None, "ended too early"
            time.sleep(0.002)
        result = cli("predict", "RUN", "-f", "csv", "-o", tmp_path / "out.csv", stdin="text\nlonely\n", cwd=many)
        assert "is being written by another process" in result.stderr
        process.stdin.write(b"so glad\n")
        process.stdin.close()
    assert [line.split(",")[1] for line in (tmp_path / "out.csv").read_text().splitlines()] == [
        "prediction",
        "joy",
        "joy",
    ]


def test_progress_goes_to_stderr_and_changes_no_row(many: Path, cli: Cli, expected: str) -> None:
    result = cli("predict", "RUN", "in.csv", "--probabilities", "--progress", cwd=many)
    assert result.stdout == expected
    assert re.fullmatch(
        rf"progress {3 * BLOCK_ROWS + 7:,} rows in [0-9.,]+ s, [0-9,]+ rows/s", result.stderr.splitlines()[-1]
    )


@pytest.mark.skipif(os.name == "nt", reason="needs the resources that a child used")
def test_memory_does_not_grow_with_long_rows(many: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,text\n" + "".join(f"{'x' * 2**20},so glad\n" for _ in range(200)))
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-m", "lstmcli", "predict", "RUN", str(tmp_path / "in.csv")]
    found = subprocess.run(
        [sys.executable, "-c", program, *command], cwd=many, env=environment(), capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    megabytes = int(found.stdout) / (2**20 if sys.platform == "darwin" else 2**10)
    assert megabytes < 150  # of 200 megabytes of rows, besides what every prediction needs


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_every_line_can_be_answered_before_the_next_is_read(many: Path, cli: Cli, jobs: str) -> None:
    lines = "so glad\n\nlonely again\n" * 5
    plain = cli("predict", "RUN", stdin=lines, cwd=many)
    assert cli("predict", "RUN", "--line-buffered", "--jobs", jobs, stdin=lines, cwd=many).stdout == plain.stdout


@pytest.mark.parametrize(("is_terminal", "end", "seconds"), [(True, "\r", [1.0, 2.0]), (False, "\n", [10.0])])
def test_progress_is_told_now_and_then(is_terminal: bool, end: str, seconds: list[float]) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: is_terminal  # type: ignore[method-assign]
    times = iter([0.0, 0.5, *seconds, seconds[-1] + 0.5, seconds[-1] + 2.0])
    progress = RowProgress(stream, clock=lambda: next(times))
    for _ in range(2 + len(seconds)):
        progress.done(100)
    progress.finish()
    told = [
        f"progress {100 * (n + 2)} rows in {at:.1f} s, {100 * (n + 2) / at:,.0f} rows/s" for n, at in enumerate(seconds)
    ]
    rows, last = 100 * (2 + len(seconds)), seconds[-1] + 2.0
    whole = f"progress {rows} rows in {last:.1f} s, {rows / last:,.0f} rows/s\n"
    assert stream.getvalue() == "".join(line + end for line in told) + whole


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_keeps_what_was_written_and_says_how_to_go_on(
    many: Path, tmp_path: Path, cli: Cli, expected: str, jobs: int
) -> None:
    out = tmp_path / "out.csv"
    arguments = ["predict", "RUN", "in.csv", "--probabilities", "-o", str(out), "--jobs", str(jobs)]
    num_bytes = len(expected.encode())

    def limited(size: int) -> subprocess.CompletedProcess[str]:
        program = (
            f"import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}));"
            "runpy.run_module('lstmcli', run_name='__main__')"
        )
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.run(command, cwd=many, env=environment(), capture_output=True, text=True)

    found = limited(num_bytes // 2)
    assert found.returncode == 1
    assert re.fullmatch(
        rf"error: {re.escape(str(out))}\.part: File too large; [0-9,]+ rows written to .*; the same command with "
        "--resume goes on\\.\n",
        found.stderr,
    )
    assert not out.exists()
    assert cli(*arguments, "--resume", cwd=many).returncode == 3
    assert out.read_bytes().decode() == expected
    out.unlink()
    found = limited(1000)
    assert (found.returncode, found.stderr) == (1, f"error: {out}: File too large.\n")
    assert list(tmp_path.iterdir()) == []
