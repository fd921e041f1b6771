"""Mistakes of a model, in a terminal and in JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lstmcli.reports.inspection.cells import Style, display_width, fitted

LINE_WIDTH, SCORE_WIDTH, SPACE = 8, 7, "  "
MAX_LABEL_WIDTH = 16
NONE = "-"


@dataclass(frozen=True)
class Mistake:
    """A row with a wrong prediction.

    Attributes:
        file: the number of its file, from 1; None if there is one file.
        line: in the file.
        text: the whole of it.
        gold: its labels, joined as in predictions.
        prediction: the predicted labels.
        score: the confidence of the prediction.
    """

    file: int | None
    line: int
    text: str
    gold: str
    prediction: str
    score: float


def mistakes_content(mistakes: Sequence[Mistake]) -> list[dict[str, Any]]:
    """Return them for JSON."""
    return [asdict(mistake) for mistake in mistakes]


def mistakes_text(mistakes: Sequence[Mistake], style: Style) -> str:
    """Return a line for each, no wider than the screen: its texts are cut off."""
    if not mistakes:
        return "No mistakes.\n"
    return "".join(f"{line.rstrip()}\n" for line in _lines(mistakes, style))


def _lines(mistakes: Sequence[Mistake], style: Style) -> Iterator[str]:
    yield f"Most confident mistakes ({len(mistakes)})"
    width = max(display_width(label) for each in mistakes for label in (each.gold, each.prediction, "predicted"))
    width = min(width, MAX_LABEL_WIDTH)
    room = style.width - LINE_WIDTH - SCORE_WIDTH - 2 * (width + len(SPACE)) - len(SPACE)
    names = [fitted(name, width, style=style) for name in ("actual", "predicted")]
    yield f"{'line':>{LINE_WIDTH}}{SPACE}{SPACE.join(names)}{'score':>{SCORE_WIDTH}}{SPACE}text"
    for each in mistakes:
        line = f"{each.line}" if each.file is None else f"{each.file}:{each.line}"
        labels = [fitted(label or NONE, width, style=style) for label in (each.gold, each.prediction)]
        text = fitted(" ".join(each.text.split()), room, style=style)
        yield f"{line:>{LINE_WIDTH}}{SPACE}{SPACE.join(labels)}{each.score:>{SCORE_WIDTH}.3f}{SPACE}{text}"
