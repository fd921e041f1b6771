"""A text with the cells of its row that a model reads beside it."""

from collections.abc import Sequence
from typing import Any, Final

from lstmcli.data.blank import is_blank

# Stands between the texts of several columns. It is a token of its own, and ends what a negation negates.
COLUMN_MARK: Final = "\u241e"  # the symbol for a record separator


class RowText(str):
    """A text that knows its row: a str like any other, so that whatever reads texts need not know about rows.

    What is made from it, such as `text.lower()`, is an ordinary str. Two are equal only if their cells are, so that
    equal texts of different rows are never taken for each other. No ordinary str is equal to one.

    Attributes:
        cells: as text, one for each column in the order of the model's settings; "" where there is none.
    """

    __slots__ = ("cells",)

    cells: tuple[str, ...]

    def __new__(cls, text: str, cells: Sequence[str] = ()) -> "RowText":
        """Join a text and its cells."""
        found = super().__new__(cls, text)
        found.cells = tuple(cells)
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowText) and str.__eq__(self, other) and self.cells == other.cells

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((str.__hash__(self), self.cells))

    def __reduce__(self) -> tuple[Any, ...]:
        return RowText, (str(self), self.cells)


def cells_of(text: str) -> tuple[str, ...] | None:
    """Return the cells that came with a text; None for a text without a row."""
    return text.cells if isinstance(text, RowText) else None


def with_cells_of(text: str, other: str) -> str:
    """Return `text` with the cells of `other`, which it was made from."""
    cells = cells_of(other)
    return text if cells is None else RowText(text, cells)


def joined_texts(parts: Sequence[str]) -> str:
    """Return the texts of several columns, the model's own one last, as one text with a mark before all but the first.

    Without the last text, there is nothing to predict, whatever came before.
    """
    if len(parts) == 1 or is_blank(parts[-1]):
        return parts[-1]
    return f" {COLUMN_MARK} ".join(part.replace(COLUMN_MARK, " ") for part in parts)


def own_text(text: str) -> str:
    """Return the text of the last column, as an ordinary str: the same for models that read more and less of a row."""
    return str(text)[text.rfind(COLUMN_MARK) + 1 :].removeprefix(" ") if COLUMN_MARK in text else str(text)
