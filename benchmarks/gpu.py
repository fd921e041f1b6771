"""Training on a CUDA GPU."""

import time

import torch

from benchmarks.corpora import tokens
from benchmarks.timing import table
from benchmarks.trainers import own_trainer, run_epoch
from lstmcli.config.model_settings import CellName, ModelSettings
from lstmcli.training.classification import LabelledTokens
from lstmcli.training.loop import Trainer

NUM_WORDS = 10_000
CELLS: tuple[CellName, ...] = ("lstm", "peephole", "rnn")
ROUNDS = 3


def speed() -> None:
    """The default network, 16,000 texts of 20 words in batches of 128: updates as graphs, and call by call."""
    if not torch.cuda.is_available():
        print("\ngpu: skipped, since torch finds no CUDA GPU")
        return
    train = tokens(16_000, 20, NUM_WORDS)
    num_tokens = len(train.token_ids.flat)
    rows = []
    for cell in CELLS:
        found = [
            _fastest_epoch(_trainer(train, cell, is_graphed=is_graphed), num_tokens) for is_graphed in (True, False)
        ]
        rows.append([cell, *(f"{rate:,.0f}" for rate in found), f"{found[0] / found[1]:.1f}"])
    title = (
        f"Tokens per second on one {torch.cuda.get_device_name()}, default network, batches of 128 texts of 20 words"
    )
    table(title, ["cell", "graphs", "call by call", "graphs / calls"], rows)


def _trainer(train: LabelledTokens, cell: CellName, *, is_graphed: bool) -> Trainer:
    trainer = own_trainer(
        train,
        NUM_WORDS,
        model=ModelSettings(cell=cell),
        batch_size=128,
        embedding_size=200,
        device=torch.device("cuda"),
    )
    if not is_graphed:
        trainer._graphs = None
    return trainer


def _fastest_epoch(trainer: Trainer, num_tokens: int) -> float:
    """Return tokens per second of wall time, after an epoch in which kernels are compiled and graphs recorded."""
    seconds = []
    for _ in range(1 + ROUNDS):
        started_at = time.perf_counter()
        run_epoch(trainer)
        seconds.append(time.perf_counter() - started_at)
    return num_tokens / min(seconds[1:])
