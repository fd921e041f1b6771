"""Training one network of a run, with its checkpoints and history, and what is kept of it."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lstmcli.config.defaults import network_settings
from lstmcli.errors import RunDirectoryError
from lstmcli.kernels.weights import Weights
from lstmcli.models.classifier import classifier_weights
from lstmcli.recipes.interrupts import InterruptedTrainingError, stop_signal
from lstmcli.recipes.prepare import Plan
from lstmcli.reports.console import Reporter
from lstmcli.reports.course import report_model
from lstmcli.store.checkpoint import Checkpoints
from lstmcli.store.run import RunDirectory
from lstmcli.training.loop import EpochResult, StepResult, Trainer

History = list[dict[str, Any]]


@dataclass(frozen=True)
class FittedNetwork:
    """A network at its best epoch.

    Attributes:
        weights: by torch's names.
        validation_logits: (validation rows, labels).
        best_epoch: from 1.
        num_parameters: trained numbers.
    """

    weights: Weights
    validation_logits: NDArray[np.float32]
    best_epoch: int
    num_parameters: int


def fit_network(
    plan: Plan,
    run: RunDirectory,
    history: History,
    reporter: Reporter,
    *,
    member: int,
    resume: bool,
    resume_command: str,
) -> FittedNetwork:
    """Train network number `member`, from 1, or go on with it; `history` grows by one an epoch.

    Raises:
        InterruptedTrainingError: on Ctrl-C or SIGTERM, with the state saved.
        LstmcliError: what was saved can't be resumed from, or training has diverged.
    """
    trainer, training = plan.trainer(member), plan.config.training
    num_parameters = sum(parameter.numel() for parameter in trainer.model.parameters())
    if member == 1:
        report_model(network_settings(plan.config.model), num_parameters, reporter, is_classifier=True)
    if training.ensemble > 1:
        reporter.line("network", f"{member} of {training.ensemble}, seed {training.seed + member - 1}")
    minutes = training.checkpoint_minutes
    course = Course(run, history, reporter, plan.fingerprint, plan.shown, minutes, resume_command, member)
    if resume:
        course.restore(trainer)
    network = course.follow(trainer)
    logits = plan.objective.logits(network)
    return FittedNetwork(classifier_weights(network), logits, trainer.progress.best_epoch, num_parameters)


FINGERPRINT_KEY = "fingerprint"


def save_state(trainer: Trainer, checkpoints: Checkpoints, rows: str) -> None:
    """Write the trainer's state; `rows` is the fingerprint of its corpus."""
    checkpoints.save_state(trainer.tensors(), trainer.progress_dict() | {FINGERPRINT_KEY: rows})


def restore(trainer: Trainer, checkpoints: Checkpoints, rows: str) -> None:
    """Put the trainer where its last state was saved.

    Raises:
        RunDirectoryError: no state is saved, it is damaged, or the corpus or the word vectors have changed.
    """
    tensors, progress = checkpoints.load_state()
    if progress.pop(FINGERPRINT_KEY, None) != rows:
        raise RunDirectoryError(
            f"{checkpoints.last}: can't be resumed from: texts, labels or word vectors have changed since; start again "
            "with --overwrite."
        )
    try:
        trainer.load_state(tensors, progress)
    except (KeyError, TypeError, RuntimeError) as error:
        raise RunDirectoryError(f"{checkpoints.last}: is damaged ({error}); start again with --overwrite.") from None


@dataclass(frozen=True)
class Course:
    """Where a training is written down.

    Attributes:
        run: the run directory.
        history: one line an epoch of all networks so far; grows.
        reporter: tells the user.
        fingerprint: of the rows, see `resume.fingerprint`.
        shown: names of the validation scores to show.
        checkpoint_minutes: longest time between two saved states.
        resume_command: the command line that goes on with it.
        member: the network's number in an ensemble, from 1.
    """

    run: RunDirectory
    history: History
    reporter: Reporter
    fingerprint: str
    shown: Sequence[str]
    checkpoint_minutes: float
    resume_command: str
    member: int = 1

    @property
    def checkpoints(self) -> Checkpoints:
        """The saved states of this network."""
        return Checkpoints(self.run.checkpoints(self.member))

    def restore(self, trainer: Trainer) -> None:
        """Put `trainer` where its last state was saved; before any was, it starts from the beginning.

        Raises:
            RunDirectoryError: see `resume.restore`.
        """
        if self.checkpoints.exist:
            restore(trainer, self.checkpoints, self.fingerprint)
            progress = trainer.progress
            self.reporter.line(
                "resume", f"{self.run.path}: from epoch {progress.epoch}, after {progress.batch:,} batches of it"
            )
        # A kill between the line of an epoch and its state leaves a line for what will be trained again.
        self.history[:] = [
            line for line in self.history if line["network"] != self.member or line["epoch"] < trainer.progress.epoch
        ]
        self.run.write_history(self.history)

    def follow(self, trainer: Trainer) -> nn.Module:
        """Run the epochs; save after each, every few minutes, and when asked to stop. Return the best epoch's network.

        Raises:
            InterruptedTrainingError: on Ctrl-C or SIGTERM, with the state saved.
            DivergedError: the loss is not a number any more.
        """
        saved_at = time.monotonic()
        with stop_signal() as stop, self.reporter.training():
            for event in trainer.run():
                self._note(event, trainer)
                is_due = time.monotonic() - saved_at >= 60.0 * self.checkpoint_minutes
                if isinstance(event, EpochResult) or is_due or stop.is_set:
                    save_state(trainer, self.checkpoints, self.fingerprint)
                    saved_at = time.monotonic()
                if stop.is_set and not trainer.progress.is_finished:
                    raise InterruptedTrainingError(
                        f"stopped in epoch {trainer.progress.epoch} of {trainer.num_epochs}; the state is saved. "
                        f"Go on with: {self.resume_command}"
                    )
        self._report_best(trainer)
        trainer.average.load_state_dict(self.checkpoints.load_best())
        return trainer.average

    def _note(self, event: StepResult | EpochResult, trainer: Trainer) -> None:
        if isinstance(event, StepResult):
            self.reporter.step(event, num_epochs=trainer.num_epochs)
            return
        self.history.append({"network": self.member, **asdict(event)})
        if event.is_best:
            self.checkpoints.save_best(trainer.average.state_dict())
        self.run.write_history(self.history)
        self.reporter.epoch(event, num_epochs=trainer.num_epochs, shown=self.shown)

    def _report_best(self, trainer: Trainer) -> None:
        epoch = trainer.progress.best_epoch
        (best,) = [line for line in self.history if (line["network"], line["epoch"]) == (self.member, epoch)]
        if trainer.progress.is_finished and trainer.progress.epoch <= trainer.num_epochs:
            waited = trainer.progress.epoch - 1 - epoch
            self.reporter.line("stop", f"no epoch was better in {waited} (training.patience)")
        self.reporter.best(epoch, num_epochs=trainer.num_epochs, validation=best["validation"], shown=self.shown)
