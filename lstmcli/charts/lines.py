"""A line chart: one or more series over a common axis, on linear or logarithmic scales."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstmcli.charts.drawing import (
    LINE_HEIGHT,
    MARGIN,
    WIDTH,
    Drawing,
    keys_in_rows,
    number,
    shortened,
    text_width,
    tooltip,
    wrapped,
)
from lstmcli.charts.scale import Scale, ScaleName, can_show
from lstmcli.charts.style import DASHES, NUM_LINE_COLORS

PLOT_HEIGHT = 200.0
SAMPLE_WIDTH = 28.0

# With more points, dots would hide the line.
MAX_DOTS = 30


@dataclass(frozen=True)
class Line:
    """A named series of (x, y). Points that are not finite, or not positive on a logarithmic scale, leave a gap."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Mark:
    """A vertical line at `x`, and a few words about it."""

    x: float
    name: str


@dataclass(frozen=True)
class _Plot:
    """The area of the curves, in units of the drawing, and its scales."""

    left: float
    top: float
    x: Scale
    y: Scale

    @property
    def right(self) -> float:
        return WIDTH - 1.5 * MARGIN

    @property
    def bottom(self) -> float:
        return self.top + PLOT_HEIGHT

    def place(self, x: float, y: float) -> tuple[float, float]:
        width = self.right - self.left
        return self.left + width * self.x.position(x), self.bottom - PLOT_HEIGHT * self.y.position(y)


def line_chart(
    title: str,
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    description: str = "",
    x_scale: ScaleName = "linear",
    y_scale: ScaleName = "linear",
    with_zero: bool = False,
    marks: Sequence[Mark] = (),
    whole_x: bool = False,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
) -> str:
    """Return a chart of `lines`; more than six repeat colours and dashes.

    Args:
        title: of the chart.
        lines: from first to last in the legend.
        x_label: what the horizontal axis shows, with its unit.
        y_label: what the vertical axis shows, with its unit.
        description: for readers who do not see the chart.
        x_scale: of the horizontal axis.
        y_scale: of the vertical axis.
        with_zero: whether a linear vertical axis includes 0 in any case.
        marks: places on the horizontal axis, within the points.
        whole_x: whether the horizontal axis has whole numbers, such as those of epochs.
        x_range: the ends of a linear horizontal axis, which all points are between; None: as far as these reach.
        y_range: the same for the vertical axis.
    """
    kept = [_shown_parts(line.points, x_scale, y_scale) for line in lines]
    xs, ys = ([point[axis] for parts in kept for part in parts for point in part] for axis in (0, 1))
    drawing = Drawing(title, description)
    for text in wrapped(y_label, WIDTH - 2 * MARGIN):
        drawing.text(MARGIN, drawing.height + 12, text, kind="lc-quiet")
        drawing.height += LINE_HEIGHT
    scales = (
        Scale.of(xs, x_scale) if x_range is None else Scale.between(x_range),
        Scale.of(ys, y_scale, with_zero=with_zero and y_scale == "linear")
        if y_range is None
        else Scale.between(y_range),
    )
    labels = scales[1].ticks(5)
    left = MARGIN + 8 + max((text_width(text) for _, text in labels), default=0.0)
    plot = _Plot(left, drawing.height + 8, *scales)
    _draw_axes(drawing, plot, labels, plot.x.ticks(6, whole=whole_x), x_label)
    for mark in marks:
        _draw_mark(drawing, plot, mark)
    for index, parts in enumerate(kept):
        _draw_line(drawing, plot, lines[index].name, parts, index)
    if len(lines) > 1:
        _draw_keys(drawing, [line.name for line in lines])
    return drawing.document()


def _shown_parts(
    points: Sequence[tuple[float, float]], x_scale: ScaleName, y_scale: ScaleName
) -> list[list[tuple[float, float]]]:
    """Return the stretches between gaps."""
    parts: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if can_show(x, x_scale) and can_show(y, y_scale):
            parts[-1].append((x, y))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def _draw_axes(
    drawing: Drawing,
    plot: _Plot,
    y_ticks: Sequence[tuple[float, str]],
    x_ticks: Sequence[tuple[float, str]],
    x_label: str,
) -> None:
    for value, text in y_ticks:
        _, y = plot.place(_any_of(plot.x), value)
        drawing.stroke(plot.left, y, plot.right, y)
        drawing.text(plot.left - 6, y + 4.5, text, anchor="end", kind="lc-quiet")
    drawing.stroke(plot.left, plot.bottom, plot.right, plot.bottom, "lc-axis")
    for value, text in x_ticks:
        x, _ = plot.place(value, _any_of(plot.y))
        drawing.stroke(x, plot.bottom, x, plot.bottom + 5, "lc-axis")
        half = text_width(text) / 2
        drawing.text(min(x, WIDTH - half - 2), plot.bottom + 18, text, anchor="middle", kind="lc-quiet")
    drawing.height = plot.bottom + 22
    for text in wrapped(x_label, plot.right - plot.left):
        drawing.height += LINE_HEIGHT
        drawing.text((plot.left + plot.right) / 2, drawing.height - 4, text, anchor="middle", kind="lc-quiet")


def _any_of(scale: Scale) -> float:
    return 10.0**scale.low if scale.is_log else scale.low


def _draw_mark(drawing: Drawing, plot: _Plot, mark: Mark) -> None:
    """Draw a line with its words beside it, on the side with more room, near the bottom where curves rarely are."""
    x, _ = plot.place(mark.x, _any_of(plot.y))
    is_left = x > (plot.left + plot.right) / 2
    room = x - plot.left if is_left else plot.right - x
    drawing.add(
        "line",
        tooltip(mark.name),
        x1=x,
        y1=plot.top,
        x2=x,
        y2=plot.bottom,
        style="stroke:var(--lc-text);stroke-width:1.5;stroke-dasharray:3 3",
    )
    text = shortened(mark.name, room - 8)
    drawing.text(x - 6 if is_left else x + 6, plot.bottom - 8, text, anchor="end" if is_left else "start")


def _draw_line(
    drawing: Drawing, plot: _Plot, name: str, parts: Sequence[Sequence[tuple[float, float]]], index: int
) -> None:
    color = f"var(--lc-line{index % NUM_LINE_COLORS + 1})"
    for part in parts:
        places = [plot.place(x, y) for x, y in part]
        points = " ".join(f"{number(x)},{number(y)}" for x, y in places)
        drawing.add(
            "polyline",
            tooltip(name),
            class_="lc-line",
            points=points,
            stroke_dasharray=DASHES[index % len(DASHES)] or None,
            style=f"stroke:{color}",
        )
        if len(part) <= MAX_DOTS:
            for (x, y), (x_value, y_value) in zip(places, part, strict=True):
                note = tooltip(f"{name}: {x_value:.6g}, {y_value:.6g}")
                drawing.add("circle", note, cx=x, cy=y, r=2.5, style=f"fill:{color}")


def _draw_keys(drawing: Drawing, names: Sequence[str]) -> None:
    drawing.height += 6
    names = [shortened(name, WIDTH - 2 * MARGIN - SAMPLE_WIDTH - 6) for name in names]
    places = keys_in_rows(names, SAMPLE_WIDTH)
    for index, ((x, row), name) in enumerate(zip(places, names, strict=True)):
        y = drawing.height + LINE_HEIGHT * row + 12
        drawing.add(
            "line",
            x1=x,
            y1=y - 4,
            x2=x + SAMPLE_WIDTH,
            y2=y - 4,
            class_="lc-line",
            stroke_dasharray=DASHES[index % len(DASHES)] or None,
            style=f"stroke:var(--lc-line{index % NUM_LINE_COLORS + 1})",
        )
        drawing.text(x + SAMPLE_WIDTH + 6, y, name)
    drawing.height += LINE_HEIGHT * (places[-1][1] + 1)
