"""The gradients of one update, from the batch as it is and from the batch made harder."""

from collections.abc import Callable

from torch import Tensor

from lstmcli.models.classifier import Classifier
from lstmcli.training.batch import WordBatch

TINY = 1e-12


def backpropagate(
    model: Classifier, batch: WordBatch, loss_of: Callable[[Tensor], Tensor], *, adversarial: float
) -> float:
    """Add the gradients of the loss to the parameters and return the loss, in nats.

    With `adversarial` the loss is the mean of two: that of the batch, and that after all its word vectors were shifted
    along the gradient of the first, which is where it rises most steeply. The network learns answers that hold around
    each text, not only at it. Source: Miyato et al. 2017, "Adversarial Training Methods for Semi-Supervised Text
    Classification", arXiv 1605.07725; there each text has a shift of its own, here each distinct word of the batch has
    one, and instead of normalised vectors the shift is measured by the vectors' own length.

    Args:
        model: in training mode.
        batch: the texts.
        loss_of: maps logits (texts, labels) to the mean loss.
        adversarial: the length of the shift as a share of the length of the vectors, both over all words of the batch;
            0 for none.
    """
    looked_up = model.embedding(batch.words)
    vectors = looked_up.detach().requires_grad_()
    loss = _backward(loss_of(model.classify(vectors, batch.word_index, batch.lengths)), share=0.5 if adversarial else 1)
    if adversarial and vectors.grad is not None:
        direction = vectors.grad.detach().clone()
        shift = direction * (adversarial * looked_up.detach().norm() / (direction.norm() + TINY))
        shifted = vectors + shift
        loss += _backward(loss_of(model.classify(shifted, batch.word_index, batch.lengths)), share=0.5)
    # Both gradients by the vectors in one: the table gets a single row for each word.
    looked_up.backward(vectors.grad)
    return loss


def _backward(loss: Tensor, *, share: float) -> float:
    part = share * loss
    part.backward()  # type: ignore[no-untyped-call]
    return part.item()
