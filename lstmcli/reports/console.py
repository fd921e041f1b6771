"""Progress on stderr: a bar on a terminal, plain lines in a pipe or a log."""

import sys
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from lstmcli.events import Event, StageMoved, StepFinished, TextsEncoded, TrainingFinished
from lstmcli.reports.event_lines import describe
from lstmcli.visible import visible

LABEL_WIDTH = 8


class ConsoleReporter:
    """Writes events to stderr, one per line, with a progress bar for long stages and steps on a terminal.

    Use it as a context manager, which removes the bar however the block ends.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        """With `quiet`, nothing is written."""
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False, quiet=quiet)
        self._has_bar = not quiet and sys.stderr.isatty()
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._remove_bar()

    def __call__(self, event: Event) -> None:
        """Show `event` as lines or in the progress bar."""
        if isinstance(event, StepFinished):
            self._move_bar(event)
            return
        if isinstance(event, StageMoved):
            self._move_stage_bar(event)
            return
        if isinstance(event, TextsEncoded):
            self._move_encoding_bar(event)
        if isinstance(event, TrainingFinished) or (
            isinstance(event, TextsEncoded) and event.num_done == event.num_texts
        ):
            self._remove_bar()
        for label, text in describe(event):
            self.line(label, text)

    def line(self, label: str, text: str) -> None:
        """Write one line, such as "read     train.csv: 4,812 rows"."""
        self._console.print(visible(f"{label:<{LABEL_WIDTH}} {text}"), soft_wrap=True)

    def _move_bar(self, step: StepFinished) -> None:
        if not self._has_bar:
            return
        if self._bar is None:
            self._bar = Progress(
                TextColumn("epoch {task.fields[epoch]}/{task.fields[num_epochs]}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("loss {task.fields[loss]:.3f}  {task.fields[speed]:,.0f} tokens/s"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            # A resumed training does not start at zero.
            done = _num_steps_done(step) - 1
            total = step.num_epochs * step.num_batches
            self._bar.add_task("train", total=total, completed=done, **_fields(step, speed=0.0))
            self._bar.start()
        task = self._bar.tasks[0]
        speed = task.speed * step.num_tokens if task.speed else 0.0
        self._bar.update(task.id, completed=_num_steps_done(step), **_fields(step, speed=speed))

    def _move_encoding_bar(self, encoded: TextsEncoded) -> None:
        if not self._has_bar:
            return
        if self._bar is None:
            self._bar = Progress(
                TextColumn("encode"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[kind]}  {task.fields[speed]:,.0f}/s"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.add_task(
                "encode", total=encoded.num_texts, completed=encoded.num_before, kind=encoded.kind, speed=0.0
            )
            self._bar.start()
        task = self._bar.tasks[0]
        speed = (encoded.num_done - encoded.num_before) / max(encoded.seconds, 1e-9)
        self._bar.update(task.id, completed=encoded.num_done, speed=speed)

    def _move_stage_bar(self, moved: StageMoved) -> None:
        if not self._has_bar or (self._bar is None and moved.share >= 1.0):
            return
        if self._bar is None:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TaskProgressColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.add_task(moved.stage, total=1.0)
            self._bar.start()
        self._bar.update(self._bar.tasks[0].id, completed=moved.share)
        if moved.share >= 1.0:
            self._remove_bar()

    def _remove_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _num_steps_done(step: StepFinished) -> int:
    return (step.epoch - 1) * step.num_batches + step.batch


def _fields(step: StepFinished, *, speed: float) -> dict[str, Any]:
    return {"epoch": step.epoch, "num_epochs": step.num_epochs, "loss": step.loss, "speed": speed}
