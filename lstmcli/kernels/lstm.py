"""The memory cell: one kernel for `lstm` and for `peephole`, which has the additional matrix V_o.

The equations are in `lstmcli.models.cells.LstmCell` and `PeepholeCell`. Gates are (4, tokens, hidden) and states
(tokens, hidden), with the tokens in the order of `Packing`. The part of one step is thus contiguous in memory, where
numpy is several times faster than on columns of a matrix. The order of the gates is candidate, input, forget, output:
the three sigmoids are contiguous, and the output gate, which must wait for V_o S[t], comes last.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from lstmcli.kernels.activations import tanh, to_sigmoid, to_tanh
from lstmcli.kernels.packing import Packing
from lstmcli.kernels.product import step_product
from lstmcli.kernels.weights import Array, CellWeights, Product, scaled_gates, transposed

GATE_ORDER = (2, 0, 1, 3)  # indices into input, forget, candidate, output, the order in a model
GATE_SCALES = (-2.0, -1.0, -1.0, -1.0)


class MemoryTrace(NamedTuple):
    """What the backward pass needs: activated gates, S[t], tanh(S[t]) and h[t] of every token."""

    gates: Array
    cell: Array
    tanh_cell: Array
    hidden: Array


def memory_cell_forward(gates: Array, weights: CellWeights, packing: Packing) -> MemoryTrace:
    """Run all steps, starting from zero states.

    The factors that the activations expect (see `activations`) are multiplied into the weights once, not into every
    argument.

    Args:
        gates: (4, tokens, hidden), the input part of all gates times GATE_SCALES. Overwritten with the activated gates.
        weights: of the layer.
        packing: order of the tokens.
    """
    num_gates, num_tokens, size = gates.shape
    recurrent = transposed(scaled_gates(weights.weight_hidden, GATE_SCALES))
    peephole: Product | None = None
    if weights.weight_cell is not None:
        output_scale = gates.dtype.type(GATE_SCALES[-1])
        peephole = partial(step_product, right=transposed(output_scale * weights.weight_cell))
    num_rows = packing.num_texts
    cell, tanh_cell, hidden = (np.empty((num_tokens, size), gates.dtype) for _ in range(3))
    from_hidden = np.empty((num_gates, num_rows, size), gates.dtype)
    spare = np.empty((num_rows, size), gates.dtype)
    before = 0
    for start, end in zip(packing.offsets, packing.offsets[1:], strict=False):
        count = end - start
        gates_t, cell_t, tanh_cell_t, scratch = (
            gates[:, start:end],
            cell[start:end],
            tanh_cell[start:end],
            spare[:count],
        )
        if start:
            gates_t += step_product(hidden[before : before + count], recurrent, out=from_hidden[:, :count])
        cell_before = cell[before : before + count] if start else None
        _step(gates_t, cell_before, cell_t, tanh_cell_t, hidden[start:end], scratch, peephole)
        before = start
    return MemoryTrace(gates, cell, tanh_cell, hidden)


def memory_cell_step(gates: Array, hidden: Array, cell: Array, spare: Array, peephole: Product | None) -> None:
    """Replace S[t-1] in `cell` by S[t], and write h[t] into `hidden`. Apart from `gates`, all arrays have one shape.

    Args:
        gates: (4, ...), before activation, times GATE_SCALES. Overwritten.
        hidden: overwritten with h[t].
        cell: S[t-1], overwritten with S[t].
        spare: scratch space.
        peephole: writes V_o S[t] times the last of GATE_SCALES into its argument `out` and returns it; None if the cell
            has no such matrix.
    """
    _step(gates, cell, cell, spare, hidden, spare, peephole)


def _step(
    gates: Array,
    cell_before: Array | None,
    cell: Array,
    tanh_cell: Array,
    hidden: Array,
    spare: Array,
    peephole: Product | None,
) -> None:
    """Write S[t], its tanh and h[t]. `cell_before`, S[t-1], may be `cell` itself; None stands for zeros."""
    candidate, input_gate, forget_gate, output_gate = gates
    num_ready = 4 if peephole is None else 3
    to_sigmoid(gates[:num_ready])
    to_tanh(candidate)
    if cell_before is not None:
        np.multiply(forget_gate, cell_before, out=spare)
    np.multiply(input_gate, candidate, out=cell)
    if cell_before is not None:
        cell += spare
    if peephole is not None:
        output_gate += peephole(cell, out=spare)
        to_sigmoid(output_gate)
    tanh(cell, out=tanh_cell)
    np.multiply(output_gate, tanh_cell, out=hidden)


def memory_cell_backward(
    grad_hidden: Array, trace: MemoryTrace, weights: CellWeights, packing: Packing, *, bptt_steps: int | None
) -> Array:
    """Back-propagate the gradient through all steps.

    Args:
        grad_hidden: (tokens, hidden), gradient of the loss with respect to h[t], without the recurrent part.
        trace: of the forward pass. Not changed.
        weights: of the layer.
        packing: order of the tokens.
        bptt_steps: no gradient passes from step n * bptt_steps to the step before it. None: no truncation.

    Returns:
        (4, tokens, hidden), the gradient with respect to the gates before activation.
    """
    size, dtype = grad_hidden.shape[1], grad_hidden.dtype
    num_rows, offsets = packing.num_texts, packing.offsets
    factors = _factors(trace, packing)
    forget_gate = trace.gates[2]
    grad_gates = np.empty_like(trace.gates)
    grad_state, grad_cell, spare = (np.zeros((num_rows, size), dtype) for _ in range(3))
    grad_by_gate = np.empty((4, num_rows, size), dtype)
    for step in range(len(offsets) - 2, -1, -1):
        start, end = offsets[step], offsets[step + 1]
        count = end - start
        state, cell, scratch = grad_state[:count], grad_cell[:count], spare[:count]  # zeros for texts that end here
        result = grad_gates[:, start:end]
        state += grad_hidden[start:end]
        np.multiply(state, factors.output_gate[start:end], out=result[3])
        cell += np.multiply(state, factors.tanh_cell[start:end], out=scratch)
        if weights.weight_cell is not None:
            cell += step_product(result[3], weights.weight_cell, out=scratch)
        np.multiply(cell, factors.by_cell[:, start:end], out=result[:3])
        if bptt_steps is not None and step % bptt_steps == 0:
            state[...] = 0.0
            cell[...] = 0.0
        elif step:
            cell *= forget_gate[start:end]
            step_product(result, weights.weight_hidden, out=grad_by_gate[:, :count])
            np.sum(grad_by_gate[:, :count], axis=0, out=state)
    return grad_gates


class _Factors(NamedTuple):
    """The factors by which the gradients of each step are multiplied. They depend only on the forward pass.

    Attributes:
        by_cell: (3, tokens, hidden), dS[t] / d(candidate, input gate, forget gate before activation).
        output_gate: (tokens, hidden), dh[t] / d(output gate before activation).
        tanh_cell: (tokens, hidden), dh[t] / dS[t].
    """

    by_cell: Array
    output_gate: Array
    tanh_cell: Array


def _factors(trace: MemoryTrace, packing: Packing) -> _Factors:
    candidate, input_gate, _, output_gate = trace.gates
    one = trace.cell.dtype.type(1.0)
    factors = np.multiply(trace.gates, trace.gates)
    np.subtract(one, factors[0], out=factors[0])  # the derivative of tanh
    np.subtract(trace.gates[1:], factors[1:], out=factors[1:])  # the derivatives of the sigmoids, s (1 - s)
    factors[0] *= input_gate
    factors[1] *= candidate
    factors[2, : packing.num_texts] = 0.0  # before the first step the cell state is 0
    factors[2, packing.num_texts :] *= trace.cell[packing.previous]
    factors[3] *= trace.tanh_cell
    tanh_cell = np.multiply(trace.tanh_cell, trace.tanh_cell)
    np.subtract(one, tanh_cell, out=tanh_cell)
    tanh_cell *= output_gate
    return _Factors(factors[:3], factors[3], tanh_cell)
