"""`lstmcli inspect` in a terminal: a text, a file, or where a unit behaves alike."""

from collections.abc import Iterator, Sequence

from lstmcli.errors import counted
from lstmcli.inspection.habits import CLOSED, OPEN, STILL, STUCK_AT, DirectionHabits, GateHabit, WordMean
from lstmcli.inspection.results import FileInspection, FoundMatch, Inspection, Search, TextInspection, View
from lstmcli.inspection.signals import STATE
from lstmcli.reports.inspection.cells import Style, wrapped
from lstmcli.reports.inspection.gate_map import gate_map
from lstmcli.reports.inspection.sentences import sentences

# As many words on either side of a match are shown.
NUM_CONTEXT_WORDS = 4

MAX_UNITS_NAMED = 20


def report(found: Inspection, style: Style) -> str:
    """Return all that was found."""
    parts = []
    if found.text is not None:
        parts.append(text_report(found.text, style))
    if found.file is not None:
        parts.append(file_report(found.file, found.name, style))
    if found.search is not None:
        parts.append(search_report(found.search, found.lines, style))
    return "\n".join(parts)


def text_report(inspection: TextInspection, style: Style) -> str:
    """Return the map of a text, and what it says in words."""
    heading = _heading(inspection.view, inspection.num_members, inspection.network.layers)
    return wrapped([heading], style) + "\n" + gate_map(inspection, style) + "\n" + wrapped(sentences(inspection), style)


def _heading(view: View, num_members: int, num_layers: int) -> str:
    what = "mean over all units; |x|: mean of absolute values" if view.unit is None else f"unit {view.unit}"
    where = [f"network {view.member} of {num_members}"] if num_members > 1 else []
    where += [f"layer {view.layer} of {num_layers}"] if num_layers > 1 else []
    return ", ".join([*where, what])


def file_report(inspection: FileInspection, name: str, style: Style) -> str:
    """Return what the units do over a file."""
    heading = _heading(inspection.view, inspection.num_members, inspection.network.layers)
    size = f"{counted(inspection.num_texts, 'text')}, {counted(inspection.num_words, 'word')}"
    lines = [f"{name}: {size} ({heading.partition(';')[0]})"]
    if inspection.network.cell == "rnn":
        lines.append(
            f"saturated: |state| above {OPEN} at {STUCK_AT:.0%} of all words or more; the network has no gates"
        )
    else:
        lines.append(f"stuck: above {OPEN} (open) or below {CLOSED} (closed) at {STUCK_AT:.0%} of all words or more")
    for direction in inspection.directions:
        lines += ["", direction.direction, *_about_direction(direction)]
    return wrapped(lines, style)


def _about_direction(direction: DirectionHabits) -> Iterator[str]:
    for gate in direction.gates:
        yield from _about_gate(gate)
    yield f"  units that never move (state within {STILL}): {_units(direction.still)}"


def _about_gate(gate: GateHabit) -> Iterator[str]:
    if gate.name == STATE:
        yield f"  |state| saturated: {_units(gate.stuck(is_open=True))}"
        yield f"  |state| largest at: {_word_means(gate.opening)}"
        yield f"  |state| smallest at: {_word_means(gate.closing)}"
        return
    open_part, closed_part = float(gate.open.mean()), float(gate.closed.mean())
    yield f"  {gate.name} gate: open {open_part:.0%} of the time, closed {closed_part:.0%} (mean over units)"
    yield f"    stuck open: {_units(gate.stuck(is_open=True))}; stuck closed: {_units(gate.stuck(is_open=False))}"
    yield f"    opens most at: {_word_means(gate.opening)}"
    yield f"    closes most at: {_word_means(gate.closing)}"


def _units(places: Sequence[int]) -> str:
    if not places:
        return "none"
    others = f" and {len(places) - MAX_UNITS_NAMED} more" if len(places) > MAX_UNITS_NAMED else ""
    return f"{counted(len(places), 'unit')} ({', '.join(str(place + 1) for place in places[:MAX_UNITS_NAMED])}{others})"


def _word_means(means: Sequence[WordMean]) -> str:
    return ", ".join(f'"{each.word}" {each.mean:.2f}' for each in means)


def search_report(search: Search, lines: Sequence[int], style: Style) -> str:
    """Return the pattern and the matches; `lines` has the line of each text in the file."""
    pattern = search.pattern
    side = "below" if pattern.threshold < 0 else "above"
    heading = (
        f"pattern: unit {search.unit}, {search.direction}, {search.signal} {side} {pattern.threshold:.2f} at "
        f"{_in_context(search.words, pattern.start, pattern.stop)}"
    )
    if not search.found:
        return wrapped([heading, "No stretch of words in the file is like that."], style)
    found = [heading, "distance  line  match"]
    found += [_match_line(each, lines[each.match.text]) for each in search.found]
    return wrapped(found, style)


def _match_line(found: FoundMatch, line: int) -> str:
    match = found.match
    text = _in_context(found.words, match.start, match.start + len(match.values))
    return f"{match.distance:8.4f}  {line:>4}  {text}"


def _in_context(words: Sequence[str], start: int, stop: int) -> str:
    first, last = max(0, start - NUM_CONTEXT_WORDS), min(len(words), stop + NUM_CONTEXT_WORDS)
    before, inside, after = words[first:start], words[start:stop], words[stop:last]
    parts = [
        *(["..."] if first else []),
        *before,
        f"[{' '.join(inside)}]",
        *after,
        *(["..."] if last < len(words) else []),
    ]
    return " ".join(parts)
