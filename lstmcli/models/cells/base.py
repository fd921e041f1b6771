"""What all cells share: parameters, the input projection of all steps at once, and the loop over time."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn


class State(NamedTuple):
    """What a cell passes from one time step to the next, each (batch, hidden). `rnn` does not use `cell`."""

    hidden: Tensor
    cell: Tensor

    def detached(self) -> "State":
        """Return the same values, detached from the graph."""
        return State(self.hidden.detach(), self.cell.detach())


class Cell(nn.Module, ABC):
    """One direction of one recurrent layer.

    A recurrent network performs the same operation for every element of a sequence, with the same parameters at each
    step. Its hidden state is its memory of earlier elements. Training unrolls it over the sequence and propagates the
    error back through all steps (back-propagation through time); here, autograd does this through `forward`.

    Parameters:
        weight_input: (gates * hidden, input), called U for the plain network and W for the memory cell in R. Lederman,
            "Recurrent Neural Networks and LSTM".
        weight_hidden: (gates * hidden, hidden), the recurrent matrix.
        bias: (gates * hidden,), where the equations have one.
    """

    num_gates: ClassVar[int]
    has_bias: ClassVar[bool] = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        width = self.num_gates * hidden_size
        self.weight_input = nn.Parameter(torch.empty(width, input_size))
        self.weight_hidden = nn.Parameter(torch.empty(width, hidden_size))
        self.bias = nn.Parameter(torch.zeros(width)) if self.has_bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw input weights uniformly (Glorot), and an orthogonal recurrent matrix for each gate.

        An orthogonal matrix preserves the norm of vectors, so products over many steps, which make gradients vanish or
        explode, start out balanced. Source: Saxe et al. 2014, arXiv 1312.6120.
        """
        bound = math.sqrt(6.0 / (self.input_size + self.hidden_size))
        nn.init.uniform_(self.weight_input, -bound, bound)
        for gate in self.weight_hidden.chunk(self.num_gates):
            nn.init.orthogonal_(gate)

    def initial_state(self, inputs: Tensor) -> State:
        """Return zeros, (batch, hidden) each, of the type and on the device of `inputs` (batch, ...)."""
        zeros = inputs.new_zeros(inputs.shape[0], self.hidden_size)
        return State(zeros, zeros)

    def project(self, inputs: Tensor) -> Tensor:
        """Return the input part of all gates at all steps: (batch, time, input) -> (batch, time, gates * hidden)."""
        return nn.functional.linear(inputs, self.weight_input, self.bias)

    @abstractmethod
    def step(self, projected: Tensor, state: State) -> State:
        """Advance one time step.

        Args:
            projected: (batch, gates * hidden), one step of `project`.
            state: of the previous step. Not changed.
        """

    def forward(self, inputs: Tensor, *, bptt_steps: int | None = None) -> Tensor:
        """Return the hidden state after every step: (batch, time, input) -> (batch, time, hidden).

        There is no masking: padding comes after the real steps, so only the outputs at padding are meaningless, and the
        caller drops them. A cell with a faster implementation in torch overrides this; `walk` is the reference.

        Args:
            inputs: (batch, time, input).
            bptt_steps: truncates back-propagation through time: no gradient passes from step n * bptt_steps to the step
                before it. None: no truncation.
        """
        return self.walk(inputs, bptt_steps=bptt_steps)

    def walk(self, inputs: Tensor, *, bptt_steps: int | None = None) -> Tensor:
        """Return the same as `forward`, by a loop over `step`."""
        state = self.initial_state(inputs)
        outputs = []
        for number, projected in enumerate(self.project(inputs).unbind(dim=1)):
            if bptt_steps is not None and number % bptt_steps == 0:
                state = state.detached()
            state = self.step(projected, state)
            outputs.append(state.hidden)
        return torch.stack(outputs, dim=1)
