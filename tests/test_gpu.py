"""Training on a GPU: the same updates as on a CPU, and no waiting in between.

What does not need a GPU is tested everywhere. The Triton kernels also run in Triton's interpreter, if Triton is
installed: TRITON_INTERPRET=1 pytest tests/test_gpu.py
"""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast, get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from lstmcli.config.model_settings import ModelSettings, OutputKind, PoolingName
from lstmcli.config.settings import DropoutSettings, ScoreLoss, TrainingSettings
from lstmcli.models.cells import CELLS
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.models.gpu import layer as layers
from lstmcli.models.gpu.fused import missing_kernels
from lstmcli.models.gpu.packed import PackedTexts, packed_layer
from lstmcli.models.recurrent import Recurrent
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.batch import word_batch
from lstmcli.training.classification import Classification, LabelledTokens
from lstmcli.training.gpu_batches import EvenBatch, labelled_batch
from lstmcli.training.gpu_updates import GpuAdamW, stored_by_rows, without_rows
from lstmcli.training.loop import DivergedError, EpochResult, StepResult, Trainer
from lstmcli.training.loss import Loss, make_loss, with_weights
from lstmcli.training.optimizer import AdamW, ParamGroup
from lstmcli.training.score_loss import make_score_loss
from lstmcli.training.updater import ROW_TABLE

CPU = torch.device("cpu")
GPU = torch.device("cuda")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")

KERNEL_DEVICE = GPU if torch.cuda.is_available() else CPU
needs_kernels = pytest.mark.skipif(
    missing_kernels(KERNEL_DEVICE) is not None, reason=f"the kernels do not run here: {missing_kernels(KERNEL_DEVICE)}"
)

NUM_WORDS = 40
NO_DROPOUT = DropoutSettings(words=0.0, features=0.0, layers=0.0, output=0.0)
DROPOUT = DropoutSettings(words=0.2, features=0.3, layers=0.2, output=0.3)
SETTINGS = TrainingSettings(seed=3, average_decay=0.9)


def rows(num_rows: int, seed: int) -> LabelledTokens:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, num_rows)
    texts = [[2 + label, *generator.integers(5, NUM_WORDS, generator.integers(1, 12))] for label in labels]
    return LabelledTokens(TokenIds.from_texts(texts), np.eye(3, dtype=bool)[labels])


def trainer(
    device: torch.device,
    cell: str,
    dropout: DropoutSettings = NO_DROPOUT,
    *,
    task: tuple[LabelledTokens, Loss] | None = None,
    **options: Any,
) -> Trainer:
    """Return a training; a `task` has a loss of its own for three outputs, and its targets."""
    torch.manual_seed(SETTINGS.seed)
    sizes = Sizes(num_words=NUM_WORDS, embedding_size=10, num_labels=3, pad_id=0)
    settings = ModelSettings(cell=cell, hidden_size=20, layers=options.get("layers", 1))
    model = Classifier(sizes, settings, dropout)
    if cell == "peephole":
        for name, parameter in model.named_parameters():
            if name.endswith("weight_cell"):
                nn.init.normal_(parameter, std=0.3)
    model.embedding.sparse = True
    train, validation = rows(90, 1), rows(30, 2)
    train, loss = task or (train, make_loss(train.targets, "single", "none"))
    return Trainer(
        model,
        Classification(
            train,
            validation,
            loss=loss,
            score=lambda logits: {"log_loss": float(np.square(logits).mean())},
            word_dropout=dropout.words,
            adversarial=options.get("adversarial", 0.0),
            device=device,
        ),
        metric="log_loss",
        settings=SETTINGS,
        learning_rate=0.01,
        batch_size=18,
        num_epochs=3,
        device=device,
        embedding_lr_scale=0.5,
    )


def start(device: torch.device, cell: str, dropout: DropoutSettings = NO_DROPOUT, **options: Any) -> Iterator[Any]:
    return trainer(device, cell, dropout, **options).run()


@pytest.fixture(params=["graphs", "kernels", "cuDNN", "loop"])
def route(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What computes an update on a GPU."""
    if request.param != "graphs":
        monkeypatch.setattr("lstmcli.training.loop.graphed_updates", lambda *_arguments: None)
    if request.param in ("cuDNN", "loop"):
        monkeypatch.setattr(layers, "MAX_SIZE", 0)
    if request.param == "loop":
        monkeypatch.setattr(layers, "FUNCTIONS", {})
    return str(request.param)


@pytest.fixture
def _exact_products() -> Iterator[None]:
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


def task_of(kind: str, class_weights: str, *, is_weighted: bool) -> tuple[LabelledTokens, Loss]:
    """Return training rows with targets for three outputs, and their loss."""
    train = rows(90, 1)
    labels = train.targets.argmax(axis=1)
    generator = np.random.default_rng(4)
    row_weights = generator.uniform(0.2, 3.0, len(labels)) if is_weighted else None
    if kind in get_args(ScoreLoss):
        scores = (labels[:, None] + generator.normal(size=(len(labels), 3))).astype(np.float32)
        scores[generator.random(scores.shape) < 0.2] = np.nan  # missing
        loss = make_score_loss(cast("ScoreLoss", kind), scores, row_weights)
        return LabelledTokens(train.token_ids, with_weights(scores, row_weights)), loss
    targets = {
        "single": train.targets,
        "multi": train.targets | (generator.random(train.targets.shape) < 0.2),
        "ordered": np.arange(3) < labels[:, None],  # of four labels
    }[kind]
    loss = make_loss(targets, cast("OutputKind", kind), class_weights, row_weights)
    return LabelledTokens(train.token_ids, with_weights(targets, row_weights)), loss


@needs_gpu
@pytest.mark.usefixtures("_exact_products", "route")
@pytest.mark.filterwarnings("ignore:RNN module weights are not part")  # in the loop
@pytest.mark.parametrize(("adversarial", "num_layers"), [(0.0, 1), (0.3, 1), (0.0, 2)])
@pytest.mark.parametrize("cell", CELLS)
def test_an_update_on_a_gpu_is_that_on_a_cpu(cell: str, adversarial: float, num_layers: int) -> None:
    assert_same_updates([trainer(device, cell, adversarial=adversarial, layers=num_layers) for device in (CPU, GPU)])


@needs_gpu
@pytest.mark.usefixtures("_exact_products")
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("class_weights", ["none", "sqrt"])
@pytest.mark.parametrize("kind", ["single", "multi", "ordered", *get_args(ScoreLoss)])
def test_every_loss_on_a_gpu_is_that_on_a_cpu(kind: str, class_weights: str, is_weighted: bool) -> None:
    if kind in get_args(ScoreLoss) and class_weights != "none":
        pytest.skip("scores have no classes")
    tasks = [task_of(kind, class_weights, is_weighted=is_weighted) for _ in (CPU, GPU)]
    assert_same_updates(
        [trainer(device, "lstm", adversarial=0.3, task=task) for device, task in zip((CPU, GPU), tasks, strict=True)]
    )


def assert_same_updates(both: list[Trainer]) -> None:
    """Assert that trainings, the first one on a CPU and the second on a GPU, go the same way."""
    updates = [each.run() for each in both]
    losses = [[next(each).loss for each in updates]]
    gradients = [dict(each.model.named_parameters()) for each in both]
    for name, parameter in gradients[0].items():
        expected, found = parameter.grad, gradients[1][name].grad
        expected, found = (each.to_dense() if each.is_sparse else each for each in (expected, found))
        assert (found.cpu() - expected).norm() < 2e-5 * expected.norm() + 1e-9, name
    for each, current in zip(updates, both, strict=True):
        while current.progress.num_updates < 13:  # so that recorded updates have been replayed
            next(each)
        current.progress_dict()  # takes note of the losses
        current.updater.catch_up()
    assert both[1].progress.loss_sum == pytest.approx(both[0].progress.loss_sum, rel=1e-5)
    assert losses[0][1] == pytest.approx(losses[0][0], rel=1e-5)
    for network in ("model", "average"):
        found = getattr(both[1], network).state_dict()
        for name, expected in getattr(both[0], network).state_dict().items():
            assert_close(found[name].cpu(), expected, atol=2e-4, rtol=1e-3, msg=f"{network} {name}")


@needs_gpu
@pytest.mark.parametrize("cell", CELLS)
def test_a_gpu_finds_the_scores_that_a_cpu_finds(cell: str) -> None:
    scores = []
    for device in (CPU, GPU):
        epochs = [event for event in start(device, cell) if isinstance(event, EpochResult)]
        scores.append([epoch.validation["log_loss"] for epoch in epochs] + [epoch.train_loss for epoch in epochs])
    assert scores[1] == pytest.approx(scores[0], rel=1e-3)


@needs_gpu
@pytest.mark.parametrize("cell", CELLS)
def test_dropout_on_a_gpu_has_the_effect_that_it_has_on_a_cpu(cell: str) -> None:
    """The masks differ, so losses are compared over many trainings, which all start from the same weights."""
    losses = np.array([[losses_with_masks(cell, device, seed) for seed in range(20)] for device in (CPU, GPU)])
    difference = losses[0].mean(axis=0) - losses[1].mean(axis=0)
    error = np.sqrt(losses.var(axis=1, ddof=1).sum(axis=0) / losses.shape[1])
    assert (np.abs(difference) < 4.0 * error).all(), (losses.mean(axis=1), error)


def losses_with_masks(cell: str, device: torch.device, seed: int) -> list[float]:
    """Return the loss of each epoch, in training and on validation texts, with the masks of a seed."""
    current = trainer(device, cell, DROPOUT, adversarial=0.3)
    torch.manual_seed(seed)
    epochs = [event for event in current.run() if isinstance(event, EpochResult)]
    return [loss for epoch in epochs for loss in (epoch.train_loss, epoch.validation["log_loss"])]


@needs_gpu
@pytest.mark.parametrize("cell", CELLS)
def test_no_update_waits_for_the_gpu(cell: str, route: str) -> None:
    if route == "loop" or (route, cell) == ("cuDNN", "peephole"):
        pytest.skip("a fallback")
    current = trainer(GPU, cell, DROPOUT)
    updates = current.run()
    while current.progress.num_updates < 11:  # all is recorded, and the first loss of the epoch is known
        next(updates)
    try:
        with warnings.catch_warnings(action="ignore"):
            torch.cuda.set_sync_debug_mode("error")
        for _ in range(2):
            next(updates)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@needs_gpu
@pytest.mark.parametrize("cell", CELLS)
def test_on_a_gpu_the_same_seed_gives_the_same_network_bit_for_bit(cell: str) -> None:
    networks = []
    for _ in range(2):
        current = trainer(GPU, cell, DROPOUT)
        list(current.run())
        networks.append(current.tensors())
    for name, value in networks[0].items():
        assert torch.equal(value, networks[1][name]), name


@needs_gpu
@pytest.mark.parametrize("num_steps_before", [1, 4, 5, 8])
@pytest.mark.parametrize("cell", CELLS)
def test_on_a_gpu_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(cell: str, num_steps_before: int) -> None:
    whole = trainer(GPU, cell, DROPOUT)
    list(whole.run())
    first, second = trainer(GPU, cell, DROPOUT), trainer(GPU, cell, DROPOUT)
    updates = first.run()
    while first.progress.num_updates < num_steps_before:
        next(updates)
    progress = first.progress_dict()
    tensors = {name: value.cpu() for name, value in first.tensors().items()}
    torch.rand(7, device=GPU)  # whatever happened to the random state in between
    second.load_state(tensors, progress)
    list(second.run())
    assert second.progress == whole.progress
    for name, value in whole.tensors().items():
        assert torch.equal(second.tensors()[name], value), name


@needs_gpu
@pytest.mark.parametrize("devices", [(CPU, GPU), (GPU, CPU)], ids=["to GPU", "to CPU"])
def test_a_training_can_move_between_cpu_and_gpu(devices: tuple[torch.device, torch.device]) -> None:
    whole = trainer(CPU, "lstm")
    list(whole.run())
    first, second = (trainer(device, "lstm") for device in devices)
    updates = first.run()
    while first.progress.num_updates < 7:
        next(updates)
    progress = first.progress_dict()
    second.load_state({name: value.cpu() for name, value in first.tensors().items()}, progress)
    list(second.run())
    for name, value in whole.average.state_dict().items():
        assert_close(second.average.state_dict()[name].cpu(), value, atol=1e-3, rtol=1e-2, msg=name)


@needs_gpu
def test_a_loss_on_a_gpu_that_is_no_number_stops_training_before_it_is_saved() -> None:
    diverging = trainer(GPU, "lstm")
    updates = diverging.run()
    assert isinstance(next(updates), StepResult)
    with torch.no_grad():
        diverging.model.output.weight.fill_(float("nan"))
    next(updates)
    with pytest.raises(DivergedError, match="the loss is nan in epoch 1"):
        diverging.progress_dict()


def states_and_gradients(network: Recurrent, run: Any, device: torch.device) -> list[Tensor]:
    """Return the states of both layers, and the gradients of vectors and weights."""
    generator = torch.Generator().manual_seed(5)
    lengths = torch.randint(1, 8, (19,), generator=generator)
    vectors = torch.randn(11, 5, generator=generator).to(device).requires_grad_()
    index = torch.randint(0, 11, (int(lengths.sum()),), generator=generator).to(device)
    network = network.to(device)
    states = run(network, vectors, index, lengths)
    seed = torch.randn(states.shape, generator=generator).to(device)
    gradients = torch.autograd.grad((states * seed).sum(), [vectors, *network.parameters()])
    return [tensor.cpu() for tensor in (states, *gradients)]


def network(cell: str, *, bidirectional: bool, bptt_steps: int | None = None) -> Recurrent:
    torch.manual_seed(4)
    found = Recurrent(
        cell, 5, 12, layers=2, bidirectional=bidirectional, dropout=0.0, engine="reference", bptt_steps=bptt_steps
    )
    for parameter in found.parameters():
        nn.init.normal_(parameter, std=0.4)
    return found


def reference(network: Recurrent, vectors: Tensor, index: Tensor, lengths: Tensor) -> Tensor:
    states: Tensor = network(vectors, index, lengths).states
    return states


@needs_kernels
@pytest.mark.parametrize("bptt_steps", [None, 3])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_the_kernels_of_a_gpu_equal_the_reference(cell: str, bidirectional: bool, bptt_steps: int | None) -> None:
    def fused(network: Recurrent, vectors: Tensor, index: Tensor, lengths: Tensor) -> Tensor:
        run = layers.gpu_layer(
            network.layers[0][0],
            lengths,
            KERNEL_DEVICE,
            num_directions=1 + bidirectional,
            bptt_steps=bptt_steps,
        )
        assert run is not None
        return run(network.layers[1], run(network.layers[0], vectors, index), None)

    current = network(cell, bidirectional=bidirectional, bptt_steps=bptt_steps)
    expected = states_and_gradients(current, reference, CPU)
    for found, value in zip(states_and_gradients(current, fused, KERNEL_DEVICE), expected, strict=True):
        assert (found - value).norm() < 2e-5 * value.norm()


@needs_kernels
@pytest.mark.parametrize("pooling", ["attention", "last", "max"])
@pytest.mark.parametrize("cell", CELLS)
def test_texts_in_even_slots_have_the_same_logits_and_gradients(cell: str, pooling: PoolingName) -> None:
    torch.manual_seed(2)
    sizes = Sizes(num_words=NUM_WORDS, embedding_size=6, num_labels=3, pad_id=0)
    settings = ModelSettings(cell=cell, hidden_size=12, layers=2, pooling=pooling)
    train, chosen = rows(30, 1), np.array([3, 20, 7, 11, 8])
    loss = make_loss(train.targets, "single", "none")
    even = EvenBatch.of(train.token_ids, chosen, train.targets[chosen].astype(np.float32), word_dropout=0.0)
    packed = word_batch(train.token_ids, chosen, CPU)
    batch = labelled_batch(even.shape, even.memory.to(KERNEL_DEVICE))
    results = []
    for texts, device in ((packed, CPU), (batch.texts, KERNEL_DEVICE)):
        torch.manual_seed(2)
        model = Classifier(sizes, settings, NO_DROPOUT, engine="reference").to(device)
        logits = model(*texts)
        loss(logits, batch.targets.to(device)).backward()
        results.append([logits, *(parameter.grad for parameter in model.parameters())])
    for expected, found in zip(*results, strict=True):
        assert (found.cpu() - expected).norm() < 2e-5 * expected.norm() + 1e-9


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_layers_over_packed_texts_equal_the_reference(cell: str, bidirectional: bool) -> None:
    def packed(network: Recurrent, vectors: Tensor, index: Tensor, lengths: Tensor) -> Tensor:
        texts = PackedTexts(lengths, vectors.device)
        return packed_layer(network.layers[1], packed_layer(network.layers[0], vectors, index, texts), None, texts)

    current = network(cell, bidirectional=bidirectional)
    expected = states_and_gradients(current, reference, CPU)
    for found, value in zip(states_and_gradients(current, packed, CPU), expected, strict=True):
        assert_close(found, value, atol=1e-5, rtol=1e-5)


def test_without_kernels_a_peephole_layer_is_left_to_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "missing_kernels", lambda _device: "no Triton")
    options: dict[str, Any] = {"num_directions": 1, "bptt_steps": None}
    lengths = torch.tensor([3, 1])
    assert layers.gpu_layer(CELLS["peephole"](3, 2), lengths, CPU, **options) is None
    assert layers.gpu_layer(CELLS["lstm"](3, 2), lengths, CPU, **options) is not None
    assert layers.gpu_layer(CELLS["lstm"](3, 2), lengths, CPU, num_directions=1, bptt_steps=2) is None


def test_updates_of_parameters_together_are_those_of_each_alone() -> None:
    results = []
    for optimizer in (AdamW, GpuAdamW):
        torch.manual_seed(1)
        parameters = {name: nn.Parameter(torch.randn(3, 2)) for name in ("a", "b", "c", "unused")}
        groups = {name: ParamGroup(parameter, weight_decay=0.1) for name, parameter in parameters.items()}
        groups["c"] = replace(groups["c"], rate=0.5)
        current = optimizer(groups)
        for number in range(5):
            if number == 3:  # as after a resumed training
                stored = {name: value.clone() for name, value in current.tensors().items()}
                current = optimizer(groups)
                current.load_tensors(stored, num_updates=3)
            for name in ("a", "b", "c"):
                parameters[name].grad = torch.randn(3, 2)
            current.step(0.01 * (number + 1))
        results.append([*parameters.values(), *current.tensors().values()])
    for expected, found in zip(*results, strict=True):
        assert_close(found, expected, atol=1e-7, rtol=1e-5)


def test_the_state_of_updates_by_rows_becomes_that_of_dense_ones_and_back() -> None:
    by_rows, dense = trainer(CPU, "lstm"), trainer(CPU, "lstm")
    dense.model.embedding.sparse = False
    dense = Trainer(
        dense.model,
        dense._objective,
        metric="log_loss",
        settings=SETTINGS,
        learning_rate=0.01,
        batch_size=18,
        num_epochs=3,
        device=CPU,
        embedding_lr_scale=0.5,
    )
    for current in (by_rows, dense):
        updates = current.run()
        while current.progress.num_updates < 4:
            next(updates)
    average = by_rows.average.get_parameter(ROW_TABLE)
    stored = by_rows.updater.tensors()
    found = dict(without_rows(stored, by_rows.model.get_parameter(ROW_TABLE), average))
    expected = dense.updater.tensors()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if "average" not in name:
            assert_close(found[name], value, atol=1e-6, rtol=1e-3, msg=name)
    assert_close(average, expected[f"average.{ROW_TABLE}"], atol=1e-4, rtol=1e-3)
    back = stored_by_rows(found, 4)
    assert {name: value.shape for name, value in back.items() if name != "rows.pending"} == {
        name: value.shape for name, value in stored.items() if name != "rows.pending"
    }
    by_rows.updater.load_tensors(back, num_updates=4)
    by_rows.updater.catch_up()
    assert_close(by_rows.model.get_parameter(ROW_TABLE), dense.model.get_parameter(ROW_TABLE), atol=1e-4, rtol=1e-3)
