"""Divides a batch among processes so that their gradients add up to those of the whole batch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstmcli.training.loss import Loss
from lstmcli.training.processes import Processes


@dataclass(frozen=True)
class Share:
    """The texts of a batch that one process computes.

    Attributes:
        processes: all of them, and which one this is.
        lengths: (batch,), of all texts of the batch, in tokens.
        texts: positions in the batch, ascending.
        weight: how much its gradients count: 1, unless several processes compute the same texts.
    """

    processes: Processes
    lengths: NDArray[np.int64]
    texts: NDArray[np.int64]
    weight: float

    @classmethod
    def of(cls, lengths: NDArray[np.int64], processes: Processes) -> "Share":
        """Return the share of this process; if there are too few texts, each process computes all of them."""
        if len(lengths) < processes.number:
            return cls(processes, lengths, np.arange(len(lengths)), 1.0 / processes.number)
        return cls(processes, lengths, divided(lengths, processes.number)[processes.rank], 1.0)

    @property
    def tokens(self) -> NDArray[np.int64]:
        """The positions of its tokens among those of the batch, text after text."""
        is_own = np.zeros(len(self.lengths), dtype=np.bool_)
        is_own[self.texts] = True
        return np.flatnonzero(np.repeat(is_own, self.lengths))


def divided(lengths: NDArray[np.int64], number: int) -> list[NDArray[np.int64]]:
    """Divide texts into `number` parts of about as many texts and tokens; positions are ascending.

    From the longest text to the shortest, they go to the parts in the order 0, 1, ..., 1, 0, 0, 1, ..., so two parts
    never differ by more than the longest text.
    """
    turn = np.arange(len(lengths)) % (2 * number)
    part = np.empty(len(lengths), dtype=np.int64)
    part[np.argsort(-lengths, kind="stable")] = np.minimum(turn, 2 * number - 1 - turn)
    return [np.flatnonzero(part == each) for each in range(number)]


class Part(NamedTuple):
    """The share of a process, in the words of the batch.

    share: its texts.
    words: (words,), those of the whole batch, ascending.
    own: (own words,), the positions in `words` of those of the share, ascending.
    """

    share: Share
    words: Tensor
    own: Tensor

    def summed(self, gradients: Tensor) -> Tensor:
        """Add up gradients of all processes, each with respect to its own words: (own words, size) -> (words, size)."""
        rows = gradients.new_zeros(len(self.words), gradients.shape[1])
        rows.index_copy_(0, self.own, gradients)
        self.share.processes.sum(rows)
        return rows


def loss_of_share(loss: Loss, targets: Tensor, share: Share) -> Callable[[Tensor], Tensor]:
    """Return a function of the outputs of a share that has the gradient of the mean loss of the whole batch.

    Its values add up to this mean over all processes. Every loss is a sum over texts, divided by something that depends
    on all targets of the batch (their weights, how many are missing) but on no output. So other texts may have any
    outputs, here 0, as long as their part of the loss is subtracted.

    Args:
        loss: maps outputs and targets of a batch to the mean loss.
        targets: of the whole batch.
        share: the texts of this process.
    """
    number, texts = share.processes.number, torch.from_numpy(share.texts)

    def loss_of(outputs: Tensor) -> Tensor:
        nothing = outputs.new_zeros(len(targets), outputs.shape[1])
        without = loss(nothing, targets)
        return share.weight * (loss(nothing.index_copy(0, texts, outputs), targets) - without) + without / number

    return loss_of
