"""The plain recurrent network, s[t] = tanh(U x[t] + W s[t-1]); see `lstmcli.models.cells.RnnCell`.

States are (tokens, hidden), with the tokens in the order of `Packing`. Gates are (1, tokens, hidden).
"""

from typing import NamedTuple

import numpy as np

from lstmcli.kernels.activations import tanh
from lstmcli.kernels.packing import Packing
from lstmcli.kernels.product import step_product
from lstmcli.kernels.weights import Array, CellWeights, transposed

GATE_ORDER = (0,)
GATE_SCALES = (1.0,)


class SimpleTrace(NamedTuple):
    """What the backward pass needs: s[t] of every token."""

    hidden: Array


def simple_forward(gates: Array, weights: CellWeights, packing: Packing) -> SimpleTrace:
    """Run all steps, starting from a zero state.

    Args:
        gates: (1, tokens, hidden), U x[t]. Overwritten with the states.
        weights: of the layer.
        packing: order of the tokens.
    """
    recurrent = transposed(weights.weight_hidden[0])
    states = gates[0]
    from_state = np.empty_like(states[: packing.num_texts])
    before = 0
    for start, end in zip(packing.offsets, packing.offsets[1:], strict=False):
        state_t, count = states[start:end], end - start
        if start:
            state_t += step_product(states[before : before + count], recurrent, out=from_state[:count])
        tanh(state_t, out=state_t)
        before = start
    return SimpleTrace(states)


def simple_step(gates: Array, hidden: Array, _cell: Array, _spare: Array, _peephole: None) -> None:
    """Write s[t] into `hidden`; see `memory_cell_step` for the arguments."""
    tanh(gates[0], out=hidden)


def simple_backward(
    grad_hidden: Array, trace: SimpleTrace, weights: CellWeights, packing: Packing, *, bptt_steps: int | None
) -> Array:
    """Return the gradient with respect to U x[t], (1, tokens, hidden); see `memory_cell_backward`."""
    grad_gates = np.multiply(trace.hidden, trace.hidden)
    np.subtract(grad_gates.dtype.type(1.0), grad_gates, out=grad_gates)  # the derivative of tanh
    grad_state = np.zeros_like(grad_gates[: packing.num_texts])
    offsets = packing.offsets
    for step in range(len(offsets) - 2, -1, -1):
        start, end = offsets[step], offsets[step + 1]
        state, gates = grad_state[: end - start], grad_gates[start:end]
        state += grad_hidden[start:end]
        gates *= state
        if bptt_steps is not None and step % bptt_steps == 0:
            state[...] = 0.0
        elif step:
            step_product(gates, weights.weight_hidden[0], out=state)
    return grad_gates[None]
