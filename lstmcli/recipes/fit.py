"""Training one network of a run: its epochs, its saved states, and its best weights in the end."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.checkpoint import Checkpoints, RunDirectory
from lstmcli.model_format import Weights
from lstmcli.recipes.finish import classifier_weights
from lstmcli.recipes.interrupts import InterruptedTrainingError, stop_signal
from lstmcli.recipes.plan import Plan
from lstmcli.recipes.resume import restore, save_state
from lstmcli.reports.console import Reporter
from lstmcli.reports.course import report_model
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
    plan: Plan, run: RunDirectory, history: History, reporter: Reporter, *, member: int, resume: bool
) -> FittedNetwork:
    """Train network number `member`, from 1, or go on with it; `history` grows by one an epoch.

    Raises:
        InterruptedTrainingError: on Ctrl-C or SIGTERM, with the state saved.
        LstmcliError: what was saved can't be resumed from, or training has diverged.
    """
    trainer, checkpoints = plan.trainer(member), run.checkpoints(member)
    num_parameters = sum(parameter.numel() for parameter in trainer.model.parameters())
    num_members = plan.config.training.ensemble
    if member == 1:
        report_model(plan.config.model, num_parameters, reporter)
    if num_members > 1:
        reporter.line("network", f"{member} of {num_members}, seed {plan.config.training.seed + member - 1}")
    if resume and (checkpoints.exist or member == 1):
        restore(trainer, checkpoints, plan.fingerprint)
        progress = trainer.progress
        reporter.line("resume", f"{run.path}: from epoch {progress.epoch}, after {progress.batch:,} batches of it")
    if resume:
        # A kill between the line of an epoch and its state leaves a line for what will be trained again.
        history[:] = [line for line in history if line["network"] != member or line["epoch"] < trainer.progress.epoch]
        run.write_history(history)
    _run_epochs(trainer, checkpoints, plan, run, history, reporter, member=member)
    best_epoch = trainer.progress.best_epoch
    (best,) = [line for line in history if (line["network"], line["epoch"]) == (member, best_epoch)]
    value = best["validation"][plan.metric]
    reporter.best(best_epoch, num_epochs=trainer.num_epochs, metric=plan.metric, value=value)
    trainer.average.load_state_dict(checkpoints.load_best())
    logits = trainer.logits(plan.prepared.validation.token_ids)
    return FittedNetwork(classifier_weights(trainer.average), logits, best_epoch, num_parameters)


def _run_epochs(
    trainer: Trainer,
    checkpoints: Checkpoints,
    plan: Plan,
    run: RunDirectory,
    history: History,
    reporter: Reporter,
    *,
    member: int,
) -> None:
    """Run the epochs; save after each, every few minutes, and when asked to stop."""
    saved_at = time.monotonic()
    with stop_signal() as stop, reporter.training():
        for event in trainer.run():
            if isinstance(event, StepResult):
                reporter.step(event, num_epochs=trainer.num_epochs)
            else:
                history.append({"network": member, **asdict(event)})
                if event.is_best:
                    checkpoints.save_best(trainer.average.state_dict())
                run.write_history(history)
                reporter.epoch(event, num_epochs=trainer.num_epochs, metric=plan.metric)
            is_due = time.monotonic() - saved_at >= 60.0 * plan.config.training.checkpoint_minutes
            if isinstance(event, EpochResult) or is_due or stop.is_set:
                save_state(trainer, checkpoints, plan.fingerprint)
                saved_at = time.monotonic()
            if stop.is_set and not trainer.progress.is_finished:
                raise InterruptedTrainingError(
                    f"stopped in epoch {trainer.progress.epoch} of {trainer.num_epochs}; the state is saved. "
                    f"Go on with: lstmcli train --resume --run-dir {run.path}"
                )
