"""A row on its way, and the columns that say where it comes from."""

from collections.abc import Sequence
from typing import Final

from lstmcli.data.formats import Record
from lstmcli.inference.answers import refuse_taken

# The columns of --row-ids: the input as it was named, and the number of the row in it, from 1.
ORIGIN: Final = ("input_file", "input_row")


# A row as it will be written, its text (None if it gets no prediction), its place among all rows of all inputs, from 1,
# the name of its input, and its place there, from 1. Millions of them are made, and a tuple without names takes an
# eighth of the time.
Row = tuple[Record, str | None, int, str, int]


def origin_of(row: Row) -> dict[str, str | int]:
    """Return the cells of ORIGIN."""
    return dict(zip(ORIGIN, row[3:], strict=True))


def num_characters(record: Record) -> int:
    """Return about how many characters a record takes in memory."""
    if record.source is not None:
        return len(record.source)
    return sum([len(cell) if type(cell) is str else len(str(cell)) for cell in record.cells])


def refuse_origin(columns: Sequence[str], name: str) -> None:
    """Raise a DataError if the input `name` has a column of ORIGIN."""
    refuse_taken(ORIGIN, columns, name)
