"""Control characters in labels, texts and names are shown as escapes, and never reach a terminal as they are."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from lstmcli.data.output import open_output
from lstmcli.errors import DataError
from lstmcli.reports.console import ConsoleReporter
from lstmcli.visible import VisibleText, visible
from tests.conftest import FAST, PROJECT, Cli, invoke, run_here, set_options, write_csv

TITLE = "\x1b]0;owned\x07"
UNSAFE = f"{TITLE}\x1b[2J\x9b31m\u202eevil"
SHOWN = r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil"


def on_a_terminal(*arguments: object, env: dict[str, str] | None = None) -> bytes:
    """Run the tool with stdout and stderr on a pseudo-terminal, and return what reaches it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lstmcli", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **(env or {})},
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # how Linux reports that the other side is closed
        pass
    os.close(ours)
    process.wait()
    return shown


def test_escapes_stand_for_all_that_controls_a_terminal_or_hides() -> None:
    assert visible(UNSAFE) == SHOWN
    assert visible("a\nb\tc\rd\u2028e\x85f") == r"a\nb\tc\rd\u2028e\x85f"
    assert visible("\u2066x\u2069\u200e\u061c\ufeff\U000e0041") == r"\u2066x\u2069\u200e\u061c\ufeff\U000e0041"
    assert visible("caf\udce9.csv \ud83d") == r"caf\xe9.csv \ud83d"  # a byte that is not UTF-8, and half a pair


@pytest.mark.parametrize("text", ["plain", "naïve \\x1b", "שלום", "می\u200cخواهم", "👩\u200d👧 🇩🇪", "a\xa0b\u3000c"])
def test_ordinary_text_of_any_language_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_an_error_has_the_lines_that_we_gave_it_and_no_others(cli: Cli, run_directory: Path, tmp_path: Path) -> None:
    assert str(DataError("one", "two")) == "one\ntwo"
    path = write_csv(tmp_path / "in.csv", [f"{UNSAFE}\nerror: all is well", "id"], [("a", "1")])
    error = cli("predict", run_directory, path).stderr
    assert SHOWN + r"\nerror: all is well" in error
    assert error.count("\n") == 1
    error = cli("config", "--set", f"data.trian={TITLE}", "--set", "training.epochs=x\ny").stderr
    assert error.splitlines()[0] == "error: 2 mistakes:"
    assert len(error.splitlines()) == 3
    assert "\x1b" not in error


def test_errors_of_the_command_line_itself_are_shown_safely(cli: Cli, run_directory: Path) -> None:
    for arguments in [(f"pre{TITLE}dict",), ("predict", run_directory, "--jobs", TITLE), ("predict", f"--{TITLE}\nx")]:
        result = cli(*arguments)
        assert result.returncode == 2
        assert "\x1b" not in result.stderr
        assert "x1b]0;owned" in result.stderr


def test_progress_lines_are_shown_safely(capsys: pytest.CaptureFixture[str]) -> None:
    ConsoleReporter().line("read", f"{UNSAFE}\n[red]x[/red] :smile:")
    assert capsys.readouterr().err == f"read     {SHOWN}\\n[red]x[/red] :smile:\n"


def test_predictions_reach_a_terminal_as_text_and_a_pipe_as_they_are(
    cli: Cli, run_directory: Path, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "in.csv", ["text", "id"], [(f"glad {UNSAFE}", "1")])
    assert UNSAFE in cli("predict", run_directory, path).stdout
    shown = on_a_terminal("predict", run_directory, path)
    assert SHOWN.encode() in shown
    assert b"\x1b" not in shown
    assert shown.count(b"\n") == 2


def test_a_named_terminal_is_treated_like_standard_output() -> None:
    ours, theirs = pty.openpty()
    with open_output(os.ttyname(theirs)) as output:
        output.stream.write(f"{UNSAFE}\t1\n")
    assert os.read(ours, 1000) == f"{SHOWN}\t1\r\n".encode()
    os.close(ours)
    os.close(theirs)


def test_a_visible_stream_keeps_tabs_and_line_ends() -> None:
    raw = io.BytesIO()
    stream = VisibleText(raw, encoding="utf-8", newline="\n")
    stream.write("a\tb\x1b\r\n")
    stream.flush()
    assert raw.getvalue() == b"a\tb\\x1b\\r\n"


def test_a_config_is_shown_safely_and_still_loads(tmp_path: Path) -> None:
    shown = invoke("config", "--set", f"data.train={UNSAFE}.csv").stdout
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
    (tmp_path / "config.yaml").write_text(shown, encoding="utf-8")
    assert invoke("config", "--config", tmp_path / "config.yaml").stdout == shown


def test_a_file_name_that_is_not_utf8_is_trained_on_reported_and_resumed(corpus: Path, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9.csv")
    file.write_bytes((corpus / "train.csv").read_bytes())
    settings = [*FAST, "training.epochs=1", "evaluation.baselines=false"]
    run = tmp_path / "run"
    trained = run_here("train", file, *set_options(*settings), "--run-dir", run)
    assert trained.returncode == 0, trained.stderr
    assert r"caf\xe9.csv" in trained.stdout
    for name in ("report.md", "report.html"):
        assert r"\xe9.csv" in (run / name).read_text(encoding="utf-8")
    (run / "metrics.json").unlink()  # as if it had been stopped before the reports
    resumed = run_here("train", "--resume", "--run-dir", run)
    assert (resumed.returncode, resumed.stdout) == (0, trained.stdout)
    output = tmp_path / "scores"
    assert run_here("evaluate", run, file, "--no-baselines", "--output", output).returncode == 0
    assert list(json.loads((output / "metrics.json").read_text())["evaluations"]) == [str(file)]


def test_a_run_directory_that_is_not_utf8_is_refused_before_training(corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / os.fsdecode(b"r\xe9")
    result = run_here("train", corpus / "train.csv", "--run-dir", run)
    assert result.returncode == 1
    assert r"r\xe9: the name is not valid UTF-8" in result.stderr
    assert not run.exists()


def test_tables_show_escapes_for_what_the_encoding_lacks_and_json_is_utf8(
    cli: Cli, run_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "naïve 😢.csv"
    write_csv(file, ["text", "label"], [("i feel glad", "joy"), ("so sad", "sadness")])
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = cli("evaluate", run_directory, file, "--no-baselines")
    assert result.returncode == 0, result.stderr
    assert r"/na\xefve \U0001f622.csv" in result.stdout
    found = json.loads(run_here("evaluate", run_directory, file, "--no-baselines", "--json").stdout)
    assert list(found["evaluations"]) == [str(file)]
    assert "naïve" in cli("config", "--set", "data.train=naïve.csv").stdout
