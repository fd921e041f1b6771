"""What many tests share: small corpora, a small trained run, and the command line as users start it."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings
from typer.testing import CliRunner

from lstmcli.cli.main import app

PROJECT = Path(__file__).parent.parent

# Processes that tests start run this code too, wherever they start and whatever is installed. Nothing that the caller's
# terminal prefers may change what they print.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
for name in ("COLUMNS", "FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(name, None)

# Under nohup, SIGHUP is ignored, and programs that tests start would inherit that; they inherit no handler.
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)

# Examples that are drawn anew find more on a developer's machine; an automatic check must not differ from run to run.
# No test may fail because a machine is slow.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("developer", UNTIMED)
settings.register_profile("ci", UNTIMED, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")

# Fixtures that train or start other processes, which takes seconds.
SLOW_FIXTURES = {"corpus", "folder", "western"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--in-process",
        metavar="FOLDER",
        type=Path,
        help="run the tool in this process, with a model that is kept in FOLDER, and leave out tests that train; for "
        "`make mutants`, which can only see what happens here",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--in-process") is not None:
        slow = [item for item in items if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


# One line a text: a few words decide the label, so that a tiny network learns it in seconds.
OPENINGS = ["today", "this morning", "honestly", "well", "after the game", "at home", "on the train", "again"]
FEELINGS = {
    "joy": ["happy", "glad", "delighted", "cheerful"],
    "sadness": ["sad", "lonely", "gloomy", "tearful"],
    "anger": ["angry", "furious", "annoyed", "livid"],
}

FAST = [
    "embedding.size=16",
    "model.hidden_size=8",
    "training.epochs=6",
    "training.batch_size=8",
    "training.learning_rate=0.02",
    "training.average_decay=0.9",
    "vocabulary.min_frequency=1",
    "dropout.features=0.1",
    "dropout.output=0.1",
    "evaluation.bootstrap_samples=100",
    "pretraining.own_texts=false",
]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def feeling_rows(repeats: int, offset: int = 0) -> list[tuple[str, str]]:
    """Distinct texts with their labels, the same for the same arguments."""
    return [
        (f"{opening} i feel {word} about it number{offset + number}", label)
        for number in range(repeats)
        for label, words in FEELINGS.items()
        for word, opening in zip(words, OPENINGS[number % 4 :], strict=False)
    ]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.csv, validation.csv and test.csv: `text,label`."""
    folder = tmp_path_factory.mktemp("corpus")
    write_csv(folder / "train.csv", ["text", "label"], feeling_rows(10))
    write_csv(folder / "validation.csv", ["text", "label"], feeling_rows(3, offset=100))
    write_csv(folder / "test.csv", ["text", "label"], feeling_rows(3, offset=200))
    return folder


def set_options(*settings: str) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


def corpus_options(corpus: Path) -> list[str]:
    return set_options(f"data.train={corpus}/train.csv", f"data.validation={corpus}/validation.csv", *FAST)


Cli = Callable[..., subprocess.CompletedProcess[str]]


def run_process(
    *arguments: object, stdin: str | bytes = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    completed = subprocess.run(
        [sys.executable, "-P", "-m", "lstmcli", *map(str, arguments)],
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "200"},
        check=False,
    )
    return subprocess.CompletedProcess(
        completed.args, completed.returncode, completed.stdout.decode(), completed.stderr.decode()
    )


def run_here(*arguments: object, stdin: str | bytes = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    with contextlib.chdir(cwd or Path.cwd()):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout_bytes.decode(), result.stderr)


@pytest.fixture(scope="session")
def cli(request: pytest.FixtureRequest) -> Cli:
    """Run `lstmcli ARGUMENTS` in a process of its own; `stdin` is text or bytes."""
    return run_process if request.config.getoption("--in-process") is None else run_here


@pytest.fixture(scope="session")
def run_directory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on `corpus`. Tests must not change it."""
    folder = request.config.getoption("--in-process") or tmp_path_factory.mktemp("runs")
    path = folder.absolute() / "feelings"
    if not path.exists():
        corpus = request.getfixturevalue("corpus")
        test_file = f"data.test={corpus}/test.csv"
        result = run_process("train", *corpus_options(corpus), *set_options(test_file), "--run-dir", path)
        assert result.returncode == 0, result.stderr
    return path


TEXTS = ["i feel glad about it", "so lonely again", "today again", "furious!!!", "unknown wörds today 😂", "i feel sad"]


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a pipeline in which `lstmcli` stands for the tool."""
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    command = f'set -o pipefail; lstmcli() {{ "{sys.executable}" -P -m lstmcli "$@"; }}; {command}'
    return subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin", **measured},
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path, run_directory: Path) -> Path:
    """A folder with in.txt, in.csv and a link RUN to a trained run."""
    (tmp_path / "RUN").symlink_to(run_directory)
    (tmp_path / "in.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    write_csv(tmp_path / "in.csv", ["text", "id"], [(text, str(number)) for number, text in enumerate(TEXTS)])
    return tmp_path


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


# Ctrl-C comes from the process itself, when it first opens or renames a file after WHEN has appeared: a test that
# signals from outside would depend on which of the two is faster.
INTERRUPTED_PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
when = sys.argv.pop(1)
waiting = [True]
def watch(event, arguments):
    if waiting and event in ("open", "os.rename") and os.path.exists(when):
        waiting.clear()
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(watch)
from lstmcli.cli.main import main
main()
"""


def interrupt(*arguments: object, when: Path) -> str:
    """Start the tool, press Ctrl-C as soon as `when` exists, and return what it says; its exit code must be 130."""
    completed = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_PROGRAM, str(when), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert completed.returncode == 130, completed.stderr
    return completed.stderr


def history(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


def losses(run: Path) -> list[tuple[float, dict[str, float]]]:
    return [(epoch["train_loss"], epoch["validation"]) for epoch in history(run)]
