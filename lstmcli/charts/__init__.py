"""Charts as SVG text: lines, bars, heat maps, and strips of words. The same values always give the same bytes.

Each chart is a complete document, which may also be pasted into an HTML page, several on one page. It scales with the
page, and is legible from 360 pixels on. It follows the reader's light or dark colour scheme, never relies on colour
alone, and has a title and a description for screen readers.
"""

from lstmcli.charts.bars import Bar, bar_chart
from lstmcli.charts.heat_map import HeatColumn, heat_map
from lstmcli.charts.lines import Line, Mark, line_chart
from lstmcli.charts.strip import word_strip

__all__ = ["Bar", "HeatColumn", "Line", "Mark", "bar_chart", "heat_map", "line_chart", "word_strip"]
