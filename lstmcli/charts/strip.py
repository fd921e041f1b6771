"""A text as a strip of words, each tinted and underlined by how much it counts, for or against something."""

import math
from collections.abc import Sequence

from lstmcli.charts.drawing import LINE_HEIGHT, MARGIN, WIDTH, Drawing, shortened, signed, text_width, wrapped
from lstmcli.charts.style import MAX_TINT

PADDING = 3.0
BAR_HEIGHT = 3.0
BOX_HEIGHT = 26.0
ROW_HEIGHT = 34.0


def word_strip(
    title: str,
    words: Sequence[tuple[str, float | None]],
    *,
    positive: str,
    negative: str = "",
    description: str = "",
    largest: float | None = None,
) -> str:
    """Return a strip of `words` with a value each, in lines that fit the chart.

    A positive value is a bar below the word and a negative one a bar above it, as long as the value is large. A value
    that is missing or not finite has neither.

    Args:
        title: of the chart.
        words: from first to last.
        positive: what a positive value means, for the legend.
        negative: what a negative value means; "" if there is none.
        description: for readers who do not see the chart.
        largest: the absolute value with the strongest tint and a bar as long as the word; None: the largest there is.
    """
    drawing = Drawing(title, description)
    if largest is None:
        largest = max((abs(value) for _, value in words if value is not None and math.isfinite(value)), default=0.0)
    x, top = float(MARGIN), drawing.height
    for word, value in words:
        shown = shortened(word, WIDTH - 2 * MARGIN - 2 * PADDING)
        width = text_width(shown) + 2 * PADDING
        if x > MARGIN and x + width > WIDTH - MARGIN:
            x, top = float(MARGIN), top + ROW_HEIGHT
        _draw_word(drawing, (x, top), width, word, shown, value, largest or 1.0)
        x += width + 4
    drawing.height = top + ROW_HEIGHT
    for kind, text, side in (("lc-up", positive, "below"), ("lc-down", negative, "above")):
        if text:
            _draw_key(drawing, kind, f"{text} (bar {side} the word)")
    return drawing.document()


def _draw_word(
    drawing: Drawing,
    place: tuple[float, float],
    width: float,
    word: str,
    shown: str,
    value: float | None,
    largest: float,
) -> None:
    x, top = place
    if value is not None and math.isfinite(value):
        strength = min(1.0, abs(value) / largest)
        kind = "lc-down" if value < 0 else "lc-up"
        drawing.rectangle(
            x, top, width, BOX_HEIGHT, note=f"{word}: {signed(value)}", class_=kind, fill_opacity=MAX_TINT * strength
        )
        y = top if value < 0 else top + BOX_HEIGHT - BAR_HEIGHT
        drawing.rectangle(x, y, width * strength, BAR_HEIGHT, class_=kind)
    drawing.text(x + PADDING, top + 17.5, shown)


def _draw_key(drawing: Drawing, kind: str, text: str) -> None:
    drawing.rectangle(MARGIN, drawing.height + 3, 14, 11, class_=kind)
    for index, line in enumerate(wrapped(text, WIDTH - 2 * MARGIN - 20)):
        drawing.text(MARGIN + 20, drawing.height + 13 + LINE_HEIGHT * index, line, kind="lc-quiet")
    drawing.height += LINE_HEIGHT * max(1, len(wrapped(text, WIDTH - 2 * MARGIN - 20)))
