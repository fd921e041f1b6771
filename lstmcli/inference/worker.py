"""A worker process: reads blocks of texts from standard input and writes their probabilities to standard output.

It is started by `processes`. Both ends are this program, so data can be pickled. An error is the last answer.
"""

import os
import pickle
import sys
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from lstmcli.errors import LstmcliError


def main(run: str, batch_size: int, stage: str | None = None) -> None:
    """Answer blocks until the parent process closes the pipe or exits, then leave without a word."""
    blocks: SimpleQueue[list[str]] = SimpleQueue()
    Thread(target=_read_blocks, args=(blocks,), daemon=True).start()
    with suppress(OSError):  # nobody reads the answer
        try:
            from lstmcli.inference.pool import answering  # what fails here must be told, too
            from lstmcli.inference.predictor import Predictor
            from lstmcli.metrics.first_stage import FirstStage

            first = None if stage is None else FirstStage.from_json(stage)
            predictor = answering(Predictor.open(Path(run), batch_size=batch_size), Path(run), first)
            while True:
                _write(predictor.answer(blocks.get()))
        except Exception as error:
            _write(portable(error))
    os._exit(0)


def _read_blocks(blocks: "SimpleQueue[list[str]]") -> None:
    """Pass blocks on. At the end of the input, exit immediately: nobody waits for what is being computed."""
    with suppress(EOFError, OSError, pickle.UnpicklingError):  # a parent that is killed may leave part of a block
        while True:
            blocks.put(pickle.load(sys.stdin.buffer))
    os._exit(0)


def _write(answer: object) -> None:
    pickle.dump(answer, sys.stdout.buffer, protocol=5)
    sys.stdout.buffer.flush()


def portable(error: Exception) -> Exception:
    """Return an error that can be pickled; one that nobody expects says where it happened."""
    if not isinstance(error, LstmcliError | OSError | MemoryError | ImportError):
        import traceback  # rarely needed

        error.add_note("In a worker process:\n" + traceback.format_exc().rstrip())
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever an error of a library may do
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
