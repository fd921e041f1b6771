"""Progress over rows on stderr: a line that updates in place on a terminal, or a line every few seconds in a log."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

SECONDS_BETWEEN = 1.0
SECONDS_BETWEEN_IN_A_LOG = 10.0


class RowProgress:
    """Counts rows, and reports how many are done and how fast."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock.

        Args:
            stream: where to write; None means stderr.
            clock: returns seconds since an arbitrary moment.
        """
        self._stream = stream or sys.stderr
        self._clock = clock
        self._is_terminal = self._stream.isatty()
        self._num_rows = 0
        self._started_at = self._told_at = clock()

    def done(self, num_rows: int) -> None:
        """Count rows that were written."""
        self._num_rows += num_rows
        now = self._clock()
        if now - self._told_at >= (SECONDS_BETWEEN if self._is_terminal else SECONDS_BETWEEN_IN_A_LOG):
            self._told_at = now
            self._tell(now, "\r" if self._is_terminal else "\n")

    def finish(self) -> None:
        """Report the final count."""
        self._tell(self._clock(), "\n")

    def _tell(self, now: float, end: str) -> None:
        seconds = now - self._started_at
        rate = f", {self._num_rows / seconds:,.0f} rows/s" if seconds > 0.0 else ""
        self._stream.write(f"progress {self._num_rows:,} rows in {seconds:,.1f} s{rate}{end}")
        self._stream.flush()
