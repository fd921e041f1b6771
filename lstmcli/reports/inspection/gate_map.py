"""A text word by word in a terminal: one column per word, one row per gate or state, in bands as wide as the screen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lstmcli.inspection.memory import HalfLife
from lstmcli.inspection.results import TextInspection
from lstmcli.inspection.signals import CELL, FROM_CELL, Array, DirectionSignals, Signal
from lstmcli.reports.inspection.cells import NUMBER_WIDTH, Style, cell, display_width, fitted
from lstmcli.visible import visible

LABEL_WIDTH = 14
MIN_WIDTH = 6
MAX_WIDTH = 16

# A word that the model does not know has this after it.
UNKNOWN_MARK = "*"

TITLES = {"from_cell": "V_o S"}


@dataclass(frozen=True)
class _Row:
    """A row of cells: values, of which `largest` has the highest block, or else texts."""

    label: str
    values: Array | None
    largest: float = 1.0
    texts: Sequence[str] = ()


def gate_map(inspection: TextInspection, style: Style) -> str:
    """Return the map, which ends with a line end."""
    words = [visible(word.text) + ("" if word.is_known else UNKNOWN_MARK) for word in inspection.words]
    widths = [min(MAX_WIDTH, max(MIN_WIDTH, display_width(word))) for word in words]
    blocks = [(each.direction, _rows(each, inspection)) for each in inspection.directions]
    if inspection.attention is not None:
        blocks.append(("pooling", [_Row("attention", inspection.attention, _largest(inspection.attention))]))
    lines: list[str] = []
    for band in _bands(widths, style.width - LABEL_WIDTH):
        names = " ".join(fitted(words[place], widths[place], style=style) for place in band)
        lines += ["", f"{'':{LABEL_WIDTH}}{names}"]
        for title, rows in blocks:
            lines.append(title)
            lines += (_line(row, band, widths, style) for row in rows)
    return "\n".join(line.rstrip() for line in lines[1:]) + "\n"


def _bands(widths: Sequence[int], room: int) -> Iterator[range]:
    """Yield the places of the words that fit on a line, at least one."""
    start = 0
    while start < len(widths):
        end, used = start + 1, widths[start]
        while end < len(widths) and used + 1 + widths[end] <= room:
            used += 1 + widths[end]
            end += 1
        yield range(start, end)
        start = end


def _rows(direction: DirectionSignals, inspection: TextInspection) -> list[_Row]:
    is_mean = inspection.view.unit is None
    rows = [_signal_row(signal, inspection, is_mean=is_mean) for signal in direction.signals]
    memory = direction.memory
    if memory is not None:
        rows.append(_Row("share", memory.shares, _largest(memory.shares)))
        rows.append(_Row("half-life", None, texts=[half_life_text(each) for each in memory.half_lives]))
    return rows


def _signal_row(signal: Signal, inspection: TextInspection, *, is_mean: bool) -> _Row:
    """The gates have a common scale from 0 to 1; the memory, which has no limit, has one for both directions."""
    title = TITLES.get(signal.name, signal.name)
    is_size = is_mean and signal.is_signed
    largest = largest_sizes(inspection, signal.name) if signal.name in {CELL, FROM_CELL} else 1.0
    return _Row(f"|{title}|" if is_size else title, signal.sizes if is_size else signal.values, largest)


def largest_sizes(inspection: TextInspection, name: str) -> float:
    """Return the largest absolute value of a signal in any direction."""
    return max(_largest(each.signal(name).sizes) for each in inspection.directions)


def _largest(values: Array) -> float:
    return float(np.abs(values).max()) or 1.0


def _line(row: _Row, band: range, widths: Sequence[int], style: Style) -> str:
    if row.values is None:
        cells = [row.texts[place].rjust(widths[place]) for place in band]
    else:
        cells = [
            cell(float(row.values[place]), abs(float(row.values[place])) / row.largest, widths[place], style)
            for place in band
        ]
    return f"  {row.label:<{LABEL_WIDTH - 2}}" + " ".join(cells)


def half_life_text(half_life: HalfLife | None) -> str:
    """Return a half-life in up to NUMBER_WIDTH columns; "~" marks one that the text does not last for."""
    if half_life is None:
        return "-"
    if half_life.words == np.inf:
        return "inf"
    number = f"{half_life.words:.1f}" if half_life.words < 9.95 else f"{half_life.words:.0f}"
    return f"{'~' if half_life.is_beyond else ''}{number}"[: NUMBER_WIDTH + 1]
