"""The softmax over many words after every step, with its cross-entropy and gradient, a block of steps at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.kernels.weights import Array

# Steps whose probabilities are in memory at once: with 50,000 words, 100 MB.
BLOCK_STEPS = 512


@dataclass(frozen=True)
class SoftmaxGradients:
    """Gradients of a summed loss, each of the shape of what it is by."""

    states: Array
    table: Array
    offsets: Array


def softmax_loss(
    states: Array, table: Array, offsets: Array, targets: NDArray[np.int64], *, block_steps: int = BLOCK_STEPS
) -> float:
    """Return the summed cross-entropy in nats of o = softmax(table s + offsets) for each state s.

    Args:
        states: (steps, size).
        table: (words, size).
        offsets: (words,).
        targets: (steps,), the row of `table` that is the right word.
        block_steps: steps computed together.
    """
    return float(sum(_losses(block)[2].sum() for block in _blocks(states, table, offsets, targets, block_steps)))


def softmax_loss_gradients(
    states: Array, table: Array, offsets: Array, targets: NDArray[np.int64], *, block_steps: int = BLOCK_STEPS
) -> tuple[float, SoftmaxGradients]:
    """Return what `softmax_loss` returns, and its gradients.

    The gradient by a logit is the probability minus 1 for the right word, so that nothing of a block has to be kept
    for a backward pass.
    """
    gradients = SoftmaxGradients(np.empty_like(states), np.zeros_like(table), np.zeros_like(offsets))
    total, start = 0.0, 0
    for block in _blocks(states, table, offsets, targets, block_steps):
        weights, sums, losses = _losses(block)
        total += float(losses.sum())
        steps = slice(start, start + len(losses))
        # The gradient by the logits times `sums`, which are divided out where there is less to divide.
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
    """Yield logits (steps, words) and targets (steps,) of one block of steps after the other."""
    for start in range(0, len(states), block_steps):
        steps = slice(start, start + block_steps)
        logits = states[steps] @ table.T
        logits += offsets
        yield logits, targets[steps]


def _losses(block: tuple[Array, NDArray[np.int64]]) -> tuple[Array, Array, Array]:
    """Turn the logits of a block, (steps, words), into exponentials in place.

    Returns:
        The exponentials, which are probabilities times their sum, (steps, words); the sums and the losses, (steps,).
    """
    logits, targets = block
    logits -= logits.max(axis=1, keepdims=True)
    right = logits[np.arange(len(targets)), targets]
    np.exp(logits, out=logits)
    sums: Array = logits.sum(axis=1)
    return logits, sums, np.log(sums) - right
