"""Next-word prediction: the softmax over many words, what is predicted where, the sample, and perplexity."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import TrainingSettings
from lstmcli.kernels.softmax import softmax_loss, softmax_loss_gradients
from lstmcli.models.language import LanguageModel, LanguageSizes, neighbours, summed_softmax_loss
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.language import NextWord, frequency_perplexity
from lstmcli.training.loop import EpochResult, Trainer

SMALL = ModelSettings(hidden_size=5)
NUM_WORDS = 12
CPU = torch.device("cpu")


def texts(num: int, seed: int) -> TokenIds:
    """Texts in which every word is followed by the next number, wrapping round."""
    generator = np.random.default_rng(seed)
    starts, lengths = generator.integers(0, NUM_WORDS - 2, num), generator.integers(1, 7, num)
    return TokenIds.from_texts(
        [
            [2 + (start + step) % (NUM_WORDS - 2) for step in range(length)]
            for start, length in zip(starts, lengths, strict=True)
        ]
    )


def counts(token_ids: TokenIds) -> np.ndarray:
    return np.bincount(token_ids.flat, minlength=NUM_WORDS)


def language_model(settings: ModelSettings = SMALL, **options: int) -> LanguageModel:
    torch.manual_seed(3)
    return LanguageModel(LanguageSizes(NUM_WORDS, 6, 0), settings, 0.0, **options)


def next_word(train: TokenIds, num_candidates: int = 99, **options: float) -> NextWord:
    return NextWord(
        train,
        texts(30, 9),
        counts(train),
        num_candidates=num_candidates,
        word_dropout=options.get("word_dropout", 0.0),
        device=CPU,
    )


@pytest.mark.parametrize("block_steps", [1, 4, 99])
def test_the_softmax_kernel_is_torchs_cross_entropy_with_its_gradients(block_steps: int) -> None:
    generator = torch.Generator().manual_seed(1)
    shapes = [(11, 4), (7, 4), (7,)]
    tensors = [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]
    states, table, offsets = tensors
    targets = torch.randint(0, 7, (11,), generator=generator)
    expected = F.cross_entropy(states @ table.T + offsets, targets, reduction="sum")
    expected.backward()
    arrays = [tensor.detach().numpy() for tensor in tensors]
    loss, gradients = softmax_loss_gradients(*arrays, targets.numpy(), block_steps=block_steps)
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    assert softmax_loss(*arrays, targets.numpy(), block_steps=block_steps) == pytest.approx(loss, rel=1e-12)
    for found, tensor in zip((gradients.states, gradients.table, gradients.offsets), tensors, strict=True):
        np.testing.assert_allclose(found, tensor.grad, atol=1e-12)


def test_the_softmax_loss_is_differentiable() -> None:
    inputs = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in [(5, 3), (4, 3), (4,)]]
    targets = torch.tensor([0, 3, 1, 1, 2])
    assert torch.autograd.gradcheck(lambda *tensors: 0.7 * summed_softmax_loss(*tensors, targets), inputs)


def test_huge_logits_do_not_overflow() -> None:
    states, table = np.array([[1e4]], dtype=np.float32), np.array([[1.0], [-1.0]], dtype=np.float32)
    zeros = np.zeros(2, dtype=np.float32)
    assert softmax_loss(states, table, zeros, np.array([0])) == 0.0
    assert softmax_loss(states, table, zeros, np.array([1])) == pytest.approx(2e4)


def test_each_direction_predicts_the_neighbour_that_it_has_not_seen() -> None:
    (before, after), (sources, targets) = neighbours(torch.tensor([3, 1, 2]))
    assert (before.tolist(), after.tolist()) == ([0, 1, 4], [1, 2, 5])
    assert (sources.tolist(), targets.tolist()) == ([1, 2, 5], [0, 1, 4])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "peephole"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_no_prediction_depends_on_what_it_predicts(cell: str, bidirectional: bool) -> None:
    """The gradient of step t's prediction by the words is 0 on the side that it predicts."""
    model = language_model(ModelSettings(cell=cell, hidden_size=5, layers=2, bidirectional=bidirectional)).eval()
    lengths = torch.tensor([4, 3])
    for direction, (_, targets) in enumerate(model.predictions(torch.randn(7, 6), torch.arange(7), lengths)):
        for step, target in enumerate(targets.tolist()):
            vectors = torch.randn(7, 6, requires_grad=True)
            states, _ = model.predictions(vectors, torch.arange(7), lengths)[direction]
            states[step].sum().backward()
            seen = vectors.grad.abs().sum(dim=1) > 0
            start, end = (0, 4) if target < 4 else (4, 7)
            expected = range(start, target) if direction == 0 else range(target + 1, end)
            assert seen.nonzero().flatten().tolist() == list(expected)


def test_gradients_end_where_back_propagation_is_truncated() -> None:
    model = language_model(ModelSettings(hidden_size=5, bidirectional=False), bptt_steps=2).eval()
    vectors = torch.randn(6, 6, requires_grad=True)
    ((states, _),) = model.predictions(vectors, torch.arange(6), torch.tensor([6]))
    states[3].sum().backward()  # the fourth step: its gradient reaches back to the third
    assert (vectors.grad.abs().sum(dim=1) > 0).tolist() == [False, False, True, True, False, False]


def test_perplexity_is_that_of_a_hand_made_sum() -> None:
    train = texts(20, 1)
    model, objective = language_model().eval(), next_word(train)
    validation, total, num_steps = texts(30, 9), 0.0, 0
    for row in range(len(validation)):
        ids, lengths = validation.joined(np.array([row]))
        tokens = torch.from_numpy(ids.astype(np.int64))
        predictions = model.predictions(
            model.embedding.weight[tokens], torch.arange(len(tokens)), torch.tensor(lengths)
        )
        for (states, targets), projection in zip(predictions, model.projections, strict=True):
            table = model.embedding.weight @ projection.weight.T
            logits = (states @ table.T + model.bias)[:, 1:]  # padding is no answer
            total += F.cross_entropy(logits, tokens[targets] - 1, reduction="sum").item()
            num_steps += len(targets)
    scores = objective.scores(model)
    assert scores["log_loss"] == pytest.approx(total / num_steps, rel=1e-5)
    assert scores["perplexity"] == pytest.approx(math.exp(total / num_steps), rel=1e-5)


def test_words_with_equal_frequencies_have_a_perplexity_of_their_number() -> None:
    validation = TokenIds.from_texts([[2, 3, 4], [5]])
    assert frequency_perplexity(np.array([0, 9, 9, 9, 9, 9]), validation) == pytest.approx(5.0)


def test_the_sum_over_a_sample_is_on_average_that_over_all_words() -> None:
    train = texts(200, 1)
    exponentials = torch.rand(NUM_WORDS, generator=torch.Generator().manual_seed(2)) + 0.5
    exponentials[:2] = 0.0  # padding, and the unknown word, which these texts never use
    torch.manual_seed(0)
    objective = next_word(train, num_candidates=4)
    assert objective.is_sampled
    sums, naive = [], []
    for batch in (objective.batch(np.arange(2)) for _ in range(4000)):
        drawn = exponentials[batch.words[batch.candidates]]
        sums.append(float((drawn * torch.exp(-batch.corrections)).sum()))
        naive.append(float(drawn.sum()))
    whole = float(exponentials.sum())
    assert np.mean(sums) == pytest.approx(whole, rel=0.02)
    assert np.mean(naive) < 0.9 * whole


def test_the_answers_are_the_words_before_any_is_dropped() -> None:
    train = texts(50, 1)
    objective = next_word(train, num_candidates=3, word_dropout=0.5)
    torch.manual_seed(0)
    batch = objective.batch(np.arange(50))
    ids = train.joined(np.arange(50))[0]
    np.testing.assert_array_equal(batch.words[batch.candidates][batch.answers], ids)
    seen = batch.words[batch.word_index].numpy()
    assert set(seen[seen != ids]) == {1}
    assert 0.3 < (seen != ids).mean() < 0.7


@pytest.mark.parametrize("num_candidates", [3, 99])
def test_training_learns_what_follows_what(num_candidates: int) -> None:
    torch.manual_seed(1)
    train = texts(300, 1)
    model = language_model(ModelSettings(hidden_size=16))
    model.embedding.sparse = True
    model.start_from(counts(train))
    trainer = Trainer(
        model,
        next_word(train, num_candidates),
        metric="perplexity",
        settings=TrainingSettings(average_decay=0.9),
        learning_rate=0.02,
        batch_size=20,
        num_epochs=12,
        device=CPU,
    )
    results = [event for event in trainer.run() if isinstance(event, EpochResult)]
    assert results[0].validation["perplexity"] < 11
    assert results[-1].validation["perplexity"] < 1.3
    assert trainer.progress.best_epoch > 6
