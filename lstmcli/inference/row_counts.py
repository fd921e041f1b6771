"""What became of the rows of a prediction, in numbers."""


class RowCounts:
    """Rows of the inputs.

    Attributes:
        rows: all of them.
        broken: those without a prediction.
        blank: those of these whose text is blank.
        without_known_word: those whose text has no word that the model knows, and still a prediction.
    """

    def __init__(self) -> None:
        self.rows = self.broken = self.blank = self.without_known_word = 0
