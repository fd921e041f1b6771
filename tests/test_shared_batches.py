"""A batch that several processes share: its division, gradients and losses, against those of one process.

Threads stand for processes here, and tests/test_torchrun.py starts some.
"""

import copy
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributed import HashStore
from torch.testing import assert_close

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import DropoutSettings, TrainingSettings
from lstmcli.errors import LstmcliError
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.models.language import LanguageModel, LanguageSizes
from lstmcli.stopping import NEVER
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.classification import Classification, LabelledTokens
from lstmcli.training.distillation import Distillation, TaughtTexts
from lstmcli.training.language import NextWord
from lstmcli.training.loop import EpochResult, StepResult, Trainer
from lstmcli.training.loss import Loss, make_loss, with_weights
from lstmcli.training.processes import AgreedStop, Processes, ReportedError
from lstmcli.training.score_loss import make_score_loss
from lstmcli.training.shares import Share, divided, loss_of_share
from lstmcli.training.torchrun import agree_on_round

CPU = torch.device("cpu")
NO_DROPOUT = DropoutSettings(words=0.0, features=0.0, layers=0.0, output=0.0)
NUM_WORDS = 30


class Threads(Processes):
    """Threads of this process in the place of processes."""

    def __init__(self, rank: int, others: list["Threads"], barrier: threading.Barrier) -> None:
        super().__init__(AgreedStop(NEVER))
        self.rank = rank
        self.number = barrier.parties
        self._others = others
        self._barrier = barrier
        self._value: Any = None

    def gather(self, value: Any) -> list[Any]:
        self._value = value
        self._barrier.wait()
        values = [other._value for other in self._others]
        self._barrier.wait()
        return values

    def sum(self, values: Tensor) -> None:
        values.copy_(torch.stack(self.gather(values.clone())).sum(0))

    def of_first(self, compute: Callable[[], Any]) -> Any:
        return self.gather(compute() if self.is_first else None)[0]


def in_threads(number: int, work: Callable[[Processes], Any]) -> list[Any]:
    """Run `work` once for each of `number` processes, and return their results; the first error is raised."""
    processes: list[Threads] = []
    barrier = threading.Barrier(number)
    processes += [Threads(rank, processes, barrier) for rank in range(number)]
    results: list[Any] = [None] * number
    errors: list[Exception] = []

    def run(each: Threads) -> None:
        try:
            results[each.rank] = work(each)
        except Exception as error:
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(each,)) for each in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


class Alone(Processes):
    """One of several processes, whose exchange is not looked at."""

    def __init__(self, rank: int, number: int) -> None:
        super().__init__()
        self.rank, self.number = rank, number


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(1, 9))
def test_a_batch_is_divided_evenly(lengths: list[int], number: int) -> None:
    parts = divided(np.array(lengths), number)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(lengths)))
    assert all(part.tolist() == sorted(part.tolist()) for part in parts)
    tokens = [sum(lengths[text] for text in part) for part in parts]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert max(tokens) - min(tokens) <= max(lengths)


def test_the_tokens_of_a_share_are_those_of_its_texts() -> None:
    share = Share(Alone(0, 2), np.array([2, 1, 3]), np.array([0, 2]), 1.0)
    assert share.tokens.tolist() == [0, 1, 3, 4, 5]


def random_losses() -> Iterator[tuple[str, Loss, Tensor]]:
    """Yield each kind of loss, with the targets of a batch of 7."""
    generator = np.random.default_rng(3)
    hard = np.eye(3, dtype=bool)[[0, 0, 0, 1, 1, 2, 0]]
    soft = generator.dirichlet(np.ones(3), 7).astype(np.float32)
    several = generator.random((7, 3)) < 0.4
    ordered = np.arange(3)[None] < np.array([0, 1, 3, 2, 0, 1, 1])[:, None]
    weights = generator.random(7) + 0.1
    for class_weights in ("none", "balanced", "sqrt"):
        for kind, targets in (("single", hard), ("single", soft), ("multi", several), ("ordered", ordered)):
            for of_rows in (None, weights):
                loss = make_loss(targets, kind, class_weights, of_rows)  # type: ignore[arg-type]
                name = f"{kind} {targets.dtype} {class_weights} {of_rows is not None}"
                yield name, loss, torch.from_numpy(with_weights(targets, of_rows)).float()
    scores = generator.normal(size=(7, 3)).astype(np.float32)
    scores[[0, 3, 3], [1, 0, 2]] = np.nan
    for name in ("squared", "huber"):
        for of_rows in (None, weights):
            loss = make_score_loss(name, scores, of_rows)  # type: ignore[arg-type]
            yield f"{name} {of_rows is not None}", loss, torch.from_numpy(with_weights(scores, of_rows)).float()


@pytest.mark.parametrize(("loss", "targets"), [pytest.param(*rest, id=name) for name, *rest in random_losses()])
@pytest.mark.parametrize("number", [2, 3, 9])
def test_shares_of_every_loss_add_up_to_it(loss: Loss, targets: Tensor, number: int) -> None:
    whole = torch.randn(7, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    expected = loss(whole, targets)
    expected.backward()
    outputs = whole.detach().clone().requires_grad_()
    values = []
    for rank in range(number):
        share = Share.of(np.array([5, 1, 3, 4, 1, 2, 2]), Alone(rank, number))
        value = loss_of_share(loss, targets, share)(outputs[share.texts])
        value.backward()
        values.append(value.detach())
    assert_close(torch.stack(values).sum(), expected.detach())
    assert_close(outputs.grad, whole.grad)


def texts(num_texts: int, seed: int) -> TokenIds:
    generator = np.random.default_rng(seed)
    return TokenIds.from_texts(
        [generator.integers(2, NUM_WORDS, generator.integers(1, 9)).tolist() for _ in range(num_texts)]
    )


def labelled(num_texts: int, seed: int) -> LabelledTokens:
    token_ids = texts(num_texts, seed)
    return LabelledTokens(token_ids, np.eye(3, dtype=bool)[token_ids.flat[token_ids.offsets[:-1]] % 3])


def weighted_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """What `make_loss` returns for labels of different weights, in float64."""
    weights = torch.tensor([1.0, 0.5, 2.5], dtype=torch.float64)
    return nn.functional.cross_entropy(logits, targets.argmax(1), weight=weights)


def classification(adversarial: float = 0.0) -> tuple[nn.Module, Any]:
    train = labelled(22, 1)
    objective = Classification(
        train,
        labelled(9, 2),
        loss=weighted_loss,
        score=lambda logits: {"log_loss": float(np.abs(logits).mean())},
        adversarial=adversarial,
        device=CPU,
    )
    return Classifier(Sizes(NUM_WORDS, 6, 3, 0), ModelSettings(hidden_size=4), NO_DROPOUT), objective


def next_word() -> tuple[nn.Module, Any]:
    train = texts(22, 1)
    counts = np.bincount(train.flat, minlength=NUM_WORDS)
    objective = NextWord(train, texts(9, 2), counts, num_candidates=99, word_dropout=0.0, device=CPU)
    return LanguageModel(LanguageSizes(NUM_WORDS, 6, 0), ModelSettings(hidden_size=4), 0.0), objective


def distillation() -> tuple[nn.Module, Any]:
    vectors: NDArray[np.float32] = np.random.default_rng(5).normal(size=(31, 5)).astype(np.float32)
    objective = Distillation(
        TaughtTexts(texts(22, 1), vectors, np.arange(22)),
        TaughtTexts(texts(9, 2), vectors, np.arange(22, 31)),
        device=CPU,
    )
    return Classifier(Sizes(NUM_WORDS, 6, 5, 0), ModelSettings(hidden_size=4), NO_DROPOUT), objective


OBJECTIVES: dict[str, tuple[Callable[[], tuple[nn.Module, Any]], str]] = {
    "labels": (classification, "log_loss"),
    "adversarial": (lambda: classification(0.5), "log_loss"),
    "next word": (next_word, "perplexity"),
    "teacher": (distillation, "cosine"),
}


@pytest.mark.parametrize("name", ["labels", "next word", "teacher"])
@pytest.mark.parametrize("num_texts", [1, 10])
@pytest.mark.parametrize("number", [2, 3])
def test_gradients_of_shares_add_up_to_those_of_the_batch(name: str, num_texts: int, number: int) -> None:
    torch.manual_seed(1)
    model, objective = OBJECTIVES[name][0]()
    model = model.double().train()
    rows = np.arange(num_texts) + 3

    def gradients(batch: Any) -> tuple[float, dict[str, Tensor]]:
        own = copy.deepcopy(model)
        loss = float(objective.backpropagate(own, batch))
        found = {each: parameter.grad for each, parameter in own.named_parameters() if parameter.grad is not None}
        return loss, {each: gradient.to_dense() for each, gradient in found.items()}

    loss, expected = gradients(objective.batch(rows))
    shares = [Share.of(objective.lengths[rows], Alone(rank, number)) for rank in range(number)]
    parts = [gradients(objective.part(rows, share)) for share in shares]
    assert sum(part[0] for part in parts) == pytest.approx(loss, rel=1e-6)
    for each, gradient in expected.items():
        assert_close(sum(part[1][each] for part in parts), gradient, rtol=1e-6, atol=1e-9)


def trainer_of(model: Any, objective: Any, processes: Processes, *, metric: str = "perplexity") -> Trainer:
    """Return a training of a copy of the network, as one of the processes sees it."""
    return Trainer(
        copy.deepcopy(model),
        objective,
        metric=metric,
        settings=TrainingSettings(seed=4, average_decay=0.9),
        learning_rate=0.01,
        batch_size=7,
        num_epochs=3,
        device=CPU,
        processes=processes,
    )


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("number", [2, 3])
def test_several_processes_train_the_network_that_one_trains(name: str, number: int, *, sparse: bool) -> None:
    make, metric = OBJECTIVES[name]
    torch.manual_seed(1)
    model, objective = make()
    model.double().embedding.sparse = sparse  # type: ignore[union-attr]

    def trained(processes: Processes) -> tuple[list[float], dict[str, Tensor]]:
        trainer = trainer_of(model, objective, processes, metric=metric)
        results = list(trainer.run())
        losses = [result.loss for result in results if isinstance(result, StepResult)]
        scores = [result.validation[metric] for result in results if isinstance(result, EpochResult)]
        return losses + scores, trainer.tensors()

    figures, tensors = trained(Processes())
    assert len(figures) == 3 * 4 + 3
    parts = in_threads(number, trained)
    for part_figures, part_tensors in parts:
        assert part_figures == pytest.approx(figures, rel=1e-5)
        for each, tensor in part_tensors.items():
            assert torch.equal(tensor, parts[0][1][each])
            if each.startswith(("model.", "average.")):
                assert_close(tensor, tensors[each], rtol=1e-5, atol=1e-6)


def test_a_request_to_one_process_stops_all_after_the_same_update() -> None:
    model, objective = next_word()

    def num_updates(processes: Processes) -> int:
        trainer = trainer_of(model, objective, processes)
        for number, _ in enumerate(trainer.run(), start=1):
            if processes.rank == 1 and number == 2:
                processes.stop.is_wanted = lambda: True  # type: ignore[method-assign, attr-defined]
            if processes.stop.is_set():
                return number
        return 0

    assert in_threads(2, num_updates) == [3, 3]


def test_a_round_is_not_mistaken_for_the_one_before_in_the_same_store() -> None:
    """torchrun keeps the store when it starts the processes again, with all addresses of those that have died."""
    store = HashStore()
    rounds = []
    for _ in range(3):
        names = in_threads(3, lambda processes: agree_on_round(store, processes.rank, processes.number))
        assert len(set(names)) == 1
        rounds.append(names[0])
    assert len(set(rounds)) == 3


def test_networks_that_have_come_to_differ_are_noticed() -> None:
    model, objective = next_word()

    def trained(processes: Processes) -> None:
        trainer = trainer_of(model, objective, processes)
        with torch.no_grad():
            trainer.model.bias[3] += 1e-3 * processes.rank  # type: ignore[index]
        list(trainer.run())

    def message(processes: Processes) -> str:
        with pytest.raises(LstmcliError) as error:
            trained(processes)
        assert isinstance(error.value, ReportedError) != processes.is_first
        return str(error.value)

    assert in_threads(2, message)[0].startswith(
        "processes 1 of 2 have computed other weights than process 0, so the training can't go on."
    )
