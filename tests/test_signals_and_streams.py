"""What ends the command line from outside, and what it does without standard streams."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from lstmcli.cli.long_running import SignalStop, long_running
from lstmcli.data.file_output import MARK_ROWS
from lstmcli.store.run import RunDirectory
from tests.conftest import PROJECT, shell

# A signal comes from the process itself, when it opens a file of this name.
SIGNALLED_PROGRAM = """
import os, signal, sys
number, name, waiting = int(sys.argv.pop(1)), sys.argv.pop(1), [True]
def watch(event, arguments):
    if waiting and event == "open" and str(arguments[0]).endswith(name):
        waiting.clear()
        os.kill(os.getpid(), number)
sys.addaudithook(watch)
from lstmcli.cli.main import main
main()
"""


def signalled(number: int, name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SIGNALLED_PROGRAM, str(number), name, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_what_asks_a_command_to_end_does_what_ctrl_c_does(
    run_directory: Path, corpus: Path, command: str, number: int
) -> None:
    result = signalled(number, "test.csv", command, run_directory, corpus / "test.csv")
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "interrupted\n")


def test_ctrl_c_while_the_command_line_is_loaded_leaves_no_traceback() -> None:
    program = SIGNALLED_PROGRAM.replace("lstmcli.cli.main", "lstmcli.__main__")
    program = program.replace("number, name", "signal.signal(2, signal.default_int_handler); number, name", 1)
    module = f"commands.{sys.implementation.cache_tag}.pyc"
    command = [sys.executable, "-c", program, str(int(signal.SIGINT)), module, "--help"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=PROJECT)
    assert process.communicate() == (b"", b"")
    assert process.returncode == -signal.SIGINT


def test_a_signal_that_is_ignored_stays_ignored(folder: Path) -> None:
    result = shell("trap '' HUP; lstmcli predict RUN in.txt & kill -HUP $!; wait $!", folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == shell("lstmcli predict RUN in.txt", folder).stdout


def test_a_training_heeds_what_is_not_ignored(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with long_running(RunDirectory(tmp_path), "resume") as (_, stop):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) == stop.notice
    finally:
        signal.signal(signal.SIGHUP, before)


def test_only_ctrl_c_interrupts_a_training_that_is_about_to_stop() -> None:
    stop = SignalStop()
    with stop.deferred():
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):  # as the system and a shell send them
            stop.notice(number, None)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            stop.notice(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt):
        stop.notice(signal.SIGHUP, None)


def test_the_end_of_the_terminal_leaves_a_prediction_that_can_be_resumed(folder: Path) -> None:
    terminal, theirs = os.openpty()

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    command = [sys.executable, "-P", "-m", "lstmcli", "predict", "RUN", "-o", "out.txt", "--format", "text"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stderr=theirs,
        preexec_fn=own_terminal,  # no threads run here
    ) as process:
        os.close(theirs)
        assert process.stdin is not None
        process.stdin.write(b"so glad\n" * (MARK_ROWS + 1))
        process.stdin.flush()
        while not (folder / "out.txt.part.json").exists() or b'"written_rows": 2048' not in (
            (folder / "out.txt.part.json").read_bytes()
        ):
            assert process.poll() is None, "ended too early"
            time.sleep(0.002)
        os.close(terminal)
    assert process.returncode == 130
    assert (folder / "out.txt.part").exists()


CLOSED = [
    # what is closed, command, exit code, what stderr says
    ("<&-", "predict RUN", 1, "error: standard input is closed; name a file.\n"),
    ("<&-", "predict RUN in.txt", 0, ""),
    ("<&-", "evaluate RUN - --format csv", 1, "error: standard input is closed; name a file.\n"),
    ("<&-", "pretrain - --run-dir new", 1, "error: standard input is closed; name a file.\n"),
    (">&-", "predict RUN in.txt", 1, "error: standard output is closed; name a file with --output.\n"),
    (">&-", "predict RUN in.txt -o out.txt", 0, ""),
    (">&-", "evaluate RUN test.csv", 1, "error: standard output is closed; name a folder for the results with "),
    (">&-", "evaluate RUN test.csv --output new --quiet --no-baselines", 0, ""),
    (">&-", "config", 1, "error: standard output is closed; redirect it to a file.\n"),
    (">&-", "info RUN", 1, "error: standard output is closed; redirect it to a file.\n"),
    (">&-", "inspect RUN --text glad", 1, "error: standard output is closed; redirect it to a file.\n"),
    (">&-", "page RUN --output -", 1, "error: standard output is closed; redirect it to a file.\n"),
    (">&-", "check test.csv", 1, "error: standard output is closed; redirect it to a file.\n"),
    (">&-", "init test.csv --output -", 1, "error: standard output is closed; redirect it to a file.\n"),
    (">&-", "--help", 0, ""),
    (">&-", "--version", 0, ""),
    ("2>&-", "predict RUN gone.txt", 1, ""),
    ("2>&-", "predict RUN in.txt --progress --jobs 2", 0, ""),
    ("2>&-", "evaluate RUN test.csv --no-baselines", 0, ""),
    ("2>&-", "predict RUN --no-such-option", 2, ""),
    ("<&- >&- 2>&-", "predict RUN in.txt -o out.txt", 0, ""),
    ("<&- >&- 2>&-", "predict RUN in.txt", 1, ""),
]


@pytest.mark.parametrize(("closed", "command", "exit_code", "message"), CLOSED)
def test_closed_standard_streams_are_no_reason_for_a_traceback(
    folder: Path, corpus: Path, closed: str, command: str, exit_code: int, message: str
) -> None:
    (folder / "test.csv").write_bytes((corpus / "test.csv").read_bytes())
    result = shell(f"lstmcli {command} {closed}", folder)
    assert result.returncode == exit_code, result.stderr
    assert result.stderr.startswith(message)
    assert bool(result.stderr) == bool(message)


@pytest.mark.parametrize("options", [[], ["--jobs", "2"]])
def test_no_message_goes_into_a_file_that_takes_the_number_of_a_closed_stream(
    folder: Path, options: Sequence[str]
) -> None:
    (folder / "bad.csv").write_text("text,id\nso glad,1\nbroken\n", encoding="utf-8")
    command = f"lstmcli predict RUN bad.csv --progress {' '.join(options)}"
    expected = shell(f"{command} 2> notes", folder)
    assert expected.returncode == 3
    assert shell(f"{command} -o out.csv <&- >&- 2>&-", folder).returncode == 3
    assert (folder / "out.csv").read_text(encoding="utf-8") == expected.stdout


def test_a_training_without_standard_streams_ends_well(folder: Path, corpus: Path) -> None:
    options = "--set training.epochs=1 --set pretraining.own_texts=false --set evaluation.baselines=false"
    result = shell(f"lstmcli train {corpus}/train.csv {options} --run-dir new <&- >&- 2>&-", folder)
    assert result.returncode == 0
    assert (folder / "new" / "metrics.json").exists()


def test_a_training_whose_progress_nobody_reads_fails_and_can_be_resumed(folder: Path, corpus: Path) -> None:
    # The reader of standard error goes when the command replaces its first checkpoint.
    lose_reader = "(reader, writer) = os.pipe(); os.close(reader); os.dup2(writer, 2)"
    program = SIGNALLED_PROGRAM.replace("os.kill(os.getpid(), number)", lose_reader)
    program = program.replace('event == "open"', 'event == "os.rename"')
    options = "training.epochs=2 pretraining.own_texts=false evaluation.baselines=false"
    command = ["train", f"{corpus}/train.csv", *(f"--set={option}" for option in options.split())]

    def trained(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-c", program, "0", "checkpoints/last", *arguments]
        return subprocess.run(call, capture_output=True, text=True, cwd=folder, env={"PYTHONPATH": str(PROJECT)})

    cut = trained(program, *command, "--run-dir=cut")
    assert (cut.returncode, cut.stdout) == (1, "")
    assert not (folder / "cut" / "metrics.json").exists()
    undisturbed = SIGNALLED_PROGRAM.replace("waiting and", "False and")
    assert trained(undisturbed, "train", "--resume", "--run-dir=cut").returncode == 0
    assert trained(undisturbed, *command, "--run-dir=whole").returncode == 0
    for name in ("weights.safetensors", "model.json"):
        assert (folder / "cut" / "model" / name).read_bytes() == (folder / "whole" / "model" / name).read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("command", ["--help", "--version", "predict --help", "config", "predict RUN in.txt"])
def test_a_full_disk_is_one_line(folder: Path, command: str) -> None:
    result = shell(f"lstmcli {command} > /dev/full", folder)
    assert (result.returncode, result.stderr) == (1, "error: No space left on device.\n")


def test_an_error_that_cannot_be_told_keeps_its_exit_code(folder: Path) -> None:
    assert shell("lstmcli predict gone in.txt 2> /dev/full", folder).returncode == 1
