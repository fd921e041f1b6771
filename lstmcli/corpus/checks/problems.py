"""What a check finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lstmcli.errors import counted
from lstmcli.events import MAX_LINES_SHOWN

Severity = Literal["error", "warning", "note"]

# From the worst on.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Problem:
    """Something in a file that is probably a mistake.

    Attributes:
        kind: a short name, the same for all problems of a kind.
        severity: "error" if a training would fail or its scores would be worthless, "warning" for a probable mistake,
            "note" for what may well be intended.
        where: the file, and the column if it is about one.
        what: was found.
        advice: what to do.
        lines: of the rows concerned; empty if it is about none in particular.
    """

    kind: str
    severity: Severity
    where: str
    what: str
    advice: str
    lines: tuple[int, ...] = ()

    @property
    def shown_lines(self) -> str:
        """The first lines, as text."""
        if not self.lines:
            return ""
        shown = ", ".join(map(str, self.lines[:MAX_LINES_SHOWN]))
        more = len(self.lines) - MAX_LINES_SHOWN
        return f"line{'s' if len(self.lines) > 1 else ''} {shown}" + (f" and {more:,} more" if more > 0 else "")


def graded(number: int, total: int, *, warning: float, error: float = 2.0) -> Severity:
    """Return how bad it is that `number` of `total` rows have a problem, by the shares from which on it is worse."""
    share = number / max(1, total)
    return "error" if share >= error else "warning" if share >= warning else "note"


def of_rows(number: int, total: int) -> str:
    """Return "3 of 40 rows (8%)"."""
    share = 100 * number / max(1, total)
    percent = f"{share:.0f}" if share >= 1 else f"{share:.1g}"
    return f"{number:,} of {counted(total, 'row')} ({percent}%)"


def some(names: Sequence[str], most: int = 5) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
