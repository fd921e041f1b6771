"""Dropout, pooling, embedding and the classifier as a whole."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from lstmcli.config.settings import DropoutSettings, ModelSettings
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.models.dropout import LockedDropout, WordDropout
from lstmcli.models.embedding import Embedding
from lstmcli.models.pooling import POOLINGS, AttentionPooling, LastPooling, MaxPooling, MeanPooling
from lstmcli.models.recurrent import Encoded

SIZES = Sizes(num_words=12, embedding_size=5, num_labels=3, pad_id=0, unknown_id=1)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(3)


def encoded() -> Encoded:
    mask = torch.tensor([[True, True, True], [True, False, False]])
    outputs = torch.randn(2, 3, 4) * mask[..., None]
    return Encoded(outputs, torch.randn(2, 4), mask)


def test_pooling_by_hand() -> None:
    batch = encoded()
    first, second = batch.outputs[0], batch.outputs[1, :1]
    assert_close(LastPooling(4)(batch), batch.final)
    assert_close(MeanPooling(4)(batch), torch.stack([first.sum(0) / 3, second[0]]))
    assert_close(MaxPooling(4)(batch), torch.stack([first.max(0).values, second[0]]))
    attention = AttentionPooling(4)
    weights = attention.weights(batch)
    assert_close(weights.sum(1), torch.ones(2))
    assert weights[1].tolist() == [1.0, 0.0, 0.0]
    scores = [attention.query(torch.tanh(attention.projection(step))) for step in first]
    shares = torch.cat(scores).softmax(0)
    assert_close(attention(batch), torch.stack([(shares[:, None] * first).sum(0), second[0]]))


def test_max_pooling_of_negative_states_does_not_see_the_zeros_of_padding() -> None:
    batch = encoded()
    negative = batch._replace(outputs=-batch.outputs.abs())
    assert (MaxPooling(4)(negative) < 0).all()


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", ["rnn", "lstm", "peephole"])
def test_padding_and_neighbours_do_not_change_logits(cell: str, pooling: str) -> None:
    settings = ModelSettings(cell=cell, hidden_size=3, layers=2, pooling=pooling)
    model = Classifier(SIZES, settings, DropoutSettings()).eval()
    alone = model(torch.tensor([[5, 2, 7]]), torch.tensor([3]))
    beside = model(torch.tensor([[5, 2, 7, 0, 0], [1, 1, 4, 9, 3]]), torch.tensor([3, 5]))
    assert_close(alone[0], beside[0])
    assert alone.shape == (1, 3)


def test_outputs_of_every_step_stay_reachable() -> None:
    model = Classifier(SIZES, ModelSettings(hidden_size=3), DropoutSettings()).eval()
    states = model.encode(torch.tensor([[5, 2, 7], [4, 0, 0]]), torch.tensor([3, 1]))
    assert states.outputs.shape == (2, 3, 6)
    assert (states.outputs[0] != 0).all()


def test_locked_dropout_drops_the_same_features_at_every_step() -> None:
    dropped = LockedDropout(0.5)(torch.ones(40, 7, 50))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert (dropped == dropped[:, :1]).all()
    assert len({tuple(row) for row in dropped[:, 0].tolist()}) == 40
    assert 0.45 < (dropped == 0).float().mean() < 0.55


def test_word_dropout_replaces_whole_words_but_never_padding() -> None:
    ids = torch.randint(2, 12, (200, 30))
    ids[:, 20:] = 0
    dropped = WordDropout(0.25, unknown_id=1, pad_id=0)(ids)
    changed = dropped != ids
    assert (dropped[changed] == 1).all()
    assert not changed[:, 20:].any()
    assert 0.22 < changed[:, :20].float().mean() < 0.28


@pytest.mark.parametrize("module", [LockedDropout(0.5), WordDropout(0.5, unknown_id=1, pad_id=0)])
def test_dropout_does_nothing_in_evaluation(module: torch.nn.Module) -> None:
    inputs = torch.randint(2, 9, (3, 4, 5) if isinstance(module, LockedDropout) else (3, 4)).float()
    assert (module.eval()(inputs) == inputs).all()


def test_dropout_settings_reach_their_places() -> None:
    rates = {"words": 0.1, "features": 0.2, "layers": 0.3, "output": 0.4}
    model = Classifier(SIZES, ModelSettings(layers=2), DropoutSettings(**rates))
    found = [model.word_dropout.probability, model.feature_dropout.probability, model.recurrent.dropout.probability]
    assert [*found, model.output_dropout.p] == list(rates.values())


def test_layer_dropout_acts_between_layers_only() -> None:
    token_ids, lengths = torch.randint(2, 12, (4, 6)), torch.tensor([6, 6, 6, 6])
    for layers, is_random in ((1, False), (2, True)):
        dropout = DropoutSettings(words=0.0, features=0.0, layers=0.5, output=0.0)
        model = Classifier(SIZES, replace(ModelSettings(hidden_size=3), layers=layers), dropout).train()
        assert torch.equal(model(token_ids, lengths), model(token_ids, lengths)) != is_random


def with_vectors(*, frozen: bool) -> Embedding:
    embedding = Embedding(4, 2, pad_id=0)
    vectors = np.arange(12, dtype=np.float32).reshape(6, 2)
    embedding.set_vectors(vectors, np.array([False, False, True, False]), frozen=frozen)
    return embedding


def test_embedding_rows_come_from_the_file_where_it_has_the_word() -> None:
    embedding = with_vectors(frozen=False)
    assert embedding.table().shape == (6, 2)
    assert embedding.table()[2].tolist() == [4.0, 5.0]
    assert embedding.table()[0].tolist() == [0.0, 0.0]
    assert embedding.table()[3].abs().max() < 1.0
    ids = torch.tensor([[2, 4], [5, 0]])
    assert_close(embedding(ids), embedding.table()[ids])


def test_only_rows_of_training_words_are_trained_and_padding_never() -> None:
    embedding = with_vectors(frozen=False)
    embedding(torch.tensor([[0, 1, 2, 3]])).sum().backward()
    assert embedding.weight.grad.tolist() == [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    assert not embedding.extra.requires_grad


def test_frozen_rows_stay_and_rows_the_file_lacks_are_trained_all_the_same() -> None:
    embedding = with_vectors(frozen=True)
    embedding(torch.tensor([[0, 1, 2, 3]])).sum().backward()
    assert embedding.weight.grad.tolist() == [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
