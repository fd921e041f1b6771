"""Trains one network of a run with a history of its epochs and checkpoints, and keeps the best epoch."""

import math
import time
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lstmcli.config.model_settings import ModelSettings
from lstmcli.errors import InterruptedRunError, RunDirectoryError
from lstmcli.events import (
    EpochFinished,
    Event,
    NetworkBuilt,
    NetworkStarted,
    Note,
    StepFinished,
    Tell,
    TrainingFinished,
    TrainingResumed,
    ignore,
)
from lstmcli.kernels.weights import Weights
from lstmcli.models.classifier import classifier_weights
from lstmcli.recipes.prepare import Prepared
from lstmcli.stopping import NEVER, Stop
from lstmcli.store.checkpoint import Checkpoints
from lstmcli.store.checks import number_in
from lstmcli.store.run import History, OpenRun
from lstmcli.training.loop import EpochResult, StepResult, Trainer
from lstmcli.training.processes import ALONE, Processes

FINGERPRINT_KEY = "fingerprint"

# The records of all epochs so far are part of the state: history.jsonl is for people, and written anew from them.
HISTORY_KEY = "history"

ANY_NUMBER = -math.inf, math.inf


@dataclass(frozen=True)
class FittedNetwork:
    """A network at its best epoch.

    Attributes:
        weights: by torch's parameter names.
        validation_logits: (validation rows, labels).
        best_epoch: from 1.
        num_parameters: number of trained weights.
    """

    weights: Weights
    validation_logits: NDArray[np.float32]
    best_epoch: int
    num_parameters: int


def fit_network(
    prepared: Prepared,
    run: OpenRun,
    *,
    member: int,
    tell: Tell = ignore,
    stop: Stop = NEVER,
    processes: Processes = ALONE,
) -> FittedNetwork | None:
    """Train network number `member`, from 1, or continue where its training was interrupted.

    Of several processes, the first one returns the network.

    Raises:
        InterruptedRunError: `stop` was set; the state is saved.
        LstmcliError: the saved state can't be resumed, or training has diverged.
    """
    trainer, training = prepared.trainer(member, processes), prepared.config.training
    num_parameters = sum(parameter.numel() for parameter in trainer.model.parameters())
    if member == 1:
        tell(network_event(prepared.settings.network, num_parameters, is_classifier=True))
    if training.ensemble > 1:
        tell(NetworkStarted(member, training.ensemble, training.seed + member - 1))
    network = CheckpointedTraining(
        trainer,
        run,
        fingerprint=prepared.fingerprint,
        checkpoint_minutes=training.checkpoint_minutes,
        shown=prepared.shown,
        member=member,
        tell=tell,
        stop=stop,
        processes=processes,
    ).run()
    if not processes.is_first:
        return None
    logits = prepared.objective.logits(network)
    return FittedNetwork(classifier_weights(network), logits, trainer.progress.best_epoch, num_parameters)


def network_event(network: ModelSettings, num_parameters: int, *, is_classifier: bool) -> NetworkBuilt:
    """Return an event that describes the network; a language model has no pooling."""
    return NetworkBuilt(
        cell=network.cell,
        layers=network.layers,
        hidden_size=network.hidden_size,
        bidirectional=network.bidirectional,
        chunk_tokens=network.chunk_tokens,
        pooling=network.pooling if is_classifier else None,
        num_parameters=num_parameters,
    )


def _share_state(trainer: Trainer, processes: Processes) -> None:
    """Bring the trainers of all processes to the state of the first one."""
    if processes.number == 1:
        return
    tensors, progress = processes.of_first(lambda: (trainer.tensors(), trainer.progress_dict()))
    if not processes.is_first:
        trainer.load_state(tensors, progress | {"cpu_seconds": 0.0})  # of its own, see `SharedUpdates.agree`


class CheckpointedTraining:
    """A training that records its epochs and saves its state, so that it can be resumed bit for bit.

    Of several processes, only the first one does so. The others start from its state, which it sends them, and need no
    files of the run.
    """

    def __init__(
        self,
        trainer: Trainer,
        run: OpenRun,
        *,
        fingerprint: str,
        checkpoint_minutes: float,
        shown: tuple[str, ...],
        member: int = 1,
        tell: Tell = ignore,
        stop: Stop = NEVER,
        processes: Processes = ALONE,
    ) -> None:
        """Set up a training.

        Args:
            trainer: of the network.
            run: holds history and checkpoints.
            fingerprint: hash of the data; a saved state is only resumed if it matches.
            checkpoint_minutes: maximum time between two saved states.
            shown: names of the validation scores to display.
            member: the network's number in an ensemble, from 1.
            tell: is called with steps and epochs.
            stop: is checked after each step.
            processes: that train the network together.
        """
        self._trainer = trainer
        self._run = run
        self._checkpoints = Checkpoints(run.directory.checkpoints(member))
        self._fingerprint = fingerprint
        self._checkpoint_seconds = 60.0 * checkpoint_minutes
        self._shown = shown
        self._member = member
        self._tell = tell
        self._stop = stop
        self._processes = processes

    def run(self) -> nn.Module:
        """Train, from the saved state if a run with one is resumed, and return the network of the best epoch.

        Raises:
            InterruptedRunError: `stop` was set; the state is saved.
            RunDirectoryError: the saved state is damaged, or belongs to other data.
            DivergedError: the loss is no longer a finite number.
        """
        with self._processes.together():
            if self._run.resume:
                self._restore()
        trainer = self._trainer
        _share_state(trainer, self._processes)
        if not self._processes.is_first:
            return self._followed()
        saved_at = time.monotonic()
        with self._stop.deferred():
            for result in trainer.run():
                event = self._note(result)
                is_due = time.monotonic() - saved_at >= self._checkpoint_seconds
                is_stopped = self._stop.is_set()
                if isinstance(result, EpochResult) or is_due or is_stopped:
                    self._save()
                    saved_at = time.monotonic()
                self._tell(event)  # which may raise: what is told of an epoch is saved
                if is_stopped:
                    raise self._interrupted()
        self._tell_best()
        trainer.average.load_state_dict(self._checkpoints.load_best())
        return trainer.average

    def _followed(self) -> nn.Module:
        """Train as the first process does, and leave the rest to it."""
        with self._stop.deferred():
            for _ in self._trainer.run():
                if self._stop.is_set():
                    raise self._interrupted()
        return self._trainer.average

    def _interrupted(self) -> InterruptedRunError:
        epoch, num_epochs = self._trainer.progress.epoch, self._trainer.num_epochs
        return InterruptedRunError(f"stopped in epoch {min(epoch, num_epochs)} of {num_epochs}; the state is saved.")

    def _note(self, result: StepResult | EpochResult) -> Event:
        """Keep what an epoch has brought, and return what to tell."""
        num_epochs = self._trainer.num_epochs
        if isinstance(result, StepResult):
            return StepFinished(num_epochs=num_epochs, **asdict(result))
        if result.is_best:
            self._checkpoints.save_best(self._trainer.average.state_dict())
        self._run.add_epoch({"network": self._member, **asdict(result)})
        return EpochFinished(
            network=self._member,
            epoch=result.epoch,
            num_epochs=num_epochs,
            train_loss=result.train_loss,
            validation=result.validation,
            is_best=result.is_best,
            num_tokens=result.num_tokens,
            cpu_seconds=result.cpu_seconds,
            shown=self._shown,
        )

    def _save(self) -> None:
        progress = self._trainer.progress_dict()
        progress |= {FINGERPRINT_KEY: self._fingerprint, HISTORY_KEY: self._run.history}
        self._checkpoints.save_state(self._trainer.tensors(), progress)

    def _restore(self) -> None:
        """Restore the last saved state; without one, training starts from the beginning."""
        history = [record for record in self._run.history if record["network"] < self._member]
        if self._checkpoints.exist:
            history = self._load_state()
            progress = self._trainer.progress
            self._tell(TrainingResumed(str(self._run.directory.path), progress.epoch, progress.batch))
        self._run.keep_history(history)

    def _load_state(self) -> History:
        """Restore the trainer, and return the records of the epochs so far."""
        state = self._checkpoints.load_state()
        if state.damage is not None:
            self._tell(Note(f"{state.damage.path} {state.damage.reason}; resuming from the state before"))
        progress = state.progress
        if progress.pop(FINGERPRINT_KEY, None) != self._fingerprint:
            raise RunDirectoryError(
                f"{self._checkpoints.last}: can't be resumed, because texts, labels or word vectors have changed "
                "since; start again with --overwrite."
            )
        try:
            history: History = progress.pop(HISTORY_KEY)
            self._trainer.load_state(state.tensors, progress)
            self._check_history(history)
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise RunDirectoryError(
                f"{self._checkpoints.last}: is damaged ({error}); start again with --overwrite."
            ) from None
        return history

    def _check_history(self, history: History) -> None:
        """Check the records of a saved state.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: they can't be those of this training.
        """
        epochs = []
        for record in history:
            facts = {key: value for key, value in record.items() if key != "network"}
            result = EpochResult(**facts)
            for name, value in facts.items():
                if name not in ("validation", "is_best"):
                    number_in(value, name, ANY_NUMBER)
            for name in (*self._shown, *result.validation):
                number_in(result.validation[name], name, ANY_NUMBER)
            epochs.append((record["network"], result.epoch))
        progress = self._trainer.progress
        needs_best = progress.best_epoch != 0 or progress.epoch > 1 or progress.is_finished
        if len(set(epochs)) != len(epochs) or (needs_best and (self._member, progress.best_epoch) not in epochs):
            raise ValueError("its epochs are not those of this training")

    def _tell_best(self) -> None:
        trainer, history = self._trainer, self._run.history
        epoch = trainer.progress.best_epoch
        (best,) = [record for record in history if (record["network"], record["epoch"]) == (self._member, epoch)]
        ended_early = trainer.progress.is_finished and trainer.progress.epoch <= trainer.num_epochs
        num_waited = trainer.progress.epoch - 1 - epoch if ended_early else None
        self._tell(TrainingFinished(epoch, trainer.num_epochs, best["validation"], self._shown, num_waited))
