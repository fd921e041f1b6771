"""Horizontal bars with names, values and, if they have any, intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstmcli.charts.drawing import LINE_HEIGHT, MARGIN, WIDTH, Drawing, shortened, signed, text_width, wrapped
from lstmcli.charts.scale import Scale, can_show

ROW_HEIGHT = 24.0
BAR_HEIGHT = 14.0
MAX_NAME_WIDTH = 140.0


@dataclass(frozen=True)
class Bar:
    """A value, perhaps with an interval. A value that is not finite has no bar."""

    name: str
    value: float
    interval: tuple[float, float] | None = None


def bar_chart(
    title: str,
    bars: Sequence[Bar],
    *,
    x_label: str,
    description: str = "",
    decimals: int = 2,
    x_range: tuple[float, float] | None = None,
) -> str:
    """Return a chart with a bar from 0 for each of `bars`, from top to bottom.

    Args:
        title: of the chart.
        bars: the values.
        x_label: what they are, with their unit.
        description: for readers who do not see the chart.
        decimals: of the printed values.
        x_range: the ends of the axis, which all values are between; None: as far as the values reach.
    """
    drawing = Drawing(title, description)
    ends = [end for bar in bars for end in (bar.value, *(bar.interval or ())) if can_show(end)]
    scale = Scale.of(ends, with_zero=True) if x_range is None else Scale.between(x_range)
    texts = [signed(bar.value, decimals) if can_show(bar.value) else "none" for bar in bars]
    name_width = min(MAX_NAME_WIDTH, max((text_width(bar.name) for bar in bars), default=0.0))
    value_width = max(map(text_width, texts), default=0.0)
    left, right = MARGIN + name_width + 10, WIDTH - MARGIN - value_width - 8
    top = drawing.height

    def place(value: float) -> float:
        return left + (right - left) * scale.position(value)

    bottom = top + ROW_HEIGHT * len(bars) + 4
    for value, text in scale.ticks(6):
        drawing.stroke(place(value), top, place(value), bottom + 4)
        drawing.text(place(value), bottom + 18, text, anchor="middle", kind="lc-quiet")
    for index, (bar, text) in enumerate(zip(bars, texts, strict=True)):
        middle = top + ROW_HEIGHT * (index + 0.5)
        drawing.text(left - 8, middle + 4.5, shortened(bar.name, name_width), anchor="end")
        drawing.text(WIDTH - MARGIN, middle + 4.5, text, anchor="end", kind="lc-quiet")
        if can_show(bar.value):
            start, end = sorted((place(0.0), place(bar.value)))
            kind = "lc-up" if bar.value >= 0 else "lc-down"
            note = f"{bar.name}: {text}"
            drawing.rectangle(start, middle - BAR_HEIGHT / 2, end - start, BAR_HEIGHT, note=note, class_=kind)
        if bar.interval is not None and all(map(can_show, bar.interval)):
            _draw_interval(drawing, place(bar.interval[0]), place(bar.interval[1]), middle)
    drawing.stroke(place(0.0), top, place(0.0), bottom + 4, "lc-axis")
    drawing.height = bottom + 22
    for text in wrapped(x_label, WIDTH - 2 * MARGIN):
        drawing.height += LINE_HEIGHT
        drawing.text(WIDTH / 2, drawing.height - 4, text, anchor="middle", kind="lc-quiet")
    return drawing.document()


def _draw_interval(drawing: Drawing, low: float, high: float, middle: float) -> None:
    style = "stroke:var(--lc-text);stroke-width:1.5"
    for x1, y1, x2, y2 in ((low, middle, high, middle), *((x, middle - 4, x, middle + 4) for x in (low, high))):
        drawing.add("line", x1=x1, y1=y1, x2=x2, y2=y2, style=style)
