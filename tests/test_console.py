"""Progress of a training on a terminal and in a log."""

import io
import re
import sys

import pytest

from lstmcli.events import StageMoved, StepFinished, TextsEncoded
from lstmcli.reports.console import ConsoleReporter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal; no fixture, since pytest sets its own stream when a test begins."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    return stream


def step(batch: int, epoch: int = 1) -> StepFinished:
    return StepFinished(epoch=epoch, num_epochs=2, batch=batch, num_batches=4, loss=0.25, num_tokens=1000)


def test_a_bar_counts_the_updates_of_all_epochs_and_goes_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with ConsoleReporter() as reporter:
        for batch in (1, 2, 3, 4):
            reporter(step(batch))
        reporter.line("read", "train.csv: 10 rows")
        reporter(step(1, epoch=2))
    shown = terminal.getvalue()
    assert "epoch 2/2" in shown
    assert "5/8" in shown
    assert "loss 0.250" in shown
    assert "read     train.csv: 10 rows\n" in shown.replace("\r", "")
    assert shown.endswith("\x1b[2K")  # the line of the bar is erased


def test_a_long_stage_has_a_bar_that_goes_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with ConsoleReporter() as reporter:
        for stage in ("read", "tokenise"):
            for share in (0.25, 0.75, 1.0, 1.0):
                reporter(StageMoved(stage, share))
            reporter.line("words", "none")
    shown = terminal.getvalue()
    assert shown.index("read ") < shown.index("tokenise ")
    assert "100%" in shown
    assert shown.count("words    none\n") == 2
    assert "\x1b[2K" in shown


def test_the_bar_of_a_resumed_training_starts_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with ConsoleReporter() as reporter:
        reporter(step(3, epoch=2))
    assert "7/8" in terminal.getvalue()


def test_a_quiet_training_and_a_log_have_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with ConsoleReporter(quiet=True) as reporter:
        reporter(step(1))
        reporter.line("read", "train.csv: 10 rows")
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with ConsoleReporter() as reporter:
        reporter(step(1))
    assert (terminal.getvalue(), log.getvalue()) == ("", "")


def encoded(done: int, seconds: float, before: int = 0) -> TextsEncoded:
    return TextsEncoded(kind="texts", num_done=done, num_texts=4000, num_before=before, seconds=seconds)


def test_a_bar_counts_encoded_texts_and_a_line_tells_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with ConsoleReporter() as reporter:
        reporter(encoded(2500, 3.0, before=1000))
        reporter(encoded(4000, 6.0, before=1000))
        shown = terminal.getvalue().replace("\r", "")
        assert shown.endswith("encoded  4,000 texts, 500 per second; 1,000 of them before\n")
        assert re.search("encode .*1000/4000.* texts .*4000/4000.* 500/s", shown, re.DOTALL)
        reporter(step(1))
    assert "epoch 1/2" in terminal.getvalue()


def test_a_log_has_one_line_about_encoded_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with ConsoleReporter() as reporter:
        reporter(encoded(2500, 5.0))
        reporter(encoded(4000, 8.0))
    assert log.getvalue() == "encoded  4,000 texts, 500 per second\n"
