"""The entry point: the commands, and the one place where an error becomes a message and an exit code."""

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lstmcli import __version__
from lstmcli.cli.config import config_command
from lstmcli.cli.dependencies import missing_package
from lstmcli.cli.evaluate import evaluate_command
from lstmcli.cli.predict import predict_command
from lstmcli.cli.pretrain import pretrain_command
from lstmcli.cli.train import train_command
from lstmcli.errors import LstmcliError

INTERRUPTED = 130


class ErrorReportingGroup(TyperGroup):
    """Turns our errors, a missing package or a full disk into one message on stderr; a closed pipe ends quietly."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            typer.Exit: with the exit code of the error.
        """
        try:
            return super().invoke(ctx)
        except LstmcliError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(error.exit_code) from None
        except ModuleNotFoundError as error:
            message = missing_package(error, ctx.invoked_subcommand)
            if message is None:
                raise
            typer.echo(f"error: {message}", err=True)
            raise typer.Exit(LstmcliError.exit_code) from None
        except BrokenPipeError:
            _abandon_stdout()  # the reader has gone (`| head`)
            raise typer.Exit(0) from None
        except OSError as error:
            _abandon_stdout()
            where = f"{error.filename}: " if error.filename else ""
            typer.echo(f"error: {where}{error.strerror or error}.", err=True)
            raise typer.Exit(LstmcliError.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _abandon_stdout() -> None:
    """Send what is left in the buffers nowhere, or Python would complain at its exit that it can't be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=ErrorReportingGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train, evaluate and run LSTM text classifiers from CSV files.",
)
app.command("train")(train_command)
app.command("pretrain")(pretrain_command)
app.command("evaluate")(evaluate_command)
app.command("predict")(predict_command)
app.command("config")(config_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lstmcli {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    # The products here are small: more threads cost CPU time and bring nothing. Must be set before numpy is imported.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    app()
