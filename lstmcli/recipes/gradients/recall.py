"""`lstmcli gradients --recall`: which cells learn to remember over which distance, and gradients that explode."""

import math
from collections.abc import Iterator, Sequence

from lstmcli.config.model_settings import CellName
from lstmcli.config.settings import TrainingSettings
from lstmcli.stopping import NEVER, Stop
from lstmcli.training.recall import Learning, RecallSettings, learn
from lstmcli.training.setup import training_environment

CELLS: tuple[CellName, ...] = ("rnn", "lstm", "peephole")

# With this factor, the gradient of a new plain network grows on its way back instead of shrinking.
EXPLODING_SCALE = 2.0


def recall(
    distances: Sequence[int],
    seeds: Sequence[int],
    *,
    forget_bias: float | None = None,
    num_updates: int | None = None,
    stop: Stop = NEVER,
) -> Iterator[Learning]:
    """Train every cell at every distance with every seed, and yield what came of each; see `RecallSettings`."""
    more = {} if num_updates is None else {"num_updates": num_updates}
    settings = (
        RecallSettings(cell, distance, seed, forget_bias, **more)
        for distance in distances
        for cell in CELLS
        for seed in seeds
    )
    yield from _train_all(settings, stop)


def explode(distance: int, seed: int, *, num_updates: int | None = None, stop: Stop = NEVER) -> Iterator[Learning]:
    """Train a plain network whose gradient explodes, first with clipping, then without."""
    more = {} if num_updates is None else {"num_updates": num_updates}
    settings = (
        RecallSettings("rnn", distance, seed, scale=EXPLODING_SCALE, clip=clip, **more) for clip in (1.0, math.inf)
    )
    yield from _train_all(settings, stop)


def _train_all(all_settings: Iterator[RecallSettings], stop: Stop) -> Iterator[Learning]:
    for settings in all_settings:
        with training_environment(TrainingSettings(seed=settings.seed, device="cpu", engine="kernels")):
            found = learn(settings, stop)
        yield found
