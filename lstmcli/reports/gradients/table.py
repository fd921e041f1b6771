"""`lstmcli gradients RUN FILE` in a terminal: factors, a line of blocks for each gradient, and its norms."""

import math
from collections.abc import Iterator, Sequence

from lstmcli.errors import counted
from lstmcli.inspection.gradients import BALANCED, MIN_POINTS, FileGradients, NetworkGradients, Quartiles, Signal
from lstmcli.reports.inspection.cells import ASCII_BLOCKS, BLOCKS, Style, fitted, wrapped

NAME_WIDTH = 18
NUMBER_WIDTH = 8
DISTANCES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


def report(found: FileGradients, style: Style) -> str:
    """Return all that was found."""
    parts = [wrapped(_heading(found), style), _factors(found, style), _chart(found, style), _norms(found, style)]
    return "\n".join([*parts, wrapped(sentences(found), style)])


def _heading(found: FileGradients) -> Iterator[str]:
    left_out = f" ({found.num_left_out:,} more left out)" if found.num_left_out else ""
    yield f"{found.name}: {counted(found.num_texts, 'text')}{left_out}"
    labels = "labels of the file" if found.has_labels else "predicted labels (the file has none)"
    yield f"L: loss of the {labels}, from the last state of the forward direction, layer {found.layer}"


def _factors(found: FileGradients, style: Style) -> str:
    titles = ("factor of dL/dh", "factor of dL/dS", "sing. value", "forget")
    lines = [f"{'':{NAME_WIDTH}}{titles[0]:>18}{titles[1]:>18}{titles[2]:>14}{titles[3]:>9}"]
    for each in found.networks:
        memory = "-" if each.memory is None else factor_text(each.memory.factor)
        largest = f"{max(each.singular_values.values()):.2f}"
        forget = "-" if each.forget_gate is None else f"{each.forget_gate:.2f}"
        name = fitted(each.name, NAME_WIDTH, style=style)
        lines.append(f"{name}{factor_text(each.hidden.factor):>18}{memory:>18}{largest:>14}{forget:>9}")
    notes = [
        "factor: of the norm for each step back, median (quartiles) of the texts",
        "sing. value: the largest of the recurrent matrices; forget: mean of the gate",
    ]
    return "\n".join(lines) + "\n" + wrapped(notes, style)


def factor_text(factor: Quartiles | None) -> str:
    """Return the median and the quartiles."""
    if factor is None:
        return "-"
    return f"{factor.median:.3f} ({factor.lower:.2f}-{factor.upper:.2f})"


def signals(networks: Sequence[NetworkGradients]) -> Iterator[tuple[str, Signal]]:
    """Yield every gradient with its name."""
    for each in networks:
        yield f"{each.name} h", each.hidden
        if each.memory is not None:
            yield f"{each.name} S", each.memory


def _chart(found: FileGradients, style: Style) -> str:
    """Return a line of blocks for each gradient, on a common logarithmic scale."""
    curves = [(name, [each.median for each in signal.by_distance]) for name, signal in signals(found.networks)]
    logs = [math.log10(value) for _, values in curves for value in values if value > 0.0]
    if not logs:
        return wrapped(["All gradients are 0: the loss does not depend on the states."], style)
    low, high = min(logs), max(logs)
    room = style.width - NAME_WIDTH - 2
    heading = f"median norm by distance from the end, 1e{low:.0f} to 1e{high:.0f} (logarithmic), end first"
    lines = [fitted(heading, style.width, style=style).rstrip()]
    for name, values in curves:
        blocks = "".join(_block(value, low, high, style) for value in _spread(values, room))
        lines.append(f"{fitted(name, NAME_WIDTH + 2, style=style)}{blocks}")
    return "\n".join(lines) + "\n"


def _spread(values: Sequence[float], room: int) -> list[float]:
    """Return at most `room` of the values, at equal distances."""
    if len(values) <= room:
        return list(values)
    return [values[round(place * (len(values) - 1) / (room - 1))] for place in range(room)]


def _block(value: float, low: float, high: float, style: Style) -> str:
    blocks = BLOCKS if style.is_unicode else ASCII_BLOCKS
    if value <= 0.0:
        return blocks[0]
    strength = 1.0 if high == low else (math.log10(value) - low) / (high - low)
    return blocks[1 + round(strength * (len(blocks) - 2))]


def _norms(found: FileGradients, style: Style) -> str:
    longest = max(len(signal.by_distance) for _, signal in signals(found.networks))
    room = (style.width - NAME_WIDTH - 2) // NUMBER_WIDTH
    distances = [each for each in DISTANCES if each < longest][:room]
    lines = [f"{'distance, words':{NAME_WIDTH + 2}}" + "".join(f"{each:>{NUMBER_WIDTH}}" for each in distances)]
    for name, signal in signals(found.networks):
        cells = (f"{signal.by_distance[each].median:>{NUMBER_WIDTH}.1e}" for each in distances)
        lines.append(fitted(name, NAME_WIDTH + 2, style=style) + "".join(cells))
    return "\n".join(lines) + "\n"


def sentences(found: FileGradients) -> Iterator[str]:
    """Say in words what the factors mean."""
    for each in found.networks:
        factor = each.path.factor
        if factor is not None:
            signal = "dL/dh" if each.memory is None else "dL/dS"
            yield f"{each.name}: {signal} {_verdict(factor.median)}."
    if {"lstm", "peephole"} <= {each.cell for each in found.networks if not each.is_trained}:
        yield "A new peephole equals a new lstm, since V_o starts at zero."
    if all(each.path.factor is None for each in found.networks):
        # The end itself is no point of a line.
        is_long = any(len(each.path.by_distance) > MIN_POINTS for each in found.networks)
        why = "Too many gradients are 0" if is_long else "The texts are too short"
        yield f"{why} to fit a factor, which takes four words."


def _verdict(factor: float) -> str:
    if abs(factor - 1.0) <= BALANCED:
        return f"keeps its size ({factor:.3f} per step)"
    if factor > 1.0:
        return f"grows: it doubles every {math.log(2.0) / math.log(factor):.1f} words"
    return f"vanishes: half of it is left after {math.log(0.5) / math.log(factor):.1f} words"
