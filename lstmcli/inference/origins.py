"""A row on its way, and the columns that say where it comes from."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from lstmcli.data.formats import Record
from lstmcli.inference.answers import refuse_taken

# The columns of --row-ids: the input as it was named, and the number of the row in it, from 1.
ORIGIN: Final = ("input_file", "input_row")


class Row(NamedTuple):
    """A row as it will be written.

    Attributes:
        record: its cells.
        text: to predict; None if it gets no prediction.
        number: its place among all rows of all inputs, from 1.
        source: the name of its input.
        number_in_source: its place there, from 1.
    """

    record: Record
    text: str | None
    number: int
    source: str
    number_in_source: int

    def origin(self) -> dict[str, str | int]:
        """Return the cells of ORIGIN."""
        return dict(zip(ORIGIN, (self.source, self.number_in_source), strict=True))


def num_characters(record: Record) -> int:
    """Return about how many characters a record takes in memory."""
    if record.source is not None:
        return len(record.source)
    return sum(map(len, map(str, record.cells)))


def refuse_origin(columns: Sequence[str], name: str) -> None:
    """Raise a DataError if the input `name` has a column of ORIGIN."""
    refuse_taken(ORIGIN, columns, name)
