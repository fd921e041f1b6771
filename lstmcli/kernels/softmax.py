"""The softmax over the vocabulary after every step: cross-entropy and gradients, one block of steps at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.kernels.weights import Array

# Steps whose probabilities are in memory at the same time: 100 MB for 50,000 words.
BLOCK_STEPS = 512


@dataclass(frozen=True)
class SoftmaxGradients:
    """Gradients of a summed loss, each of the same shape as its argument."""

    states: Array
    table: Array
    offsets: Array


def softmax_loss(
    states: Array, table: Array, offsets: Array, targets: NDArray[np.int64], *, block_steps: int = BLOCK_STEPS
) -> float:
    """Return the cross-entropy, in nats, of o = softmax(table s + offsets), summed over the states s.

    Args:
        states: (steps, size).
        table: (words, size).
        offsets: (words,).
        targets: (steps,), the row of the correct word in `table`.
        block_steps: number of steps computed together.
    """
    return float(sum(_losses(block)[2].sum() for block in _blocks(states, table, offsets, targets, block_steps)))


def softmax_loss_gradients(
    states: Array, table: Array, offsets: Array, targets: NDArray[np.int64], *, block_steps: int = BLOCK_STEPS
) -> tuple[float, SoftmaxGradients]:
    """Return what `softmax_loss` returns, and the gradients of that.

    The gradient with respect to a logit is its probability, minus 1 for the correct word, so nothing of a block has to
    be kept for a backward pass.
    """
    gradients = SoftmaxGradients(np.empty_like(states), np.zeros_like(table), np.zeros_like(offsets))
    total, start = 0.0, 0
    for block in _blocks(states, table, offsets, targets, block_steps):
        weights, sums, losses = _losses(block)
        total += float(losses.sum())
        steps = slice(start, start + len(losses))
        # The gradient with respect to the logits, times `sums`. Dividing by `sums` later takes fewer divisions.
        weights[np.arange(len(losses)), block[1]] -= sums
        np.matmul(weights, table, out=gradients.states[steps])
        gradients.states[steps] /= sums[:, None]
        gradients.table[...] += weights.T @ (states[steps] / sums[:, None])
        gradients.offsets[...] += (1.0 / sums) @ weights
        start += len(losses)
    return total, gradients


def _blocks(
    states: Array, table: Array, offsets: Array, targets: NDArray[np.int64], block_steps: int
) -> Iterator[tuple[Array, NDArray[np.int64]]]:
    """Yield logits (steps, words) and targets (steps,), one block of steps at a time."""
    for start in range(0, len(states), block_steps):
        steps = slice(start, start + block_steps)
        logits = states[steps] @ table.T
        logits += offsets
        yield logits, targets[steps]


def _losses(block: tuple[Array, NDArray[np.int64]]) -> tuple[Array, Array, Array]:
    """Turn the logits of a block, (steps, words), into exponentials in place.

    Returns:
        The exponentials (steps, words), their sums (steps,), and the losses (steps,).
    """
    logits, targets = block
    logits -= logits.max(axis=1, keepdims=True)
    right = logits[np.arange(len(targets)), targets]
    np.exp(logits, out=logits)
    sums: Array = logits.sum(axis=1)
    return logits, sums, np.log(sums) - right
