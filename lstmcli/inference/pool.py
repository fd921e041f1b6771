"""Computes the blocks of a large prediction, in this process or in several others. Results come in order."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from lstmcli.inference.predictor import Answers, Predictor
from lstmcli.store.model import SavedModel


class Pool(Protocol):
    """Takes blocks of texts and returns (texts, labels) for each, in order, immediately or later."""

    def submit(self, texts: Sequence[str]) -> list[Answers]:
        """Take a block; return the results that are now due, in order."""

    def drain(self) -> list[Answers]:
        """Return all remaining results."""

    def close(self) -> None:
        """Stop all processes that were started."""


@contextmanager
def open_pool(model: SavedModel, run: Path, *, jobs: int, batch_size: int) -> Iterator[Pool]:
    """Yield a pool for `model`, which was read from `run`: in this process, or in `jobs` > 1 others."""
    pool: Pool
    if jobs == 1:
        pool = ThisProcess(model, batch_size)
    else:
        from lstmcli.inference.processes import OtherProcesses  # slow to import, and not needed for one process

        pool = OtherProcesses(run, jobs, batch_size)
    try:
        yield pool
    finally:
        pool.close()


class ThisProcess:
    """Computes each block immediately."""

    def __init__(self, model: SavedModel, batch_size: int) -> None:
        self._predictor = Predictor(model, batch_size=batch_size)

    def submit(self, texts: Sequence[str]) -> list[Answers]:
        """See `Pool`."""
        return [self._predictor.answer(texts)]

    def drain(self) -> list[Answers]:
        """See `Pool`."""
        return []

    def close(self) -> None:
        """See `Pool`."""
