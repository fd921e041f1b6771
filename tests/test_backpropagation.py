"""The gradients of an update, with and without the adversary, against autograd on the formula."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import DropoutSettings
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.backpropagation import backpropagate
from lstmcli.training.batch import WordBatch, word_batch
from lstmcli.training.loss import make_loss


def hard_batch() -> tuple[Classifier, WordBatch, Callable[[Tensor], Tensor]]:
    """A network without dropout, a batch, and its loss."""
    torch.manual_seed(2)
    sizes = Sizes(num_words=20, embedding_size=6, num_labels=2, pad_id=0)
    model = Classifier(sizes, ModelSettings(hidden_size=4), DropoutSettings()).double().eval()
    generator = np.random.default_rng(3)
    texts = TokenIds.from_texts([generator.integers(2, 20, size=length).tolist() for length in (3, 1, 5, 2, 8, 4, 6)])
    targets = np.eye(2, dtype=bool)[[0, 1, 1, 0, 1, 0, 0]]
    batch = word_batch(texts, np.arange(7), torch.device("cpu"))
    loss = make_loss(targets, "single", "none")
    return model, batch, lambda logits: loss(logits, torch.from_numpy(targets).double())


def test_the_adversarial_gradient_is_that_of_both_losses() -> None:
    model, batch, loss_of = hard_batch()
    loss = backpropagate(model, batch, loss_of, adversarial=0.3)
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}
    model.zero_grad()
    vectors = model.embedding(batch.words)
    clean = loss_of(model.classify(vectors, batch.word_index, batch.lengths))
    (slope,) = torch.autograd.grad(clean, vectors, retain_graph=True)
    shift = 0.3 * vectors.detach().norm() * slope / slope.norm()
    hard = loss_of(model.classify(vectors + shift, batch.word_index, batch.lengths))
    assert hard > clean
    ((clean + hard) / 2).backward()
    assert loss == pytest.approx(((clean + hard) / 2).item())
    for name, parameter in model.named_parameters():
        assert_close(found[name], parameter.grad, msg=name)


def test_without_adversary_the_gradient_is_that_of_the_batch() -> None:
    model, batch, loss_of = hard_batch()
    loss = backpropagate(model, batch, loss_of, adversarial=0.0)
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}
    model.zero_grad()
    plain = loss_of(model(*batch))
    plain.backward()
    assert loss == pytest.approx(plain.item())
    for name, parameter in model.named_parameters():
        assert_close(found[name], parameter.grad, msg=name)
