"""The cells against independent oracles, in float64: scalar loops from the equations, and torch's own layer."""

import math
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.testing import assert_close

from lstmcli.models.cells import CELLS, Cell, LstmCell, PeepholeCell, RnnCell
from lstmcli.models.recurrent import Encoded, Recurrent, reverse_sequences

BATCH, TIME, INPUT, HIDDEN = 3, 5, 4, 2
LENGTHS = torch.tensor([5, 1, 3])
MASK = torch.arange(TIME) < LENGTHS[:, None]


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    torch.manual_seed(11)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def randomize(module: nn.Module) -> None:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.7)


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def dot(row: list[float], vector: list[float]) -> float:
    return sum(a * b for a, b in zip(row, vector, strict=True))


def scalar_rnn(cell: RnnCell, inputs: list[list[float]]) -> list[list[float]]:
    """s[t] = tanh(U x[t] + W s[t-1]), one number at a time."""
    u, w = cell.weight_input.tolist(), cell.weight_hidden.tolist()
    state = [0.0] * HIDDEN
    states = []
    for x in inputs:
        state = [math.tanh(dot(u[k], x) + dot(w[k], state)) for k in range(HIDDEN)]
        states.append(state)
    return states


def scalar_memory_cell(cell: LstmCell, inputs: list[list[float]]) -> list[list[float]]:
    """The article's equations, one number at a time; rows of the parameters: i, f, candidate, o."""
    w, u, b = cell.weight_input.tolist(), cell.weight_hidden.tolist(), cell.bias.tolist()
    v = cell.weight_cell.tolist() if isinstance(cell, PeepholeCell) else [[0.0] * HIDDEN] * HIDDEN
    hidden, memory = [0.0] * HIDDEN, [0.0] * HIDDEN
    states = []
    for x in inputs:

        def before(gate: int, k: int, x: list[float] = x, hidden: list[float] = hidden) -> float:
            row = gate * HIDDEN + k
            return dot(w[row], x) + dot(u[row], hidden) + b[row]

        new_memory = [
            sigmoid(before(0, k)) * math.tanh(before(2, k)) + sigmoid(before(1, k)) * memory[k] for k in range(HIDDEN)
        ]
        hidden = [sigmoid(before(3, k) + dot(v[k], new_memory)) * math.tanh(new_memory[k]) for k in range(HIDDEN)]
        memory = new_memory
        states.append(hidden)
    return states


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_equals_a_scalar_loop_written_from_its_equations(name: str) -> None:
    cell = CELLS[name](INPUT, HIDDEN)
    randomize(cell)
    inputs = torch.randn(BATCH, TIME, INPUT)
    scalar = scalar_rnn if name == "rnn" else scalar_memory_cell
    expected = torch.tensor([scalar(cell, sequence) for sequence in inputs.tolist()])
    assert_close(cell(inputs), expected)
    assert_close(cell.walk(inputs), expected)


def run(layers: Recurrent, inputs: Tensor, lengths: Tensor) -> Encoded:
    """Run `layers` on padded inputs (batch, time, input)."""
    mask = torch.arange(inputs.shape[1]) < lengths[:, None]
    return layers(inputs[mask], None, lengths)


def torch_twin(layers: int, *, bidirectional: bool) -> tuple[nn.LSTM, Recurrent]:
    """Return torch's layer and ours with the same weights."""
    twin = nn.LSTM(INPUT, HIDDEN, num_layers=layers, bidirectional=bidirectional, batch_first=True)
    randomize(twin)
    ours = Recurrent("lstm", INPUT, HIDDEN, layers=layers, bidirectional=bidirectional, dropout=0.0)
    for layer, directions in enumerate(ours.layers):
        for suffix, cell in zip(["", "_reverse"], directions, strict=False):
            with torch.no_grad():
                cell.weight_input.copy_(getattr(twin, f"weight_ih_l{layer}{suffix}"))
                cell.weight_hidden.copy_(getattr(twin, f"weight_hh_l{layer}{suffix}"))
                bias = getattr(twin, f"bias_ih_l{layer}{suffix}") + getattr(twin, f"bias_hh_l{layer}{suffix}")
                cell.bias.copy_(bias)
    return twin, ours


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
def test_lstm_equals_torch_on_ragged_batches_forward_and_gradient(layers: int, bidirectional: bool) -> None:
    twin, ours = torch_twin(layers, bidirectional=bidirectional)
    inputs = torch.randn(BATCH, TIME, INPUT, requires_grad=True)
    packed = nn.utils.rnn.pack_padded_sequence(inputs, LENGTHS, batch_first=True, enforce_sorted=False)
    packed_outputs, (hidden, _) = twin(packed)
    expected, _ = nn.utils.rnn.pad_packed_sequence(packed_outputs, batch_first=True)
    expected_final = torch.cat(list(hidden[-(2 if bidirectional else 1) :]), dim=-1)
    encoded = run(ours, inputs, LENGTHS)
    assert_close(encoded.padded(), expected)
    assert_close(encoded.final, expected_final)

    seed = torch.randn_like(expected)
    (expected_gradient,) = torch.autograd.grad(
        (expected * seed).sum() + expected_final.sum(), inputs, retain_graph=True
    )
    (gradient,) = torch.autograd.grad((encoded.padded() * seed).sum() + encoded.final.sum(), inputs, retain_graph=True)
    assert_close(gradient, expected_gradient)
    ((expected * seed).sum() + expected_final.sum()).backward()
    ((encoded.padded() * seed).sum() + encoded.final.sum()).backward()
    for layer, directions in enumerate(ours.layers):
        for suffix, cell in zip(["", "_reverse"], directions, strict=False):
            assert_close(cell.weight_input.grad, getattr(twin, f"weight_ih_l{layer}{suffix}").grad)
            assert_close(cell.weight_hidden.grad, getattr(twin, f"weight_hh_l{layer}{suffix}").grad)
            assert_close(cell.bias.grad, getattr(twin, f"bias_ih_l{layer}{suffix}").grad)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_peephole_without_its_matrix_equals_lstm_forward_and_gradient(bidirectional: bool) -> None:
    options = {"layers": 2, "bidirectional": bidirectional, "dropout": 0.0}
    lstm, peephole = (Recurrent(name, INPUT, HIDDEN, **options) for name in ("lstm", "peephole"))
    randomize(lstm)
    missing, unexpected = peephole.load_state_dict(lstm.state_dict(), strict=False)
    assert all(name.endswith("weight_cell") for name in missing)
    assert not unexpected
    inputs = torch.randn(BATCH, TIME, INPUT)
    outputs = [run(module, inputs, LENGTHS).padded() for module in (lstm, peephole)]
    assert_close(*outputs)
    seed = torch.randn_like(outputs[0])
    for output in outputs:
        (output * seed).sum().backward()
    gradients = dict(peephole.named_parameters())
    for name, parameter in lstm.named_parameters():
        assert_close(gradients[name].grad, parameter.grad)


def test_the_peephole_matrix_matters_and_is_trained() -> None:
    cell = PeepholeCell(INPUT, HIDDEN)
    inputs = torch.randn(BATCH, TIME, INPUT)
    before = cell(inputs)
    before.sum().backward()
    assert cell.weight_cell.grad.abs().min() > 0
    randomize(cell)
    assert (cell(inputs) - before).abs().max() > 0.01


@pytest.mark.parametrize("name", CELLS)
def test_gradients_of_every_cell_equal_finite_differences(name: str) -> None:
    layer = Recurrent(name, INPUT, HIDDEN, layers=1, bidirectional=True, dropout=0.0)
    randomize(layer)
    names = [name for name, _ in layer.named_parameters()]

    def outputs(inputs: Tensor, *parameters: Tensor) -> Tensor:
        values = dict(zip(names, parameters, strict=True))
        encoded = torch.func.functional_call(layer, values, (inputs[MASK], None, LENGTHS))
        return torch.cat([encoded.padded().flatten(1), encoded.final], dim=1)

    arguments = [torch.randn(BATCH, TIME, INPUT, requires_grad=True), *layer.parameters()]
    assert torch.autograd.gradcheck(outputs, arguments)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(CELLS)),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    bidirectional=st.booleans(),
    layers=st.integers(1, 2),
)
def test_a_row_is_the_same_alone_and_among_longer_ones(
    name: str, lengths: list[int], bidirectional: bool, layers: int
) -> None:
    layer = Recurrent(name, INPUT, HIDDEN, layers=layers, bidirectional=bidirectional, dropout=0.0)
    randomize(layer)
    inputs = torch.randn(len(lengths), max(lengths), INPUT)
    encoded = run(layer, inputs, torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone = run(layer, inputs[row : row + 1, :length], torch.tensor([length]))
        assert_close(encoded.padded()[row, :length], alone.states)
        assert_close(encoded.final[row], alone.final[0])
        assert not encoded.padded()[row, length:].any()


def test_reversing_turns_each_sequence_within_its_length() -> None:
    inputs = torch.arange(10.0).reshape(2, 5, 1)
    turned = reverse_sequences(inputs, torch.tensor([3, 5]))
    assert turned[..., 0].tolist() == [[2, 1, 0, 3, 4], [9, 8, 7, 6, 5]]
    assert_close(reverse_sequences(turned, torch.tensor([3, 5])), inputs)


@pytest.mark.parametrize("name", CELLS)
def test_a_step_does_not_change_the_state_before(name: str) -> None:
    cell: Cell = CELLS[name](INPUT, HIDDEN)
    state = cell.initial_state(torch.randn(BATCH, INPUT))
    copies = [part.clone() for part in state]
    after = cell.step(cell.project(torch.randn(BATCH, 1, INPUT))[:, 0], state)
    assert_close(list(state), copies)
    assert (after.hidden != 0).all()


def test_a_new_memory_cell_remembers() -> None:
    cell = LstmCell(INPUT, HIDDEN)
    input_gate, forget_gate, candidate, output_gate = cell.bias.chunk(4)
    assert forget_gate.tolist() == [1.0] * HIDDEN
    assert not torch.cat([input_gate, candidate, output_gate]).any()


def test_gates_let_everything_or_nothing_through() -> None:
    """An open forget gate and a closed input gate keep the cell state as it is; a closed output gate shows nothing."""
    cell = LstmCell(INPUT, HIDDEN)
    with torch.no_grad():
        cell.weight_input.zero_()
        cell.weight_hidden.zero_()
        cell.bias.copy_(torch.tensor([-50.0, -50.0, 50.0, 50.0, 0.0, 0.0, -50.0, 50.0]))
    state = cell.initial_state(torch.zeros(1, INPUT))._replace(cell=torch.tensor([[0.3, -0.8]]))
    for _ in range(20):
        state = cell.step(cell.project(torch.randn(1, 1, INPUT))[:, 0], state)
    assert_close(state.cell, torch.tensor([[0.3, -0.8]]))
    assert_close(state.hidden, torch.tensor([[0.0, math.tanh(-0.8)]]))
