"""Writes the elements of an SVG document: numbers in a fixed form, and text escaped."""

import unicodedata
from collections.abc import Sequence
from typing import Final

from lstmcli.charts.style import FONT_SIZE, TITLE_SIZE, style_sheet
from lstmcli.visible import visible

# Of every chart, in its own units. On a phone that is 360 pixels wide, text is 11 pixels high.
WIDTH: Final = 420
MAX_PIXELS: Final = 600
MARGIN: Final = 10
LINE_HEIGHT: Final = 18

# Bold letters are wider by about this factor.
BOLD_WIDTH: Final = 1.12

_NARROW = frozenset(" .,:;'`|!ijlIt()[]fr-")
_BROAD = frozenset("mwMW@%&—…")


class Drawing:
    """Collects elements, and grows downwards."""

    def __init__(self, title: str, description: str = "") -> None:
        self._title, self._description = title, description
        self._elements: list[str] = []
        self.height = 0.0
        for line in wrapped(title, WIDTH - 2 * MARGIN, BOLD_WIDTH * TITLE_SIZE):
            self.text(MARGIN, self.height + 22, line, kind="lc-title")
            self.height += 20
        self.height += 12

    def add(self, name: str, content: str = "", /, **attributes: object) -> None:
        """Add an element.

        Args:
            name: of the element.
            content: its content, already escaped.
            attributes: `_` in a name stands for `-`, and a last one for nothing. Numbers are rounded. None: left out.
        """
        words = [
            f'{key.removesuffix("_").replace("_", "-")}="{_value(value)}"'
            for key, value in attributes.items()
            if value is not None
        ]
        opening = " ".join([name, *words])
        self._elements.append(f"<{opening}>{content}</{name}>" if content else f"<{opening}/>")

    def text(
        self, x: float, y: float, text: str, *, anchor: str = "start", kind: str | None = None, turned: bool = False
    ) -> None:
        """Add one line of text, whose baseline is at `y`; `turned` text runs upwards."""
        transform = f"rotate(-90 {number(x)} {number(y)})" if turned else None
        self.add(
            "text",
            escaped(text),
            x=x,
            y=y,
            text_anchor=None if anchor == "start" else anchor,
            class_=kind,
            transform=transform,
        )

    def rectangle(self, x: float, y: float, width: float, height: float, *, note: str = "", **more: object) -> None:
        """Add a rectangle; `note` appears when the pointer rests on it."""
        self.add("rect", tooltip(note), x=x, y=y, width=max(0.0, width), height=max(0.0, height), **more)

    def stroke(self, x1: float, y1: float, x2: float, y2: float, kind: str = "lc-grid") -> None:
        """Add a straight line."""
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)

    def document(self) -> str:
        """Return the document, which ends with a line end."""
        height = number(self.height + MARGIN)
        description = f"<desc>{escaped(self._description)}</desc>" if self._description else ""
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="lc" role="img" viewBox="0 0 {WIDTH} {height}" '
            f'style="display:block;width:100%;max-width:{MAX_PIXELS}px;height:auto">',
            f"<title>{escaped(self._title)}</title>{description}<style>{style_sheet()}</style>",
            f'<rect class="lc-back" width="{WIDTH}" height="{height}"/>',
            *self._elements,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Return a coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def signed(value: float, decimals: int = 3) -> str:
    """Return a value as readers see it, with a minus sign instead of a hyphen."""
    return f"{value:.{decimals}f}".replace("-", "−")


def _value(value: object) -> str:
    return number(value) if isinstance(value, float | int) else escaped(str(value))


def escaped(text: str) -> str:
    """Return `text` for use in an element or an attribute, with control characters made visible."""
    text = visible(text)
    for code in (0xFFFE, 0xFFFF):  # all that XML forbids and `visible` keeps
        text = text.replace(chr(code), f"\\u{code:04x}")
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text


def tooltip(text: str) -> str:
    """Return the content of an element on which `text` appears."""
    return f"<title>{escaped(text)}</title>" if text else ""


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Return about how wide `text` is. The reader's font is not known, so this is rather too wide."""
    return size * sum(map(_character_width, visible(text)))


def _character_width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF" or character in _BROAD:
        return 1.0
    if unicodedata.combining(character):
        return 0.0
    return 0.4 if character in _NARROW else 0.72 if character.isupper() else 0.63


def shortened(text: str, width: float, size: float = FONT_SIZE) -> str:
    """Return `text`, or as much of its beginning as fits into `width`, with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text + "…"


def wrapped(text: str, width: float, size: float = FONT_SIZE) -> list[str]:
    """Return the lines of `text`, each at most `width` wide; words that are wider are shortened."""
    lines: list[str] = []
    for word in visible(text).split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(shortened(word, width, size))
    return lines


def keys_in_rows(names: Sequence[str], sample_width: float) -> list[tuple[float, int]]:
    """Return where the entries of a legend go: x and row of each, wrapped to the width of a chart."""
    places, x, row = [], float(MARGIN), 0
    for name in names:
        width = sample_width + 6 + text_width(name) + 14
        if x > MARGIN and x + width > WIDTH - MARGIN:
            x, row = float(MARGIN), row + 1
        places.append((x, row))
        x += width
    return places
