"""What may be wrong with a header that lacks a column: another delimiter, another kind of file, or no header at all."""

import re
from collections.abc import Sequence

from lstmcli.errors import did_you_mean

FORMATS_BY_DELIMITER = {";": "csv-semicolon", "\t": "tsv", "|": "csv-pipe", ",": "csv"}

# Separators that no format has, and what makes tabs of them.
OTHER_SEPARATORS = {":": "tr ':' '\\t'", "  ": "sed 's/  \\+/\\t/g'", " ": "tr -s ' ' '\\t'"}

# What to do with a JSON array.
ARRAY_ADVICE = "write one object per line, for example with jq -c '.[]' FILE > NEW.jsonl"

# A header is listed only up to here: it may be a text.
MAX_NAMES_SHOWN = 30
MAX_NAME_CHARACTERS = 60


def format_setting(format_name: str) -> str:
    """Return the option and the setting that choose a format."""
    return f"--format {format_name} (data.format)"


def listed(columns: Sequence[str]) -> str:
    """Return the names of columns, shortened if they are many or long."""
    shown = [name if len(name) <= MAX_NAME_CHARACTERS else name[:MAX_NAME_CHARACTERS] + "..." for name in columns]
    more = f" and {len(columns) - MAX_NAMES_SHOWN:,} more" if len(columns) > MAX_NAMES_SHOWN else ""
    return ", ".join(shown[:MAX_NAMES_SHOWN]) + more


def position(columns: Sequence[str], column: str) -> int | None:
    """Return the index of the column with this name, or else of the only one that has it between spaces, or None."""
    if column in columns:
        return columns.index(column)
    if any(name.strip() == column for name in columns):
        stripped = [name.strip() for name in columns]
        return stripped.index(column) if stripped.count(column) == 1 else None
    return None


def missing_column_hint(columns: Sequence[str], column: str, setting: str, delimiter: str) -> str:
    r"""Return, starting with a space, what is probably the reason that a column is missing, and what to do.

    Args:
        columns: of the header.
        column: the missing one.
        setting: what names it.
        delimiter: of the header, as sed takes it ("," or "\t").
    """
    first = columns[0] if columns else ""
    hint = json_hint(first) or other_delimiter_hint(columns, column) or _other_separator_hint(columns, column)
    if hint:
        return hint
    if columns and not any(name.strip() for name in columns):
        return " The first line has no names; delete the lines above the header."
    if first.startswith("#"):
        return " The first line looks like a comment; delete the lines above the header, for example with tail -n +2."
    near = did_you_mean(column, columns)
    if near or not any(map(_is_content, columns)):
        return f"{near} The column is set by {setting}."
    names = delimiter.join([column, *(f"column{number}" for number in range(2, min(len(columns), 9) + 1))])
    names += f"{delimiter}..." if len(columns) > 9 else ""
    return (
        f" The column is set by {setting}. The first line must be a header; if it is a row already, add a line with "
        f"the names of its {len(columns)} cells in their order, for example: sed '1i {names}' FILE > NEW"
    )


def json_hint(first: str) -> str:
    """Return a hint, starting with a space, if the first cell of a table is the start of JSON, else ""."""
    if re.match(r"\s*\[\s*(\{|$)", first):
        return f" This looks like a JSON array: {ARRAY_ADVICE}."
    if first.lstrip().startswith("{"):
        return f" This looks like JSON Lines: try {format_setting('jsonl')}."
    return ""


def other_delimiter_hint(columns: Sequence[str], column: str | None = None) -> str:
    """Return a hint, starting with a space, if a header seems to have another delimiter, else "".

    Args:
        columns: of the header.
        column: one that it should have; if it is not known, only a header with one column tells something.
    """
    for delimiter, format_name in FORMATS_BY_DELIMITER.items():
        if any(column in _names(cell, delimiter) for cell in columns if delimiter in cell):
            return f" The header contains {delimiter!r}: try {format_setting(format_name)}."
    if len(columns) == 1:
        for delimiter, format_name in FORMATS_BY_DELIMITER.items():
            if delimiter in columns[0]:
                return f" The header contains {delimiter!r} and no other delimiter: try {format_setting(format_name)}."
    return ""


def _other_separator_hint(columns: Sequence[str], column: str) -> str:
    for separator, command in OTHER_SEPARATORS.items():
        if len(columns) == 1 and separator in columns[0] and column in _names(columns[0], separator):
            what = "spaces" if separator.isspace() else repr(separator)
            return (
                f" The header seems to be separated by {what}, which no format is; make tabs of them, for example: "
                f"{command} < FILE > NEW.tsv"
            )
    return ""


def _names(cell: str, delimiter: str) -> list[str]:
    return [name.strip().strip("\"'") for name in cell.split(delimiter)]


def _is_content(cell: str) -> bool:
    """Return whether this looks like the content of a cell rather than the name of a column."""
    try:
        float(cell)
    except ValueError:
        return len(cell.split()) > 3 or len(cell) > MAX_NAME_CHARACTERS or "://" in cell
    return True
