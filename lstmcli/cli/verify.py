"""`lstmcli verify`."""

from pathlib import Path
from typing import Annotated

import typer


def verify_command(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", help="Run directories, or copied model folders.", show_default=False),
    ],
) -> None:
    """Check all files of a run for damage.

    Every file of a model, its baselines and its checkpoints is compared with the checksums that were written with it,
    and the parts are checked to fit together. The exit code is 1 if anything is damaged.

    Examples:
      lstmcli verify runs/emotion
      lstmcli verify runs/* && rsync -a runs/ backup/
    """
    from lstmcli.errors import LstmcliError, counted
    from lstmcli.store.verify import verify

    num_problems = 0
    for run in runs:
        for result in verify(run):
            for problem in result.problems:
                typer.echo(f"damaged  {problem.path}: {problem.reason}")
            if not result.problems:
                size = f"{counted(result.num_files, 'file')}, {result.num_bytes / 1e6:,.1f} MB"
                without = ", no checksums (older release)" if result.lacks_checksums else ""
                typer.echo(f"ok       {result.path}: {size}{without}")
            num_problems += len(result.problems)
    if num_problems:
        raise LstmcliError(
            f"found {counted(num_problems, 'problem')}. Restore what is damaged from a copy, or train again."
        )
