"""`lstmcli inspect` as charts."""

from collections.abc import Sequence

from lstmcli.charts import HeatColumn, heat_map
from lstmcli.inspection.habits import CLOSED, OPEN
from lstmcli.inspection.results import FileInspection, Inspection, TextInspection, View
from lstmcli.inspection.signals import CELL, FROM_CELL, Array, DirectionSignals
from lstmcli.reports.inspection.gate_map import TITLES, largest_sizes
from lstmcli.reports.inspection.sentences import sentences


def chart(found: Inspection) -> str:
    """Return a chart of the text, or of the file."""
    if found.text is not None:
        return text_chart(found.text)
    if found.file is not None:
        return file_chart(found.file, found.name)
    raise ValueError("expected a text or a file")


def text_chart(inspection: TextInspection) -> str:
    """Return a heat map with a row for each word."""
    is_mean = inspection.view.unit is None
    columns: list[HeatColumn] = []
    values: list[Sequence[float]] = []
    for direction in inspection.directions:
        for column, numbers in _columns(direction, inspection, is_mean=is_mean):
            columns.append(column)
            values.append(numbers.tolist())
    if inspection.attention is not None:
        columns.append(HeatColumn("attention", largest=_largest(inspection.attention)))
        values.append(inspection.attention.tolist())
    return heat_map(
        f"Gates and memory, word by word: {_what(inspection.view)}",
        [word.text for word in inspection.words],
        columns,
        list(zip(*values, strict=True)),
        description=" ".join(sentences(inspection)),
        row_label="word",
    )


def _columns(
    direction: DirectionSignals, inspection: TextInspection, *, is_mean: bool
) -> list[tuple[HeatColumn, Array]]:
    found = []
    for signal in direction.signals:
        title = TITLES.get(signal.name, signal.name)
        is_size = is_mean and signal.is_signed
        largest = largest_sizes(inspection, signal.name) if signal.name in {CELL, FROM_CELL} else 1.0
        column = HeatColumn(
            f"|{title}|" if is_size else title,
            direction.direction,
            is_signed=signal.is_signed and not is_size,
            largest=largest,
        )
        found.append((column, signal.sizes if is_size else signal.values))
    if direction.memory is not None:
        largest = max(_largest(each.memory.shares) for each in inspection.directions if each.memory is not None)
        found.append((HeatColumn("share", direction.direction, largest=largest), direction.memory.shares))
    return found


def _largest(values: Array) -> float:
    return float(values.max()) or 1.0


def _what(view: View) -> str:
    return "mean over all units" if view.unit is None else f"unit {view.unit}"


def file_chart(inspection: FileInspection, name: str) -> str:
    """Return a heat map with a row for each unit: how often each of its gates is open, and closed."""
    columns, values = [], []
    for direction in inspection.directions:
        for gate in direction.gates:
            for side, parts in (("open", gate.open), ("closed", gate.closed)):
                columns.append(HeatColumn(f"{gate.name} {side}", direction.direction))
                values.append(parts.tolist())
    return heat_map(
        f"How often gates are open or closed, by unit: {name}",
        [str(number + 1) for number in range(inspection.network.hidden_size)],
        columns,
        list(zip(*values, strict=True)),
        description=f"The fraction of {inspection.num_words:,} words at which a gate is above {OPEN} (open) or below "
        f"{CLOSED} (closed).",
        row_label="unit",
    )
