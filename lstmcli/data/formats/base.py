"""The interface of a file format: a reader of records, and a writer of records with added columns."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TextIO

from lstmcli.errors import DataError

# The problem of a row with the same cells as the header, as in files that were joined.
REPEATED_HEADER = "repeats the header line."


class Record(NamedTuple):
    """One row of an input.

    Attributes:
        line: the 1-based line on which the row starts (a row with quoted newlines has several).
        columns: the names of the cells.
        cells: correspond to `columns`; a malformed row may have more or fewer. They are strings, except in JSON Lines
            and Parquet.
        problem: why the row could not be read; a REPEATED_HEADER has all its cells.
        source: in JSON Lines, the line of the object, which holds what `cells` do not: the digits of its numbers.
    """

    line: int
    columns: Sequence[str]
    cells: list[Any]
    problem: str | None = None
    source: str | None = None

    @property
    def is_malformed(self) -> bool:
        """Whether the number of cells differs from the header."""
        return len(self.cells) != len(self.columns)


# The columns of a row whose only cell is the original line, since its cells could not be told apart or have no place.
RAW_COLUMNS: Sequence[str] = ("input",)


class JsonText(str):
    """A JSON value that is neither a string nor null, as it stands in the input: `1.0` is not `1`."""

    __slots__ = ()


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
        column: missing cells are empty, and surplus ones are joined to the last. A row whose columns are unknown to the
        table is written as one cell, the first, if it could not be read.

        Raises:
            DataError: the record has a column that the table lacks, or a cell that the format can't hold.
        """

    def write_rows(self, records: Sequence[Record], additions: Sequence[Mapping[str, str | float | None]]) -> None:
        """Write the same as `write` for each record, perhaps at once.

        Raises:
            UnwritableRowError: instead of a DataError; the records before it are written.
        """

    def notes(self) -> list[str]:
        """Return what a user should know about cells that could not be written as they are."""


class UnwritableRowError(Exception):
    """Record `number` of some, from 0, can't be written; the message says why."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(problem)
        self.number = number


class RowByRow(ABC):
    """A `RecordWriter` for which writing several records at once makes no difference."""

    @abstractmethod
    def write(self, record: Record, additions: Mapping[str, Any]) -> None:
        """See `RecordWriter`."""

    def write_rows(self, records: Sequence[Record], additions: Sequence[Mapping[str, Any]]) -> None:
        """See `RecordWriter`."""
        for number, (record, added) in enumerate(zip(records, additions, strict=True)):
            try:
                self.write(record, added)
            except DataError as error:
                raise UnwritableRowError(number, str(error)) from None


class FileFormat(Protocol):
    """A layout of rows in a text file.

    Attributes:
        names_are_unique: whether a written row can have only one cell of each name.
    """

    names_are_unique: bool

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
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{PROBABILITY_DIGITS}f}"
    return str(value)


def bytes_as_text(value: bytes) -> str:
    r"""Return bytes that are UTF-8 as text, others as hexadecimal digits after `\x`, as PostgreSQL does."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return f"\\x{value.hex()}"
