"""The training loop: a generator of results, which neither prints nor saves."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lstmcli.config.settings import TrainingSettings
from lstmcli.errors import LstmcliError
from lstmcli.metrics.scores import LOWER_IS_BETTER
from lstmcli.text.epoch_order import Lengths
from lstmcli.text.token_ids import training_batches
from lstmcli.training.gpu_graphs import graphed_updates
from lstmcli.training.gpu_updates import updater_for
from lstmcli.training.optimizer import scheduled_rate
from lstmcli.training.pending_losses import PendingLosses
from lstmcli.training.processes import ALONE, Processes
from lstmcli.training.shared_updates import shared_updates
from lstmcli.training.shares import Share
from lstmcli.training.updater import below


class Batch(Protocol):
    """A batch, as an objective builds it."""

    @property
    def words(self) -> Tensor:
        """The distinct rows of the embedding that the batch uses."""


class Objective(Protocol):
    """What a network is trained for."""

    @property
    def lengths(self) -> Lengths:
        """Tokens of each training text."""

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Return a batch of training texts, given by number. Any randomness comes from torch's random state."""

    def backpropagate(self, model: Any, batch: Any) -> Tensor | float:
        """Add the gradients of the batch's mean loss to the parameters of the network and return the loss, in nats.

        A loss on a GPU is best returned as it is, without waiting for it.
        """

    def part(self, rows: NDArray[np.int64], share: Share) -> Batch:
        """Return a share of such a batch for one of several processes, with the words of the whole batch.

        `backpropagate` then adds what all processes' gradients and losses add up to those of the whole batch from.
        """

    def scores(self, model: Any) -> dict[str, float]:
        """Return named scores of a network on texts that it is not trained on."""


@dataclass(frozen=True)
class StepResult:
    """One update. `num_tokens` counts those of this batch.

    `loss` is the mean of this epoch so far, in nats; on a GPU, losses that are yet to be computed are not included.
    """

    epoch: int
    batch: int
    num_batches: int
    loss: float
    num_tokens: int


@dataclass(frozen=True)
class EpochResult:
    """One epoch. Losses are in nats, times in seconds; `validation` holds scores of the averaged weights."""

    epoch: int
    train_loss: float
    validation: dict[str, float]
    is_best: bool
    learning_rate: float
    num_tokens: int
    cpu_seconds: float


@dataclass
class Progress:
    """The progress of a training. Together with `Trainer.tensors`, it is all that is needed to resume."""

    epoch: int = 1
    batch: int = 0
    loss_sum: float = 0.0
    num_tokens: int = 0
    cpu_seconds: float = 0.0
    best_value: float | None = None
    best_epoch: int = 0
    num_updates: int = 0
    is_finished: bool = False

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Progress":
        """Read what `asdict` returned.

        Raises:
            TypeError: a value is missing, unknown or of the wrong type.
        """
        progress = cls(**stored)
        for field in fields(cls):
            types = (float, type(None)) if field.default is None else (type(field.default),)
            if type(getattr(progress, field.name)) not in types:
                raise TypeError(f"{field.name} is {getattr(progress, field.name)!r:.80}")
        return progress


class DivergedError(LstmcliError):
    """The loss is no longer finite."""


class Trainer:
    """Trains `model` and maintains an average of its weights, which is validated and kept.

    The order of the batches depends only on the seed and the epoch. Since checkpoints include torch's random state, a
    resumed training equals an uninterrupted one, bit for bit.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        *,
        metric: str,
        settings: TrainingSettings,
        learning_rate: float,
        batch_size: int,
        num_epochs: int,
        device: torch.device,
        embedding_lr_scale: float = 1.0,
        processes: Processes = ALONE,
    ) -> None:
        """Prepare training.

        Args:
            model: the network, of the kind that `objective` expects. Its embedding is updated by rows if it is
                `sparse`.
            objective: what the network is trained for.
            metric: the score that selects the best epoch.
            settings: seed, weight decay and so on.
            learning_rate: the peak.
            batch_size: texts per update.
            num_epochs: the maximum number of epochs.
            device: to train on.
            embedding_lr_scale: factor on the learning rate of the embedding.
            processes: that train the network together, each on a share of every batch.
        """
        self.model = model.to(device)
        self.updater = updater_for(self.model, settings, embedding_lr_scale=embedding_lr_scale)
        self.progress = Progress()
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.num_epochs = num_epochs
        self._objective = objective
        self._metric = metric
        self._settings = settings
        self._device = device
        self._losses = PendingLosses()
        self._processes = processes
        self._shared = shared_updates(self.model, objective, self.updater, processes, seed=settings.seed)
        self._graphs = graphed_updates(self.model, objective, self.updater)

    @property
    def average(self) -> nn.Module:
        """The averaged network, which is validated and kept. It is up to date only at the end of an epoch."""
        return self.updater.average.module

    def run(self) -> Iterator[StepResult | EpochResult]:
        """Train from the current `progress` on; yield after each update and each epoch."""
        settings, progress = self._settings, self.progress
        while not progress.is_finished:
            yield from self._epoch()
            result = self._finish_epoch()
            out_of_patience = progress.epoch - progress.best_epoch >= settings.patience
            progress.is_finished = progress.epoch == self.num_epochs or out_of_patience
            progress.epoch += 1
            progress.batch, progress.loss_sum, progress.num_tokens, progress.cpu_seconds = 0, 0.0, 0, 0.0
            yield result

    def _epoch(self) -> Iterator[StepResult]:
        settings, progress = self._settings, self.progress
        generator = np.random.default_rng([settings.seed, progress.epoch])
        lengths = self._objective.lengths
        batches = training_batches(lengths, batch_size=self.batch_size, generator=generator)
        self.model.train()
        for number in range(progress.batch, len(batches)):
            started_at = time.process_time()
            self._update(batches[number])
            num_tokens = int(lengths[batches[number]].sum())
            progress.batch = number + 1
            progress.num_updates += 1
            progress.num_tokens += num_tokens
            if self._losses.num_pending == progress.batch:  # or there would be no mean
                self._settle()
            progress.cpu_seconds += time.process_time() - started_at
            loss = progress.loss_sum / (progress.batch - self._losses.num_pending)
            yield StepResult(progress.epoch, number + 1, len(batches), loss, num_tokens)

    def _rate(self, update: int) -> float:
        num_updates = self.num_epochs * math.ceil(len(self._objective.lengths) / self.batch_size)
        return scheduled_rate(update, num_steps=num_updates, peak=self.learning_rate, warmup=self._settings.warmup)

    def _update(self, rows: NDArray[np.int64]) -> None:
        rate = self._rate(self.progress.num_updates)
        if self._shared is not None:
            self._take([self._shared.update(rows, rate, self.progress.num_updates)])
            return
        if self._graphs is not None and self._graphs.fits(rows):
            self._take(self._losses.add(self._graphs.update(rows, rate)))
            return
        batch = self._objective.batch(rows)
        self.updater.prepare(batch.words)
        self._take(self._losses.add(self._objective.backpropagate(self.model, batch)))
        self.updater.update(rate)

    def _settle(self) -> None:
        self._take(self._losses.settle())

    def _take(self, losses: list[float]) -> None:
        for loss in losses:
            if not math.isfinite(loss):
                raise DivergedError(
                    f"the loss is {loss} in epoch {self.progress.epoch}: training has diverged. Try a lower "
                    f"training.learning_rate (now {self.learning_rate:g}) or training.gradient_clip."
                )
            self.progress.loss_sum += loss

    def _finish_epoch(self) -> EpochResult:
        progress = self.progress
        started_at = time.process_time()
        self._settle()
        self.updater.catch_up()
        validation = self._processes.of_first(lambda: self._objective.scores(self.average))
        value = validation[self._metric] * (-1.0 if self._metric in LOWER_IS_BETTER else 1.0)
        is_best = progress.best_value is None or value > progress.best_value
        if is_best:
            progress.best_value, progress.best_epoch = value, progress.epoch
        cpu_seconds = progress.cpu_seconds + time.process_time() - started_at
        return EpochResult(
            epoch=progress.epoch,
            train_loss=progress.loss_sum / progress.batch,
            validation=validation,
            is_best=is_best,
            learning_rate=self._rate(progress.num_updates - 1),
            num_tokens=progress.num_tokens,
            cpu_seconds=cpu_seconds if self._shared is None else self._shared.agree(cpu_seconds),
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors of the state by name: weights, average, optimizer, random states."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= self.updater.tensors()
        tensors["random.cpu"] = torch.get_rng_state()
        if self._device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self._device)
        return tensors

    def load_state(self, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
        """Restore a state that `tensors` and `progress_dict` returned.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they belong to another training.
        """
        self.progress = Progress.from_dict(progress)
        self.model.load_state_dict(below(tensors, "model."))
        self.updater.load_tensors(tensors, num_updates=self.progress.num_updates)
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], self._device)

    def progress_dict(self) -> dict[str, Any]:
        """Return `progress` as plain values for a JSON file.

        Raises:
            DivergedError: a loss on a GPU is not finite.
        """
        self._settle()
        return asdict(self.progress)
