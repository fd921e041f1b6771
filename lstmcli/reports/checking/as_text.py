"""What a check has found, as text."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from lstmcli.corpus.checks.problems import SEVERITIES, Problem
from lstmcli.errors import counted
from lstmcli.visible import visible

NAME_WIDTH = 9


def report(summary: str, problems: Sequence[Problem], *, width: int = 80) -> str:
    """Return a line about the file, and a paragraph on each problem, no wider than the screen."""
    return "".join(f"{line}\n" for line in _lines(visible(summary), problems, width))


def _lines(summary: str, problems: Sequence[Problem], width: int) -> Iterator[str]:
    counts = Counter(problem.severity for problem in problems)
    found = ", ".join(counted(counts[severity], severity) for severity in SEVERITIES if counts[severity])
    yield f"{summary}: {found or 'nothing found'}"
    for problem in problems:
        yield ""
        yield from _wrapped(problem.severity, f"{problem.where}: {problem.what}", width)
        if problem.lines:
            yield from _wrapped("", problem.shown_lines, width)
        yield from _wrapped("", f"-> {problem.advice}", width)


def _wrapped(name: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        visible(text),
        width,
        initial_indent=name.ljust(NAME_WIDTH),
        subsequent_indent=" " * NAME_WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
    )
