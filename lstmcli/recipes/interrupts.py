"""Stopping between two steps: Ctrl-C and a polite kill let training save its state first."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lstmcli.errors import LstmcliError


class InterruptedTrainingError(LstmcliError):
    """The user stopped the training; its state is saved."""

    exit_code = 130


class StopSignal:
    """Becomes true when the process is asked to stop."""

    def __init__(self) -> None:
        self.is_set = False

    def _notice(self, number: int, frame: FrameType | None) -> None:
        if self.is_set and number == signal.SIGINT:
            signal.default_int_handler(number, frame)  # the second Ctrl-C means now
        self.is_set = True


@contextmanager
def resumable(resume_command: str) -> Iterator[None]:
    """Turn a Ctrl-C between two trainings into an error that says how to go on.

    Raises:
        InterruptedTrainingError: instead of KeyboardInterrupt.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptedTrainingError(f"interrupted. Go on with: {resume_command}") from None


@contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """Catch SIGINT and SIGTERM while the block runs."""
    stop = StopSignal()
    previous = {number: signal.signal(number, stop._notice) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
