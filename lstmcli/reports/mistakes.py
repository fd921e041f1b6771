"""Mistakes of a model, in a terminal and in JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lstmcli.reports.inspection.cells import Style
from lstmcli.reports.row_table import ShownRow, row_lines


@dataclass(frozen=True)
class Mistake:
    """A row with a wrong prediction.

    Attributes:
        file: the number of its file, from 1; None if there is one file.
        line: in the file.
        text: the whole of it; None if it is not to be shown.
        gold: its labels, joined as in predictions.
        prediction: the predicted labels.
        score: the confidence of the prediction.
    """

    file: int | None
    line: int
    text: str | None
    gold: str
    prediction: str
    score: float


def mistakes_content(mistakes: Sequence[Mistake]) -> list[dict[str, Any]]:
    """Return them for JSON."""
    return [asdict(mistake) for mistake in mistakes]


def mistakes_text(mistakes: Sequence[Mistake], style: Style) -> str:
    """Return a line for each, no wider than the screen: texts are cut off."""
    if not mistakes:
        return "No mistakes.\n"
    rows = [
        ShownRow(
            f"{each.line}" if each.file is None else f"{each.file}:{each.line}",
            (each.gold, each.prediction),
            each.score,
            each.text,
        )
        for each in mistakes
    ]
    heading = f"Most confident mistakes ({len(mistakes)})"
    return "".join(f"{line}\n" for line in (heading, *row_lines(("actual", "predicted"), rows, style)))
