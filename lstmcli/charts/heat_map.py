"""A heat map: a named row per thing and a named column per measurement, darker for larger values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from lstmcli.charts.drawing import LINE_HEIGHT, MARGIN, WIDTH, Drawing, shortened, signed, text_width

MAX_NAME_WIDTH = 130.0
MAX_CELL_WIDTH = 44.0
CELL_HEIGHT = 20.0
GROUP_GAP = 8.0

# Turned names of columns are legible if they are this far apart.
MIN_TURNED_DISTANCE = 15.0
MAX_TURNED_LENGTH = 120.0

NUM_SAMPLES = 5
SAMPLE_WIDTH = 22.0
MAX_LEGEND_NAMES = 5

Values = Sequence[Sequence[float | None]]


@dataclass(frozen=True)
class HeatColumn:
    """A column of a heat map.

    Attributes:
        name: its heading.
        group: a heading above those of adjacent columns with the same group.
        is_signed: whether values may be negative, which are shown in another colour.
        largest: the absolute value with the strongest colour, above 0.
    """

    name: str
    group: str = ""
    is_signed: bool = False
    largest: float = 1.0


@dataclass(frozen=True)
class _Grid:
    """Where the cells are: the left edge of each column, and the size of a cell."""

    name_width: float
    lefts: Sequence[float]
    cell_width: float
    cell_height: float


def heat_map(
    title: str,
    row_names: Sequence[str],
    columns: Sequence[HeatColumn],
    values: Values,
    *,
    description: str = "",
    row_label: str = "",
) -> str:
    """Return a heat map of `values`, (rows, columns). A value that is missing or not finite has an empty cell.

    Args:
        title: of the chart.
        row_names: from top to bottom.
        columns: from left to right.
        values: a sequence for each row.
        description: for readers who do not see the chart.
        row_label: what the rows are.
    """
    if len(values) != len(row_names) or any(len(row) != len(columns) for row in values):
        raise ValueError(f"expected values for {len(row_names)} rows and {len(columns)} columns")
    drawing = Drawing(title, description)
    grid = _grid([*row_names, row_label], columns)
    _draw_headings(drawing, grid, columns, row_label)
    for name, row in zip(row_names, values, strict=True):
        _draw_row(drawing, grid, name, row, columns)
    drawing.height += 10
    for look in sorted({(column.is_signed, column.largest) for column in columns}):
        _draw_legend(drawing, *look, [column.name for column in columns if (column.is_signed, column.largest) == look])
    return drawing.document()


def _grid(names: Sequence[str], columns: Sequence[HeatColumn]) -> _Grid:
    name_width = min(MAX_NAME_WIDTH, max(map(text_width, names)))
    groups = [column.group for column in columns]
    gaps = [GROUP_GAP if index and groups[index] != groups[index - 1] else 0.0 for index in range(len(groups))]
    room = WIDTH - 2 * MARGIN - name_width - 8 - sum(gaps)
    cell_width = min(MAX_CELL_WIDTH, room / max(1, len(columns)))
    lefts, x = [], MARGIN + name_width + 8
    for gap in gaps:
        lefts.append(x + gap)
        x += gap + cell_width
    return _Grid(name_width, lefts, cell_width, CELL_HEIGHT)


def _draw_headings(drawing: Drawing, grid: _Grid, columns: Sequence[HeatColumn], row_label: str) -> None:
    if any(column.group for column in columns):
        for group, members in groupby(range(len(columns)), key=lambda index: columns[index].group):
            first, *_, last = [*members] * 2
            width = grid.lefts[last] + grid.cell_width - grid.lefts[first]
            drawing.text(grid.lefts[first], drawing.height + 12, shortened(group, width))
        drawing.height += LINE_HEIGHT
    names = [column.name for column in columns]
    is_turned = any(text_width(name) > grid.cell_width for name in names)
    length = MAX_TURNED_LENGTH if is_turned else grid.cell_width
    short = [shortened(name, length) for name in names]
    # Turned names run upwards from the cells. Where columns are narrow, only some of them have room.
    height = max(map(text_width, short), default=0.0) + 4 if is_turned else LINE_HEIGHT
    every = max(1, math.ceil(MIN_TURNED_DISTANCE / grid.cell_width)) if is_turned else 1
    drawing.height += height
    for index in range(0, len(names), every):
        middle = grid.lefts[index] + grid.cell_width / 2
        if is_turned:
            drawing.text(middle + 4.5, drawing.height - 4, short[index], turned=True, kind="lc-quiet")
        else:
            drawing.text(middle, drawing.height - 5, short[index], anchor="middle", kind="lc-quiet")
    if row_label:
        text = shortened(row_label, grid.name_width)
        drawing.text(MARGIN + grid.name_width, drawing.height - 5, text, anchor="end", kind="lc-quiet")


def _draw_row(
    drawing: Drawing, grid: _Grid, name: str, row: Sequence[float | None], columns: Sequence[HeatColumn]
) -> None:
    top, gap = drawing.height, 1.0 if grid.cell_width > 6 else 0.0
    drawing.text(MARGIN + grid.name_width, top + 14.5, shortened(name, grid.name_width), anchor="end")
    for left, value, column in zip(grid.lefts, row, columns, strict=True):
        width, height = grid.cell_width - gap, grid.cell_height - 1.0
        if value is None or not math.isfinite(value):
            drawing.stroke(left + width / 2 - 3, top + height / 2, left + width / 2 + 3, top + height / 2, "lc-axis")
            continue
        place = f"{column.group} {column.name}".strip()
        note = f"{name}, {place}: {signed(value)}"
        strength = min(1.0, abs(value) / column.largest)
        kind = "lc-down" if value < 0 else "lc-up"
        drawing.rectangle(left, top, width, height, note=note, class_=kind, fill_opacity=strength)
        drawing.rectangle(left + 0.25, top + 0.25, width - 0.5, height - 0.5, class_="lc-grid", stroke_width=0.5)
    drawing.height += grid.cell_height


def _draw_legend(drawing: Drawing, is_signed: bool, largest: float, names: Sequence[str]) -> None:
    """Draw samples of the colours, from the lowest value to the largest one."""
    high = f"{largest:.3g}"
    low = f"−{high}" if is_signed else "0"
    x = float(MARGIN)
    drawing.text(x, drawing.height + 12, low, kind="lc-quiet")
    x += text_width(low) + 4
    for step in range(-NUM_SAMPLES + 1 if is_signed else 0, NUM_SAMPLES):
        kind, strength = "lc-down" if step < 0 else "lc-up", abs(step) / (NUM_SAMPLES - 1)
        drawing.rectangle(x, drawing.height + 1, SAMPLE_WIDTH, 13, class_=kind, fill_opacity=strength)
        drawing.rectangle(x, drawing.height + 1, SAMPLE_WIDTH, 13, class_="lc-grid", stroke_width=0.5)
        x += SAMPLE_WIDTH
    distinct = list(dict.fromkeys(names))
    text = f"{high}   ({', '.join(distinct)})" if len(distinct) <= MAX_LEGEND_NAMES else high
    drawing.text(x + 4, drawing.height + 12, shortened(text, WIDTH - MARGIN - x - 4), kind="lc-quiet")
    drawing.height += LINE_HEIGHT + 2
