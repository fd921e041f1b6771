"""Computes the blocks of a large prediction, in this process or in several others. Results come in order."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from lstmcli.inference.predictor import Answers, Predictor
from lstmcli.metrics.first_stage import FirstStage
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
def open_pool(
    model: SavedModel, run: Path, *, jobs: int, batch_size: int, stage: FirstStage | None = None
) -> Iterator[Pool]:
    """Yield a pool for `model`, which was read from `run`: in this process, or in `jobs` > 1 others.

    With a first stage, it answers what it can; see `cascade`.
    """
    pool: Pool
    if jobs == 1:
        pool = ThisProcess(answering(Predictor(model, batch_size=batch_size), run, stage))
    else:
        from lstmcli.inference.processes import OtherProcesses  # slow to import, and not needed for one process

        pool = OtherProcesses(run, jobs, batch_size, stage)
    try:
        yield pool
    finally:
        pool.close()


class Answering(Protocol):
    """Whatever answers a block of texts."""

    def answer(self, texts: Sequence[str]) -> Answers:
        """Return what is predicted for them."""


def answering(predictor: Predictor, run: Path, stage: FirstStage | None) -> Answering:
    """Return what answers with a predictor for the model of `run`, in two stages if there is a first one."""
    if stage is None:
        return predictor
    from lstmcli.inference.cascade import Cascade  # rarely needed
    from lstmcli.store.first_network import read_first_network

    return Cascade(predictor, stage, read_first_network(run, predictor.model) if stage.network else None)


class ThisProcess:
    """Computes each block immediately."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def submit(self, texts: Sequence[str]) -> list[Answers]:
        """See `Pool`."""
        return [self._answering.answer(texts)]

    def drain(self) -> list[Answers]:
        """See `Pool`."""
        return []

    def close(self) -> None:
        """See `Pool`."""
