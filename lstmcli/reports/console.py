"""Progress on stderr: a bar on a terminal, plain lines in a pipe or a log."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lstmcli.corpus.examples import ReadReport
from lstmcli.errors import counted
from lstmcli.reports.tables import SCORE_TITLES

if TYPE_CHECKING:  # an evaluation reports its rows without loading torch
    from lstmcli.training.loop import EpochResult, StepResult

LABEL_WIDTH = 8


def describe_rows(report: ReadReport) -> str:
    """Return "train.csv: 4,812 rows (3 dropped: no label at lines 17, 902, 4001)"."""
    num_dropped = report.num_rows - report.num_kept
    reasons = f" ({num_dropped:,} dropped: {_reasons(report)})" if num_dropped else ""
    return f"{report.name}: {counted(report.num_rows, 'row')}{reasons}"


def describe_dropped(report: ReadReport) -> list[str]:
    """Return what scores on these rows must not hide: a sentence on those that were dropped, if there are any."""
    num_dropped = report.num_rows - report.num_kept
    all_rows = counted(report.num_rows, "row")
    return [f"Not scored: {num_dropped:,} of {all_rows}, {_reasons(report)}."] if num_dropped else []


def describe_overlap(overlap: tuple[str, str, int]) -> str:
    """Return "12 texts in both train.csv and test.csv; scores on them are too good."."""
    first, second, count = overlap
    return f"{counted(count, 'text')} in both {first} and {second}; scores on them are too good."


def _reasons(report: ReadReport) -> str:
    return "; ".join(str(finding) for finding in report.findings if finding.action == "drop")


class Reporter:
    """Writes what happens to stderr, a line each: a short word, then the fact."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False, quiet=quiet)
        self._bar: Progress | None = None

    def line(self, label: str, text: str) -> None:
        """Write one line, such as "read     train.csv: 4,812 rows"."""
        self._console.print(f"{label:<{LABEL_WIDTH}} {text}", soft_wrap=True)

    def rows(self, report: ReadReport) -> None:
        """Say what was read from a file, what was dropped and why."""
        self.line("read", describe_rows(report))
        kept = [finding for finding in report.findings if finding.action == "keep"]
        for finding in kept:
            self.line(
                "note", f"{report.name}: {counted(len(finding.lines), 'row')} kept: {finding} (data.{finding.setting})"
            )

    @contextmanager
    def training(self) -> Iterator[None]:
        """Show a bar while the block runs, if stderr is a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        columns = (
            TextColumn("epoch {task.fields[epoch]}/{task.fields[num_epochs]}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.3f}  {task.fields[speed]:,.0f} tokens/s"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bar:
            self._bar = bar
            bar.add_task("train", total=None, epoch=1, num_epochs=0, loss=float("nan"), speed=0.0)
            try:
                yield
            finally:
                self._bar = None

    def step(self, step: "StepResult", *, num_epochs: int) -> None:
        """Move the bar."""
        if self._bar is None:
            return
        task = self._bar.tasks[0]
        speed = task.speed * step.num_tokens if task.speed else 0.0
        self._bar.update(
            task.id,
            total=num_epochs * step.num_batches,
            completed=(step.epoch - 1) * step.num_batches + step.batch,
            epoch=step.epoch,
            num_epochs=num_epochs,
            loss=step.loss,
            speed=speed,
        )

    def epoch(self, result: "EpochResult", *, num_epochs: int, shown: Sequence[str]) -> None:
        """Write an epoch's line: the loss, the `shown` validation scores, and the cost."""
        speed = result.num_tokens / max(result.cpu_seconds, 1e-9)
        best = " (best so far)" if result.is_best else ""
        self.line(
            "epoch",
            f"{result.epoch} of {num_epochs}: train loss {result.train_loss:.4f}; validation "
            f"{_scores(result.validation, shown)}{best}; {result.cpu_seconds:.1f} s of CPU, {speed:,.0f} tokens/s",
        )

    def best(self, epoch: int, *, num_epochs: int, validation: dict[str, float], shown: Sequence[str]) -> None:
        """Say which epoch is kept."""
        self.line("best", f"epoch {epoch} of {num_epochs}: validation {_scores(validation, shown)}")


def _scores(validation: dict[str, float], shown: Sequence[str]) -> str:
    return ", ".join(f"{SCORE_TITLES[name]} {validation[name]:.4f}" for name in shown)
