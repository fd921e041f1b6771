"""All cells as Triton kernels: a program runs one direction of a few texts from the first step to the last.

The equations are those of `models.cells`. Texts are stored one after the other, without padding. Arguments:

    projected: (rows, directions, gates, hidden), the input part of the gates, with the bias.
    rows: (tokens,), the row of each token.
    spans: (2, texts), the first token of each text, then its length.
    weight_hidden: (directions, gates, hidden, hidden); weight_cell: (directions, hidden, hidden).
    states, cells, before: (tokens, directions, hidden), the state and the cell state after each step, and the state
        before it.
    gates: (tokens, directions, gates, hidden), after the activation. Gradients of gates are those before it.

With one gate, a cell is the plain network, and has neither `cells` nor `gates`. The sizes of blocks are powers of two,
as Triton demands; units from `size` on have only zeros for weights, so their states stay 0.
"""

import triton
import triton.language as tl


@triton.jit
def tanh(x):
    """Return the hyperbolic tangent, which Triton has for some devices only."""
    return 2.0 * tl.sigmoid(2.0 * x) - 1.0


@triton.jit
def product(values, weights, sums, precision: tl.constexpr):
    """Return sums + values @ weights."""
    return tl.dot(values, weights, sums, input_precision=precision, out_dtype=tl.float32)


@triton.jit
def transposed(weights, unit, size: tl.constexpr):
    """Load the transpose of a matrix of (size, size)."""
    is_real = (unit[:, None] < size) & (unit[None, :] < size)
    return tl.load(weights + unit[None, :] * size + unit[:, None], mask=is_real, other=0.0)


@triton.jit
def matrix(weights, unit, size: tl.constexpr):
    """Load a matrix of (size, size)."""
    is_real = (unit[:, None] < size) & (unit[None, :] < size)
    return tl.load(weights + unit[:, None] * size + unit[None, :], mask=is_real, other=0.0)


@triton.jit
def span(spans, num_texts, block_texts: tl.constexpr):
    """Return the first token and the length of each text of the program; 0 for texts that there are not."""
    text = tl.program_id(0) * block_texts + tl.arange(0, block_texts)
    start = tl.load(spans + text, mask=text < num_texts, other=0)
    return start, tl.load(spans + num_texts + text, mask=text < num_texts, other=0)


@triton.jit
def place_of(step, start, length, direction, num_directions: tl.constexpr):
    """Return the place of the token that a direction of each text has in a step, (texts, 1)."""
    token = start + tl.where(direction == 0, step, length - 1 - step)
    return (token * num_directions + direction)[:, None]


@triton.jit
def gate_input(gate: tl.constexpr, inputs, weights, hidden, is_real, unit, size: tl.constexpr, precision: tl.constexpr):
    """Return what is inside the activation of a gate, x + U h."""
    sums = tl.load(inputs[:, None] + gate * size + unit[None, :], mask=is_real, other=0.0)
    return product(hidden, transposed(weights + gate * size * size, unit, size), sums, precision)


@triton.jit
def memory_step(
    inputs,
    weights,
    weight_cell,
    gates,
    hidden,
    cell,
    is_real,
    unit,
    size: tl.constexpr,
    has_peephole: tl.constexpr,
    precision: tl.constexpr,
):
    """Return the next state and cell state, and store the gates."""
    write = tl.sigmoid(gate_input(0, inputs, weights, hidden, is_real, unit, size, precision))
    tl.store(gates, write, mask=is_real)
    keep = tl.sigmoid(gate_input(1, inputs, weights, hidden, is_real, unit, size, precision))
    tl.store(gates + size, keep, mask=is_real)
    candidate = tanh(gate_input(2, inputs, weights, hidden, is_real, unit, size, precision))
    tl.store(gates + 2 * size, candidate, mask=is_real)
    cell = keep * cell + write * candidate
    output = gate_input(3, inputs, weights, hidden, is_real, unit, size, precision)
    if has_peephole:
        output = product(cell, transposed(weight_cell, unit, size), output, precision)
    output = tl.sigmoid(output)
    tl.store(gates + 3 * size, output, mask=is_real)
    return output * tanh(cell), cell


@triton.jit(do_not_specialize=["num_texts"])
def forward(
    projected,
    rows,
    spans,
    weight_hidden,
    weight_cell,
    states,
    cells,
    before,
    gates,
    num_texts,
    size: tl.constexpr,
    num_directions: tl.constexpr,
    num_gates: tl.constexpr,
    has_peephole: tl.constexpr,
    block_texts: tl.constexpr,
    block_size: tl.constexpr,
    precision: tl.constexpr,
):
    """Compute `states`, `cells`, `before` and `gates`."""
    direction = tl.program_id(1)
    start, length = span(spans, num_texts, block_texts)
    unit = tl.arange(0, block_size)
    weight_hidden += direction * num_gates * size * size
    weight_cell += direction * size * size
    hidden = tl.zeros([block_texts, block_size], tl.float32)
    cell = tl.zeros([block_texts, block_size], tl.float32)
    for step in range(tl.max(length, 0)):
        is_real = (step < length)[:, None] & (unit[None, :] < size)
        token = start + tl.where(direction == 0, step, length - 1 - step)
        place = (token * num_directions + direction)[:, None]
        unit_place = place * size + unit[None, :]
        tl.store(before + unit_place, hidden, mask=is_real)
        row = tl.load(rows + token, mask=step < length, other=0)
        inputs = projected + (row * num_directions + direction) * num_gates * size
        if num_gates == 1:
            hidden = tanh(gate_input(0, inputs, weight_hidden, hidden, is_real, unit, size, precision))
        else:
            gate = gates + place * num_gates * size + unit[None, :]
            hidden, cell = memory_step(
                inputs, weight_hidden, weight_cell, gate, hidden, cell, is_real, unit, size, has_peephole, precision
            )
            tl.store(cells + unit_place, cell, mask=is_real)
        tl.store(states + unit_place, hidden, mask=is_real)


@triton.jit
def memory_step_backward(
    grad_hidden,
    grad_cell,
    weights,
    weight_cell,
    cell,
    cell_before,
    gates,
    grad_gates,
    is_real,
    unit,
    size: tl.constexpr,
    has_peephole: tl.constexpr,
    precision: tl.constexpr,
):
    """Return the gradients of the state and the cell state before a step, and store those of the gates."""
    square: tl.constexpr = size * size
    output = tl.load(gates + 3 * size, mask=is_real, other=0.0)
    cell = tanh(cell)
    grad = grad_hidden * cell * output * (1.0 - output)
    tl.store(grad_gates + 3 * size, grad, mask=is_real)
    grad_cell += grad_hidden * output * (1.0 - cell * cell)
    if has_peephole:
        grad_cell = product(grad, matrix(weight_cell, unit, size), grad_cell, precision)
    sums = product(grad, matrix(weights + 3 * square, unit, size), tl.zeros_like(grad), precision)
    write = tl.load(gates, mask=is_real, other=0.0)
    candidate = tl.load(gates + 2 * size, mask=is_real, other=0.0)
    grad = grad_cell * candidate * write * (1.0 - write)
    tl.store(grad_gates, grad, mask=is_real)
    sums = product(grad, matrix(weights, unit, size), sums, precision)
    grad = grad_cell * write * (1.0 - candidate * candidate)
    tl.store(grad_gates + 2 * size, grad, mask=is_real)
    sums = product(grad, matrix(weights + 2 * square, unit, size), sums, precision)
    keep = tl.load(gates + size, mask=is_real, other=0.0)
    grad = grad_cell * cell_before * keep * (1.0 - keep)
    tl.store(grad_gates + size, grad, mask=is_real)
    return product(grad, matrix(weights + square, unit, size), sums, precision), grad_cell * keep


@triton.jit
def truncated(grad_hidden, grad_cell, step, bptt_steps: tl.constexpr):
    """Return the gradients that pass to the step before."""
    if bptt_steps > 0:
        passes = tl.where(step % bptt_steps == 0, 0.0, 1.0)
        grad_hidden *= passes
        grad_cell *= passes
    return grad_hidden, grad_cell


@triton.jit(do_not_specialize=["num_texts"])
def backward(
    grad_states,
    spans,
    weight_hidden,
    weight_cell,
    states,
    cells,
    gates,
    grad_gates,
    num_texts,
    size: tl.constexpr,
    num_directions: tl.constexpr,
    num_gates: tl.constexpr,
    has_peephole: tl.constexpr,
    bptt_steps: tl.constexpr,
    block_texts: tl.constexpr,
    block_size: tl.constexpr,
    precision: tl.constexpr,
):
    """Compute `grad_gates`, last step first.

    All that is loaded beyond the end of a text is 0, so its gradients are 0 there. With `bptt_steps`, no gradient
    passes to the step before a multiple of it; 0: no truncation.
    """
    direction = tl.program_id(1)
    start, length = span(spans, num_texts, block_texts)
    unit = tl.arange(0, block_size)
    weight_hidden += direction * num_gates * size * size
    weight_cell += direction * size * size
    grad_hidden = tl.zeros([block_texts, block_size], tl.float32)
    grad_cell = tl.zeros([block_texts, block_size], tl.float32)
    num_steps = tl.max(length, 0)
    for number in range(num_steps):
        step = num_steps - 1 - number
        is_real = (step < length)[:, None] & (unit[None, :] < size)
        place = place_of(step, start, length, direction, num_directions)
        unit_place = place * size + unit[None, :]
        gate_place = place * num_gates * size + unit[None, :]
        grad_hidden += tl.load(grad_states + unit_place, mask=is_real, other=0.0)
        if num_gates == 1:
            hidden = tl.load(states + unit_place, mask=is_real, other=0.0)
            grad_gate = grad_hidden * (1.0 - hidden * hidden)
            tl.store(grad_gates + gate_place, grad_gate, mask=is_real)
            grad_hidden = product(grad_gate, matrix(weight_hidden, unit, size), tl.zeros_like(grad_gate), precision)
        else:
            cell = tl.load(cells + unit_place, mask=is_real, other=0.0)
            earlier = unit_place + tl.where(direction == 0, -1, 1) * num_directions * size
            cell_before = tl.load(cells + earlier, mask=is_real & (step > 0), other=0.0)
            grad_hidden, grad_cell = memory_step_backward(
                grad_hidden,
                grad_cell,
                weight_hidden,
                weight_cell,
                cell,
                cell_before,
                gates + gate_place,
                grad_gates + gate_place,
                is_real,
                unit,
                size,
                has_peephole,
                precision,
            )
        grad_hidden, grad_cell = truncated(grad_hidden, grad_cell, step, bptt_steps)
