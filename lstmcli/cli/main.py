"""The entry point, and the only place where errors become messages and exit codes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lstmcli import __version__
from lstmcli.cli.commands import Commands
from lstmcli.cli.messages import say, visible_usage_errors
from lstmcli.cli.process import interrupt_on_ending_signals, reserve_standard_streams
from lstmcli.errors import LstmcliError

INTERRUPTED = 130


class Shell(StrEnum):
    """The shells with a completion script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class CommandLine(TyperGroup):
    """Turns our errors, a missing package or a full disk into one message on stderr; a closed pipe ends quietly."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands()  # type: ignore[assignment]  # read-only: commands are never added

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; `help` and `help COMMAND` are aliases of --help."""
        if not args:
            return super().parse_args(ctx, args)  # its "error" is the help
        with _errors_as_messages(ctx):
            return super().parse_args(ctx, [*args[1:2], "--help"] if args[:1] == ["help"] else args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        from lstmcli.cli.description import describe
        from lstmcli.cli.help import render

        commands = [describe(command, ctx) for command in self.commands.values()]
        usage = f"{ctx.command_path} [OPTIONS] COMMAND [ARGUMENTS]..."
        formatter.write(render(usage, describe(self, ctx), formatter.width, commands))

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            typer.Exit: with the exit code of the error.
        """
        with _errors_as_messages(ctx):
            return super().invoke(ctx)


@contextmanager
def _errors_as_messages(ctx: Any) -> Iterator[None]:
    try:
        with visible_usage_errors():
            yield
    except LstmcliError as error:
        first, *rest = error.lines or [""]
        raise _end(f"error: {first}", *rest, exit_code=error.exit_code) from None
    except ModuleNotFoundError as error:
        from lstmcli.dependencies import missing_package  # rarely needed

        message = missing_package(error, f"lstmcli {ctx.invoked_subcommand}")
        if message is None:
            raise
        raise _end(f"error: {message}", exit_code=LstmcliError.exit_code) from None
    except BrokenPipeError:
        _abandon_stdout()  # the reader has exited (`| head`)
        raise typer.Exit(0) from None
    except OSError as error:
        _abandon_stdout()
        where = f"{error.filename}: " if error.filename else ""
        raise _end(f"error: {where}{error.strerror or error}.", exit_code=LstmcliError.exit_code) from None
    except MemoryError:
        raise _end("error: not enough memory.", exit_code=LstmcliError.exit_code) from None
    except KeyboardInterrupt:
        raise _end("interrupted", exit_code=INTERRUPTED) from None


def _end(*lines: str, exit_code: int) -> typer.Exit:
    with suppress(OSError):  # a full disk or a closed terminal: the exit code has to do
        say(*lines)
    return typer.Exit(exit_code)


def _abandon_stdout() -> None:
    """Discard what is left in the buffers; otherwise Python would report at exit that it can't write it."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=CommandLine,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lstmcli {__version__}")
        raise typer.Exit


def _print_completion(context: typer.Context, shell: Shell | None) -> None:
    if shell is not None:
        from lstmcli.cli.shell.completion import completion_script
        from lstmcli.cli.shell.tool import describe_tool

        typer.echo(completion_script(shell.value, describe_tool(context.command, context)), nl=False)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    show_completion: Annotated[
        Shell | None,
        typer.Option(
            "--show-completion",
            metavar="SHELL",
            callback=_print_completion,
            is_eager=True,
            help="Print the completion script for a shell and exit.",
        ),
    ] = None,
) -> None:
    """Train, evaluate and run LSTM text classifiers from CSV files.

    For help on a command: `lstmcli COMMAND --help` or `lstmcli help COMMAND`.
    """


def main() -> None:
    """Run the command line."""
    reserve_standard_streams()
    interrupt_on_ending_signals()
    # The matrix products here are too small to gain from threads. Must be set before numpy is imported.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        app()
    except SystemExit as end:
        if isinstance(end.code, int):
            _leave(end.code)
        raise


def _leave(exit_code: int) -> None:
    """Exit without Python's teardown of modules, which takes a seventh of the time of a short prediction.

    By now all files are closed and all worker processes have exited.
    """
    with suppress(OSError, ValueError):  # nobody can be told
        sys.stderr.flush()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):  # a closed stream: leave it to Python
        return
    os._exit(exit_code)
