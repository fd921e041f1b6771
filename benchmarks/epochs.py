"""Whole epochs compared with the usual loop, and one thread compared with two."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice

from benchmarks.corpora import tokens
from benchmarks.timing import in_turn, milliseconds, ratio, table
from benchmarks.trainers import ONE_DIRECTION, TutorialLoop, own_trainer, run_epoch
from lstmcli.config.model_settings import ModelSettings
from lstmcli.models.recurrent import Recurrent

NUM_WORDS = 20_000


def against_the_usual_loop() -> None:
    """16,000 texts of 20 words, in batches of 64 texts."""
    train = tokens(16_000, 20, NUM_WORDS)
    own = {
        cell: own_trainer(train, NUM_WORDS, model=replace(ONE_DIRECTION, cell=cell))
        for cell in ("lstm", "peephole", "rnn")
    }
    tutorial = TutorialLoop(train, NUM_WORDS)
    candidates: dict[str, Callable[[], object]] = {"usual loop, nn.LSTM": tutorial.epoch}
    candidates |= {f"this tool, {cell}": partial(run_epoch, trainer) for cell, trainer in own.items()}
    times = in_turn(candidates, rounds=2, warm_up=False)
    rows = [[name, f"{min(found):.1f}", ratio(times, "usual loop, nn.LSTM", name)] for name, found in times.items()]
    table(
        "An epoch of 16,000 texts of 20 words, one direction, vocabulary 20,000", ["loop", "s", "usual loop / it"], rows
    )


def threads() -> None:
    """The default network with one and with two threads."""
    train = tokens(16_000, 20, NUM_WORDS)
    trainer = own_trainer(train, NUM_WORDS, model=ModelSettings(), batch_size=128, embedding_size=200)
    recurrent = trainer.model.recurrent
    assert isinstance(recurrent, Recurrent)
    wall: dict[int, list[float]] = {1: [], 2: []}
    cpu: dict[int, list[float]] = {1: [], 2: []}
    updates = trainer._epoch()
    list(islice(updates, 10))
    for _ in range(5):
        for number in (1, 2):
            recurrent.threads = number
            started_at = time.perf_counter(), time.process_time()
            list(islice(updates, 10))
            wall[number].append((time.perf_counter() - started_at[0]) / 10)
            cpu[number].append((time.process_time() - started_at[1]) / 10)
    rows = [[str(number), milliseconds(wall[number]), milliseconds(cpu[number])] for number in (1, 2)]
    title = "Threads: an update of the default network, 128 texts of 20 words"
    table(title, ["threads", "wall ms", "CPU ms"], rows)
