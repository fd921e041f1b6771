"""Plain text: reads one text per line, and writes tab-separated added values (the text is not repeated)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO

from lstmcli.data.formats.base import Record, RecordWriter, Rows, format_cell

TEXT_COLUMN = "text"


class TextLines:
    """Every line is a text, even an empty one, so that output line n belongs to input line n."""

    names_are_unique = False

    def read(self, lines: Iterable[str], name: str) -> Rows:  # noqa: ARG002 (any text is valid: no message needs a name)
        """See `FileFormat.read`."""
        columns = [TEXT_COLUMN]
        return Rows(columns, self._records(lines, columns))

    def _records(self, lines: Iterable[str], columns: Sequence[str]) -> Iterator[Record]:
        for number, line in enumerate(lines, start=1):
            yield Record(number, columns, [line.removesuffix("\n").removesuffix("\r")])

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat.writer`."""
        return _TextLinesWriter(stream)


class _TextLinesWriter:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        pass

    def write(self, record: Record, additions: Mapping[str, str | float | None]) -> None:  # noqa: ARG002
        self._stream.write("\t".join(map(format_cell, additions.values())) + "\n")

    def notes(self) -> list[str]:
        return []


TEXT_FORMAT = "text"
