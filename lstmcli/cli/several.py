"""What a command does differently as one of several processes that torchrun has started, as its variables say."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lstmcli.config.settings import Config
from lstmcli.errors import ConfigError, UsageError
from lstmcli.stopping import Stop

if TYPE_CHECKING:  # it needs torch
    from lstmcli.training.processes import Processes

# Without all of them, torch could not connect the processes; some are used by other programs.
NEEDED = "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"
RESTARTS = "TORCHELASTIC_RESTART_COUNT"

# Seconds that an exchange of gradients may take until the other processes count as lost. Meanwhile the first process
# may be writing a checkpoint.
PATIENCE = "LSTMCLI_PATIENCE"
DEFAULT_PATIENCE = 300.0


@dataclass(frozen=True)
class Place:
    """The place of a process among those that were started together.

    Attributes:
        rank: its number, from 0.
        number: of processes.
        is_restarted: whether they were started again, since one of them had died.
    """

    rank: int = 0
    number: int = 1
    is_restarted: bool = False

    @property
    def is_first(self) -> bool:
        """Whether this process reads the command line; the others do what it tells them."""
        return self.rank == 0


@dataclass(frozen=True)
class Job:
    """What the first process tells the others to do; without a config, nothing."""

    command: Literal["train", "pretrain"]
    config: Config | None


def place_in(environment: Mapping[str, str] = os.environ) -> Place:
    """Return the place of this process.

    Raises:
        UsageError: a variable has an impossible value.
    """
    if not all(name in environment for name in NEEDED):
        return Place()
    try:
        rank, number = int(environment["RANK"]), int(environment["WORLD_SIZE"])
        is_restarted = int(environment.get(RESTARTS, "0")) > 0
    except ValueError:
        rank, number, is_restarted = -1, 0, False
    if not 0 <= rank < number:
        raise UsageError(
            f"RANK={environment['RANK']}, WORLD_SIZE={environment['WORLD_SIZE']}: expected the number of this process, "
            "from 0, and how many there are, as torchrun sets them; unset both to train in one process."
        )
    return Place(rank, number, is_restarted)


@contextmanager
def leading(job: Job, place: Place, stop: Stop) -> Iterator["Processes"]:
    """Yield the processes that do the `job` together; a process that is alone starts no others and loads nothing new.

    Raises:
        LstmcliError: the job needs one process, or the others can't be reached.
    """
    from lstmcli.training.processes import Processes

    if place.number == 1:
        yield Processes(stop)
        return
    from lstmcli.recipes.several.checks import check_supported
    from lstmcli.training.torchrun import connected

    if job.config is not None:
        check_supported(job.config, place.number)
    with connected(stop, patience=patience()) as processes:
        processes.of_first(lambda: job)
        yield processes
        processes.gather(None)  # the others wait, so that torchrun can start all of them again if this one dies


def refuse_several(what: str, environment: Mapping[str, str] = os.environ) -> None:
    """Refuse to run in several processes, which would do the same work.

    Raises:
        UsageError: torchrun has started some.
    """
    number = place_in(environment).number
    if number > 1:
        raise UsageError(f"{what} runs in one process, not in {number}; start it without torchrun.")


def patience(environment: Mapping[str, str] = os.environ) -> float:
    """Return how many seconds an exchange may take.

    Raises:
        ConfigError: the variable is not a number of seconds.
    """
    value = environment.get(PATIENCE, str(DEFAULT_PATIENCE))
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < 1e9:
        raise ConfigError(f"{PATIENCE}={value}: expected a number of seconds above 0.")
    return seconds


def resume_command(command: str, place: Place) -> str:
    """Return how to resume, for a message."""
    return command if place.number == 1 else f"torchrun --nproc-per-node {place.number} -m {command}"
