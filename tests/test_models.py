"""Dropout, pooling, embedding and the classifier as a whole."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import DropoutSettings, EngineName
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.models.dropout import Dropout, LockedDropout, random_drops
from lstmcli.models.embedding import Embedding
from lstmcli.models.pooling import POOLINGS, AttentionPooling, LastPooling, MaxPooling, MeanPooling
from lstmcli.models.recurrent import Encoded
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.batch import WordBatch, word_batch

SIZES = Sizes(num_words=12, embedding_size=5, num_labels=3, pad_id=0)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(3)


def batch(*texts: list[int]) -> WordBatch:
    return word_batch(TokenIds.from_texts(texts), np.arange(len(texts)), torch.device("cpu"))


def encoded() -> Encoded:
    return Encoded(torch.randn(4, 4), torch.randn(2, 4), torch.tensor([3, 1]), by_kernels=False)


def test_pooling_by_hand() -> None:
    batch = encoded()
    first, second = batch.states[:3], batch.states[3:]
    assert_close(LastPooling(4)(batch), batch.final)
    assert_close(MeanPooling(4)(batch), torch.stack([first.sum(0) / 3, second[0]]))
    assert_close(MaxPooling(4)(batch), torch.stack([first.max(0).values, second[0]]))
    attention = AttentionPooling(4)
    attention_weights = attention.attention_weights(batch)
    assert_close(attention_weights.sum(1), torch.ones(2))
    assert attention_weights[1].tolist() == [1.0, 0.0, 0.0]
    scores = [attention.query(torch.tanh(attention.projection(step))) for step in first]
    by_hand = torch.cat(scores).softmax(0)
    assert_close(attention(batch), torch.stack([(by_hand[:, None] * first).sum(0), second[0]]))


@pytest.mark.parametrize("lengths", [[1], [3, 1, 2], [1, 1, 7]])
def test_attention_by_kernels_equals_the_reference_forward_and_gradient(lengths: list[int]) -> None:
    attention = AttentionPooling(5).double()
    states = torch.randn(sum(lengths), 5, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(len(lengths), 5, dtype=torch.float64)
    results = []
    for by_kernels in (False, True):
        pooled = attention(Encoded(states, states[:1], torch.tensor(lengths), by_kernels=by_kernels))
        gradients = torch.autograd.grad((pooled * weight).sum(), [states, *attention.parameters()])
        results.append([pooled, *gradients])
    for found, expected in zip(*results, strict=True):
        assert_close(found, expected)


def test_padded_states_are_zero_behind_each_text() -> None:
    batch = encoded()
    assert batch.padded().shape == (2, 3, 4)
    assert torch.equal(batch.padded()[batch.mask()], batch.states)
    assert not batch.padded()[1, 1:].any()


def test_max_pooling_of_negative_states_does_not_see_the_zeros_of_padding() -> None:
    batch = encoded()
    negative = batch._replace(states=-batch.states.abs())
    assert (MaxPooling(4)(negative) < 0).all()


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", ["rnn", "lstm", "peephole"])
def test_neighbours_do_not_change_logits(cell: str, pooling: str) -> None:
    settings = ModelSettings(cell=cell, hidden_size=3, layers=2, pooling=pooling)
    model = Classifier(SIZES, settings, DropoutSettings()).eval()
    alone = model(*batch([5, 2, 7]))
    beside = model(*batch([5, 2, 7], [1, 1, 4, 9, 3]))
    assert_close(alone[0], beside[0])
    assert alone.shape == (1, 3)


@pytest.mark.parametrize("engine", ["kernels", "torch", "reference"])
def test_pieces_of_a_text_are_read_as_texts_of_their_own(engine: EngineName) -> None:
    settings = ModelSettings(hidden_size=3, layers=2, chunk_tokens=3)
    model = Classifier(SIZES, settings, DropoutSettings(), engine=engine).eval()
    words, index, lengths = batch([5, 2, 7, 3, 4, 5, 6], [4, 2])
    states = model.encode(model.embedding(words), index, lengths)
    words, index, lengths = batch([5, 2, 7], [3, 4], [5, 6], [4, 2])
    expected = model.encode(model.embedding(words), index, lengths)
    assert_close(states.states, expected.states)
    assert states.lengths.tolist() == [7, 2]
    assert_close(states.final[0], torch.cat([states.states[6, :3], states.states[0, 3:]]))


def test_outputs_of_every_step_stay_reachable() -> None:
    model = Classifier(SIZES, ModelSettings(hidden_size=3), DropoutSettings()).eval()
    words, index, lengths = batch([5, 2, 7], [4])
    states = model.encode(model.embedding(words), index, lengths)
    assert states.states.shape == (4, 6)
    assert (states.states != 0).all()


def test_locked_dropout_drops_the_same_features_at_every_step() -> None:
    lengths = torch.full((40,), 7)
    dropped = LockedDropout(0.5)(torch.ones(280, 50), lengths).view(40, 7, 50)
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert (dropped == dropped[:, :1]).all()
    assert len({tuple(row) for row in dropped[:, 0].tolist()}) == 40
    assert 0.45 < (dropped == 0).float().mean() < 0.55


def test_locked_dropout_gives_each_ragged_text_its_own_mask() -> None:
    dropped = LockedDropout(0.5)(torch.ones(6, 60), torch.tensor([1, 3, 2]))
    assert (dropped[1:4] == dropped[1]).all()
    assert (dropped[4] == dropped[5]).all()
    assert (dropped[0] != dropped[1]).any()
    assert (dropped[3] != dropped[4]).any()


def test_feature_dropout_drops_features_of_each_word_and_keeps_the_mean() -> None:
    dropped = Dropout(0.2)(torch.ones(300, 200))
    assert set(dropped.unique().tolist()) == {0.0, 1.25}
    assert 0.99 < dropped.mean() < 1.01
    assert len({tuple(row) for row in dropped.tolist()}) == 300


@pytest.mark.parametrize("probability", [0.0, 0.25, 0.9])
@pytest.mark.parametrize("num", [1, 4_001])
def test_drops_have_the_wanted_share_at_every_place(num: int, probability: float) -> None:
    drops = torch.stack([random_drops(num, probability, torch.device("cpu")) for _ in range(400)]).double()
    assert drops.shape == (400, num)
    for place in range(min(num, 4)):  # four are cut from each number drawn
        share = drops[:, place::4].mean()
        assert abs(share - probability) <= 4.0 * (probability * (1 - probability) / drops[:, place::4].numel()) ** 0.5


def test_word_dropout_replaces_whole_words() -> None:
    texts = TokenIds.from_texts(torch.randint(2, 12, (200, 30)).tolist())
    rows = np.arange(200)
    words, index, lengths = word_batch(texts, rows, torch.device("cpu"), word_dropout=0.25)
    before, after = torch.from_numpy(texts.flat), words[index]
    changed = before != after
    assert (after[changed] == 1).all()
    assert 0.22 < changed.float().mean() < 0.28
    assert lengths.tolist() == [30] * 200


def test_a_batch_holds_each_distinct_word_once() -> None:
    texts = TokenIds.from_texts([[7, 2, 7], [3], [2, 7]])
    words, index, lengths = word_batch(texts, np.array([2, 0]), torch.device("cpu"))
    assert words.tolist() == [2, 7]
    assert words[index].tolist() == [2, 7, 7, 2, 7]
    assert lengths.tolist() == [2, 3]


def test_dropout_does_nothing_in_evaluation() -> None:
    inputs = torch.randn(3, 5)
    assert torch.equal(LockedDropout(0.5).eval()(inputs, torch.tensor([1, 2])), inputs)
    assert torch.equal(Dropout(0.5).eval()(inputs), inputs)


def test_dropout_settings_reach_their_places() -> None:
    rates = {"features": 0.2, "layers": 0.3, "output": 0.4}
    model = Classifier(SIZES, ModelSettings(layers=2), DropoutSettings(**rates))
    found = [model.feature_dropout.probability, model.recurrent.dropout.probability]
    assert [*found, model.output_dropout.probability] == list(rates.values())


def test_layer_dropout_acts_between_layers_only() -> None:
    texts = batch(*torch.randint(2, 12, (4, 6)).tolist())
    for layers, is_random in ((1, False), (2, True)):
        dropout = DropoutSettings(words=0.0, features=0.0, layers=0.5, output=0.0)
        model = Classifier(SIZES, replace(ModelSettings(hidden_size=3), layers=layers), dropout).train()
        assert torch.equal(model(*texts), model(*texts)) != is_random


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
    ids = torch.tensor([2, 4, 5, 0])
    assert_close(embedding(ids), embedding.table()[ids])


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
def test_frozen_rows_stay_and_rows_the_file_lacks_are_trained_all_the_same(frozen: bool, sparse: bool) -> None:
    embedding = with_vectors(frozen=frozen)
    embedding.sparse = sparse
    embedding(torch.tensor([1, 2, 3])).sum().backward()
    known = 0.0 if frozen else 1.0
    assert embedding.weight.grad.is_sparse == sparse
    gradient = embedding.weight.grad.to_dense() if sparse else embedding.weight.grad
    assert gradient.tolist() == [[0.0, 0.0], [1.0, 1.0], [known, known], [1.0, 1.0]]
    assert not embedding.extra.requires_grad
