"""The plain recurrent network of R. Lederman, "Recurrent Neural Networks and LSTM"."""

import torch
from torch import Tensor, nn

from lstmcli.models.cells.base import Cell, State


class RnnCell(Cell):
    """A state computed from the input and the previous state.

    s[t] = f(U x[t] + W s[t-1])

    with f = tanh, U = `weight_input` and W = `weight_hidden`, without a bias. The state is the network's memory, but
    the gradient over k steps is a product of k factors W diag(f'), so it vanishes or explodes. The output o[t] =
    softmax(V s[t]) is part of the classifier or the language model above this cell.
    """

    num_gates = 1
    has_bias = False

    def step(self, projected: Tensor, state: State) -> State:
        """See `Cell.step`. `projected` is U x[t], (batch, hidden)."""
        hidden = torch.tanh(projected + nn.functional.linear(state.hidden, self.weight_hidden))
        return State(hidden, state.cell)
