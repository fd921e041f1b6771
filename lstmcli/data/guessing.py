"""Guesses how a file of rows is laid out: its format, with the delimiter, and its encoding."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from lstmcli.data.encodings import (
    COMMON_ENCODINGS,
    check_encoding,
    contradicting_encoding,
    likely_encodings,
    marked_encoding,
    unmarked_encoding,
)
from lstmcli.data.formats import BINARY_FORMATS
from lstmcli.data.formats.header import FORMATS_BY_DELIMITER
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.kinds import GZIP_START
from lstmcli.data.opening import open_file
from lstmcli.data.reading import DEFAULT_ENCODING, format_of, open_records
from lstmcli.errors import DataError

# Rows by which delimiters are compared.
NUM_ROWS = 300

# The share of these rows that must have as many cells as the header.
LEAST_WELL_FORMED = 0.9

# Bytes decoded at a time.
BLOCK_BYTES = 1 << 20

ONE_COLUMN = 1

PARQUET_START = b"PAR1"

DELIMITED = [*FORMATS_BY_DELIMITER.values(), "tsv-raw"]


class GuessedLayout(NamedTuple):
    """How to read a file.

    Attributes:
        format_name: one of the formats.
        encoding: of its text.
        columns: the header; None for JSON Lines.
        is_plain: whether the extension and the defaults say the same.
    """

    format_name: str
    encoding: str
    columns: tuple[str, ...] | None
    is_plain: bool


def guess_layout(
    path: str, *, format_name: str | None = None, encoding: str | None = None, needs_label: bool = True
) -> GuessedLayout:
    """Find out how a file of rows is laid out.

    Args:
        path: of the file, no pipe: it is read several times.
        format_name: if it is known; None or "auto" if not.
        encoding: if it is known.
        needs_label: whether texts alone will not do.

    Raises:
        DataError: it can't be read, is of another kind, or has one column only.
    """
    by_name = format_of(path)
    known = None if format_name == "auto" else format_name
    head = _head(path)
    if (known or by_name) in BINARY_FORMATS or head.startswith(PARQUET_START):
        found = str(known or ("parquet" if head.startswith(PARQUET_START) else by_name))
        with open_records(path, format_name=found) as source:
            columns = source.columns
        return GuessedLayout(found, DEFAULT_ENCODING, tuple(columns or ()), found == by_name)
    encoding = encoding or guess_encoding(path)
    if known is None:
        is_object = _starts_object(head, encoding)
        known = "jsonl" if is_object else _best_delimited(path, encoding, by_name, needs_label=needs_label)
    with open_records(path, format_name=known, encoding=encoding) as source:
        columns = source.columns
    is_plain = known == by_name and encoding == DEFAULT_ENCODING
    return GuessedLayout(known, encoding, None if columns is None else tuple(columns), is_plain)


def guess_encoding(path: str) -> str:
    """Return the encoding of a text file: that of its mark, or UTF-8 if it is valid, or the likeliest other one.

    Raises:
        DataError: it can't be read, or no common encoding fits.
    """
    marked = marked_encoding(_head(path)) or unmarked_encoding(_head(path))
    if marked is not None:
        return marked
    sample = _invalid_sample(path)
    if sample is None:
        return DEFAULT_ENCODING
    likely = [*likely_encodings(sample), "cp1252", *COMMON_ENCODINGS]
    fitting = (name for name in dict.fromkeys(likely) if name != DEFAULT_ENCODING and _decodes(path, name))
    return next(fitting, "latin-1")


def encoding_fits(path: str, encoding: str) -> bool:
    """Whether a text file can be decoded like this, or says itself how; true for other files.

    Raises:
        DataError: it can't be read, or there is no such encoding.
    """
    check_encoding(encoding)
    head = _head(path)
    if format_of(path) in BINARY_FORMATS or marked_encoding(head) is not None:
        return True
    return contradicting_encoding(head, encoding) is None and _decodes(path, encoding)


def _blocks(path: str) -> Iterator[bytes]:
    with open_file(path) as stream:
        is_packed = stream.read(len(GZIP_START)) == GZIP_START
        stream.seek(0)
        source = gzip.GzipFile(fileobj=stream) if is_packed else stream
        try:
            while block := source.read(BLOCK_BYTES):
                yield block
        except (OSError, EOFError, zlib.error):
            raise DataError(f"{path}: is not gzip data, or damaged; compress it again.") from None


def _head(path: str) -> bytes:
    return next(_blocks(path), b"")


def _invalid_sample(path: str) -> bytes | None:
    """Return bytes around the first that are no UTF-8, or None if all of them are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for block in _blocks(path):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return block[max(0, error.start - (1 << 12)) :] if error.start < len(block) else block
    return None


def _decodes(path: str, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(path):
            decoder.decode(block)
    except UnicodeError:
        return False
    return True


def _starts_object(head: bytes, encoding: str) -> bool:
    start = head[: 1 << 12].decode(encoding, "replace").removeprefix("\ufeff").lstrip()
    return start.startswith(("{", "[{", "[\n"))


def _best_delimited(path: str, encoding: str, by_name: str | None, *, needs_label: bool) -> str:
    """Return the delimited format in which the rows fit the header best.

    Raises:
        DataError: in none of them do the rows have at least two cells.
    """
    scores = {name: _score(path, name, encoding) for name in DELIMITED}
    best = max(scores, key=lambda name: (*scores[name], name == by_name))
    if scores[best] <= (0.0, ONE_COLUMN) and not needs_label:
        return by_name or TEXT_FORMAT
    if scores[best] <= (0.0, ONE_COLUMN):
        what = "lines of text" if by_name == TEXT_FORMAT else "one column"
        raise DataError(
            f"{path}: has {what} only, but a training needs a text and a label in each row. Texts without labels are "
            f"of use to `lstmcli pretrain {path}`."
        )
    return best


def _score(path: str, format_name: str, encoding: str) -> tuple[float, int]:
    """Return how well the first rows fit the header, in tenths, 0 for one column, and the number of columns."""
    try:
        with open_records(path, format_name=format_name, encoding=encoding, keeps_broken=True) as source:
            records = list(islice(source.records, NUM_ROWS))
            num_columns = len(source.columns or ())
    except DataError:
        return 0.0, 0
    good = sum(record.problem is None and not record.is_malformed for record in records)
    share = good / max(1, len(records))
    if num_columns <= ONE_COLUMN or share < LEAST_WELL_FORMED / 2:
        return 0.0, min(num_columns, ONE_COLUMN)
    return round(share, 1), num_columns
