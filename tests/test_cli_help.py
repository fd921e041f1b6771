"""--help: it fits 80 columns, breaks no word, and says the same everywhere."""

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from lstmcli.cli.commands import NAMES
from lstmcli.cli.description import Description, describe
from lstmcli.cli.main import app
from tests.conftest import invoke


def help_of(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return result.stdout


def description_of(name: str) -> Description:
    group = get_command(app)
    with group.make_context("lstmcli", [], resilient_parsing=True) as context:
        return describe(group.commands[name], context)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_help_breaks_no_word_and_no_line_at_80_columns(name: str) -> None:
    text = help_of(name, "--help")
    assert max(map(len, text.splitlines())) <= 80
    command = description_of(name)
    parts = [*command.paragraphs, *(argument.help for argument in command.arguments)]
    parts += [part for option in command.options for part in (option.text, *option.names, option.metavar or "")]
    shown = {word.strip(",") for word in text.split()}
    assert {word.strip(",") for part in parts for word in part.split()} <= shown
    assert all(f"\n  {example}\n" in text for example in command.examples)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_says_what_it_does_and_takes(name: str) -> None:
    command = description_of(name)
    assert command.examples
    for option in command.options:
        assert option.help.endswith("."), option.names
        assert re.match(r"[A-Z]", option.help), option.names
        assert option.metavar is None or option.metavar.replace("=", "").replace(",", "").isupper(), option.names


@pytest.mark.parametrize("arguments", [[], ["help"], ["-h"]])
def test_the_tool_alone_lists_its_commands(arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert all(f"\n  {name} " in result.output for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_help_is_another_word_for_the_option(name: str) -> None:
    assert help_of("help", name) == help_of(name, "--help") == help_of(name, "-h")


def test_help_for_an_unknown_command_is_wrong_usage() -> None:
    result = invoke("help", "trian")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No such command 'trian'. Did you mean 'train'" in result.stderr


def test_usage_names_the_arguments() -> None:
    assert "predict [OPTIONS] RUN [FILE]...\n" in help_of("predict", "--help")
    missing = invoke("predict")
    assert (missing.exit_code, "predict [OPTIONS] RUN [FILE]...\n" in missing.stderr) == (2, True)
