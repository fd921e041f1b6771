"""What the command line adds to a long-running recipe: progress on stderr, signals, and how to resume."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lstmcli.cli.process import ENDING_SIGNALS, interrupt, note_end_of_terminal
from lstmcli.errors import InterruptedRunError, LstmcliError
from lstmcli.reports.console import ConsoleReporter
from lstmcli.stopping import Stop
from lstmcli.store.run_directory import RunDirectory
from lstmcli.training.setup import keep_freed_memory


class SignalStop(Stop):
    """A `Stop` set by SIGINT, SIGTERM and SIGHUP.

    Within `deferred`, the recipe has promised to ask often, so it may finish its step and save its state first.
    Anywhere else the signal interrupts at once, and so does Ctrl-C after another signal. SIGHUP and SIGTERM don't: when
    a terminal is closed, the system and the shell both send one.
    """

    def __init__(self) -> None:
        self._is_set = self._is_deferred = False

    def is_set(self) -> bool:
        """Whether a signal has arrived."""
        return self._is_set

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """See `Stop.deferred`."""
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False

    def notice(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if not self._is_deferred or (self._is_set and number == signal.SIGINT):
            interrupt(number, frame)
        note_end_of_terminal(number)
        self._is_set = True


@contextmanager
def long_running(
    run: RunDirectory, resume_command: str, *, quiet: bool = False
) -> Iterator[tuple[ConsoleReporter, SignalStop]]:
    """Yield a reporter and a stop for a recipe; an interruption or a full disk is an error that says how to resume.

    Raises:
        InterruptedRunError: on Ctrl-C, SIGTERM or SIGHUP.
        LstmcliError: a file can't be written.
    """
    keep_freed_memory()
    try:
        with deferring_signals() as stop, ConsoleReporter(quiet=quiet) as reporter:
            yield reporter, stop
    except InterruptedRunError as error:
        raise InterruptedRunError(f"{error} Resume with: {resume_command}") from None
    except KeyboardInterrupt:
        raise InterruptedRunError(f"interrupted.{_advice(run, resume_command)}") from None
    except BrokenPipeError:
        raise  # the reader of the output has gone
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise LstmcliError(f"{where}{error.strerror or error}.{_advice(run, resume_command)}") from None


@contextmanager
def deferring_signals() -> Iterator[SignalStop]:
    """Yield a stop that SIGINT, SIGTERM and SIGHUP set until the end of the block."""
    stop = SignalStop()
    # What is ignored stays ignored: SIGHUP under nohup, and Ctrl-C in the background of a shell script.
    heeded = [number for number in ENDING_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop.notice) for number in heeded}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _advice(run: RunDirectory, resume_command: str) -> str:
    return f" Resume with: {resume_command}" if run.is_run and not run.is_finished else ""
