"""Colours and fonts of all charts, in light and dark.

Text has a contrast of at least 4.5 with its background and lines have 3, by the formula of WCAG 2. Signed values are
blue and orange, which all common forms of colour blindness keep apart.
"""

from typing import Final

FONT_SIZE: Final = 13
TITLE_SIZE: Final = 15

# How strong the colour behind a word may be, so that the word stays legible.
MAX_TINT: Final = 0.35

NUM_LINE_COLORS: Final = 6

# By variable: the colour on a light and on a dark page. `up` and `down` are for positive and negative values.
COLORS: Final = {
    "back": ("#ffffff", "#17191c"),
    "text": ("#1b1b1b", "#ececec"),
    "quiet": ("#595959", "#b0b3b8"),
    "grid": ("#dedede", "#3a3d42"),
    "up": ("#0b5fa5", "#6db3f2"),
    "down": ("#b34a00", "#f2a65a"),
    "line1": ("#0072b2", "#56b4e9"),
    "line2": ("#b34a00", "#f2a65a"),
    "line3": ("#1b1b1b", "#ececec"),
    "line4": ("#a8327d", "#f29bd0"),
    "line5": ("#00795a", "#2fd3a5"),
    "line6": ("#6b5b00", "#f0e442"),
}

# Lines differ in this as well as in colour.
DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 4")

# Several charts on a page repeat the same rules, so that they do not disturb each other or the page.
_RULES: Final = (
    f".lc{{color-scheme:light dark;font:{FONT_SIZE}px system-ui,'DejaVu Sans',sans-serif}}"
    ".lc text{fill:var(--lc-text)}"
    ".lc .lc-quiet{fill:var(--lc-quiet)}"
    f".lc .lc-title{{font-size:{TITLE_SIZE}px;font-weight:600}}"
    ".lc .lc-back{fill:var(--lc-back)}"
    ".lc .lc-up{fill:var(--lc-up)}"
    ".lc .lc-down{fill:var(--lc-down)}"
    ".lc .lc-axis{stroke:var(--lc-quiet)}"
    ".lc .lc-grid{stroke:var(--lc-grid);fill:none}"
    ".lc .lc-line{fill:none;stroke-width:2}"
)


def style_sheet() -> str:
    """Return the rules of all charts."""
    light, dark = (
        "".join(f"--lc-{name}:{colors[scheme]};" for name, colors in COLORS.items()).rstrip(";") for scheme in (0, 1)
    )
    return f".lc{{{light}}}@media(prefers-color-scheme:dark){{.lc{{{dark}}}}}{_RULES}"
