"""Lexicons in tables: a row for each word and category, or a column for each category.

word TAB category                       a word of the category
word TAB category TAB 0 or 1            as in NRC's EmoLex
word TAB category TAB weight            as in NRC's intensities
word TAB valence TAB arousal TAB ...    a header, then weights, as in NRC-VAD; X for a word without a weight
"""

import csv
import math
from collections import Counter
from collections.abc import Sequence

from lstmcli.errors import DataError, counted
from lstmcli.lexicons.lexicon import MEMBER, LexiconBuilder, check_categories

# The names of the first column by which a header is known.
WORD_COLUMNS = {"word", "words", "term", "terms", "dicterm", "entry", "token", "english word", "english (en)"}

DELIMITERS = "\t;,"

MEMBERSHIP = {0.0, 1.0}

Row = tuple[int, list[str]]


def read_table(lines: Sequence[tuple[int, str]], builder: LexiconBuilder) -> None:
    """Read the numbered `lines`, of which none is blank.

    Raises:
        DataError: it is not clear what the columns are. Other mistakes are remembered in the `builder`.
    """
    delimiter = next((each for each in DELIMITERS if each in lines[0][1]), None)
    if delimiter is None:
        raise DataError(
            f"{builder.path}, line {lines[0][0]}: expected a word and a category with a tab or a comma between them, "
            "or a line with % as in a .dic file."
        )
    rows = [(line, _cells(text, delimiter)) for line, text in lines]
    header, *others = rows
    if _is_wide(rows):
        _read_wide(header, others, builder, delimiter)
    else:
        _read_long(rows, builder, delimiter)


def _cells(text: str, delimiter: str) -> list[str]:
    if delimiter == "\t":
        return [cell.strip() for cell in text.split(delimiter)]
    return [cell.strip() for row in csv.reader([text], delimiter=delimiter) for cell in row]


def _number(cell: str, delimiter: str) -> float | None:
    try:
        value = float(cell if delimiter == "," else cell.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_mark(cell: str) -> bool:
    return cell in {"X", "x", ""} or _number(cell, "\t") is not None


def _is_wide(rows: Sequence[Row]) -> bool:
    """Whether all cells but the first of the rows below the header are weights or marks."""
    widths = {len(cells) for _, cells in rows[1:]}
    if max(widths, default=0) < 2:
        return False
    return all(all(map(_is_mark, cells[1:])) for _, cells in rows[1:])


def _read_wide(header: Row, rows: Sequence[Row], builder: LexiconBuilder, delimiter: str) -> None:
    line, (_, *names) = header
    if any(map(_is_mark, names)):
        raise DataError(
            f"{builder.path}, line {line}: expected a header with the names of the columns, such as word, valence and "
            "arousal, above the numbers; add one."
        )
    check_categories([(line, name) for name in names], builder)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        builder.mistake(line, f"two columns are called {twice[0]!r:.60}.")
    rows = [row for row in rows if _has_width(row, len(names) + 1, builder)]
    values = [[_value(cell, delimiter) for cell in cells[1:]] for _, cells in rows]
    is_weighted = any(value not in MEMBERSHIP for own in values for value in own if value is not None)
    columns = [[cells[at] for _, cells in rows] for at in range(1, len(names) + 1)]
    kinds = [is_weighted and not any(cell in {"X", "x"} for cell in column) for column in columns]
    indices = [builder.category(name, is_weighted=kind) for name, kind in zip(names, kinds, strict=True)]
    for (number, cells), own in zip(rows, values, strict=True):
        weights = {
            index: value
            for index, value, kind in zip(indices, own, kinds, strict=True)
            if value is not None and (kind or value == MEMBER)
        }
        builder.add(number, cells[0], weights)


def _has_width(row: Row, width: int, builder: LexiconBuilder) -> bool:
    line, cells = row
    if len(cells) != width:
        builder.mistake(line, f"has {counted(len(cells), 'column')}, but the header has {width}.")
    return len(cells) == width


def _value(cell: str, delimiter: str) -> float | None:
    return MEMBER if cell in {"X", "x"} else _number(cell, delimiter)


def _read_long(rows: Sequence[Row], builder: LexiconBuilder, delimiter: str) -> None:
    width = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
    if width not in {2, 3}:
        raise DataError(
            f"{builder.path}: expected the columns word, category and perhaps weight, or a header and a column of "
            f"numbers for each category; found {counted(width, 'column')}."
        )
    rows = rows[1:] if _has_header(rows, builder, delimiter) else rows
    read: list[tuple[int, str, str, float]] = []
    for line, cells in rows:
        weight = MEMBER if width == 2 else None
        if len(cells) == width == 3:
            weight = _number(cells[2], delimiter)
        if len(cells) != width or weight is None:
            wanted = "a word and a category" if width == 2 else "a word, a category and a number"
            builder.mistake(line, f"expected {wanted}, got {delimiter.join(cells)!r:.60}.")
        elif not cells[1] or not cells[1].isprintable():
            check_categories([(line, cells[1])], builder)
        else:
            read.append((line, cells[0], cells[1], weight))
    is_weighted = any(weight not in MEMBERSHIP for *_, weight in read)
    for line, word, category, weight in read:
        index = builder.category(category, is_weighted=is_weighted)
        if is_weighted or weight == MEMBER:
            builder.add(line, word, {index: weight})


def _has_header(rows: Sequence[Row], builder: LexiconBuilder, delimiter: str) -> bool:
    """Whether the first row is a header.

    Raises:
        DataError: it may be one or not.
    """
    line, first = rows[0]
    if first[0].lower() in WORD_COLUMNS:
        return True
    if len(first) == 3:
        return _number(first[2], delimiter) is None
    others = {cells[1] for _, cells in rows[1:] if len(cells) > 1}
    if len(first) == 2 and others and first[1] not in others:
        raise DataError(
            f"{builder.path}, line {line}: is {delimiter.join(first)!r:.60} a header or a word? Put a header above the "
            f"words: {'word<TAB>category' if delimiter == chr(9) else f'word{delimiter}category'}."
        )
    return False
