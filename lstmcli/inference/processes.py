"""Worker processes for prediction: each runs `worker` and is connected by pipes."""

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

import lstmcli
from lstmcli.errors import LstmcliError
from lstmcli.inference.predictor import Answers
from lstmcli.metrics.first_stage import FirstStage

# What a worker runs first. It finds the package where this process did, whatever else has that name.
START = """
import importlib.util, sys
sys.path[:] = dict.fromkeys([*{paths}, *sys.path])
spec = importlib.util.spec_from_file_location("lstmcli", {package})
sys.modules["lstmcli"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["lstmcli"])
from lstmcli.inference.worker import main
main({run}, {batch_size}, {stage})
"""


# That each worker computes or is about to.
BLOCKS_PER_JOB = 2

# Room for the answers of a block, with which a worker would otherwise wait until they are read.
PIPE_BYTES = 1 << 20


class OtherProcesses:
    """Sends blocks to worker processes in turn.

    A worker is started when there is a block and no other worker is idle. Once all have started, each gets its next
    block while it computes another, so it need not wait until this process has written the last answers and read more
    rows. A thread of its own takes its blocks, so the two never block each other with full pipes. Workers exit when
    their pipes are closed, which happens however this process ends.
    """

    def __init__(self, run: Path, jobs: int, batch_size: int, stage: FirstStage | None = None) -> None:
        """Prepare to start up to `jobs` processes that open the model of `run`."""
        self._command, self._jobs = _command(run, batch_size, stage), jobs
        self._processes: list[subprocess.Popen[bytes]] = []
        self._busy: deque[subprocess.Popen[bytes]] = deque()  # one for each block, in the order of the blocks

    def submit(self, texts: Sequence[str]) -> list[Answers]:
        """See `Pool`."""
        due: list[Answers] = []
        if len(self._processes) < self._jobs and all(process in self._busy for process in self._processes):
            self._start()
        elif len(self._busy) >= BLOCKS_PER_JOB * self._jobs:
            due.append(self._receive())
        process = min(self._processes, key=self._busy.count)
        assert process.stdin is not None
        try:
            pickle.dump(list(texts), process.stdin, protocol=5)
            process.stdin.flush()
        except (BrokenPipeError, ConnectionResetError):
            while True:  # a worker exits early only after an error, which is its last answer
                _answer(process)
        self._busy.append(process)
        return due

    def _start(self) -> None:
        try:
            with _no_signals():
                process = subprocess.Popen(
                    self._command,
                    env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows: no Ctrl-C
                )
                self._processes.append(process)
                _widen(process)
        except OSError as error:
            raise LstmcliError(
                f"worker process {len(self._processes) + 1} of {self._jobs} can't be started "
                f"({error.strerror or error}); lower --jobs."
            ) from None

    def drain(self) -> list[Answers]:
        """See `Pool`."""
        return [self._receive() for _ in range(len(self._busy))]

    def _receive(self) -> Answers:
        answers = _answer(self._busy[0])
        self._busy.popleft()
        return answers

    def close(self) -> None:
        """See `Pool`."""
        for process in self._processes:
            if process in self._busy:  # after an error or Ctrl-C: nobody waits for its answer any more
                process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # part of a block may be buffered for a process that has exited
                        pipe.close()
        for process in self._processes:
            process.wait()


def _widen(process: subprocess.Popen[bytes]) -> None:
    """Let a worker write the answers of a block before anybody reads them, on systems that can."""
    if process.stdout is not None and sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # there is a limit for all pipes of a user
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _command(run: Path, batch_size: int, stage: FirstStage | None = None) -> list[str]:
    """Return the command of a worker, which imports nothing from the current folder.

    -P and an environment without PYTHONPATH keep Python from adding that folder. The worker receives the search path of
    this process instead, without the folder even if it is on that path.
    """
    home = Path(np.__file__).parents[1]
    paths = [path for path in sys.path if Path(path).is_absolute() and (Path(path) == home or not _is_current(path))]
    start = START.format(
        paths=ascii(paths),
        package=ascii(lstmcli.__file__),
        run=ascii(str(run)),
        batch_size=batch_size,
        stage=ascii(None if stage is None else stage.to_json()),
    )
    ignore_environment = ["-E"] if sys.flags.ignore_environment else []
    return [sys.executable, "-P", *ignore_environment, "-X", f"utf8={sys.flags.utf8_mode}", "-c", start]


def _is_current(folder: str) -> bool:
    try:
        return Path(folder).samefile(Path.cwd())
    except OSError:
        return False


@contextmanager
def _no_signals() -> Iterator[None]:
    """Hold back the signals that ask this process to stop. A process started meanwhile never receives them.

    Ctrl-C and the end of a terminal reach all processes. This one handles it, and the others follow when it closes
    their pipes; from their first moment on, they must not be interrupted with a traceback of their own.
    """
    if os.name == "nt":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _answer(process: subprocess.Popen[bytes]) -> Answers:
    """Return the next answer of a worker.

    Raises:
        LstmcliError: it has exited without one. Any other error is the worker's own.
    """
    assert process.stdout is not None
    try:
        answer: Answers | Exception = pickle.load(process.stdout)
    except (EOFError, pickle.UnpicklingError, ConnectionResetError):
        raise _ended(process) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _ended(process: subprocess.Popen[bytes]) -> LstmcliError:
    return LstmcliError(
        f"a worker process exited unexpectedly (exit code {process.wait()}); if memory ran out, lower --jobs."
    )
