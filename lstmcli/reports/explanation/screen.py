"""Explanations on a terminal: each word with marks below it, more of them the larger its share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, TextIO

from lstmcli.data.formats.base import Record, RowByRow, Rows
from lstmcli.reports.inspection.cells import NEGATIVE, POSITIVE, Style, display_width, wrapped
from lstmcli.visible import visible

# As many marks has the word with the largest share of a text; a share of less than half a mark has none.
MAX_MARKS = 4


class Screen:
    """Writes rows for people. It reads nothing."""

    names_are_unique = False

    def __init__(self, style: Style) -> None:
        self._style = style

    def read(self, lines: Iterable[str], name: str) -> Rows:
        """See `FileFormat`."""
        raise ValueError(f"expected a format that can be read, got a screen for {name} ({lines!r:.20})")

    def writer(self, stream: TextIO) -> "ScreenWriter":
        """See `FileFormat`."""
        return ScreenWriter(stream, self._style)


class ScreenWriter(RowByRow):
    """Writes a paragraph per row."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = getattr(stream, "buffer", None)
        self._text = stream
        self._style = style
        self._num_rows = 0

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        """See `RecordWriter`."""

    def write(self, record: Record, additions: Mapping[str, Any]) -> None:
        """See `RecordWriter`."""
        paragraph = "\n" if self._num_rows else ""
        self._num_rows += 1
        if additions["words"] is None:
            paragraph += wrapped([f"line {record.line}: {record.problem or 'no prediction'}"], self._style)
        else:
            paragraph += wrapped([heading(additions)], self._style) + "".join(_lines(additions["words"], self._style))
            if additions.get("features"):
                paragraph += wrapped([f"  beside the text: {beside(additions['features'])}"], self._style)
            if additions.get("phrases"):
                paragraph += wrapped([f"  together: {together(additions['phrases'])}"], self._style)
        if self._stream is None:
            self._text.write(paragraph)
        else:  # past what would show our own colours as escapes; words are visible already
            self._text.flush()
            self._stream.write(paragraph.encode("utf-8", "backslashreplace"))

    def notes(self) -> list[str]:
        """See `RecordWriter`."""
        return []


def heading(additions: Mapping[str, Any]) -> str:
    """Return the prediction, and the logits of the label that is explained; or a score, and what each part adds."""
    parts = additions["parts"]
    logits = f"network {parts['network']:+.2f}" + (f", n-grams {parts['ngrams']:+.2f}" if "ngrams" in parts else "")
    if "prediction" not in additions:
        name = additions["explained"]
        return f"{visible(name)} {additions[f'predicted_{name}']:.2f}  {logits}"
    prediction = visible(additions["prediction"] or "no label")
    explained = "" if additions["prediction"] == additions["explained"] else f"; for {visible(additions['explained'])}:"
    return f"{prediction} ({additions['score']:.2f}){explained}  {logits}"


def together(phrases: Sequence[Mapping[str, Any]]) -> str:
    """Return what neighbouring words do only together."""
    return ", ".join(f'"{visible(phrase["phrase"])}" {phrase["interaction"]:+.2f}' for phrase in phrases)


def beside(features: Sequence[Mapping[str, Any]]) -> str:
    """Return what a row has beside its text, and how much that speaks for the label."""
    return ", ".join(
        f"{visible(each['feature'])} {visible(each['value']) or '(missing)'} {each['share']:+.2f}" for each in features
    )


def by_column(words: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Yield the words of each column after its name, "" where only one is read; marks between columns are left out."""
    for name, own in groupby(words, key=lambda word: word.get("column", "")):
        if name is not None:
            yield name, list(own)


def marks_of(share: float, largest: float) -> str:
    """Return up to MAX_MARKS marks, plus for a positive share, minus for a negative one."""
    number = round(MAX_MARKS * abs(share) / largest) if largest else 0
    return ("+" if share > 0 else "-") * number


def _lines(words: Sequence[Mapping[str, Any]], style: Style) -> Iterator[str]:
    """Yield lines of words, each with a line of marks, unless there are none in it."""
    largest = max((abs(word["share"]) for word in words), default=0.0)
    for name, own in by_column(words):
        if name:
            yield f"  {visible(name)}:\n"
        yield from _lines_of(own, largest, style)


def _lines_of(words: Sequence[Mapping[str, Any]], largest: float, style: Style) -> Iterator[str]:
    line, marks, width = "  ", "  ", 2
    for word in words:
        shown, own = visible(word["word"]), marks_of(word["share"], largest)
        size = max(display_width(shown), len(own))
        if width > 2 and width + size > style.width:
            yield from _line(line, marks)
            line, marks, width = "  ", "  ", 2
        padding = " " * (size - display_width(shown) + 1)
        line += _colored(shown, own, style) + padding
        marks += _colored(own, own, style) + " " * (size - len(own) + 1)
        width += size + 1
    yield from _line(line, marks)


def _line(line: str, marks: str) -> Iterator[str]:
    yield line.rstrip() + "\n"
    if marks.strip():
        yield marks.rstrip() + "\n"


def _colored(text: str, marks: str, style: Style) -> str:
    if not style.is_colored or not marks:
        return text
    return f"\x1b[38;5;{POSITIVE if marks[0] == '+' else NEGATIVE}m{text}\x1b[0m"
