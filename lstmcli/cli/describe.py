"""What a command takes, as plain values: help, man page and shell completions are all made of it."""

import inspect
from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

EXAMPLES = "Examples:"
OTHER_OPTIONS = "Other"


class Argument(NamedTuple):
    """What stands without a name on the command line."""

    name: str
    help: str
    is_required: bool
    is_repeated: bool

    @property
    def usage(self) -> str:
        """As it stands in a line of usage: "RUN", "[FILE]", "[FILE]..."."""
        name = self.name if self.is_required else f"[{self.name}]"
        return f"{name}..." if self.is_repeated else name


class Option(NamedTuple):
    """An option: its names, what its value is called (None: a flag), and what it does."""

    names: Sequence[str]
    metavar: str | None
    help: str
    choices: Sequence[str]
    panel: str
    default: str | None

    @property
    def text(self) -> str:
        """What it does, the choices and the default included."""
        choices = f" Choices: {', '.join(self.choices)}." if self.choices else ""
        text = f"{self.help}{choices}"
        return text if self.default is None else f"{text.rstrip('.')} (default: {self.default})."


class Description(NamedTuple):
    """A command: what it does, in paragraphs of which the first is a summary, and what it takes."""

    name: str
    paragraphs: Sequence[str]
    examples: Sequence[str]
    arguments: Sequence[Argument]
    options: Sequence[Option]

    @property
    def takes_keys(self) -> bool:
        """Whether its arguments are keys of the config."""
        return any(argument.name == "KEY" for argument in self.arguments)

    @property
    def panels(self) -> dict[str, list[Option]]:
        """The options by group; those without one come last."""
        names = dict.fromkeys(sorted((option.panel for option in self.options), key=OTHER_OPTIONS.__eq__))
        return {name: [option for option in self.options if option.panel == name] for name in names}


def describe(command: Any, context: Any) -> Description:
    """Return what the click command says about itself."""
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
    # Short names first; a flag that can be switched off has a second list of names.
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
