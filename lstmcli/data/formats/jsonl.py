"""JSON Lines: one object per line. What is not asked for is written back as it was read, character for character."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json.decoder import WHITESPACE, scanstring  # type: ignore[attr-defined]  # which the types do not list
from math import isfinite
from typing import Any, TextIO

from lstmcli.data.formats.base import (
    PROBABILITY_DIGITS,
    RAW_COLUMNS,
    JsonText,
    Record,
    RecordWriter,
    RowByRow,
    Rows,
    bytes_as_text,
)
from lstmcli.data.formats.header import ARRAY_ADVICE, FORMATS_BY_DELIMITER, format_setting
from lstmcli.errors import DataError, counted

# Lone surrogates, which JSON can contain as escapes, but UTF-8 can't.
SURROGATE = re.compile("[\ud800-\udfff]")

# All that JSON takes for white space; Python's own functions strip more.
JSON_SPACE = " \t\r\n"


class JsonLines:
    """Objects with the same or different keys; a record's columns are its own keys."""

    names_are_unique = True

    def read(self, lines: Iterable[str], name: str) -> Rows:
        """See `FileFormat.read`. Lines of whitespace only are skipped."""
        return Rows(None, self._records(lines, name))

    def _records(self, lines: Iterable[str], name: str) -> Iterator[Record]:
        is_first = True
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            value, problem = _parsed(line)
            if problem and is_first:
                problem += _other_layout(line, f"{name}, line {number}")
            is_first = False
            if problem:
                yield Record(number, RAW_COLUMNS, [line.removesuffix("\n").removesuffix("\r")], problem)
            else:
                yield Record(number, list(value), list(value.values()), None, line)

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat.writer`."""
        return _JsonLinesWriter(stream)


class _Repeating(dict[str, Any]):
    """An object in which the key `repeated` occurs more than once."""

    repeated: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) == len(pairs):
        return row
    repeating, seen = _Repeating(row), set[str]()
    repeating.repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return repeating


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
# Python refuses to convert integers of more than some thousand digits.
_DECODER_OF_LONG_INTEGERS = json.JSONDecoder(object_pairs_hook=_object, parse_int=JsonText)


def _parsed(line: str) -> tuple[dict[str, Any], str | None]:
    """Return the object and None, or an empty object and the problem."""
    try:
        value = _decoded(line)
    except (ValueError, RecursionError) as error:
        return {}, f"can't be parsed as JSON ({error})."
    if not isinstance(value, dict):
        return {}, f'expected an object like {{"text": ...}}, got {line.strip()[:40]}.'
    if isinstance(value, _Repeating):
        return {}, f"the key {value.repeated!r} occurs more than once."
    return value, None


def _other_layout(first: str, where: str) -> str:
    """Return, starting with a space, what the file seems to be if its first line can't be parsed, else "".

    Raises:
        DataError: it is JSON, but not one object per line, so no line is a row.
    """
    if re.match(r"\s*\[\s*(\{|$)", first):
        raise DataError(f"{where}: starts a JSON array; {ARRAY_ADVICE}.")
    if first.strip() == "{":
        raise DataError(
            f"{where}: starts an object over several lines; write one per line, with jq -c . FILE > NEW.jsonl."
        )
    for delimiter, format_name in FORMATS_BY_DELIMITER.items():
        if delimiter in first and not first.lstrip().startswith(("{", "[")):
            return f" If this is the header of a table, try {format_setting(format_name)}."
    return ""


def _decoded(line: str) -> object:
    try:
        return _DECODER.decode(line)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _DECODER_OF_LONG_INTEGERS.decode(line)


def exact_cells(source: str) -> list[Any]:
    """Return the values of the object in the line `source`: strings, None, and all others as they stand there."""
    cells: list[Any] = []
    end_of_space, scan = WHITESPACE.match, _DECODER_OF_LONG_INTEGERS.scan_once  # type: ignore[attr-defined]
    at = end_of_space(source, source.index("{") + 1).end()
    while source[at] != "}":
        _, at = scanstring(source, at + 1, True)
        start = end_of_space(source, end_of_space(source, at).end() + 1).end()
        value, at = scan(source, start)
        cells.append(value if value is None or type(value) is str else JsonText(source[start:at]))
        at = end_of_space(source, at).end()
        if source[at] == ",":
            at = end_of_space(source, at + 1).end()
    return cells


class _JsonLinesWriter(RowByRow):
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._num_not_finite = 0

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        pass

    def write(self, record: Record, additions: Mapping[str, str | float | None]) -> None:
        added: dict[str, object] = {}
        if record.problem is not None:
            added[_free("error", record.columns)] = record.problem
        for key, value in additions.items():
            added[key] = round(value, PROBABILITY_DIGITS) if isinstance(value, float) else value
        if record.source is None:
            line = self._with_cells(record, added)
        else:  # the line itself, with more before its last brace
            start = record.source.strip(JSON_SPACE)[:-1]
            line = f"{start}{', ' if record.columns else ''}{self._dumped(added)[1:]}"
        self._stream.write(line + "\n")

    def notes(self) -> list[str]:
        if not self._num_not_finite:
            return []
        return [f"{counted(self._num_not_finite, 'row')} with NaN or infinity, which JSON can't hold: written as null."]

    def _with_cells(self, record: Record, added: dict[str, object]) -> str:
        row = dict(zip(record.columns, record.cells, strict=False))
        if len(record.cells) > len(record.columns):
            row[_free("surplus", record.columns)] = record.cells[len(record.columns) :]
        row |= added
        if JsonText in map(type, record.cells):
            members = (f"{self._dumped(key)}: {self._dumped(value)}" for key, value in row.items())
            return f"{{{', '.join(members)}}}"
        return self._dumped(row)

    def _dumped(self, value: Any) -> str:
        if type(value) is JsonText:
            return str(value)
        try:
            text = _ENCODE(value)
        except ValueError:  # a number of Parquet's
            self._num_not_finite += 1
            value = _finite(value)
            text = _ENCODE(value)
        if SURROGATE.search(text):  # half an emoji, as in truncated tweets, can only be written as an escape
            text = json.dumps(value, default=bytes_as_text)
        return text


def _free(name: str, taken: Sequence[str]) -> str:
    """Return `name`, or the first of name_2, name_3, ... if it is a key of the row itself."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


# Bytes are all that JSON has no form for: the readers make texts of dates and the like.
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=bytes_as_text).encode


def _finite(value: Any) -> Any:
    """Return `value` with None in place of NaN and infinities."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
