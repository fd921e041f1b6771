"""AdamW, its learning-rate schedule, and the running average of the weights that is kept in the end."""

import copy
import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.99)


EPSILON = 1e-8


@dataclass(frozen=True)
class ParamGroup:
    """How a parameter is groups: `rate` times the rate of an update, and how much of it decays at each."""

    parameter: nn.Parameter
    rate: float = 1.0
    weight_decay: float = 0.0


def param_groups(
    parameters: dict[str, nn.Parameter], weight_decay: float, embedding_lr_scale: float
) -> dict[str, ParamGroup]:
    """Let matrices decay, word vectors and biases not; word vectors have a rate of their own."""
    groups = {}
    for name, parameter in parameters.items():
        if name.startswith("embedding."):
            groups[name] = ParamGroup(parameter, rate=embedding_lr_scale)
        else:
            groups[name] = ParamGroup(parameter, weight_decay=weight_decay if parameter.ndim > 1 else 0.0)
    return groups


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101).

    It runs the kernel that torch's own class runs; that class loads the whole of torch's compiler: two seconds.
    """

    def __init__(self, groups: dict[str, ParamGroup]) -> None:
        self._groups = groups
        self._means = {name: torch.zeros_like(each.parameter, requires_grad=False) for name, each in groups.items()}
        self._squares = {name: torch.zeros_like(each.parameter, requires_grad=False) for name, each in groups.items()}
        self._num_updates = 0

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Move all parameters by their gradients; one without a gradient stays."""
        self._num_updates += 1
        for name, each in self._groups.items():
            parameter = each.parameter
            if parameter.grad is None:
                continue
            number = torch.tensor(float(self._num_updates), device=parameter.device)
            torch._fused_adamw_(
                [parameter],
                [parameter.grad],
                [self._means[name]],
                [self._squares[name]],
                [],
                [number],
                lr=learning_rate * each.rate,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=each.weight_decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )

    def tensors(self) -> dict[str, Tensor]:
        """Return the state by name."""
        tensors = {f"mean.{name}": value for name, value in self._means.items()}
        tensors |= {f"square.{name}": value for name, value in self._squares.items()}
        return tensors

    def load_tensors(self, tensors: dict[str, Tensor], *, num_updates: int) -> None:
        """Go back to a state that `tensors` gave after `num_updates` updates."""
        self._num_updates = num_updates
        for kept, prefix in ((self._means, "mean."), (self._squares, "square.")):
            for name, value in kept.items():
                value.copy_(tensors[prefix + name])


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
