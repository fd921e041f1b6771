"""The training loop: schedule, averages, early stopping, and the same losses bit for bit when interrupted."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info
from torch import nn
from torch.testing import assert_close

from lstmcli.config.defaults import LEARNING_RATE
from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import DropoutSettings, EngineName, TrainingSettings
from lstmcli.errors import ConfigError
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.classification import Classification, LabelledTokens
from lstmcli.training.loop import DivergedError, EpochResult, StepResult, Trainer
from lstmcli.training.loss import make_loss
from lstmcli.training.optimizer import (
    BETAS,
    AdamW,
    ParamGroup,
    WeightAverage,
    clip_gradients,
    param_groups,
    scheduled_rate,
)
from lstmcli.training.setup import device_for, training_environment
from lstmcli.training.updater import Updater

SETTINGS = TrainingSettings(epochs=3, seed=5)


def rows(num_rows: int, seed: int) -> LabelledTokens:
    """Texts of random words in which word 2 or 3 gives the label away."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, num_rows)
    texts = [[2 + label, *generator.integers(4, 20, generator.integers(1, 9))] for label in labels]
    return LabelledTokens(TokenIds.from_texts(texts), np.eye(2, dtype=bool)[labels])


def trainer(
    settings: TrainingSettings = SETTINGS, scores: Iterator[float] | None = None, *, sparse: bool = True, **options: Any
) -> Trainer:
    torch.manual_seed(settings.seed)
    sizes = Sizes(num_words=20, embedding_size=6, num_labels=2, pad_id=0)
    train, validation = rows(50, 1), rows(20, 2)

    def score(logits: np.ndarray) -> dict[str, float]:
        accuracy = float((logits.argmax(1) == validation.targets.argmax(1)).mean())
        return {"accuracy": accuracy if scores is None else next(scores), "log_loss": -accuracy}

    model = Classifier(sizes, ModelSettings(hidden_size=4), DropoutSettings())
    model.embedding.sparse = sparse
    device = torch.device("cpu")
    loss = make_loss(train.targets, "single", "none")
    return Trainer(
        model,
        Classification(train, validation, loss=loss, score=score, word_dropout=0.2, device=device),
        metric=options.get("metric", "accuracy"),
        settings=settings,
        learning_rate=settings.learning_rate or LEARNING_RATE,
        batch_size=8,
        num_epochs=options.get("num_epochs", settings.epochs or 3),
        device=device,
    )


def losses(events: list[StepResult | EpochResult]) -> list[float]:
    return [event.loss for event in events if isinstance(event, StepResult)]


def test_training_learns_a_simple_rule() -> None:
    results = [event for event in trainer(num_epochs=25).run() if isinstance(event, EpochResult)]
    assert results[-1].train_loss < 0.8 * results[0].train_loss
    assert results[-1].validation["accuracy"] > 0.9


def test_the_same_seed_gives_the_same_losses_bit_for_bit() -> None:
    first, second = (losses(list(trainer().run())) for _ in range(2))
    other = losses(list(trainer(TrainingSettings(epochs=3, seed=6)).run()))
    assert len(first) == 3 * 7
    assert first == second
    assert first != other


@pytest.mark.parametrize("num_steps_before", [1, 6, 7, 8, 15])
def test_interrupted_and_resumed_equals_uninterrupted_bit_for_bit(num_steps_before: int) -> None:
    whole = trainer()
    expected = losses(list(whole.run()))

    first = trainer()
    events = first.run()
    done = []
    while len(done) < num_steps_before:
        done.extend(losses([next(events)]))
    tensors = {name: value.clone() for name, value in first.tensors().items()}
    progress = first.progress_dict()

    torch.manual_seed(999)
    assert first.progress_dict()["num_updates"] == num_steps_before
    second = trainer()
    torch.rand(7)  # whatever happened to the random state in between
    second.load_state(tensors, progress)
    assert done + losses(list(second.run())) == expected
    for name, value in whole.tensors().items():
        assert torch.equal(second.tensors()[name], value), name


def test_every_engine_trains_the_same_network() -> None:
    results = []
    for engine in ("kernels", "torch", "reference"):
        current = trainer()
        current.model.recurrent.engine = engine
        results.append(losses(list(current.run())))
    assert results[0] == pytest.approx(results[2], rel=1e-4)
    assert results[1] == pytest.approx(results[2], rel=1e-4)


def test_two_threads_change_no_figure() -> None:
    alone = losses(list(trainer().run()))
    threaded = trainer()
    threaded.model.recurrent.threads = 2
    assert losses(list(threaded.run())) == alone


def test_stopping_early_after_patience_without_a_better_value() -> None:
    settings = TrainingSettings(epochs=9, patience=2)
    values = iter([0.1, 0.5, 0.5, 0.4, 0.9])
    stopped = trainer(settings, values)
    results = [event for event in stopped.run() if isinstance(event, EpochResult)]
    assert [result.is_best for result in results] == [True, True, False, False]
    assert stopped.progress.best_epoch == 2


def test_patience_and_the_best_value_survive_a_resume() -> None:
    settings = TrainingSettings(epochs=9, patience=2)
    first = trainer(settings, iter([0.5, 0.9]))
    events = first.run()
    while first.progress.epoch < 3:
        next(events)
    second = trainer(settings, iter([0.6, 0.7]))
    second.load_state({name: value.clone() for name, value in first.tensors().items()}, first.progress_dict())
    results = [event for event in second.run() if isinstance(event, EpochResult)]
    assert [(result.epoch, result.is_best) for result in results] == [(3, False), (4, False)]
    assert second.progress.best_epoch == 2


@pytest.mark.parametrize(("max_norm", "expected"), [(2.0, 2.0), (100.0, 13.0)])
def test_gradients_are_clipped_by_their_joint_norm_sparse_ones_included(max_norm: float, expected: float) -> None:
    dense, table = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(4, 1))
    dense.grad = torch.tensor([3.0, 4.0])
    table.grad = torch.sparse_coo_tensor(torch.tensor([[3]]), torch.tensor([[12.0]]), (4, 1), check_invariants=True)
    clip_gradients([dense, table], max_norm)
    found = torch.cat([dense.grad, table.grad.to_dense().flatten()])
    assert found.norm().item() == pytest.approx(expected, rel=1e-5)
    assert_close(found / found.norm(), torch.tensor([3.0, 4.0, 0.0, 0.0, 0.0, 12.0]) / 13.0)


def test_training_clips_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []
    monkeypatch.setattr("lstmcli.training.updater.clip_gradients", lambda _parameters, limit: limits.append(limit))
    list(trainer(TrainingSettings(epochs=1, gradient_clip=0.01)).run())
    assert set(limits) == {0.01}


@pytest.mark.parametrize("num_epochs", [1, 3])
def test_updates_by_rows_train_the_network_that_dense_updates_train(num_epochs: int) -> None:
    by_rows = trainer(sparse=True, num_epochs=num_epochs)
    found = losses(list(by_rows.run()))
    dense = trainer(sparse=False, num_epochs=num_epochs)
    assert found == pytest.approx(losses(list(dense.run())), rel=1e-4)
    for name, value in dense.average.state_dict().items():
        assert_close(by_rows.average.state_dict()[name], value, atol=1e-4, rtol=1e-3)


def test_a_log_loss_is_better_when_lower() -> None:
    lower = trainer(metric="log_loss")
    results = [event for event in lower.run() if isinstance(event, EpochResult)]
    best = min(results, key=lambda result: result.validation["log_loss"])
    assert results[lower.progress.best_epoch - 1].validation == best.validation


def test_a_loss_that_is_no_number_stops_training_with_advice() -> None:
    diverging = trainer()
    with torch.no_grad():
        diverging.model.output.weight.fill_(float("nan"))
    with pytest.raises(DivergedError, match=r"the loss is nan in epoch 1.*lower training\.learning_rate \(now 0\.01\)"):
        next(diverging.run())


def test_the_rate_rises_then_falls_to_zero() -> None:
    rates = [scheduled_rate(step, num_steps=100, peak=0.5, warmup=0.2) for step in range(100)]
    assert rates[0] == pytest.approx(0.5 / 20)
    assert rates[19] == rates[20] == 0.5
    assert rates[60] == pytest.approx(0.25)
    assert rates == [*sorted(rates[:20]), *sorted(rates[20:], reverse=True)]
    assert 0 < rates[-1] < 0.001


@pytest.mark.parametrize("warmup", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("num_steps", [1, 2, 7])
def test_short_trainings_have_sensible_rates(num_steps: int, warmup: float) -> None:
    rates = [scheduled_rate(step, num_steps=num_steps, peak=1.0, warmup=warmup) for step in range(num_steps)]
    assert all(0.0 <= rate <= 1.0 for rate in rates)
    assert max(rates) > 0.0


def test_the_average_follows_the_weights_as_its_formula_says() -> None:
    model = nn.Linear(2, 1, bias=False)
    average = WeightAverage(model, 0.5)
    expected = None
    for step in range(30):
        with torch.no_grad():
            model.weight.normal_()
        average.update(dict(model.named_parameters()))
        decay = min(0.5, (1 + step) / (10 + step))
        weight = model.weight.detach().clone()
        expected = weight if expected is None else decay * expected + (1 - decay) * weight
    assert_close(average.module.weight.detach(), expected)


def test_matrices_decay_word_vectors_and_biases_do_not() -> None:
    sizes = Sizes(num_words=20, embedding_size=6, num_labels=2, pad_id=0)
    model = Classifier(sizes, ModelSettings(hidden_size=4), DropoutSettings())
    for name, each in param_groups(dict(model.named_parameters()), 0.1, 1.0).items():
        expected = 0.0 if name.startswith("embedding") or each.parameter.ndim == 1 else 0.1
        assert each.weight_decay == expected, name


def test_adamw_equals_that_of_torch() -> None:
    ours = {"bias": nn.Parameter(torch.randn(3)), "weight": nn.Parameter(torch.randn(4, 3))}
    theirs = {name: nn.Parameter(value.detach().clone()) for name, value in ours.items()}
    optimizer = AdamW(
        {"bias": ParamGroup(ours["bias"], rate=0.5), "weight": ParamGroup(ours["weight"], weight_decay=0.2)}
    )
    groups = [{"params": [theirs["bias"]], "weight_decay": 0.0}, {"params": [theirs["weight"]], "weight_decay": 0.2}]
    oracle = torch.optim.AdamW(groups, betas=BETAS)
    for rate in (0.1, 0.3, 0.02):
        for name, value in ours.items():
            value.grad = torch.randn_like(value)
            theirs[name].grad = value.grad.clone()
        oracle.param_groups[0]["lr"], oracle.param_groups[1]["lr"] = 0.5 * rate, rate
        optimizer.step(rate)
        oracle.step()
    for name, value in ours.items():
        assert_close(value, theirs[name])


@pytest.mark.parametrize("sparse", [False, True])
def test_the_table_of_word_vectors_can_move_at_a_rate_of_its_own(sparse: bool) -> None:
    """Adam's first step is the rate, whatever the gradient."""
    moves = {}
    for embedding_lr_scale in (1.0, 0.25):
        torch.manual_seed(1)
        model = Classifier(Sizes(20, 6, 2, 0), ModelSettings(hidden_size=4), DropoutSettings()).eval()
        model.embedding.sparse = sparse
        before = {name: value.clone() for name, value in model.state_dict().items()}
        updater = Updater(model, replace(SETTINGS, weight_decay=0.0), embedding_lr_scale=embedding_lr_scale)
        words, index, lengths = torch.tensor([3, 5]), torch.tensor([0, 1, 1]), torch.tensor([3])
        updater.prepare(words)
        model(words, index, lengths).sum().backward()
        updater.update(0.01)
        updater.catch_up()
        after = model.state_dict()
        moves[embedding_lr_scale] = {name: (after[name] - before[name]).abs().max().item() for name in before}
    for name, move in moves[1.0].items():
        expected = 0.25 * move if name.startswith("embedding") else move
        assert moves[0.25][name] == pytest.approx(expected, rel=1e-3), name
    assert moves[1.0]["embedding.weight"] == pytest.approx(0.01, rel=1e-2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without a GPU")
def test_asking_for_a_gpu_where_there_is_none_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"training\.device=cuda: torch found no CUDA device; use auto or cpu"):
        device_for(TrainingSettings(device="cuda"))
    assert device_for(TrainingSettings()).type == "cpu"


@pytest.mark.parametrize(("engine", "expected"), [("torch", 2), ("kernels", 1)])
def test_threads_reach_the_matrix_libraries_only_where_they_serve(engine: EngineName, expected: int) -> None:
    with training_environment(TrainingSettings(threads=2, engine=engine)):
        assert torch.get_num_threads() == expected
        assert {library["num_threads"] for library in threadpool_info()} == {expected}


def test_training_leaves_threads_and_chance_as_the_caller_had_them() -> None:
    torch.manual_seed(5)
    threads = [library["num_threads"] for library in threadpool_info()]
    before = torch.get_num_threads(), sys.getswitchinterval(), torch.get_rng_state().tolist()
    with training_environment(TrainingSettings(threads=2, engine="torch")):
        torch.rand(3)
        sys.setswitchinterval(0.001)
    assert [library["num_threads"] for library in threadpool_info()] == threads
    assert (torch.get_num_threads(), sys.getswitchinterval(), torch.get_rng_state().tolist()) == before


def test_kernels_on_a_gpu_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(ConfigError, match=r"training\.engine=kernels runs only on a CPU; set training\.device=cpu"):
        device_for(TrainingSettings(device="cuda", engine="kernels"))
    assert device_for(TrainingSettings(engine="kernels")).type == "cpu"
    assert device_for(TrainingSettings()).type == "cuda"
