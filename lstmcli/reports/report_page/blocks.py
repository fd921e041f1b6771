"""The parts that sections of a report consist of. The templates turn each into HTML, and escape all text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from lstmcli.charts.style import style_sheet
from lstmcli.reports.report_page.content import ShownText
from lstmcli.reports.table import Table


@dataclass(frozen=True)
class Svg:
    """A chart, which escapes its texts itself."""

    text: str

    @classmethod
    def within(cls, chart: str) -> "Svg":
        """Return a chart without its rules, which a page of many charts has once."""
        return cls(
            chart.replace(f"<style>{style_sheet()}</style>", "", 1).replace(
                'xmlns="http://www.w3.org/2000/svg" ', "", 1
            )
        )

    def __html__(self) -> str:
        """Return what Jinja inserts as it is."""
        return self.text


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `kind` is "lead", "warning", "note" or nothing."""

    template: ClassVar[str] = "paragraph.html.j2"
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    template: ClassVar[str] = "items.html.j2"
    texts: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    template: ClassVar[str] = "facts.html.j2"
    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Charts:
    """Charts side by side, where there is room."""

    template: ClassVar[str] = "charts.html.j2"
    charts: Sequence[Svg]


@dataclass(frozen=True)
class Cell:
    """A figure in a table.

    Attributes:
        text: what is shown.
        bar: the length of a bar beside it, from 0 to 1; None: no bar.
        interval: ends of a line on the bar.
        says_interval: whether the interval is also written.
        shade: how strong its background is, from 0 to 1.
        is_quiet: whether it matters less than others.
        is_marked: whether it is outlined.
    """

    text: str
    bar: float | None = None
    interval: tuple[float, float] | None = None
    says_interval: bool = False
    shade: float = 0.0
    is_quiet: bool = False
    is_marked: bool = False


@dataclass(frozen=True)
class Grid:
    """A table whose first `num_names` columns are names.

    Attributes:
        title: of the table.
        columns: their names.
        rows: of cells.
        note: a remark below it.
        num_names: number of columns with names.
        is_matrix: whether columns are as narrow as their cells, with turned names.
    """

    template: ClassVar[str] = "grid.html.j2"
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    num_names: int = 1
    is_matrix: bool = False

    @classmethod
    def of(cls, table: Table) -> "Grid":
        """Return a table of the other reports."""
        rows = []
        for number, cells in enumerate(table.rows):
            shades = [0.0] * table.num_names + (list(table.shades[number]) if table.shades else [])
            shades += [0.0] * (len(cells) - len(shades))
            rows.append([Cell(text, shade=shade) for text, shade in zip(cells, shades, strict=True)])
        return cls(table.title, table.columns, rows, table.note, table.num_names)


@dataclass(frozen=True)
class Texts:
    """Rows with their words."""

    template: ClassVar[str] = "texts.html.j2"
    title: str
    rows: Sequence[ShownText]

    def largest(self, row: ShownText) -> float:
        """Return the absolute share with the strongest colour."""
        return max((abs(share) for _, share in row.pieces if share is not None), default=0.0)


@dataclass(frozen=True)
class Folded:
    """Blocks that are out of sight until they are asked for."""

    template: ClassVar[str] = "folded.html.j2"
    title: str
    blocks: Sequence["Block"]


Block = Paragraph | Items | Facts | Charts | Grid | Texts | Folded


@dataclass(frozen=True)
class Section:
    """A heading and what is below it; `key` is its place in the page."""

    key: str
    title: str
    blocks: Sequence[Block] = field(default_factory=list)
