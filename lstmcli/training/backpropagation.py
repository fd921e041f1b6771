"""The gradients of one update, with or without adversarial training."""

from collections.abc import Callable

from torch import Tensor

from lstmcli.models.classifier import Classifier
from lstmcli.training.batch import WordBatch
from lstmcli.training.shares import Part

TINY = 1e-12


def backpropagate(
    model: Classifier, batch: WordBatch, loss_of: Callable[[Tensor], Tensor], *, adversarial: float
) -> float:
    """Add the gradients of the loss to the parameters and return the loss, in nats; see `add_gradients`."""
    return add_gradients(model, batch, loss_of, adversarial=adversarial).item()


def add_gradients(
    model: Classifier,
    batch: WordBatch,
    loss_of: Callable[[Tensor], Tensor],
    *,
    adversarial: float,
    part: Part | None = None,
) -> Tensor:
    """Add the gradients of the loss to the parameters and return the loss, in nats and float64, on the device.

    With `adversarial`, the loss is the mean of two: the loss of the batch, and its loss after all word vectors have
    been shifted along the gradient of the first, the direction of steepest increase. The network thus learns to give
    the same answer in a neighbourhood of each text. Source: Miyato et al. 2017, "Adversarial Training Methods for
    Semi-Supervised Text Classification", arXiv 1605.07725. There, each text has its own shift and the word vectors are
    normalised; here, each distinct word of the batch has one, and the shift is relative to the length of the vectors.

    Args:
        model: in training mode.
        batch: the texts.
        loss_of: maps logits (texts, labels) to the mean loss.
        adversarial: the length of the shift as a fraction of the length of the vectors, both over all words of the
            batch; 0 for none.
        part: which part of a batch `batch` is, if processes share it: all of them shift the words together.
    """
    looked_up = model.embedding(batch.words)
    vectors = looked_up.detach().requires_grad_()
    loss = _backward(loss_of(model.classify(vectors, batch.word_index, batch.lengths)), share=0.5 if adversarial else 1)
    if adversarial:
        direction = _gradient(vectors).detach().clone()
        of_all, words = (
            (direction, looked_up) if part is None else (part.summed(direction), model.embedding(part.words))
        )
        direction = direction if part is None else of_all[part.own]
        shift = direction * (adversarial * words.detach().norm() / (of_all.norm() + TINY))
        shifted = vectors + shift
        loss = loss + _backward(loss_of(model.classify(shifted, batch.word_index, batch.lengths)), share=0.5)
    # Both gradients are added up in that of `vectors`, so the table receives a single row per word. It is the gradient
    # of this sum, to the last bit. If torch is given a gradient, it loads sympy, which takes two seconds.
    (looked_up * _gradient(vectors)).sum().backward()
    return loss


def _backward(loss: Tensor, *, share: float) -> Tensor:
    part = share * loss
    part.backward()  # type: ignore[no-untyped-call]
    return part.detach().double()


def _gradient(vectors: Tensor) -> Tensor:
    if vectors.grad is None:
        raise ValueError("expected a loss that depends on the word vectors")
    return vectors.grad
