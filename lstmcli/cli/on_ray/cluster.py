"""A Ray cluster that calls functions of ours, and what connecting to it must not change in this process.

Ray is an optional dependency. It schedules, restarts and retries; here it is only asked for results.
"""

import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

from lstmcli.errors import LstmcliError

# How often a task is started again after its worker or host was lost. Without a limit, a text that brings workers down
# would do so for ever.
MAX_RETRIES: Final = 4

# Ray looks at each of the tasks that are waited for.
MAX_WATCHED: Final = 256

SECONDS_TO_WAIT: Final = 1.0
SECONDS_TO_CONNECT: Final = 10.0

# Ours needs none of the memory that Ray shares between processes; this is the least that Ray takes.
OBJECT_STORE_BYTES: Final = 80 << 20

# Before Ray is imported: it tells nobody that it is used, leaves GPUs to whom they were given, and gives up where
# memory runs out again and again. How often processes ask whether others still live must be the same in all of a
# cluster, so that is left to whoever starts it: other values here would end each connection after some minutes.
ENVIRONMENT: Final = {
    "RAY_task_oom_retries": str(MAX_RETRIES),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TRAIN_V2_ENABLED": "1",
}

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class UnreachableError(Exception):
    """There is no such cluster; the message says why."""


class RayCluster:
    """Connects when there is something to do, and disconnects at the end, which ends all tasks that are left."""

    def __init__(self, address: str | None, *, warn: Callable[[str], None]) -> None:
        """Prepare.

        Args:
            address: HOST:PORT, "auto", "local" to start Ray on this machine; None: what RAY_ADDRESS says, or "local".
            warn: is told if there is nobody to compute.
        """
        from_environment = os.environ.get("RAY_ADDRESS")
        self._address = address or from_environment or "local"
        self._named_by = "RAY_ADDRESS=" if from_environment and not address else "--ray-address "
        self._warn = warn
        self._ray: Any = None
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> "RayCluster":
        # Ray prints to standard output what became of its workers, from a thread of its own.
        nowhere = self._opened.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        self._opened.enter_context(contextlib.redirect_stdout(nowhere))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ray is not None:
            self._ray.shutdown()
        self._opened.close()

    @property
    def is_local(self) -> bool:
        """Whether Ray is started for this command, on this machine alone."""
        return self._address == "local"

    def here(self) -> Any:
        """Return the scheduling strategy that keeps something on the host of this command."""
        ray = self.connect()
        node = ray.get_runtime_context().get_node_id()
        return ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)

    def results(self, function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT]) -> Iterator[ResultT]:
        """See `recipes.cluster.predict.Cluster`."""
        if not tasks:
            return
        ray = self.connect()
        remote = ray.remote(num_cpus=1, max_retries=MAX_RETRIES, retry_exceptions=False)(function)
        waiting = {remote.remote(task): None for task in tasks}
        while waiting:
            watched = list(islice(waiting, MAX_WATCHED))
            done, _ = ray.wait(watched, timeout=SECONDS_TO_WAIT)
            for reference in done:
                del waiting[reference]
                yield self._result(reference)

    def _result(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise LstmcliError(f"a task on the cluster failed ({first_line(error.cause)}).") from None
        except self._ray.exceptions.RayError as error:
            lost = f"a task was lost {MAX_RETRIES + 1} times ({first_line(error)})"
            raise LstmcliError(f"{lost}. If memory ran out, start Ray with fewer CPUs.") from None

    def connect(self) -> Any:
        """Return Ray's module, connected to the cluster.

        Raises:
            LstmcliError: there is no such cluster.
        """
        if self._ray is None:
            # Ray's processes import what is in the folder in which it is started, and torch needs one that exists.
            folder = tempfile.TemporaryDirectory(prefix="lstmcli-ray-", ignore_cleanup_errors=True)
            try:
                self._ray = _connect(self._address, Path(self._opened.enter_context(folder)))
            except UnreachableError as error:
                raise LstmcliError(
                    f"{self._named_by}{self._address}: can't be reached ({first_line(error)}). Start Ray with `ray "
                    "start --head`, or --ray-address local to use this machine."
                ) from None
            if not self._ray.cluster_resources().get("CPU"):
                self._warn("the cluster has no free host yet; waiting for one")
        return self._ray


def _connect(address: str, empty: Path) -> Any:
    """Return the module, connected.

    Args:
        address: see `RayCluster`.
        empty: a folder to start Ray in.

    Raises:
        UnreachableError: there is no such cluster.
        KeyboardInterrupt: on SIGTERM.
    """
    _check_listens(address)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        options |= {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.chdir(empty):
            ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise UnreachableError(error) from None
    except SystemExit:  # from Ray's own handler of SIGTERM
        raise KeyboardInterrupt from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return ray


def _check_listens(address: str) -> None:
    """Raise an UnreachableError if nobody answers at HOST:PORT, for which Ray would wait long."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS_TO_CONNECT).close()
    except OSError as error:
        raise UnreachableError(error.strerror or error) from None


def first_line(error: object) -> str:
    """Return what to quote of an error."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")
