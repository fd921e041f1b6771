"""Worker processes for prediction: each runs `worker` and is connected by pipes."""

import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lstmcli.errors import LstmcliError
from lstmcli.inference.predictor import Answers


class OtherProcesses:
    """Sends blocks to worker processes in turn.

    A worker receives its next block only after it has answered the last one, so the two never block each other with
    full pipes. Workers exit when their pipes are closed, which happens however this process ends.
    """

    def __init__(self, run: Path, jobs: int, batch_size: int) -> None:
        """Start `jobs` processes that open the model of `run`."""
        command = [sys.executable, "-m", "lstmcli.inference.worker", str(run), str(batch_size)]
        self._processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(jobs)
        ]
        self._idle = deque(self._processes)
        self._busy: deque[subprocess.Popen[bytes]] = deque()

    def submit(self, texts: Sequence[str]) -> list[Answers]:
        """See `Pool`."""
        due = [] if self._idle else [self._receive()]
        process = self._idle.popleft()
        assert process.stdin is not None
        try:
            pickle.dump(list(texts), process.stdin, protocol=5)
            process.stdin.flush()
        except BrokenPipeError:
            raise _ended(process) from None
        self._busy.append(process)
        return due

    def drain(self) -> list[Answers]:
        """See `Pool`."""
        return [self._receive() for _ in range(len(self._busy))]

    def _receive(self) -> Answers:
        process = self._busy.popleft()
        assert process.stdout is not None
        try:
            answers: Answers = pickle.load(process.stdout)
        except EOFError:
            raise _ended(process) from None
        self._idle.append(process)
        return answers

    def close(self) -> None:
        """See `Pool`."""
        for process in self._processes:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):  # part of a block may be buffered for a process that has exited
                        pipe.close()
            process.wait()


def _ended(process: subprocess.Popen[bytes]) -> LstmcliError:
    return LstmcliError(
        f"a worker process exited unexpectedly (exit code {process.wait()}); if memory ran out, lower --jobs."
    )
