"""The interface of a file format: a reader of records, and a writer of records with added columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TextIO

# The problem of a row with the same cells as the header, as in files that were joined.
REPEATED_HEADER = "repeats the header line."


class Record(NamedTuple):
    """One row of an input.

    `line` is the 1-based line on which the row starts (a row with quoted newlines has several). `cells` correspond to
    `columns`; a malformed row may have more or fewer. Cells are strings, except in JSON Lines. `problem` says why a row
    could not be read; its only cell is then the original line. A REPEATED_HEADER has all its cells.
    """

    line: int
    columns: Sequence[str]
    cells: list[Any]
    problem: str | None = None

    @property
    def is_malformed(self) -> bool:
        """Whether the number of cells differs from the header."""
        return len(self.cells) != len(self.columns)


class Rows(NamedTuple):
    """The records of an input, and the columns of all records; None if each has its own."""

    columns: Sequence[str] | None
    records: Iterator[Record]


class RecordWriter(Protocol):
    """Writes input records, each with the columns that a prediction adds."""

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        """Set the columns of the first record and the added ones; with `continues`, the header is already written."""

    def write(self, record: Record, additions: Mapping[str, str | float | None]) -> None:
        """Write one record, which may be one that could not be read.

        Floats in `additions` are probabilities, written with PROBABILITY_DIGITS. In tables, each row has one cell per
        column: missing cells are empty, and surplus ones are joined to the last.

        Raises:
            DataError: the record has a column that the table lacks.
        """


class FileFormat(Protocol):
    """A layout of rows in a text file."""

    def read(self, lines: Iterable[str], name: str) -> Rows:
        r"""Read the header of `lines`, if the format has one, and return their records, which are read lazily.

        Lines include their endings; only "\n" ends a line.

        A row with a broken layout (an unclosed quote, a line that is not JSON) becomes a record with a `problem`.
        `name` identifies the input in messages.

        Raises:
            DataError: the header is missing or can't be read.
        """

    def writer(self, stream: TextIO) -> RecordWriter:
        """Return a writer to `stream`."""


# The precision of float32 weights.
PROBABILITY_DIGITS = 7


def format_cell(value: str | float | None) -> str:
    """Return an added value as text: probabilities in fixed notation for sort and awk, None as an empty cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.{PROBABILITY_DIGITS}f}"
