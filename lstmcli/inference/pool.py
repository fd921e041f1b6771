"""Who computes the blocks of a large prediction: this process or several others. Results come in order."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from lstmcli.inference.predictor import Predictor, Probabilities
from lstmcli.store.model import SavedModel


class Pool(Protocol):
    """Takes blocks of texts and gives back (texts, labels) for each, in order, now or later."""

    def submit(self, texts: Sequence[str]) -> list[Probabilities]:
        """Take a block; return what is due of the blocks so far."""

    def drain(self) -> list[Probabilities]:
        """Return all that is still due."""

    def close(self) -> None:
        """End what was started."""


@contextmanager
def open_pool(model: SavedModel, run: Path, *, jobs: int, batch_size: int) -> Iterator[Pool]:
    """Yield a pool that computes with `model`, which was read from `run`: here, or with `jobs` > 1 elsewhere."""
    pool: Pool
    if jobs == 1:
        pool = ThisProcess(model, batch_size)
    else:
        from lstmcli.inference.processes import OtherProcesses  # one process has no need of what starts others

        pool = OtherProcesses(run, jobs, batch_size)
    try:
        yield pool
    finally:
        pool.close()


class ThisProcess:
    """Computes each block at once."""

    def __init__(self, model: SavedModel, batch_size: int) -> None:
        self._predictor = Predictor(model, batch_size=batch_size)

    def submit(self, texts: Sequence[str]) -> list[Probabilities]:
        """See `Pool`."""
        return [self._predictor.probabilities(texts)]

    def drain(self) -> list[Probabilities]:
        """See `Pool`."""
        return []

    def close(self) -> None:
        """See `Pool`."""
