"""The article's own memory cell: the output gate also sees the new cell state, through a full matrix."""

import torch
from torch import Tensor, nn

from lstmcli.models.cells.lstm import LstmCell


class PeepholeCell(LstmCell):
    """As `LstmCell`, but for one gate.

    o[t] = σ(W_o x[t] + U_o h[t-1] + V_o S[t] + b_o)

    S[t] is the *new* cell state, so the output gate is computed last. V_o is `weight_cell`, (hidden, hidden): a full
    matrix, where the peepholes of Gers and Schmidhuber 2000 are diagonal and on all gates. With V_o = 0, its value at
    the start, the cell is `LstmCell`; `torch.nn.LSTM` can't express any other.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.weight_cell = nn.Parameter(torch.zeros(hidden_size, hidden_size))

    def output_gate(self, before: Tensor, cell: Tensor) -> Tensor:
        """Return o[t], (batch, hidden); V_o S[t] is what `LstmCell` lacks."""
        return (before + nn.functional.linear(cell, self.weight_cell)).sigmoid()

    def forward(self, inputs: Tensor, *, bptt_steps: int | None = None) -> Tensor:
        """See `Cell.forward`: one step after the other, since no fused layer of torch has this cell."""
        return self.walk(inputs, bptt_steps=bptt_steps)
