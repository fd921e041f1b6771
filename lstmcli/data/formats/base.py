"""What a file format is: a reader of records and a writer of records with additions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TextIO


class Record(NamedTuple):
    """One row of an input.

    `line` is the 1-based line on which the row starts (a quoted newline makes a row longer than a line). `cells` line
    up with `columns`; a malformed row may have more or fewer. Cells are strings, except in JSON Lines. `problem` says
    why a row could not be read; then the line as it stands there is its only cell.
    """

    line: int
    columns: Sequence[str]
    cells: list[Any]
    problem: str | None = None

    @property
    def is_malformed(self) -> bool:
        """Whether the row has another number of cells than the header."""
        return len(self.cells) != len(self.columns)


class Rows(NamedTuple):
    """The records of an input, and the columns that all of them have; None where each has its own."""

    columns: Sequence[str] | None
    records: Iterator[Record]


class RecordWriter(Protocol):
    """Writes input records, each with the columns that a prediction adds."""

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        """Say which columns the first record has and which are added; `continues`: rows have been written before."""

    def write(self, record: Record, additions: Mapping[str, str | float | None]) -> None:
        """Write one record, also one that could not be read.

        Floats in `additions` are probabilities and are written with PROBABILITY_DIGITS. In tables the cells are made as
        many as there are columns: missing ones are empty, surplus ones are joined to the last.

        Raises:
            DataError: the record has a column that the table lacks.
        """


class FileFormat(Protocol):
    """A way to lay rows out in a text file."""

    def read(self, lines: Iterable[str], name: str) -> Rows:
        r"""Read the header of `lines`, if the format has one, and return their records, which are read when needed.

        Lines keep their ends; only "\n" ends one.

        A row whose layout is broken (an unclosed quote, a line that is not JSON) is a record with a `problem`. `name`
        stands for the input in messages.

        Raises:
            DataError: there is no header that can be read.
        """

    def writer(self, stream: TextIO) -> RecordWriter:
        """Return a writer to `stream`."""


# As many as the float32 weights carry.
PROBABILITY_DIGITS = 7


def format_cell(value: str | float | None) -> str:
    """Return an addition as text: probabilities in fixed notation, so that sort and awk read them; nothing is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.{PROBABILITY_DIGITS}f}"
