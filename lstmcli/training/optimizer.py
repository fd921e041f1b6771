"""AdamW, its learning-rate schedule, and the running average of the weights that is kept in the end."""

import copy
import math
from collections.abc import Iterable

import torch
from torch import nn

from lstmcli.config.settings import TrainingSettings

BETAS = (0.9, 0.99)


def make_optimizer(
    parameters: dict[str, nn.Parameter], settings: TrainingSettings, *, table_rate: float = 1.0
) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101); matrices decay, word vectors and biases do not.

    The rate of each update is the caller's, times `rate` of the group: `table_rate` for the table of word vectors.
    """
    decayed: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    tables: list[nn.Parameter] = []
    for name, parameter in parameters.items():
        if name.startswith("embedding."):
            tables.append(parameter)
        else:
            (decayed if parameter.ndim > 1 else others).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay, "rate": 1.0},
        {"params": others, "weight_decay": 0.0, "rate": 1.0},
        {"params": tables, "weight_decay": 0.0, "rate": table_rate},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=0.0, betas=BETAS, fused=True)


def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float) -> None:
    """Scale all gradients, sparse ones included, so that their joint norm is at most `max_norm`."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    values = [gradient._values() if gradient.is_sparse else gradient for gradient in gradients]
    norm = nn.utils.get_total_norm(values)
    torch._foreach_mul_(values, (max_norm / (norm + 1e-6)).clamp(max=1.0))


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


class WeightAverage:
    """A copy of a network that follows it as an exponential moving average.

    The decay starts low and rises to `decay` with the number of updates, so that the random start is soon forgotten.
    Buffers are constants here and are not touched.

    Attributes:
        module: the averaged network, in evaluation mode.
        num_updates: how often it has followed.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(model).eval().requires_grad_(False)
        self.num_updates = 0
        self._decay = decay

    @property
    def weight(self) -> float:
        """How much of the network goes into the average next time: all of it at the first."""
        n = self.num_updates
        return 1.0 if n == 0 else 1.0 - min(self._decay, (1.0 + n) / (10.0 + n))

    @torch.no_grad()
    def update(self, parameters: dict[str, nn.Parameter]) -> None:
        """Follow those `parameters` of the network by one step."""
        averages = dict(self.module.named_parameters())
        torch._foreach_lerp_([averages[name] for name in parameters], list(parameters.values()), self.weight)
        self.num_updates += 1
