"""Whole epochs against the usual loop, and with one thread against two."""

import time
from dataclasses import replace
from itertools import islice

import torch
from threadpoolctl import threadpool_limits

from benchmarks.corpora import tokens
from benchmarks.timing import in_turn, ratio, table
from benchmarks.trainers import ONE_DIRECTION, TutorialLoop, own_trainer, steps
from lstmcli.config.settings import ModelSettings

NUM_WORDS = 20_000


def against_the_usual_loop() -> None:
    """16,000 texts of 20 words, 64 a batch."""
    train = tokens(16_000, 20, NUM_WORDS)
    own = {
        cell: own_trainer(train, NUM_WORDS, model=replace(ONE_DIRECTION, cell=cell))
        for cell in ("lstm", "peephole", "rnn")
    }
    tutorial = TutorialLoop(train, NUM_WORDS)
    candidates = {"usual loop, nn.LSTM": tutorial.epoch}
    candidates |= {f"this tool, {cell}": lambda trainer=trainer: list(steps(trainer)) for cell, trainer in own.items()}
    times = in_turn(candidates, rounds=2, warm_up=False)
    rows = [[name, f"{min(found):.1f}", ratio(times, "usual loop, nn.LSTM", name)] for name, found in times.items()]
    table(
        "An epoch of 16,000 texts of 20 words, one direction, vocabulary 20,000", ["loop", "s", "usual loop / it"], rows
    )


def threads() -> None:
    """The default network with one and with two threads of the matrix libraries."""
    train = tokens(16_000, 20, NUM_WORDS)
    trainer = own_trainer(train, NUM_WORDS, model=ModelSettings())
    rows = []
    wall: dict[int, list[float]] = {1: [], 2: []}
    cpu: dict[int, list[float]] = {1: [], 2: []}
    updates = trainer._epoch()
    for _ in range(3):
        for number in (1, 2):
            torch.set_num_threads(number)
            with threadpool_limits(number):
                started_at = time.perf_counter(), time.process_time()
                list(islice(updates, 30))
                wall[number].append((time.perf_counter() - started_at[0]) / 30)
                cpu[number].append((time.process_time() - started_at[1]) / 30)
    torch.set_num_threads(1)
    for number in (1, 2):
        rows.append([str(number), f"{1e3 * min(wall[number]):.1f}", f"{1e3 * min(cpu[number]):.1f}"])
    table("Threads: an update of the default network, 64 texts of 20 words", ["threads", "wall ms", "CPU ms"], rows)
