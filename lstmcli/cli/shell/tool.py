"""The whole command line as plain values."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lstmcli.cli.describe import Description, describe
from lstmcli.config.expectations import choices_of, expectation
from lstmcli.config.loading import config_to_dict, known_keys, type_of
from lstmcli.config.settings import Config

NOTICE = "Made by `python -m lstmcli.cli.shell`; do not edit."

# What values of these names are completed with.
FILES = "FILE"
FOLDERS = "DIR"
SETTINGS = "KEY=VALUE"
KEYS = "KEY"


class Setting(NamedTuple):
    """A key of the config: what it takes, in words and (empty: any) as a list, and its default."""

    key: str
    expected: str
    choices: Sequence[str]
    default: str


class Tool(NamedTuple):
    """The commands, the options before them, and the keys that --set takes."""

    itself: Description
    commands: Sequence[Description]
    settings: Sequence[Setting]

    @property
    def keys(self) -> str:
        """The keys of the config, separated by spaces."""
        return " ".join(setting.key for setting in self.settings)

    @property
    def summaries(self) -> dict[str, str]:
        """What each command does, `help` included, in a sentence."""
        return {command.name: command.paragraphs[0] for command in self.commands} | {"help": "Explain a command."}


def filled(script: str, parts: Mapping[str, str]) -> str:
    """Return `script` with the parts where their names stand between at signs."""
    return re.sub("@([A-Z]+)@", lambda found: parts[found[1]], script)


def describe_tool(group: Any, context: Any) -> Tool:
    """Return the tool whose click group is `group`."""
    commands = [describe(command, context) for command in group.commands.values()]
    return Tool(describe(group, context), commands, [_setting(key) for key in known_keys()])


def _setting(key: str) -> Setting:
    section, name = key.split(".")
    hint = type_of((section, name))
    default = config_to_dict(Config())[section][name]
    words = {"None": "null", "True": "true", "False": "false", "[]": "none"}
    return Setting(key, expectation(hint), choices_of(hint), words.get(str(default), str(default)))
