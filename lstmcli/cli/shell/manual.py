"""The manual page, in the macros of man(7)."""

import textwrap
from collections.abc import Iterator, Sequence

from lstmcli import __version__
from lstmcli.cli.description import Description, Option
from lstmcli.cli.shell.tool import NOTICE, Tool

EXIT_STATUS = {
    "0": "Success.",
    "1": "An error that you can fix; the message says how.",
    "2": "Wrong usage.",
    "3": "Some rows could not be read (with --on-error skip: no row could be read).",
    "130": "Interrupted; if the work can be resumed, the message says how.",
}


def manual_page(tool: Tool) -> str:
    """Return the page."""
    return "\n".join(_lines(tool)) + "\n"


def _lines(tool: Tool) -> Iterator[str]:
    yield f'.\\" {NOTICE}'
    yield f'.TH LSTMCLI 1 "" "lstmcli {__version__}" "User Commands"'
    summary, *others = tool.itself.paragraphs
    yield from (".SH NAME", f"lstmcli \\- {_escaped(summary[0].lower() + summary[1:].rstrip('.'))}", ".SH SYNOPSIS")
    yield ".nf"
    for command in tool.commands:
        arguments = "".join(f" {_escaped(argument.usage)}" for argument in command.arguments)
        yield f"\\fBlstmcli {_escaped(command.name)}\\fR [\\fIOPTIONS\\fR]{arguments}"
    yield ".fi"
    yield ".SH DESCRIPTION"
    for paragraph in [*others, "Results go to standard output, everything else to standard error."]:
        yield from _text(paragraph)
    yield from _options(tool.itself.options)
    yield ".SH COMMANDS"
    for command in tool.commands:
        yield from _command(command)
    yield ".SH SETTINGS"
    yield from _text(
        "The keys of config files and of --set. In a config file, which is YAML, the part before the dot is a section."
    )
    for setting in tool.settings:
        yield from (".TP", f".B {_escaped(setting.key)}", *_text(f"{setting.expected} (default: {setting.default})"))
    yield ".SH EXIT STATUS"
    for status, text in EXIT_STATUS.items():
        yield from (".TP", f".B {status}", *_text(text))
    yield from (".SH EXAMPLES", ".nf")
    for command in tool.commands:
        yield from map(_escaped, command.examples)
    yield ".fi"


def _command(command: Description) -> Iterator[str]:
    yield f".SS {_escaped(command.name)}"
    for number, paragraph in enumerate(command.paragraphs):
        yield from ([".PP"] if number else [])
        yield from _text(paragraph)
    for argument in command.arguments:
        yield from (".TP", f".I {_escaped(argument.usage)}", *_text(argument.help))
    yield from _options(command.options)


def _options(options: Sequence[Option]) -> Iterator[str]:
    for option in options:
        value = "" if option.metavar is None else f" \\fI{_escaped(option.metavar)}\\fR"
        names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in option.names)
        yield from (".TP", f"{names}{value}", *_text(option.text))


def _text(paragraph: str) -> list[str]:
    return [_escaped(line) for line in textwrap.wrap(paragraph, 70, break_long_words=False, break_on_hyphens=False)]


def _escaped(text: str) -> str:
    text = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("~", "\\(ti")
    )
    return f"\\&{text}" if text.startswith((".", "'")) else text
