"""`lstmcli config`."""

import sys
from typing import Annotated

import typer

from lstmcli.cli.messages import write_data
from lstmcli.cli.options import ConfigFile, Settings
from lstmcli.errors import DataError


def config_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY", help="Print only these keys or sections.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    settings: Settings = None,
    keys: Annotated[bool, typer.Option("--keys", help="Print the names of all keys, one per line.")] = False,
) -> None:
    """Print every setting with its value and what it means, as a config file.

    Without --config and --set, these are the defaults. Mistakes are reported, so this also checks a config.

    Examples:
      lstmcli config | less

      lstmcli config --set data.train=reviews.csv > reviews.yaml

      lstmcli config training.learning_rate ngrams
    """
    if sys.stdout is None:
        raise DataError("standard output is closed; redirect it to a file.")

    from lstmcli.config.explained import explain
    from lstmcli.config.keys import known_keys
    from lstmcli.config.loading import load_config

    if keys:
        typer.echo("\n".join(known_keys()))
        return
    resolved = load_config(config, settings or [], needs_rows=False)
    write_data(explain(resolved, names or []))
