"""The layout of --help: a column of names and a column of text that fits the terminal without breaking words."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import typer

from lstmcli.cli.description import Description, Option

# The text of a longer name starts on the next line.
MAX_NAME_WIDTH = 28
NUM_SPACES = 2


def render(usage: str, description: Description, width: int, commands: Sequence[Description] = ()) -> str:
    """Return the help of a command, or of a group with its `commands`, `width` columns wide.

    Titles are bold; typer removes the styling if the output is not a terminal.
    """
    blocks = [f"{_title('Usage')} {usage}"]
    blocks += ["\n".join(_wrap(paragraph, width)) for paragraph in description.paragraphs]
    if description.examples:
        blocks.append("\n".join([_title("Examples"), *(" " * NUM_SPACES + line for line in description.examples)]))
    if commands:
        rows = [(command.name, command.paragraphs[0]) for command in commands]
        blocks += _sections({"Commands": rows}, width)
    panels = description.panels
    parameters = {"Arguments": [(argument.usage, argument.help) for argument in description.arguments]}
    for name, options in panels.items():
        parameters["Options" if len(panels) == 1 else name] = [(_names(option), option.text) for option in options]
    return "\n\n".join(blocks + _sections(parameters, width))


def _sections(sections: Mapping[str, Sequence[tuple[str, str]]], width: int) -> list[str]:
    """Return one block per section that has rows of (name, text), with all texts aligned."""
    names = [name for rows in sections.values() for name, _ in rows]
    name_width = max(len(name) for name in names if len(name) <= MAX_NAME_WIDTH)
    return [
        "\n".join([_title(title), *(line for row in rows for line in _row(*row, name_width, width))])
        for title, rows in sections.items()
        if rows
    ]


def _names(option: Option) -> str:
    indent = "" if len(option.names[0]) == 2 else " " * len("-x, ")
    value = "" if option.metavar is None else f" {option.metavar}"
    return f"{indent}{', '.join(option.names)}{value}"


def _row(name: str, text: str, name_width: int, width: int) -> Iterator[str]:
    indent = " " * (NUM_SPACES + name_width + NUM_SPACES)
    first, *others = _wrap(text, width - len(indent)) or [""]
    if len(name) > name_width:
        yield f"{'':{NUM_SPACES}}{name}"
        name = ""
    yield f"{'':{NUM_SPACES}}{name:<{name_width}}{'':{NUM_SPACES}}{first}".rstrip()
    yield from (indent + line for line in others)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _title(name: str) -> str:
    return typer.style(f"{name}:", bold=True)
