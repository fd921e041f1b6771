"""What training on scores minimises: the squared error, or Huber's, of standardised scores."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
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


def make_score_loss(
    name: ScoreLoss, targets: NDArray[np.floating] | None = None, row_weights: NDArray[np.float64] | None = None
) -> Loss:
    """Return a function that computes the mean loss of outputs (batch, scores) and targets (batch, scores).

    Targets are standardised; where they are NaN, a score is missing, which neither costs anything nor has a gradient.

    Args:
        name: of ERRORS.
        targets: (texts, scores) of the training rows; only with weights.
        row_weights: (texts,), which the targets of a batch have in one more column, see `loss.with_weights`; None: all
            count as one.
    """
    error = ERRORS[name]

    def masked_loss(outputs: Tensor, targets: Tensor) -> Tensor:
        # The missing ones equal their targets, since NaN times 0 is NaN. Nothing here waits for a GPU.
        is_missing = torch.isnan(targets)
        errors = error(outputs, torch.where(is_missing, outputs.detach(), targets))
        return torch.where(is_missing, 0.0, errors).sum() / (~is_missing).sum().clamp(min=1)

    if targets is None or row_weights is None:
        return masked_loss
    counts = (~np.isnan(targets)).sum(axis=1)
    scale = float(counts.sum() / (row_weights @ counts))

    def weighted_loss(outputs: Tensor, batch_targets: Tensor) -> Tensor:
        own, of_rows = batch_targets[:, :-1], batch_targets[:, -1:] * scale
        is_missing = torch.isnan(own)
        errors = error(outputs, torch.where(is_missing, outputs.detach(), own))
        return torch.where(is_missing, 0.0, of_rows * errors).sum() / (~is_missing).sum().clamp(min=1)

    return weighted_loss


def start_at_mean(model: Classifier) -> None:
    """Let an untrained network predict the mean of each standardised score, 0, but for its random weights."""
    with torch.no_grad():
        model.output.bias.zero_()
