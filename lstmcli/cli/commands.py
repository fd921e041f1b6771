"""The commands by name; the module of a command is imported on first use."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

NAMES = (
    "init",
    "check",
    "train",
    "pretrain",
    "evaluate",
    "cross-validate",
    "report",
    "compare",
    "agree",
    "describe",
    "predict",
    "distill",
    "join",
    "inspect",
    "explain",
    "gradients",
    "next",
    "page",
    "info",
    "verify",
    "config",
)


class Command(TyperCommand):
    """A command whose help is rendered by `lstmcli.cli.help`."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what follows the command in the usage line."""
        from lstmcli.cli.description import describe

        return ["[OPTIONS]", *(argument.usage for argument in describe(self, ctx).arguments)]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        from lstmcli.cli.description import describe
        from lstmcli.cli.help import render

        usage = " ".join([ctx.command_path, *self.collect_usage_pieces(ctx)])
        formatter.write(render(usage, describe(self, ctx), formatter.width))


class Commands(Mapping[str, TyperCommand]):
    """All commands, each created on first access so that `predict` does not wait for the others."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            raise KeyError(name)
        if name not in self._made:
            module = name.replace("-", "_")
            function = getattr(import_module(f"lstmcli.cli.{module}"), f"{module}_command")
            single = typer.Typer(add_completion=False, rich_markup_mode=None)
            single.command(name, cls=Command)(function)
            self._made[name] = get_command(single)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)
