"""The memory cell of R. Lederman, "Recurrent Neural Networks and LSTM", whose output gate sees the new cell state."""

import torch
from torch import Tensor, nn

from lstmcli.models.cells.lstm import LstmCell


class PeepholeCell(LstmCell):
    """Like `LstmCell`, except for the output gate.

    o[t] = σ(W_o x[t] + U_o h[t-1] + V_o S[t] + b_o)

    S[t] is the *new* cell state, so the output gate is computed last. V_o is `weight_cell`, (hidden, hidden), a full
    matrix, whereas the peepholes of Gers and Schmidhuber 2000 are diagonal and on all gates. V_o is initialised with
    zeros, which makes a new cell equal to `LstmCell`. `torch.nn.LSTM` cannot express any other V_o.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.weight_cell = nn.Parameter(torch.zeros(hidden_size, hidden_size))

    def output_gate(self, before: Tensor, cell: Tensor) -> Tensor:
        """Return o[t], (batch, hidden), with the additional term V_o S[t]."""
        return (before + nn.functional.linear(cell, self.weight_cell)).sigmoid()

    def forward(self, inputs: Tensor, *, bptt_steps: int | None = None) -> Tensor:
        """See `Cell.forward`. A loop over steps, since torch has no fused layer for this cell."""
        return self.walk(inputs, bptt_steps=bptt_steps)
