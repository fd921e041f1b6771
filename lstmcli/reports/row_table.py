"""Rows of a file as lines of a terminal: where they are, their labels, and as much of each text as fits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lstmcli.reports.inspection.cells import Style, display_width, fitted

PLACE_WIDTH, SCORE_WIDTH, SPACE = 8, 5, "  "
MAX_LABEL_WIDTH = 16
NO_LABEL = "-"


@dataclass(frozen=True)
class ShownRow:
    """A row: its place (a line, or file and line), its labels under each heading, perhaps a score and its text."""

    place: str
    labels: Sequence[str]
    score: float | None
    text: str | None


def row_lines(headings: Sequence[str], rows: Sequence[ShownRow], style: Style) -> Iterator[str]:
    """Yield a line of headings, which name the labels, and a line for each row, no wider than the screen."""
    scores = [] if rows[0].score is None else [f"{'score':>{SCORE_WIDTH}}"]
    width = max(display_width(label) for row in rows for label in (*row.labels, *headings))
    width = min(width, MAX_LABEL_WIDTH)
    room = style.width - PLACE_WIDTH - len(headings) * (width + len(SPACE)) - len(SPACE)
    room -= len(scores) * (SCORE_WIDTH + len(SPACE))

    def line(place: str, labels: Sequence[str], scores: Sequence[str], text: str) -> str:
        cells = [fitted(label or NO_LABEL, width, style=style) for label in labels]
        return SPACE.join([f"{place:>{PLACE_WIDTH}}", *cells, *scores, fitted(text, room, style=style)]).rstrip()

    yield line("line", headings, scores, "" if all(row.text is None for row in rows) else "text")
    for row in rows:
        numbers = [] if row.score is None else [f"{row.score:{SCORE_WIDTH}.3f}"]
        yield line(row.place, row.labels, numbers, " ".join((row.text or "").split()))
