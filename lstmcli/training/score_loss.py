"""What training on scores minimises: the squared error, or Huber's, of standardised scores."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from lstmcli.config.settings import ScoreLoss
from lstmcli.models.classifier import Classifier
from lstmcli.training.loss import Loss


def _half_squared(outputs: Tensor, targets: Tensor) -> Tensor:
    return 0.5 * (outputs - targets).square()


def _huber(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.huber_loss(outputs, targets, reduction="none")


# Both have the slope of the error itself where it is below one standard deviation.
ERRORS: dict[ScoreLoss, Callable[[Tensor, Tensor], Tensor]] = {"squared": _half_squared, "huber": _huber}


def make_score_loss(name: ScoreLoss) -> Loss:
    """Return a function that computes the mean loss of outputs (batch, scores) and targets (batch, scores).

    Targets are standardised; where they are NaN, a score is missing, which neither costs anything nor has a gradient.
    """
    error = ERRORS[name]

    def masked_loss(outputs: Tensor, targets: Tensor) -> Tensor:
        # The missing ones equal their targets, since NaN times 0 is NaN. Nothing here waits for a GPU.
        is_missing = torch.isnan(targets)
        errors = error(outputs, torch.where(is_missing, outputs.detach(), targets))
        return torch.where(is_missing, 0.0, errors).sum() / (~is_missing).sum().clamp(min=1)

    return masked_loss


def start_at_mean(model: Classifier) -> None:
    """Let an untrained network predict the mean of each standardised score, 0, but for its random weights."""
    with torch.no_grad():
        model.output.bias.zero_()
