"""Opens inputs (a path or standard input, gzipped or not, in a given encoding) and yields their records.

Every command reads through `open_records`, so that training and prediction never disagree about what a row is.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from lstmcli.data.formats import BINARY_FORMATS, EXTENSIONS, FORMATS, Record
from lstmcli.data.formats.delimited import other_delimiter_hint
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.lines import UNDECODABLE, BeforeWaiting, DecodedLines, check_encoding
from lstmcli.errors import DataError, did_you_mean

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Source:
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
    encoding: str = "utf-8",
    keeps_broken: bool = False,
    before_waiting: BeforeWaiting | None = None,
) -> Iterator[Source]:
    """Open `path` ("-" is standard input) and yield its records lazily.

    Args:
        path: of the input.
        format_name: one of FORMATS or BINARY_FORMATS, or "auto".
        encoding: of the text.
        keeps_broken: whether unreadable rows become records with a `problem`; otherwise the first one is an error.
        before_waiting: see `DecodedLines`.

    Raises:
        DataError: missing or unreadable file, unknown extension with format "auto", bytes invalid in `encoding`,
            damaged gzip data, a broken layout. Errors in the content are raised while the records are read.
    """
    check_encoding(encoding)
    name = "standard input" if path == STANDARD_INPUT else path
    if format_name == "auto":
        format_name = _known_format_of(path)
    if format_name in BINARY_FORMATS:
        if path == STANDARD_INPUT:
            raise DataError(f"{format_name} can't be read from a pipe; pass a file name.")
        _open_file(path).close()  # raises if the path can't be read
        yield Source(name, format_name, *BINARY_FORMATS[format_name](path))
        return
    with _open_binary(path) as stream:
        lines = DecodedLines(stream, encoding, name, keeps_undecodable=keeps_broken, before_waiting=before_waiting)
        columns, records = FORMATS[format_name].read(lines, name)
        yield Source(name, format_name, columns, _checked(records, lines, name, keeps_broken=keeps_broken))


def _checked(records: Iterator[Record], lines: DecodedLines, name: str, *, keeps_broken: bool) -> Iterator[Record]:
    """Yield the records, mark those with undecodable bytes, and raise on broken ones unless they are kept."""
    for record in records:
        if record.problem is not None and not keeps_broken:
            raise DataError(f"{name}, line {record.line}: {record.problem}")
        yield _decoded(record, lines.encoding) if lines.has_undecodable else record


def _decoded(record: Record, encoding: str) -> Record:
    """Return the record with undecodable bytes replaced by U+FFFD, and with a `problem` if there were any."""
    # In JSON, an escape stands for the same character as an undecodable byte, and bytes may be in keys and deep inside.
    texts = record.cells if record.source is None else [record.source]
    found = next((found for text in texts if isinstance(text, str) and (found := UNDECODABLE.search(text))), None)
    if found is None:
        return record
    if record.source is not None:
        columns = [UNDECODABLE.sub("\ufffd", column) for column in record.columns]
        record = record._replace(columns=columns, source=UNDECODABLE.sub("\ufffd", record.source))
    cells = [UNDECODABLE.sub("\ufffd", cell) if isinstance(cell, str) else cell for cell in record.cells]
    byte = ord(found.group()) - 0xDC00
    problem = f"byte 0x{byte:02x} is not valid {encoding}; set the encoding of the file, for example --encoding cp1252."
    return record._replace(cells=cells, problem=record.problem or problem)


def check_exist(paths: Sequence[str]) -> None:
    """Raise DataError if one of `paths` is missing or a folder, before any of them is read."""
    for path in paths:
        if path != STANDARD_INPUT and (not Path(path).exists() or Path(path).is_dir()):
            _open_file(path)


def check_inputs(paths: Sequence[str], format_name: str) -> None:
    """Check that all `paths` exist and have a known format, before any of them is read.

    Raises:
        DataError: one is missing or a folder, or `format_name` is "auto" and its extension is unknown.
    """
    check_exist(paths)
    for path in paths if format_name == "auto" else ():
        _known_format_of(path)


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
    if columns.count(column) == 1:
        return columns.index(column)
    if column in columns:
        raise DataError(
            f"{name}: column {column!r} occurs {columns.count(column)} times in the header; rename all but one."
        )
    hint = other_delimiter_hint(columns) or f"{did_you_mean(column, columns)} The column is set by {setting}."
    raise DataError(f"{name} has no column {column!r}. Columns: {', '.join(columns)}.{hint}")


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
        if columns is not self._columns and columns != self._columns:
            names = list(columns)
            self._first = self._first or names
            self._indices = [self._index(names, wanted) for wanted in self._wanted]
            self._missing = [wanted for wanted in self._missing if wanted.column not in names]
        self._columns = columns
        return self._indices

    def check(self) -> None:
        """Raise a DataError if there were records, but none with one of the wanted columns."""
        if self._first is not None:
            for wanted in self._missing:
                column_index(self._first, str(wanted.column), self._name, wanted.setting)

    def _index(self, names: list[str], wanted: Wanted) -> int | None:
        if wanted.column is None or ((wanted.is_optional or self._varies) and wanted.column not in names):
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


def _known_format_of(path: str) -> str:
    format_name = format_of(path)
    if format_name is None:
        others = ", ".join(name for name in [*FORMATS, *BINARY_FORMATS] if name != TEXT_FORMAT)
        raise DataError(
            f"{path}: can't tell the format from the file name. Add --format {TEXT_FORMAT} for one text per line, or "
            f"--format with one of {others}."
        )
    return format_name


@contextmanager
def _open_binary(path: str) -> Iterator[BinaryIO]:
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with _open_file(path) as stream:
        if path.lower().endswith(".gz"):
            import gzip  # few inputs need it

            with gzip.open(stream) as unpacked:
                yield unpacked  # type: ignore[misc]  # GzipFile is a BufferedIOBase, which is all that is used
        else:
            yield stream


def _open_file(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        parent = Path(path).parent
        siblings = [str(parent / other.name) for other in parent.iterdir()] if parent.is_dir() else []
        raise DataError(f"{path}: no such file.{did_you_mean(path, siblings)}") from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder, expected a file.") from None
    except OSError as error:
        raise DataError(f"{path}: can't be opened ({error.strerror}).") from None
