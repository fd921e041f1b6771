"""What is found by looking into a network, as plain values. All counts of units, layers and networks start at 1."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstmcli.config.model_settings import ModelSettings
from lstmcli.inspection.decision import Decision
from lstmcli.inspection.habits import DirectionHabits
from lstmcli.inspection.matches import Match, Pattern
from lstmcli.inspection.signals import Array, DirectionSignals


@dataclass(frozen=True)
class View:
    """What of a model is looked at.

    Attributes:
        member: the network, of an ensemble.
        layer: None: the top layer.
        unit: None: the means over all units.
    """

    member: int = 1
    layer: int | None = None
    unit: int | None = None


@dataclass(frozen=True)
class Word:
    """A token, and whether the model knows it."""

    text: str
    is_known: bool


@dataclass(frozen=True)
class TextInspection:
    """What a network does at each word of a text.

    Attributes:
        text: as given.
        words: as the network reads them.
        network: the shape of the network.
        view: with the layer that is shown.
        num_members: of the model.
        directions: the gates and states of each.
        attention: (tokens,), the weights of attention pooling, if the network has that.
        decision: what the model says about the text.
    """

    text: str
    words: tuple[Word, ...]
    network: ModelSettings
    view: View
    num_members: int
    directions: tuple[DirectionSignals, ...]
    attention: Array | None
    decision: Decision


@dataclass(frozen=True)
class FileInspection:
    """What a network does over many texts; see `TextInspection` for what is not explained here."""

    network: ModelSettings
    view: View
    num_members: int
    num_texts: int
    num_words: int
    directions: tuple[DirectionHabits, ...]


@dataclass(frozen=True)
class FoundMatch:
    """A match, with the words of its text."""

    match: Match
    words: tuple[str, ...]


@dataclass(frozen=True)
class Search:
    """A stretch of a text, and where else a unit behaves like that.

    Attributes:
        signal: the name of the gate or state that is compared.
        direction: that is compared.
        unit: that is compared.
        words: of the text with the pattern.
        pattern: what was looked for.
        found: the most similar first.
    """

    signal: str
    direction: str
    unit: int
    words: tuple[str, ...]
    pattern: Pattern
    found: tuple[FoundMatch, ...]


@dataclass(frozen=True)
class Inspection:
    """What was found: about a text, or about a file, or about a text and where a unit does the same in a file.

    Attributes:
        name: of the file; "" without one.
        lines: the line of each text of the file.
        num_skipped: rows of the file without a text.
        text: None if a file was inspected as a whole.
        file: None if a text was inspected.
        search: the result, if there was something to look for.
    """

    name: str = ""
    lines: Sequence[int] = ()
    num_skipped: int = 0
    text: TextInspection | None = None
    file: FileInspection | None = None
    search: Search | None = None
