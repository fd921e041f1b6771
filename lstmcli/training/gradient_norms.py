"""How the gradient of a loss changes on its way back through time, by autograd through the reference cells."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstmcli.models.cells import Cell, RnnCell, State

Array = NDArray[np.float64]


class StateGradients(NamedTuple):
    """Norms of dL/dh[t] and dL/dS[t], (texts, steps), by the distance from the last step; NaN before a text begins.

    Each is the total derivative: it includes all that the state changes later. `cell` is None for the plain network.
    """

    hidden: Array
    cell: Array | None


def state_gradients(cell: Cell, inputs: Tensor, lengths: Tensor, loss_of: Callable[[Tensor], Tensor]) -> StateGradients:
    """Return the norms of the gradients with respect to the states after every step of every text.

    Args:
        cell: reads the texts from the first step to the last.
        inputs: (texts, time, input), padded at the end.
        lengths: (texts,), in steps, at least 1.
        loss_of: maps the last state of each text, (texts, hidden), to the sum of the losses of the texts.
    """
    states: list[State] = []
    with torch.enable_grad():
        state = cell.initial_state(inputs).detached()
        state = State(state.hidden.requires_grad_(), state.cell.requires_grad_())
        for projected in cell.project(inputs).unbind(dim=1):
            state = cell.step(projected, state)
            states.append(state)
        hidden = torch.stack([each.hidden for each in states], dim=1)
        loss = loss_of(hidden[torch.arange(len(lengths)), lengths - 1])
        wanted = [each.hidden for each in states]
        has_memory = not isinstance(cell, RnnCell)
        if has_memory:
            wanted += [each.cell for each in states]
        gradients = torch.autograd.grad(loss, wanted)
    num_steps = len(states)
    norms = [_by_distance(gradients[:num_steps], lengths)]
    if has_memory:
        norms.append(_by_distance(gradients[num_steps:], lengths))
    return StateGradients(norms[0], norms[1] if has_memory else None)


def _by_distance(gradients: tuple[Tensor, ...], lengths: Tensor) -> Array:
    """Return the norms of gradients by step, (texts, hidden) each, by the distance from the last step."""
    norms = torch.stack([each.norm(dim=1) for each in gradients], dim=1)
    steps = lengths[:, None] - 1 - torch.arange(norms.shape[1])
    found = norms.gather(1, steps.clamp(min=0)).masked_fill(steps < 0, torch.nan)
    return np.asarray(found.numpy(), dtype=np.float64)
