"""Words and numbers in columns of a terminal: as wide as they look, with blocks that are high for large values."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lstmcli.visible import visible

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII_BLOCKS = " .:-=+*#%"

# Of 256 colours: blue and orange, which are legible on black and on white.
POSITIVE, NEGATIVE = 33, 166

ELLIPSIS = "…"

NUMBER_WIDTH = 4


@dataclass(frozen=True)
class Style:
    """What the output can show.

    Attributes:
        width: of the terminal, in columns.
        is_colored: whether colours may be used.
        is_unicode: whether its encoding has the characters of BLOCKS.
    """

    width: int = 80
    is_colored: bool = False
    is_unicode: bool = True


def display_width(text: str) -> int:
    """Return how many columns `text` takes."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(text: str, width: int, *, style: Style) -> str:
    """Return the visible form of `text` in exactly `width` columns, cut off or filled up with spaces."""
    text = visible(text)
    if display_width(text) > width:
        ellipsis = ELLIPSIS if style.is_unicode else "~"
        while display_width(text) > width - 1:
            text = text[:-1]
        text += ellipsis
    return text + " " * (width - display_width(text))


def wrapped(lines: Iterable[str], style: Style) -> str:
    """Return lines no wider than the screen, with control characters made visible; what is continued is indented."""
    return "".join(f"{part}\n" for line in lines for part in _parts(visible(line), style.width))


def _parts(text: str, width: int) -> Iterator[str]:
    if display_width(text) <= width:
        yield text
        return
    spaces = text[: len(text) - len(text.lstrip())]
    part, indent = spaces, f"{spaces}    "
    for word in text.split():
        is_first = part in {spaces, indent}
        if not is_first and display_width(f"{part} {word}") > width:
            yield part
            part, is_first = indent, True
        part += word if is_first else f" {word}"
        while display_width(part) > width:  # a word that no line has room for
            end = next(end for end in range(len(part), 0, -1) if display_width(part[:end]) <= width)
            yield part[:end]
            part = indent + part[end:]
    yield part


def cell(value: float, strength: float, width: int, style: Style) -> str:
    """Return a value in `width` columns: a block as high as `strength`, from 0 to 1, and the number."""
    blocks = BLOCKS if style.is_unicode else ASCII_BLOCKS
    block = blocks[round(min(1.0, max(0.0, strength)) * (len(blocks) - 1))] * (width - NUMBER_WIDTH)
    if style.is_colored:
        block = f"\x1b[38;5;{NEGATIVE if value < 0 else POSITIVE}m{block}\x1b[0m"
    return block + short_number(value)


def short_number(value: float) -> str:
    """Return a number with two digits, in NUMBER_WIDTH columns: " .53", "-.07", " 1.0", "-2.3", " 120"."""
    size = abs(value)
    if size < 0.995:
        text = f"{size:.2f}".removeprefix("0")
    elif size < 9.95:
        text = f"{size:.1f}"
    else:
        text = f"{size:.0f}" if size < 999.5 else "big"
    sign = "-" if value < 0 and text != ".00" else ""
    return f"{sign}{text}".rjust(NUMBER_WIDTH)
