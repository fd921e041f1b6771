"""The memory cell: long short-term memory, equivalent to `torch.nn.LSTM`."""

import torch
from torch import Tensor, nn

from lstmcli.models.cells.base import Cell, State


class LstmCell(Cell):
    """A self-recurrent cell state with an input, a forget and an output gate.

    i[t]  = σ(W_i x[t] + U_i h[t-1] + b_i)      how much of the candidate is written
    f[t]  = σ(W_f x[t] + U_f h[t-1] + b_f)      how much of the old cell state is kept
    S~[t] = tanh(W_c x[t] + U_c h[t-1] + b_c)   the candidate
    S[t]  = i[t] × S~[t] + f[t] × S[t-1]        the new cell state
    o[t]  = σ(W_o x[t] + U_o h[t-1] + b_o)      how much of it is output
    h[t]  = o[t] × tanh(S[t])

    Gates lie between 0 (closed) and 1 (open). Along S, the gradient is multiplied only by f, so it can survive many
    steps.

    Rows of `weight_input` (W), `weight_hidden` (U) and `bias` (b) are in torch's order: input gate, forget gate,
    candidate, output gate. One bias replaces torch's two, which are only ever added. Source: Hochreiter and
    Schmidhuber 1997; forget gate: Gers et al. 2000.
    """

    num_gates = 4
    bias: nn.Parameter

    def reset_parameters(self) -> None:
        """See `Cell.reset_parameters`. The bias of the forget gate starts at 1 (Jozefowicz et al. 2015)."""
        super().reset_parameters()
        with torch.no_grad():
            self.bias[self.hidden_size : 2 * self.hidden_size] = 1.0

    def step(self, projected: Tensor, state: State) -> State:
        """See `Cell.step`. `projected` is (batch, 4 * hidden), in the order of the rows of the parameters."""
        gates = projected + nn.functional.linear(state.hidden, self.weight_hidden)
        input_gate, forget_gate, candidate, output_gate = gates.chunk(4, dim=-1)
        cell = input_gate.sigmoid() * candidate.tanh() + forget_gate.sigmoid() * state.cell
        return State(self.output_gate(output_gate, cell) * cell.tanh(), cell)

    def output_gate(self, before: Tensor, cell: Tensor) -> Tensor:  # noqa: ARG002 (PeepholeCell uses the cell state)
        """Return o[t], (batch, hidden), from W_o x[t] + U_o h[t-1] + b_o and the new cell state."""
        return before.sigmoid()

    def forward(self, inputs: Tensor, *, bptt_steps: int | None = None) -> Tensor:
        """See `Cell.forward`. Runs torch's fused layer, which is much faster: oneDNN on a CPU, cuDNN on a GPU."""
        state = self.initial_state(inputs)
        parts = []
        for part in torch.split(inputs, bptt_steps or inputs.shape[1], dim=1):
            outputs, state = self._fused(part, state.detached())
            parts.append(outputs)
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

    def _fused(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        outputs, hidden, cell = torch.lstm(
            inputs,
            (state.hidden[None], state.cell[None]),
            [self.weight_input, self.weight_hidden, self.bias, torch.zeros_like(self.bias)],
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=self.training,
            bidirectional=False,
            batch_first=True,
        )
        return outputs, State(hidden[0], cell[0])
