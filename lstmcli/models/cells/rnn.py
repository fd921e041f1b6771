"""The plain recurrent network of the article."""

import torch
from torch import Tensor, nn

from lstmcli.models.cells.base import Cell, State


class RnnCell(Cell):
    """A state that is a function of the input and of the state before.

    s[t] = f(U x[t] + W s[t-1])

    with f = tanh, U = `weight_input` and W = `weight_hidden`; the equation has no bias. The state is the network's
    memory, but the gradient that reaches back k steps is a product of k factors W diag(f'), so it vanishes or explodes.
    The output o[t] = softmax(V s[t]) belongs to the classifier or to the next-word model above this cell.
    """

    num_gates = 1
    has_bias = False

    def step(self, projected: Tensor, state: State) -> State:
        """See `Cell.step`. `projected` is U x[t], (batch, hidden)."""
        hidden = torch.tanh(projected + nn.functional.linear(state.hidden, self.weight_hidden))
        return State(hidden, state.cell)
