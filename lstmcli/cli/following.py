"""A process that follows the first one: it computes its share, and leaves the rest to that one."""

import socket
from pathlib import Path

import typer

from lstmcli.cli.long_running import deferring_signals
from lstmcli.cli.several import Job, Place, patience
from lstmcli.config.settings import Config
from lstmcli.errors import InterruptedRunError, LstmcliError
from lstmcli.recipes.pretraining import pretrain
from lstmcli.recipes.train import train
from lstmcli.stopping import Stop
from lstmcli.store.run import FollowedRun
from lstmcli.store.run_directory import RunDirectory
from lstmcli.training.loop import DivergedError
from lstmcli.training.processes import LostProcessError, Processes
from lstmcli.training.setup import keep_freed_memory
from lstmcli.training.torchrun import connected


def follow(place: Place) -> None:
    """Follow as a command, which signals can end; see `take_part`."""
    keep_freed_memory()
    try:
        with deferring_signals() as stop:
            take_part(place, stop)
    except KeyboardInterrupt:
        raise typer.Exit(InterruptedRunError.exit_code) from None


def take_part(place: Place, stop: Stop) -> None:
    """Do the job that the first process tells, and be silent about everything that it tells itself.

    Raises:
        typer.Exit: the training has ended early; the first process says why.
        LstmcliError: only this process knows what is wrong; a `LostProcessError` if another one has ended.
    """
    processes: Processes | None = None
    try:
        with connected(stop, patience=patience()) as processes:
            job: Job = processes.of_first(_nothing)
            if job.config is not None:
                _do(job, job.config, processes)
            processes.gather(None)
    except InterruptedRunError as error:
        raise typer.Exit(error.exit_code) from None
    except LstmcliError as error:
        if isinstance(error, DivergedError) or (processes is not None and processes.has_told(error)):
            raise typer.Exit(error.exit_code) from None
        kind = LostProcessError if isinstance(error, LostProcessError) else LstmcliError
        raise kind(
            f"process {place.rank} of {place.number} on {socket.gethostname()}: {error.lines[0]}", *error.lines[1:]
        ) from None


def _do(job: Job, config: Config, processes: Processes) -> None:
    run = FollowedRun(RunDirectory(Path(config.output.run_dir or "")))
    if job.command == "train":
        train(config, run, stop=processes.stop, processes=processes)
    else:
        pretrain(config, run, stop=processes.stop, processes=processes)


def _nothing() -> Job:
    raise ValueError("expected a process that is not the first one")
