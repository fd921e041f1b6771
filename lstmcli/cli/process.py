"""What the command line changes in its own process: closed standard streams, and the signals that end it."""

import os
import signal
import stat
import sys
from types import FrameType
from typing import TextIO

# Ctrl-C, a request to exit, and the end of the terminal. Windows has no SIGHUP.
ENDING_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def reserve_standard_streams() -> None:
    """Open the null device in place of standard streams that are closed.

    Otherwise the next file to be opened would take their number, and messages would be written into it. `sys.stdin` and
    `sys.stdout` stay None, for those who must know; messages to a closed standard error are discarded.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # as long as this process


def interrupt_on_ending_signals() -> None:
    """Let all of them do what Ctrl-C does. What is ignored stays ignored, such as SIGHUP under nohup."""
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


def interrupt(number: int, _frame: FrameType | None) -> None:
    """Handle a signal.

    Raises:
        KeyboardInterrupt: always.
    """
    note_end_of_terminal(number)
    raise KeyboardInterrupt


def note_end_of_terminal(number: int) -> None:
    """After a SIGHUP, discard output to a terminal that is gone, since each write would be an error."""
    if number != getattr(signal, "SIGHUP", None):
        return
    for stream in (1, 2):
        if stat.S_ISCHR(os.fstat(stream).st_mode) and not os.isatty(stream):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether `stream` is a terminal; a closed one is None."""
    return stream is not None and stream.isatty()
