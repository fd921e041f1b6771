"""What the command line writes besides data: messages to stderr, and results for people to stdout."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from lstmcli.visible import visible


def say(*lines: str) -> None:
    """Write lines to stderr, with control characters made visible."""
    typer.echo("\n".join(map(visible, lines)), err=True)


def write_data(text: str) -> None:
    """Write JSON, YAML and the like to stdout: always in UTF-8, whatever the terminal's encoding is."""
    typer.echo(text.encode(), nl=False)


def write_tables(text: str) -> None:
    """Write tables to stdout in its own encoding, with escapes for characters that this lacks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    typer.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False)


@contextmanager
def visible_usage_errors() -> Iterator[None]:
    """Make control characters visible in Typer's own errors, which quote the command line."""
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message"):  # an error of click, which Typer has a private copy of
            for argument in sys.argv[1:]:  # a line end within an argument is not one of the message
                error.message = error.message.replace(argument, visible(argument))  # type: ignore[attr-defined]
            error.message = visible(error.message, keep="\n\t")  # type: ignore[attr-defined]
        raise
