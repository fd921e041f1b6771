"""`lstmcli info`."""

import sys

from lstmcli.cli.inspect import output_style
from lstmcli.cli.messages import write_data, write_tables
from lstmcli.cli.options import AsJson, Run
from lstmcli.errors import DataError


def info_command(run: Run, as_json: AsJson = False) -> None:
    """Show what a run is: labels, sizes, training data, scores and how to use it.

    Nothing is computed. A pretraining, a cross-validation, an unfinished run or a copied model folder will do as well.

    Examples:
      lstmcli info runs/emotion
      lstmcli info runs/emotion --json | jq .facts.train_rows
    """
    if sys.stdout is None:
        raise DataError("standard output is closed; redirect it to a file.")

    from lstmcli.store.information import read_information

    found = read_information(run)
    if as_json:
        from lstmcli.reports.information.as_json import to_json

        write_data(to_json(found))
        return
    from lstmcli.reports.information.screen import report

    write_tables(report(found, width=output_style(no_color=True).width))
