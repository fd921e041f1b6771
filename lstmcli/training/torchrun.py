"""Processes started by torchrun, or by Ray, or by anything else that sets the same variables, connected by gloo."""

import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from lstmcli.errors import LstmcliError
from lstmcli.stopping import Stop
from lstmcli.training.processes import AgreedStop, LostProcessError, Processes, ReportedError

T = TypeVar("T")

# While the first process scores, or fits n-grams, the others wait as long as it takes.
LONGEST_STAGE = timedelta(days=30)

# Some hosts need longer than others to load torch.
MEETING_SECONDS = 300


class ConnectedProcesses(Processes):
    """This process among those that `connected` has brought together."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(AgreedStop(stop))
        self.number = dist.get_world_size()
        self.rank = dist.get_rank()
        self._told: LstmcliError | None = None
        self._patient: Any = dist.new_group(timeout=LONGEST_STAGE, backend="gloo")

    def sum(self, values: Tensor) -> None:
        """See `Processes.sum`."""
        with _losses_told():
            dist.all_reduce(values)

    def of_first(self, compute: Callable[[], T]) -> T:
        """See `Processes.of_first`."""
        values: list[Any] = [compute() if self.is_first else None]
        with _losses_told():
            dist.broadcast_object_list(values, src=0, group=self._patient)
        found: T = values[0]
        return found

    def gather(self, value: T) -> list[T]:
        """See `Processes.gather`."""
        values: list[Any] = [None] * self.number
        with _losses_told():
            dist.all_gather_object(values, value, group=self._patient)
        return values

    @contextmanager
    def together(self) -> Iterator[None]:
        """See `Processes.together`."""
        own: LstmcliError | None = None
        try:
            yield
        except LostProcessError:
            raise
        except LstmcliError as error:
            own = error
        found = self.gather(None if own is None else (socket.gethostname(), own.lines))
        failed = [(rank, each) for rank, each in enumerate(found) if each is not None]
        if not failed:
            return
        if own is not None:
            self._told = None if self.is_first else own
            raise own
        if not self.is_first:
            raise ReportedError("see the message of process 0")
        rank, (host, lines) = failed[0]
        raise LstmcliError(f"process {rank} on {host}: {lines[0]}", *lines[1:])

    def has_told(self, error: LstmcliError) -> bool:
        """See `Processes.has_told`."""
        return error is self._told or super().has_told(error)


@contextmanager
def connected(stop: Stop, *, patience: float) -> Iterator[ConnectedProcesses]:
    """Join the other processes, which the environment names, unless whoever started this one has connected them.

    Args:
        stop: asks this process to stop.
        patience: how many seconds an exchange of gradients may take until the other processes count as lost.

    Raises:
        LstmcliError: they can't be reached.
    """
    if dist.is_initialized():
        yield ConnectedProcesses(stop)
        return
    try:
        store, rank, number = next(rendezvous("env://", timeout=timedelta(seconds=MEETING_SECONDS)))
        store = PrefixStore(f"lstmcli/{agree_on_round(store, rank, number)}", store)
        limit = timedelta(seconds=patience)
        dist.init_process_group("gloo", store=store, rank=rank, world_size=number, timeout=limit)
        processes = ConnectedProcesses(stop)
    except (RuntimeError, ValueError) as error:
        raise LstmcliError(
            f"can't connect to the other processes ({_in_short(error)}). With several hosts, check that they "
            "reach each other, and name the network interface in GLOO_SOCKET_IFNAME on each."
        ) from None
    yield processes
    dist.destroy_process_group()  # not after an error, when it could wait for processes that are gone


def agree_on_round(store: Store, rank: int, number: int) -> str:
    """Return the name of this round, the same in all processes, and never used before.

    torchrun keeps its store when it starts the processes again. So what a process finds there may be from a round
    before: it only believes the first process once that has answered it.

    Raises:
        RuntimeError: some processes have not come.
    """
    own, ends_at = secrets.token_hex(8), time.monotonic() + MEETING_SECONDS
    if rank == 0:
        store.set("lstmcli/round", own)
    while time.monotonic() < ends_at:
        name = own if rank == 0 else _read(store, "lstmcli/round")
        place = f"lstmcli/{name}"
        if rank == 0:
            found = [_read(store, f"{place}/{other}") for other in range(1, number)]
            if all(found):
                store.set(f"{place}/all", " ".join(found))
                return name
        elif name:
            store.set(f"{place}/{rank}", own)
            if own in _read(store, f"{place}/all").split():
                return name
        time.sleep(0.05)
    raise RuntimeError(f"not all {number} processes have come within {MEETING_SECONDS} s")


def _read(store: Store, key: str) -> str:
    return str(store.get(key), "ascii") if store.check([key]) else ""


@contextmanager
def _losses_told() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise LostProcessError(
            f"lost contact with another process ({_in_short(error)}). Everything up to the last saved state is kept."
        ) from None


def _in_short(error: Exception) -> str:
    """Return what happened, without the place in torch's sources."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return first.rsplit("] ", maxsplit=1)[-1].rstrip(". ")
