"""AdamW, its learning-rate schedule, and the moving average of the weights, which is the final model."""

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.99)


EPSILON = 1e-8


@dataclass(frozen=True)
class ParamGroup:
    """How a parameter is updated: with `rate` times the learning rate, and with this weight decay."""

    parameter: nn.Parameter
    rate: float = 1.0
    weight_decay: float = 0.0


def param_groups(
    parameters: dict[str, nn.Parameter], weight_decay: float, embedding_lr_scale: float
) -> dict[str, ParamGroup]:
    """Apply weight decay to matrices, but not to word vectors and biases, and scale the rate of word vectors."""
    groups = {}
    for name, parameter in parameters.items():
        if name.startswith("embedding."):
            groups[name] = ParamGroup(parameter, rate=embedding_lr_scale)
        else:
            groups[name] = ParamGroup(parameter, weight_decay=weight_decay if parameter.ndim > 1 else 0.0)
    return groups


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101).

    It calls the same fused kernel as `torch.optim.AdamW`, which would load torch's compiler: two seconds.
    """

    def __init__(self, groups: dict[str, ParamGroup]) -> None:
        self._groups = groups
        self._means = {name: torch.zeros_like(each.parameter, requires_grad=False) for name, each in groups.items()}
        self._squares = {name: torch.zeros_like(each.parameter, requires_grad=False) for name, each in groups.items()}
        self._num_updates = 0

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Update all parameters that have a gradient."""
        self._num_updates += 1
        for name, each in self._groups.items():
            parameter = each.parameter
            if parameter.grad is None:
                continue
            fused_adamw(
                [parameter],
                [self._means[name]],
                [self._squares[name]],
                torch.tensor(float(self._num_updates), device=parameter.device),
                learning_rate=learning_rate * each.rate,
                weight_decay=each.weight_decay,
            )

    def tensors(self) -> dict[str, Tensor]:
        """Return the state by name."""
        tensors = {f"mean.{name}": value for name, value in self._means.items()}
        tensors |= {f"square.{name}": value for name, value in self._squares.items()}
        return tensors

    def load_tensors(self, tensors: dict[str, Tensor], *, num_updates: int) -> None:
        """Restore a state that `tensors` returned after `num_updates` updates."""
        self._num_updates = num_updates
        for kept, prefix in ((self._means, "mean."), (self._squares, "square.")):
            for name, value in kept.items():
                value.copy_(tensors[prefix + name])


def fused_adamw(
    parameters: Sequence[nn.Parameter],
    means: list[Tensor],
    squares: list[Tensor],
    number: Tensor,
    *,
    learning_rate: Any,
    weight_decay: float,
) -> None:
    """Update parameters, which must have gradients.

    `number` counts the updates from 1. It is on the device of the parameters, and so is a `learning_rate` that is a
    tensor.
    """
    torch._fused_adamw_(
        list[Tensor](parameters),
        [parameter.grad for parameter in parameters if parameter.grad is not None],
        means,
        squares,
        [],
        [number] * len(parameters),
        lr=learning_rate,
        beta1=BETAS[0],
        beta2=BETAS[1],
        weight_decay=weight_decay,
        eps=EPSILON,
        amsgrad=False,
        maximize=False,
    )


def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float) -> None:
    """Scale all gradients, sparse ones included, so that their joint norm is at most `max_norm`."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    values = [gradient._values() if gradient.is_sparse else gradient for gradient in gradients]
    norm = nn.utils.get_total_norm(values)
    torch._foreach_mul_(values, (max_norm / (norm + 1e-6)).clamp(max=1.0))


def scheduled_rate(step: int, *, num_steps: int, peak: float, warmup: float) -> float:
    """Return the learning rate of a step: a linear warm-up to `peak`, then cosine decay to 0.

    Args:
        step: 0, 1, ... `num_steps` - 1.
        num_steps: of the whole training.
        peak: the highest learning rate.
        warmup: fraction of the steps in the warm-up.
    """
    num_warmup = max(1, round(warmup * num_steps))
    if step < num_warmup:
        return peak * (step + 1) / num_warmup
    progress = (step - num_warmup) / max(1, num_steps - num_warmup)
    return peak * 0.5 * (1.0 + math.cos(math.pi * progress))


class WeightAverage:
    """A copy of a network whose weights are an exponential moving average of the network's weights.

    The decay starts low and rises to `decay` with the number of updates, so that the initial weights are soon
    forgotten. Buffers are not averaged, since they are constants here.

    Attributes:
        module: the averaged network, in evaluation mode.
        num_updates: how often it has been updated.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(model).eval().requires_grad_(False)
        self.num_updates = 0
        self._decay = decay

    @property
    def weight(self) -> float:
        """The weight of the network in the next update of the average, 1 in the first."""
        n = self.num_updates
        return 1.0 if n == 0 else 1.0 - min(self._decay, (1.0 + n) / (10.0 + n))

    @torch.no_grad()
    def update(self, parameters: dict[str, nn.Parameter]) -> None:
        """Update the average of these `parameters` of the network."""
        averages = dict(self.module.named_parameters())
        torch._foreach_lerp_([averages[name] for name in parameters], list(parameters.values()), self.weight)
        self.num_updates += 1
