"""What the gates of a network say about a text, in words."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from lstmcli.errors import counted
from lstmcli.inspection.decision import Decision, Opinion
from lstmcli.inspection.habits import CLOSED
from lstmcli.inspection.results import TextInspection
from lstmcli.inspection.signals import Array, DirectionSignals, Memory
from lstmcli.inspection.traces import FORGET, INPUT

# No list names more words than this.
NUM_NAMED = 6

# A list ends when the words in it have this part of the whole.
NAMED_PART = 0.8


def sentences(inspection: TextInspection) -> list[str]:
    """Return sentences about the decision, each direction, and pooling, in this order."""
    words = [word.text for word in inspection.words]
    names = _names(words)
    found = [decision_sentence(inspection.decision)]
    if inspection.directions[0].memory is None:
        found.append(
            "The plain network has no gates. What a word has left in its state is no exact number, since the state "
            "passes through tanh at every step."
        )
    for direction in inspection.directions:
        found += (f"{direction.direction}: {text}" for text in _about(direction, names))
    if inspection.attention is None:
        found.append(f"pooling: {inspection.network.pooling}, which has no weights to show.")
    else:
        found.append(f"pooling: attention is on {_parts(names, inspection.attention)}.")
    num_pieces = len(inspection.directions[0].pieces)
    if num_pieces > 1:
        found.append(
            f"The text is read in {num_pieces} pieces, each from an empty memory; shares are those of a piece."
        )
    if not all(word.is_known for word in inspection.words):
        found.append("* is a word that the model does not know; all of these are the same to the network.")
    return found


def decision_sentence(decision: Decision) -> str:
    """Return what the model says, and how much of it is the network's."""
    text = f"decision: {_said(decision, decision.model)}."
    if decision.ngrams is None:
        return f"{text} All of it is the network's, since this model has no n-grams."
    share = decision.network_share
    return (
        f"{text} The network has {share:.0%} of the weight, the n-grams have {1 - share:.0%}. The network alone says "
        f"{_said(decision, decision.network)}, the n-grams alone {_said(decision, decision.ngrams)}."
    )


def _said(decision: Decision, opinion: Opinion) -> str:
    if not opinion.picked:
        return "no label"
    probabilities = dict(zip(decision.labels, opinion.probabilities.tolist(), strict=True))
    return ", ".join(f"{label} ({probabilities[label]:.2f})" for label in opinion.picked)


def _names(words: Sequence[str]) -> list[str]:
    """Return the words in quotes; those that occur several times are told apart by their place."""
    counts = Counter(words)
    return [
        f'"{word}"' if counts[word] == 1 else f'"{word}" (word {number})' for number, word in enumerate(words, start=1)
    ]


def _about(direction: DirectionSignals, names: Sequence[str]) -> Iterator[str]:
    if direction.memory is None:
        return
    gate = direction.signal(INPUT).values
    if (gate < CLOSED).any():
        yield f"almost nothing gets in at {_listed(names, gate, gate < CLOSED)}."
    yield f"most gets in at {_at(names, gate, int(gate.argmax()))}, least at {_at(names, gate, int(gate.argmin()))}."
    gate = direction.signal(FORGET).values
    if (gate < CLOSED).any():
        yield f"the memory is cleared at {_listed(names, gate, gate < CLOSED)}."
    yield f"most is kept at {_at(names, gate, int(gate.argmax()))}, least at {_at(names, gate, int(gate.argmin()))}."
    yield from _about_memory(direction.memory, names)


def _about_memory(memory: Memory, names: Sequence[str]) -> Iterator[str]:
    found = [(each.words, place) for place, each in enumerate(memory.half_lives) if each is not None]
    if found:
        median = float(np.median([number for number, _ in found]))
        longest, place = max(found, key=lambda each: (each[0], -each[1]))
        yield (
            f"half of what a word wrote is gone after {median:.1f} words (median); {names[place]} stays longest "
            f"({longest:.1f})."
        )
    yield f"the memory at the end is from {_parts(names, memory.shares)}."


def _parts(names: Sequence[str], shares: Array) -> str:
    """List the words with the largest shares, until they have most of the whole, and what the others have."""
    total = float(shares.sum()) or 1.0
    named, part = [], 0.0
    for place in np.argsort(-shares, kind="stable").tolist()[:NUM_NAMED]:
        named.append(f"{names[place]} {shares[place] / total:.0%}")
        part += float(shares[place]) / total
        if part >= NAMED_PART:
            break
    num_others = len(names) - len(named)
    others = f" and {counted(num_others, 'other word')} {max(0.0, 1.0 - part):.0%}" if num_others else ""
    return ", ".join(named) + others


def _listed(names: Sequence[str], values: Array, marks: np.ndarray) -> str:
    places = np.flatnonzero(marks).tolist()
    others = len(places) - NUM_NAMED
    shown = ", ".join(_at(names, values, place) for place in places[:NUM_NAMED])
    return shown + (f" and {counted(others, 'other word')}" if others > 0 else "")


def _at(names: Sequence[str], values: Array, place: int) -> str:
    return f"{names[place]} {values[place]:.2f}"
