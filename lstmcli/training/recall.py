"""A task for the memory alone: name the first symbol of a sequence after many others, which mean nothing.

Every symbol is as likely as the others, so a network that does not remember the first one is right in 1 of NUM_SYMBOLS
cases. The gradient has one way to the first step: through all states in between.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstmcli.config.model_settings import CellName, ModelSettings
from lstmcli.config.settings import DropoutSettings, TrainingSettings
from lstmcli.models.cells import Cell
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.stopping import NEVER, Stop
from lstmcli.training.gradient_norms import state_gradients
from lstmcli.training.updater import Updater

NUM_SYMBOLS = 4
NUM_DISTRACTORS = 4
PAD_ID = 0
NUM_WORDS = 1 + NUM_SYMBOLS + NUM_DISTRACTORS
VECTOR_SIZE = 16

# Of the vectors of symbols. Trained word vectors are as large; new ones are smaller, and keep tanh almost linear.
VECTOR_STD = 0.5

# Small steps on large batches: with 0.01 on 32 sequences, some memory cells close their forget gates in the first
# updates and do not recover. With 32 units, some confuse two symbols for hundreds of updates.
HIDDEN_SIZE = 64
BATCH_SIZE = 64
LEARNING_RATE = 0.003
NUM_UPDATES = 200

# The task is learned if the network is right this often in as many updates in a row.
GOAL, WINDOW = 0.99, 10


@dataclass(frozen=True)
class RecallSettings:
    """One training.

    Attributes:
        cell: of the network.
        distance: the number of symbols that mean nothing.
        seed: draws weights and sequences.
        forget_bias: the bias of the forget gate at the start; None: the logarithm of the distance, which lets about
            1 / e of the memory reach the end. The plain network has none.
        scale: multiplies the recurrent matrix, whose singular values are 1, at the start.
        clip: the largest norm of the gradient; infinity: it is not clipped.
        num_updates: after which the training ends if the task is not learned before.
    """

    cell: CellName
    distance: int
    seed: int = 1
    forget_bias: float | None = None
    scale: float = 1.0
    clip: float = 1.0
    num_updates: int = NUM_UPDATES


class EndNorms(NamedTuple):
    """Median norms of the gradient over a batch: at the first step (dL/dS, or else dL/dh), and dL/dh at the last."""

    first: float
    last: float


@dataclass(frozen=True)
class Learning:
    """How a training went.

    Attributes:
        settings: of the training.
        accuracies: of the batch of each update, before it.
        losses: likewise, in nats.
        norms: of the gradient with respect to all weights, before it was clipped.
        learned_after: the number of updates after which the task was learned; None: it was not.
        before: gradients of the new network.
        after: gradients of the trained network.
    """

    settings: RecallSettings
    accuracies: tuple[float, ...]
    losses: tuple[float, ...]
    norms: tuple[float, ...]
    learned_after: int | None
    before: EndNorms
    after: EndNorms

    @property
    def num_clipped(self) -> int:
        """How many updates were made with a clipped gradient."""
        return sum(norm > self.settings.clip for norm in self.norms)

    @property
    def final_accuracy(self) -> float:
        """The mean over the last updates."""
        return float(np.mean(self.accuracies[-WINDOW:]))


def learn(settings: RecallSettings, stop: Stop = NEVER) -> Learning:
    """Train a network; the caller sets the number of threads. torch's random state is left as it was.

    Raises:
        KeyboardInterrupt: `stop` is set.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model, cell = new_model(settings)
        before = _end_norms(model, cell, settings)
        found = _train(model, settings, stop)
        after = _end_norms(model, cell, settings)
    accuracies, losses, norms = zip(*found, strict=True)
    has_learned = np.mean(accuracies[-WINDOW:]) >= GOAL and len(found) >= WINDOW
    return Learning(settings, accuracies, losses, norms, len(found) if has_learned else None, before, after)


def new_model(settings: RecallSettings) -> tuple[Classifier, Cell]:
    """Return a network that reads forward and answers from its last state, and its only cell."""
    shape = ModelSettings(cell=settings.cell, hidden_size=HIDDEN_SIZE, bidirectional=False, pooling="last")
    no_dropout = DropoutSettings(words=0.0, features=0.0, layers=0.0, output=0.0)
    model = Classifier(Sizes(NUM_WORDS, VECTOR_SIZE, NUM_SYMBOLS, PAD_ID), shape, no_dropout)
    directions = model.recurrent.layers[0]
    cell: Cell = directions[0]  # type: ignore[index]
    with torch.no_grad():
        model.embedding.weight.normal_(std=VECTOR_STD)
        cell.weight_hidden.mul_(settings.scale)
        if cell.bias is not None:
            bias = math.log(settings.distance) if settings.forget_bias is None else settings.forget_bias
            cell.bias[HIDDEN_SIZE : 2 * HIDDEN_SIZE] = bias
    return model, cell


def sequences(distance: int) -> tuple[Tensor, Tensor]:
    """Draw a batch: ids (BATCH_SIZE, 1 + distance), and which symbol comes first, (BATCH_SIZE,)."""
    answers = torch.randint(NUM_SYMBOLS, (BATCH_SIZE,))
    others = 1 + NUM_SYMBOLS + torch.randint(NUM_DISTRACTORS, (BATCH_SIZE, distance))
    return torch.cat([1 + answers[:, None], others], dim=1), answers


def _train(model: Classifier, settings: RecallSettings, stop: Stop) -> list[tuple[float, float, float]]:
    """Return accuracy, loss and norm of the gradient of each update."""
    updater = Updater(model, TrainingSettings(gradient_clip=settings.clip, weight_decay=0.0))
    words = torch.arange(NUM_WORDS)
    lengths = torch.full((BATCH_SIZE,), 1 + settings.distance)
    found: list[tuple[float, float, float]] = []
    for _ in range(settings.num_updates):
        if stop.is_set():
            raise KeyboardInterrupt
        ids, answers = sequences(settings.distance)
        updater.prepare(words)
        logits = model(words, ids.flatten(), lengths)
        loss = F.cross_entropy(logits, answers)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.get_total_norm([each.grad for each in model.parameters() if each.grad is not None])
        found.append(((logits.argmax(dim=1) == answers).double().mean().item(), loss.item(), norm.item()))
        updater.update(LEARNING_RATE)
        if len(found) >= WINDOW and np.mean([accuracy for accuracy, _, _ in found[-WINDOW:]]) >= GOAL:
            break
    return found


def _end_norms(model: Classifier, cell: Cell, settings: RecallSettings) -> EndNorms:
    ids, answers = sequences(settings.distance)
    lengths = torch.full((BATCH_SIZE,), 1 + settings.distance)
    inputs = model.embedding.weight.detach()[ids]

    def loss_of(last: Tensor) -> Tensor:
        return F.cross_entropy(model.output(last), answers, reduction="sum")

    found = state_gradients(cell, inputs, lengths, loss_of)
    path = found.hidden if found.cell is None else found.cell
    return EndNorms(float(np.median(path[:, -1])), float(np.median(found.hidden[:, 0])))
