"""What became of the rows of a prediction, in numbers."""

from typing import NamedTuple


class StageTotals(NamedTuple):
    """How the two stages of a cascade have answered rows; see `cascade`.

    Attributes:
        rows: all of them.
        first: those answered by the first stage alone.
        checked: those that it could have answered, and that the whole model has answered.
        same: those of these with the same prediction.
    """

    rows: int = 0
    first: int = 0
    checked: int = 0
    same: int = 0

    def plus(self, other: "StageTotals") -> "StageTotals":
        """Return the totals of both."""
        return StageTotals(*map(sum, zip(self, other, strict=True)))


class RowCounts:
    """Rows of the inputs.

    Attributes:
        rows: all of them.
        broken: those without a prediction.
        blank: those of these whose text is blank.
        without_known_word: those whose text has no word that the model knows, and still a prediction.
        stages: how they were answered; of no rows without a cascade.
    """

    def __init__(self) -> None:
        self.rows = self.broken = self.blank = self.without_known_word = 0
        self.stages = StageTotals()
