"""A command's arguments and options as plain values, from which help, man page and completions are made."""

import inspect
from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

EXAMPLES = "Examples:"
OTHER_OPTIONS = "Other"


class Argument(NamedTuple):
    """A positional argument."""

    name: str
    help: str
    is_required: bool
    is_repeated: bool

    @property
    def usage(self) -> str:
        """Its notation in a usage line: "RUN", "[FILE]" or "[FILE]..."."""
        name = self.name if self.is_required else f"[{self.name}]"
        return f"{name}..." if self.is_repeated else name


class Option(NamedTuple):
    """An option. `metavar` is None for a flag."""

    names: Sequence[str]
    metavar: str | None
    help: str
    choices: Sequence[str]
    panel: str
    default: str | None

    @property
    def text(self) -> str:
        """The help text, with choices and default."""
        choices = f" Choices: {', '.join(self.choices)}." if self.choices else ""
        text = f"{self.help}{choices}"
        return text if self.default is None else f"{text.rstrip('.')} (default: {self.default})."


class Description(NamedTuple):
    """A command, its arguments and its options. The first of the paragraphs is a summary."""

    name: str
    paragraphs: Sequence[str]
    examples: Sequence[str]
    arguments: Sequence[Argument]
    options: Sequence[Option]

    @property
    def takes_keys(self) -> bool:
        """Whether its arguments are config keys."""
        return any(argument.name == "KEY" for argument in self.arguments)

    @property
    def panels(self) -> dict[str, list[Option]]:
        """The options by group; options without a group come last."""
        names = dict.fromkeys(sorted((option.panel for option in self.options), key=OTHER_OPTIONS.__eq__))
        return {name: [option for option in self.options if option.panel == name] for name in names}


def describe(command: Any, context: Any) -> Description:
    """Return the description of a click command."""
    before, _, examples = inspect.cleandoc(command.help or "").partition(EXAMPLES)
    visible = [parameter for parameter in command.get_params(context) if not getattr(parameter, "hidden", False)]
    return Description(
        command.name or "",
        [" ".join(paragraph.split()) for paragraph in before.split("\n\n") if paragraph.strip()],
        [line.strip() for line in examples.splitlines() if line.strip()],
        [_argument(parameter) for parameter in visible if parameter.param_type_name == "argument"],
        [_option(parameter) for parameter in visible if parameter.param_type_name == "option"],
    )


def _argument(parameter: Any) -> Argument:
    return Argument(parameter.metavar, parameter.help or "", parameter.required, parameter.nargs == -1)


def _option(parameter: Any) -> Option:
    # A flag with a --no- form lists that form under secondary_opts.
    names = sorted([*parameter.opts, *parameter.secondary_opts], key=len)
    choices = [str(choice) for choice in getattr(parameter.type, "choices", ())]
    default = parameter.default
    has_default = default is not None and not parameter.is_flag and "default" not in parameter.help
    return Option(
        names,
        None if parameter.is_flag else parameter.metavar,
        parameter.help or "",
        choices,
        parameter.rich_help_panel or OTHER_OPTIONS,
        str(default.value if isinstance(default, Enum) else default) if has_default else None,
    )
