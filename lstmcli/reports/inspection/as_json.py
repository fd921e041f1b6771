"""`lstmcli inspect` for programs. Units, layers and networks count from 1, as on the command line."""

import json
import math
from collections.abc import Sequence
from typing import Any

from lstmcli.inspection.decision import Decision, Opinion
from lstmcli.inspection.habits import DirectionHabits, GateHabit, WordMean
from lstmcli.inspection.memory import HalfLife
from lstmcli.inspection.results import FileInspection, Inspection, Search, TextInspection, View
from lstmcli.inspection.signals import Array, DirectionSignals, Memory
from lstmcli.visible import is_safe

# Enough that the contributions of a long text add up to its memory.
DECIMALS = 9


def to_json(parts: dict[str, Any]) -> str:
    """Return a JSON object, which ends with a line end and has no control characters."""
    text = json.dumps(parts, ensure_ascii=False, allow_nan=False) + "\n"
    if text[:-1].isprintable():
        return text
    # Outside strings, JSON has only ASCII, so such a character is in a string, where an escape means the same.
    return "".join(each if is_safe(each) else json.dumps(each)[1:-1] for each in text[:-1]) + "\n"


def content(found: Inspection) -> dict[str, Any]:
    """Return all that was found."""
    parts: dict[str, Any] = {}
    if found.text is not None:
        parts |= text_content(found.text)
    if found.file is not None:
        parts |= file_content(found.file, found.name)
    if found.search is not None:
        parts["search"] = search_content(found.search, found.lines)
    return parts


def text_content(inspection: TextInspection) -> dict[str, Any]:
    """Return all that is known about a text."""
    return {
        "text": inspection.text,
        "cell": inspection.network.cell,
        **_view(inspection.view),
        "words": [word.text for word in inspection.words],
        "known": [word.is_known for word in inspection.words],
        "decision": _decision(inspection.decision),
        "pooling": inspection.network.pooling,
        "attention": None if inspection.attention is None else _numbers(inspection.attention),
        "directions": {each.direction: _direction(each) for each in inspection.directions},
    }


def _view(view: View) -> dict[str, Any]:
    return {"network": view.member, "layer": view.layer, "unit": view.unit}


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "network_share": _number(decision.network_share),
        "model": _opinion(decision, decision.model),
        "network_alone": _opinion(decision, decision.network),
        "ngrams_alone": None if decision.ngrams is None else _opinion(decision, decision.ngrams),
    }


def _opinion(decision: Decision, opinion: Opinion) -> dict[str, Any]:
    probabilities = dict(zip(decision.labels, _numbers(opinion.probabilities), strict=True))
    return {"prediction": list(opinion.picked), "probabilities": probabilities}


def _direction(direction: DirectionSignals) -> dict[str, Any]:
    """A signal has a list of values; means over units of what has a sign also have means of absolute values."""
    parts: dict[str, Any] = {"pieces": list(direction.pieces)}
    for signal in direction.signals:
        parts[signal.name] = _numbers(signal.values)
        if signal.is_signed:
            parts[f"{signal.name}_size"] = _numbers(signal.sizes)
    return parts | ({} if direction.memory is None else _memory(direction.memory))


def _memory(memory: Memory) -> dict[str, Any]:
    return {
        "contribution": _numbers(memory.contributions),
        "final_cell": _numbers(memory.final_cells),
        "share": _numbers(memory.shares),
        "half_life": [_half_life(each) for each in memory.half_lives],
        "half_life_is_beyond_text": [each is not None and each.is_beyond for each in memory.half_lives],
    }


def _half_life(half_life: HalfLife | None) -> float | None:
    return None if half_life is None else _number(half_life.words)


def file_content(inspection: FileInspection, name: str) -> dict[str, Any]:
    """Return all that is known about a file."""
    return {
        "file": name,
        "cell": inspection.network.cell,
        **_view(inspection.view),
        "num_texts": inspection.num_texts,
        "num_words": inspection.num_words,
        "directions": {each.direction: _habits(each) for each in inspection.directions},
    }


def _habits(direction: DirectionHabits) -> dict[str, Any]:
    return {
        "gates": {gate.name: _gate(gate) for gate in direction.gates},
        "never_move": _counted_from_1(direction.still),
        "lowest_state": _numbers(direction.lowest),
        "highest_state": _numbers(direction.highest),
    }


def _gate(gate: GateHabit) -> dict[str, Any]:
    return {
        "open": _numbers(gate.open),
        "closed": _numbers(gate.closed),
        "stuck_open": _counted_from_1(gate.stuck(is_open=True)),
        "stuck_closed": _counted_from_1(gate.stuck(is_open=False)),
        "opening_words": [_word_mean(each) for each in gate.opening],
        "closing_words": [_word_mean(each) for each in gate.closing],
    }


def _word_mean(mean: WordMean) -> dict[str, Any]:
    return {"word": mean.word, "mean": _number(mean.mean), "count": mean.count}


def _counted_from_1(places: Sequence[int]) -> list[int]:
    return [place + 1 for place in places]


def search_content(search: Search, lines: Sequence[int]) -> dict[str, Any]:
    """Return a pattern and its matches; `lines` has the line of each text in the file. Words count from 1."""
    pattern = search.pattern
    return {
        "signal": search.signal,
        "direction": search.direction,
        "unit": search.unit,
        "threshold": _number(pattern.threshold),
        "first_word": pattern.start + 1,
        "last_word": pattern.stop,
        "values": _numbers(pattern.values),
        "matches": [
            {
                "line": lines[each.match.text],
                "distance": _number(each.match.distance),
                "first_word": each.match.start + 1,
                "last_word": each.match.start + len(each.match.values),
                "values": _numbers(each.match.values),
                "words": list(each.words),
            }
            for each in search.found
        ],
    }


def _numbers(values: Array) -> list[float | None]:
    return [_number(value) for value in values.tolist()]


def _number(value: float) -> float | None:
    return round(value, DECIMALS) + 0.0 if math.isfinite(value) else None
