"""Opens inputs (a path or standard input, gzipped or not) and yields their records.

Every command reads through `open_records`, so that training and prediction never disagree about what a row is.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from lstmcli.data.encodings import check_encoding
from lstmcli.data.formats import BINARY_FORMATS, EXTENSIONS, FORMATS, Record
from lstmcli.data.formats.base import REPEATED_HEADER
from lstmcli.data.formats.header import listed, missing_column_hint, position
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.kinds import refuse_other_kinds
from lstmcli.data.lines import UNDECODABLE, BeforeWaiting, DecodedLines
from lstmcli.data.opening import WatchedStream, first_bytes, is_there, open_file, show_file
from lstmcli.errors import DataError

STANDARD_INPUT = "-"

DEFAULT_ENCODING = "utf-8"

# The formats that a file with an extension for one of them may have.
SIBLINGS = [{"csv", "csv-semicolon", "csv-pipe"}, {"tsv", "tsv-raw"}]


class Layout(NamedTuple):
    """How the bytes of an input become rows; what is not known yet is None.

    Attributes:
        format_name: one of FORMATS or BINARY_FORMATS, or "auto", by the extension.
        encoding: of the text.
    """

    format_name: str | None = None
    encoding: str | None = None


class Source(NamedTuple):
    """An open input.

    Attributes:
        name: for messages.
        format_name: one of FORMATS or BINARY_FORMATS.
        columns: of all records; None if each has its own.
        records: an iterator, which can be read only once.
    """

    name: str
    format_name: str
    columns: Sequence[str] | None
    records: Iterator[Record]


@contextmanager
def open_records(
    path: str,
    *,
    format_name: str = "auto",
    encoding: str = DEFAULT_ENCODING,
    keeps_broken: bool = False,
    before_waiting: BeforeWaiting | None = None,
    see: Callable[[bytes], None] | None = None,
) -> Iterator[Source]:
    """Open `path` ("-" is standard input) and yield its records lazily.

    Args:
        path: of the input.
        format_name: one of FORMATS or BINARY_FORMATS, or "auto".
        encoding: of the text.
        keeps_broken: whether unreadable rows become records with a `problem`; otherwise the first one is an error.
        before_waiting: see `DecodedLines`.
        see: is shown all bytes of the input, once all records are read.

    Raises:
        DataError: missing or unreadable file, unknown extension with format "auto", bytes invalid in `encoding`,
            another kind of file, damaged gzip data, a broken layout. Errors in the content are raised while the
            records are read.
    """
    check_encoding(encoding)
    name = "standard input" if path == STANDARD_INPUT else path
    if format_name == "auto":
        format_name = _known_format_of(path)
    if format_name in BINARY_FORMATS:
        if path == STANDARD_INPUT or Path(path).is_fifo():
            raise DataError(f"{format_name} can't be read from a pipe; pass a file name.")
        open_file(path).close()  # raises if the path can't be read
        if see is not None:
            show_file(path, see)
        yield Source(name, format_name, *BINARY_FORMATS[format_name](path))
        return
    with _open_binary(path) as opened:
        stream = opened if see is None else cast("BinaryIO", WatchedStream(opened, see))
        lines = DecodedLines(
            stream,
            encoding,
            name,
            has_columns=format_name != TEXT_FORMAT,
            keeps_undecodable=keeps_broken,
            before_waiting=before_waiting,
        )
        columns, records = FORMATS[format_name].read(lines, name)
        if lines.has_undecodable and columns is not None:
            _check_header(columns, lines, name)
        yield Source(name, format_name, columns, _checked(records, lines, name, keeps_broken=keeps_broken))


def _checked(records: Iterator[Record], lines: DecodedLines, name: str, *, keeps_broken: bool) -> Iterator[Record]:
    """Yield the records, mark those with undecodable bytes, and raise on broken ones unless they are kept."""
    for record in records:
        if record.problem is not None and not keeps_broken and record.problem is not REPEATED_HEADER:
            raise DataError(f"{name}, line {record.line}: {record.problem}")
        yield _decoded(record, lines) if lines.has_undecodable else record


def _check_header(columns: Sequence[str], lines: DecodedLines, name: str) -> None:
    found = next((found for column in columns if (found := UNDECODABLE.search(column))), None)
    if found is not None:
        raise DataError(f"{name}, header: {lines.explain(_byte(found))}")


def _byte(found: re.Match[str]) -> int:
    """Return the byte that was decoded to a match of UNDECODABLE."""
    return ord(found.group()) - 0xDC00


def _decoded(record: Record, lines: DecodedLines) -> Record:
    """Return the record with undecodable bytes replaced by U+FFFD, and with a `problem` if there were any."""
    # In JSON, an escape stands for the same character as an undecodable byte, and bytes may be in keys and deep inside.
    texts = record.cells if record.source is None else [record.source]
    found = next((found for text in texts if isinstance(text, str) and (found := UNDECODABLE.search(text))), None)
    if found is None:
        return record
    if record.source is not None:
        record = record._replace(source=UNDECODABLE.sub("\ufffd", record.source))
    cells = [UNDECODABLE.sub("\ufffd", cell) if isinstance(cell, str) else cell for cell in record.cells]
    columns = record.columns
    if any(map(UNDECODABLE.search, columns)):  # a key of JSON Lines
        columns = [UNDECODABLE.sub("\ufffd", column) for column in columns]
    return record._replace(columns=columns, cells=cells, problem=record.problem or lines.explain(_byte(found)))


def check_exist(paths: Sequence[str]) -> None:
    """Raise DataError if one of `paths` is missing or a folder, before any of them is read."""
    for path in paths:
        if path != STANDARD_INPUT and not is_there(path):
            open_file(path).close()


def column_index(columns: list[str], column: str, name: str, setting: str) -> int:
    """Return the index of `column`.

    Args:
        columns: the column names of the input.
        column: the one to find.
        name: the input, for the message.
        setting: the setting that names the column, for the message (such as "data.text").

    Raises:
        DataError: the column occurs twice, or is missing (the message lists all columns and the closest match).
    """
    if columns.count(column) > 1:
        raise DataError(
            f"{name}: column {column!r} occurs {columns.count(column)} times in the header; rename all but one."
        )
    index = position(columns, column)
    if index is None:
        delimiter = "\\t" if (format_of(name) or "").startswith("tsv") else ","
        hint = missing_column_hint(columns, column, setting, delimiter)
        raise DataError(f"{name} has no column {column!r:.80}. Columns: {listed(columns)}.{hint}")
    return index


class Wanted(NamedTuple):
    """A column to find, and the setting that names it, for messages. None, or an optional one, may be missing."""

    column: str | None
    setting: str
    is_optional: bool = False


class ColumnFinder:
    """Finds columns in the records of an input, once per header.

    Where all records have the same columns, a missing one is an error. In JSON Lines, each record has its own and may
    lack any column; it is an error if none of them has it.
    """

    def __init__(self, name: str, wanted: Sequence[Wanted], *, varies: bool) -> None:
        """Find the columns that are `wanted` of the input `name`; `varies` says whether records differ in theirs."""
        self._name = name
        self._wanted = wanted
        self._varies = varies
        self._first: list[str] | None = None
        self._columns: Sequence[str] | None = None
        self._indices: list[int | None] = []
        self._missing = [one for one in wanted if one.column is not None and not one.is_optional]

    @property
    def is_settled(self) -> bool:
        """Whether each column has been found in some record."""
        return not self._missing

    def __call__(self, columns: Sequence[str]) -> list[int | None]:
        """Return the index of each wanted column in records with these `columns`, None for one that is missing.

        Raises:
            DataError: see `column_index`.
        """
        if columns is self._columns:
            return self._indices
        if columns != self._columns:
            names = list(columns)
            self._first = self._first or names
            self._indices = [self._index(names, wanted) for wanted in self._wanted]
            self._missing = [wanted for wanted in self._missing if position(names, str(wanted.column)) is None]
        self._columns = columns
        return self._indices

    def check(self) -> None:
        """Raise a DataError if there were records, but none with one of the wanted columns."""
        if self._first is not None:
            for wanted in self._missing:
                column_index(self._first, str(wanted.column), self._name, wanted.setting)

    def _index(self, names: list[str], wanted: Wanted) -> int | None:
        if wanted.column is None:
            return None
        if (wanted.is_optional or self._varies) and position(names, wanted.column) is None:
            return None
        return column_index(names, wanted.column, self._name, wanted.setting)


def format_of(path: str) -> str | None:
    """Return the format that the extension of `path` stands for, or None; standard input is text."""
    if path == STANDARD_INPUT:
        return "text"
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return EXTENSIONS.get(suffixes[-1]) if suffixes else None


def input_layout(path: str, wanted: Layout, trained: Layout) -> Layout:
    """Return how `evaluate` and `predict` read an input: as the user wants, or else as training read its files.

    A format of training is not used where the extension says another one (.jsonl, or .tsv for csv-semicolon). Standard
    input comes from other programs: it is UTF-8, whatever the files of training were.

    Args:
        path: of the input.
        wanted: by the user.
        trained: what was set in training.

    Raises:
        DataError: the extension says nothing about the format, and neither do the others.
    """
    known = Layout() if path == STANDARD_INPUT else trained
    return Layout(
        _input_format(path, wanted, known),
        known.encoding or DEFAULT_ENCODING if wanted.encoding is None else wanted.encoding,
    )


def _input_format(path: str, wanted: Layout, trained: Layout) -> str:
    if wanted.format_name not in {None, "auto"}:
        return str(wanted.format_name)
    by_extension = format_of(path)
    if wanted.format_name is None and trained.format_name not in {None, "auto"}:
        is_sibling = any({by_extension, trained.format_name} <= siblings for siblings in SIBLINGS)
        if by_extension is None or is_sibling:
            return str(trained.format_name)
    return _known_format_of(path)


def _known_format_of(path: str) -> str:
    format_name = format_of(path)
    if format_name is None:
        refuse_other_kinds(first_bytes(path), path, has_columns=True)
        others = ", ".join(name for name in [*FORMATS, *BINARY_FORMATS] if name != TEXT_FORMAT)
        raise DataError(
            f"{path}: can't tell the format from the file name. Add --format {TEXT_FORMAT} for one text per line, or "
            f"--format with one of {others}."
        )
    return format_name


@contextmanager
def _open_binary(path: str) -> Iterator[BinaryIO]:
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise DataError("standard input is closed; name a file.")
        yield sys.stdin.buffer
        return
    with open_file(path) as stream:
        yield stream
