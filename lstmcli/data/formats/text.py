"""Plain text: reads one text per line, and writes tab-separated added values (the text is not repeated)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO

from lstmcli.data.formats.base import Record, RecordWriter, RowByRow, Rows, format_cell
from lstmcli.errors import DataError

TEXT_COLUMN = "text"


class TextLines:
    """Every line is a text, even an empty one, so that output line n belongs to input line n."""

    names_are_unique = False

    def read(self, lines: Iterable[str], name: str) -> Rows:
        """See `FileFormat.read`."""
        columns = [TEXT_COLUMN]
        return Rows(columns, self._records(lines, columns, name))

    def _records(self, lines: Iterable[str], columns: Sequence[str], name: str) -> Iterator[Record]:
        for number, line in enumerate(lines, start=1):
            if number == 1 and "\r" in line:
                _check_line_endings(line, name)
            yield Record(number, columns, [line.removesuffix("\n").removesuffix("\r")])

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat.writer`."""
        return _TextLinesWriter(stream)


def _check_line_endings(first: str, name: str) -> None:
    """Raise DataError if the only line holds carriage returns: it would be one text instead of many."""
    if not first.endswith("\n") and first.rstrip("\r").count("\r") > 1:
        raise DataError(
            f"{name}: lines end with a carriage return alone, as on old Macs; convert them, for example with tr "
            "'\\r' '\\n'."
        )


class _TextLinesWriter(RowByRow):
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        pass

    def write(self, record: Record, additions: Mapping[str, str | float | None]) -> None:  # noqa: ARG002
        self._stream.write("\t".join(map(format_cell, additions.values())) + "\n")

    def notes(self) -> list[str]:
        return []


TEXT_FORMAT = "text"
