"""The means of `lstmcli describe` in a terminal and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from lstmcli.errors import counted
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.group_means import CONFIDENCE, ColumnMean, Group, Summary
from lstmcli.reports.inspection.cells import Style, display_width, fitted, wrapped

NAME_WIDTH = 20
MEAN_WIDTH = 17
UNDEFINED = "-"


def summary_content(found: Summary) -> dict[str, Any]:
    """Return everything for JSON, the columns by name; undefined figures are null."""
    groups = [
        {
            "name": group.name,
            "num_rows": group.num_rows,
            "columns": _by_name(found.names, map(asdict, group.columns)),
            "others": _by_name(found.names, map(asdict, group.others)),
            "differences": _by_name(found.names, (each and asdict(each) for each in group.differences)),
        }
        for group in found.groups
    ]
    return {
        "num_rows": found.num_rows,
        "columns": _by_name(found.names, map(asdict, found.columns)),
        "by": found.by,
        "groups": groups,
        "num_without_group": found.num_without_group,
        "confidence": CONFIDENCE,
    }


def _by_name(names: Sequence[str], values: Iterator[Any]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def summary_text(found: Summary, style: Style) -> str:
    """Return tables no wider than the screen: of all rows, then of each group with its difference from all others."""
    parts = [_overall(found, style)]
    # The difference of the second of two groups from the first says the same.
    shown = found.groups if len(found.groups) > 2 else found.groups[:1] if len(found.groups) == 2 else ()
    parts += [_group(found, group, style) for group in shown]
    return "\n".join([*parts, wrapped(_notes(found), style)])


def _overall(found: Summary, style: Style) -> str:
    lines = [
        counted(found.num_rows, "text"),
        f"{'':{NAME_WIDTH}}{'texts':>9}{'mean':>9}{'SD':>9}  {CONFIDENCE:.0%} interval",
    ]
    for name, column in zip(found.names, found.columns, strict=True):
        interval = "" if column.low is None else f"  [{column.low:.2f}, {column.high:.2f}]"
        figures = f"{column.num_rows:>9,}{_figure(column.mean):>9}{_figure(column.deviation):>9}{interval}"
        lines.append(fitted(name, NAME_WIDTH, style=style) + figures)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _group(found: Summary, group: Group, style: Style) -> str:
    """Return the table of a group, the largest differences first."""
    rest = [other for other in found.groups if other is not group]
    others = f"{rest[0].name} ({counted(rest[0].num_rows, 'text')})"
    if len(rest) > 1:
        others = f"the other {counted(sum(other.num_rows for other in rest), 'text')}"
    title = wrapped([f"{found.by}: {group.name} ({counted(group.num_rows, 'text')}) and {others}"], style)
    second = rest[0].name if len(rest) == 1 else "others"
    heads = "".join(_right(name, style) for name in (group.name, second))
    lines = [f"{'mean (SD) of':{NAME_WIDTH}}{heads}  difference"]
    rows = zip(found.names, group.columns, group.others, group.differences, strict=True)
    for name, own, other, difference in sorted(rows, key=_size, reverse=True):
        means = f"{_mean(own):>{MEAN_WIDTH}}{_mean(other):>{MEAN_WIDTH}}"
        lines.append(fitted(name, NAME_WIDTH, style=style) + f"{means}  {_difference(difference)}")
    return title + "".join(f"{line.rstrip()}\n" for line in lines)


def _right(name: str, style: Style) -> str:
    name = fitted(name, MEAN_WIDTH - 2, style=style).rstrip()
    return " " * (MEAN_WIDTH - display_width(name)) + name


def _size(row: tuple[str, ColumnMean, ColumnMean, Estimate | None]) -> float:
    return -1.0 if row[3] is None else abs(row[3].value)


def _mean(column: ColumnMean) -> str:
    return f"{_figure(column.mean)} ({_figure(column.deviation)})"


def _figure(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:,.2f}"


def _difference(value: Estimate | None) -> str:
    return UNDEFINED if value is None else f"{value.value:+.2f} [{value.low:+.2f}, {value.high:+.2f}]"


def _notes(found: Summary) -> Iterator[str]:
    yield "Categories are percentages of the words of a text, or the mean weight of the words found."
    if found.by is None:
        return
    if found.num_without_group:
        yield f"{counted(found.num_without_group, 'text')} without a cell in {found.by!r} in no group."
    if len(found.groups) < 2:
        yield f"{found.by!r} has {counted(len(found.groups), 'group')}; a difference needs two."
        return
    num_tables = len(found.groups) if len(found.groups) > 2 else 1
    num_differences = num_tables * len(found.names)
    num_by_chance = max(1, round(num_differences * (1 - CONFIDENCE)))
    yield (
        "The difference is Hedges' g: that of the means in standard deviations, with a 95% interval that takes texts "
        f"for independent. Of {counted(num_differences, 'interval')}, about {num_by_chance} would exclude 0 by chance."
    )
