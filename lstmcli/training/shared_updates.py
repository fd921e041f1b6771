"""Updates that several processes compute together: each a share of the batch, and then all of them the same update."""

import zlib
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lstmcli.training.processes import AgreedStop, Processes
from lstmcli.training.shares import Share
from lstmcli.training.updater import ROW_TABLE, Updater

# What is drawn for a whole batch is the same in all processes; dropout within the network differs.
WHOLE_BATCH = 0


DIFFERENT_WEIGHTS = (
    "have computed other weights than process 0, so the training can't go on. Use hosts with the same processors and "
    "the same release of torch, and continue from the last saved state with --resume."
)


class SharedUpdates:
    """Updates of a network that all processes have a copy of, which stay equal to the last bit.

    Every process has all texts, so it knows the words of the whole batch without asking. Gradients travel in a single
    vector: all of those of small parameters, and the rows of these words of tables with a row for each word. Random
    numbers depend on the seed, the number of the update and the process, not on what was drawn before. Thus a training
    can be resumed with any number of processes.
    """

    def __init__(self, model: nn.Module, objective: Any, updater: Updater, processes: Processes, seed: int) -> None:
        self._model = model
        self._objective = objective
        self._updater = updater
        self._processes = processes
        self._seed = seed
        tables = getattr(model, "word_tables", (ROW_TABLE,))
        parameters = dict(model.named_parameters())
        self._tables = [parameters.pop(name) for name in tables]
        self._others = list(parameters.values())

    def update(self, rows: NDArray[np.int64], rate: float, number: int) -> float:
        """Update the network by a batch of training texts and return the loss of the whole batch, in nats.

        Args:
            rows: numbers of the texts.
            rate: the learning rate.
            number: how many updates came before.

        Raises:
            LostProcessError: see `Processes.sum`.
        """
        share = Share.of(self._objective.lengths[rows], self._processes)
        self._draw_from(number, WHOLE_BATCH)
        batch = self._objective.part(rows, share)
        self._updater.prepare(batch.words)
        self._draw_from(number, 1 + self._processes.rank)
        loss = self._summed(batch.words, self._objective.backpropagate(self._model, batch))
        self._updater.update(rate)
        return loss

    def agree(self, cpu_seconds: float) -> float:
        """Check that all networks are equal, and agree whether to stop; return the CPU time of all processes.

        Raises:
            LstmcliError: they differ.
        """
        stop = self._processes.stop
        self._processes.check_same(self._digest(), DIFFERENT_WEIGHTS)
        own = cpu_seconds, isinstance(stop, AgreedStop) and stop.is_wanted()
        seconds, wanted = zip(*self._processes.gather(own), strict=True)
        self._agree(any(wanted))
        return float(sum(seconds))

    def _draw_from(self, number: int, stream: int) -> None:
        state = np.random.SeedSequence([self._seed, number, stream]).generate_state(1, np.uint64)
        torch.default_generator.manual_seed(int(state[0] >> np.uint64(1)))

    def _summed(self, words: Tensor, loss: Tensor | float) -> float:
        """Sum gradients and losses over all processes; return the loss."""
        stop = self._processes.stop
        is_wanted = isinstance(stop, AgreedStop) and stop.is_wanted()
        dense = [each for each in self._others if each.grad is not None]
        pieces = [_gradient(each) for each in dense] + [_rows(each, words) for each in self._tables]
        values = torch.cat([*(piece.reshape(-1) for piece in pieces), torch.tensor([float(loss), float(is_wanted)])])
        self._processes.sum(values)
        *summed, ends = torch.split(values, [*(piece.numel() for piece in pieces), 2])
        summed = [each.view(piece.shape) for each, piece in zip(summed, pieces, strict=True)]
        for parameter, gradient in zip(dense, summed, strict=False):
            parameter.grad = gradient
        for parameter, rows in zip(self._tables, summed[len(dense) :], strict=True):
            _set_rows(parameter, words, rows)
        total, num_wanted = ends.tolist()
        self._agree(num_wanted > 0.0)
        return float(total)

    def _agree(self, is_wanted: bool) -> None:
        if isinstance(self._processes.stop, AgreedStop):
            self._processes.stop.agree(is_wanted=is_wanted)

    def _digest(self) -> int:
        digest = 0
        for module in (self._model, self._updater.average.module):
            for value in module.state_dict().values():
                digest = zlib.crc32(value.detach().contiguous().numpy().data, digest)
        return digest


def _gradient(parameter: nn.Parameter) -> Tensor:
    if parameter.grad is None:
        raise ValueError("expected a gradient of each table of words")
    return parameter.grad


def _rows(parameter: nn.Parameter, words: Tensor) -> Tensor:
    """Return the gradient of the rows `words` of a table."""
    gradient = _gradient(parameter)
    if not gradient.is_sparse:
        return gradient.index_select(0, words)
    rows = gradient._values().new_zeros(len(words), *parameter.shape[1:])
    return rows.index_copy_(0, torch.searchsorted(words, gradient._indices()[0]), gradient._values())


def _set_rows(parameter: nn.Parameter, words: Tensor, rows: Tensor) -> None:
    gradient = _gradient(parameter)
    if gradient.is_sparse:
        parameter.grad = torch.sparse_coo_tensor(
            words[None], rows, gradient.shape, is_coalesced=True, check_invariants=False
        )
    else:
        gradient.index_copy_(0, words, rows)


def shared_updates(
    model: nn.Module, objective: Any, updater: Updater, processes: Processes, *, seed: int
) -> SharedUpdates | None:
    """Return the updates of several processes; None for a process that trains alone."""
    return None if processes.number == 1 else SharedUpdates(model, objective, updater, processes, seed)
