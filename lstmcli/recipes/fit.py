"""Training one network of a run, and what is kept of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.defaults import network_settings
from lstmcli.recipes.course import Course, History
from lstmcli.recipes.finish import classifier_weights
from lstmcli.recipes.plan import Plan
from lstmcli.reports.console import Reporter
from lstmcli.reports.course import report_model
from lstmcli.store.checks import Weights
from lstmcli.store.run import RunDirectory


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
