"""JSON Lines: one object per line."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from lstmcli.data.formats.base import PROBABILITY_DIGITS, Record, RecordWriter, Rows
from lstmcli.data.formats.header import ARRAY_ADVICE, FORMATS_BY_DELIMITER, format_setting
from lstmcli.errors import DataError

# Lone surrogates, which JSON can contain as escapes, but UTF-8 can't.
SURROGATE = re.compile("[\ud800-\udfff]")


class JsonLines:
    """Objects with the same or different keys; a record's columns are its own keys."""

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
                yield Record(number, ["input"], [line.removesuffix("\n").removesuffix("\r")], problem)
                continue
            yield Record(number, list(value), list(value.values()))

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat.writer`."""
        return _JsonLinesWriter(stream)


def _parsed(line: str) -> tuple[dict[str, Any], str | None]:
    """Return the object and None, or an empty object and the problem."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {}, f"can't be parsed as JSON ({error})."
    if not isinstance(value, dict):
        return {}, f'expected an object like {{"text": ...}}, got {line.strip()[:40]}.'
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


class _JsonLinesWriter:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        pass

    def write(self, record: Record, additions: Mapping[str, str | float | None]) -> None:
        row = dict(zip(record.columns, record.cells, strict=False))
        if len(record.cells) > len(record.columns):
            row["surplus"] = record.cells[len(record.columns) :]
        if record.problem is not None:
            row["error"] = record.problem
        for key, value in additions.items():
            row[key] = round(value, PROBABILITY_DIGITS) if isinstance(value, float) else value
        line = json.dumps(row, ensure_ascii=False, default=str)  # Parquet has dates, JSON does not
        if SURROGATE.search(line):  # half an emoji, as in truncated tweets, can only be written as an escape
            line = json.dumps(row, default=str)
        self._stream.write(line + "\n")
