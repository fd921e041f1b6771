"""Explanations as a page for people: one file, for light and dark screens and narrow ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, TextIO

from lstmcli.charts.style import COLORS, MAX_TINT
from lstmcli.data.formats.base import FileFormat, Record, RecordWriter, RowByRow, Rows
from lstmcli.reports.explanation.screen import beside, by_column, heading, marks_of, together
from lstmcli.visible import visible


def _variables(scheme: int) -> str:
    return "".join(f"--{name}:{COLORS[name][scheme]};" for name in ("back", "text", "quiet", "grid", "up", "down"))


HEAD = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Explained predictions</title>
<style>
:root{{color-scheme:light dark;{_variables(0)}}}
@media(prefers-color-scheme:dark){{:root{{{_variables(1)}}}}}
body{{margin:0 auto;padding:1rem;max-width:50rem;background:var(--back);color:var(--text);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}}
h1{{font-size:1.3rem}}p{{margin:.3rem 0}}.quiet{{color:var(--quiet)}}
section{{border-top:1px solid var(--grid);padding:.6rem 0}}
.words{{line-height:2.3}}.words span{{display:inline-block;line-height:1.3;padding:0 .15rem;vertical-align:top}}
.up{{background:color-mix(in srgb,var(--up) var(--part),transparent)}}
.down{{background:color-mix(in srgb,var(--down) var(--part),transparent)}}
small{{display:block;font:.7rem/.8 monospace;min-height:.7rem}}
</style></head><body>
<h1>Explained predictions</h1>
<p class="quiet">Marks below a word say how much it speaks for (+) or against (-) the label; pause on it for its
share.</p>
"""
TAIL = "</body></html>\n"


class WithPage:
    """Another format, whose rows are also written to a page."""

    def __init__(self, inner: FileFormat, page: TextIO) -> None:
        self.names_are_unique = inner.names_are_unique
        self._inner = inner
        self._page = page

    def read(self, lines: Iterable[str], name: str) -> Rows:
        """See `FileFormat`."""
        return self._inner.read(lines, name)

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat`."""
        return _PageWriter(self._inner.writer(stream), self._page)


class _PageWriter(RowByRow):
    def __init__(self, inner: RecordWriter, page: TextIO) -> None:
        self._inner = inner
        self._page = page
        self.notes = inner.notes

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        self._inner.start(columns, added, continues=continues)

    def write(self, record: Record, additions: Mapping[str, Any]) -> None:
        self._inner.write(record, additions)
        self._page.write(section(record, additions))


def section(record: Record, additions: Mapping[str, Any]) -> str:
    """Return the part of the page about one row."""
    if additions["words"] is None:
        problem = escape(visible(record.problem or "no prediction"))
        return f'<section><p class="quiet">line {record.line}: {problem}</p></section>\n'
    largest = _largest(additions["words"])
    words = " ".join(
        part
        for name, own in by_column(additions["words"])
        for part in [
            *([f"<small>{escape(visible(name))}:</small>"] if name else []),
            *(_word(word, largest) for word in own),
        ]
    )
    if features := additions.get("features"):
        words += f'</p><p class="quiet">beside the text: {escape(beside(features))}'
    phrases = f'<p class="quiet">together: {escape(together(found))}</p>' if (found := additions.get("phrases")) else ""
    return f'<section><p>{escape(heading(additions))}</p><p class="words">{words}</p>{phrases}</section>\n'


def _largest(words: Sequence[Mapping[str, Any]]) -> float:
    return max((abs(word["share"]) for word in words), default=0.0)


def _word(word: Mapping[str, Any], largest: float) -> str:
    share = word["share"]
    part = MAX_TINT * 100 * abs(share) / largest if largest else 0.0
    kind = "up" if share > 0 else "down"
    return (
        f'<span class="{kind}" style="--part:{part:.0f}%" title="{share:+.3f}">{escape(visible(word["word"]))}'
        f"<small>{marks_of(share, largest)}</small></span>"
    )


def page_parts() -> Iterator[str]:
    """Yield what comes before all sections, and what comes after them."""
    yield HEAD
    yield TAIL
