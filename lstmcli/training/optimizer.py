"""AdamW, its learning-rate schedule, and the running average of the weights that is kept in the end."""

import math

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from lstmcli.config.settings import TrainingSettings


def make_optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101); matrices decay, word vectors and biases do not."""
    decayed: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        is_matrix = parameter.ndim > 1 and not name.startswith("embedding.")
        (decayed if is_matrix else others).append(parameter)
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.99), fused=True)


def learning_rate(step: int, *, num_steps: int, peak: float, warmup: float) -> float:
    """Return the rate of step 0, 1, ... `num_steps` - 1: a linear rise to `peak`, then half a cosine down to 0.

    Args:
        step: from 0.
        num_steps: of the whole training.
        peak: the highest rate.
        warmup: share of the steps that rise.
    """
    num_warmup = max(1, round(warmup * num_steps))
    if step < num_warmup:
        return peak * (step + 1) / num_warmup
    progress = (step - num_warmup) / max(1, num_steps - num_warmup)
    return peak * 0.5 * (1.0 + math.cos(math.pi * progress))


def average_of(model: nn.Module, decay: float) -> AveragedModel:
    """Return a copy of `model` that follows it as an exponential moving average.

    The decay starts low and rises to `decay` with the number of updates, so that the random start is soon forgotten.
    """

    def follow(
        averaged: tuple[Tensor, ...] | list[Tensor], current: tuple[Tensor, ...] | list[Tensor], n: Tensor | int
    ) -> None:
        weight = 1.0 - min(decay, (1.0 + float(n)) / (10.0 + float(n)))
        torch._foreach_lerp_(list(averaged), list(current), weight)

    return AveragedModel(model, multi_avg_fn=follow)
