"""The kernels and the row-wise optimizer against their references, in float64: forward and every gradient."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.testing import assert_close

from lstmcli.kernels import KERNELS, CellWeights, Packing
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.kernels.product import SMALL_PRODUCT, step_product
from lstmcli.models.cells import CELLS
from lstmcli.models.recurrent import Recurrent
from lstmcli.training.optimizer import WeightAverage
from lstmcli.training.row_adam import AdamRates, RowAdam

LENGTHS = st.lists(st.integers(1, 7), min_size=1, max_size=5)


def recurrent(cell: str, *, layers: int, bidirectional: bool, bptt_steps: int | None = None) -> Recurrent:
    module = Recurrent(cell, 4, 3, layers=layers, bidirectional=bidirectional, dropout=0.0, bptt_steps=bptt_steps)
    for parameter in module.double().parameters():
        nn.init.normal_(parameter, std=0.7)
    return module


@settings(max_examples=80, deadline=None)
@given(
    cell=st.sampled_from(sorted(KERNELS)),
    lengths=LENGTHS,
    layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    bptt_steps=st.sampled_from([None, 1, 2, 3]),
    shares_rows=st.booleans(),
    seed=st.integers(0, 99),
)
def test_every_engine_gives_the_states_and_gradients_of_the_reference(
    cell: str,
    lengths: list[int],
    layers: int,
    bidirectional: bool,
    bptt_steps: int | None,
    shares_rows: bool,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    module = recurrent(cell, layers=layers, bidirectional=bidirectional, bptt_steps=bptt_steps)
    num_tokens = sum(lengths)
    index = torch.randint(0, 5, (num_tokens,)) if shares_rows else None
    vectors = torch.randn(5 if shares_rows else num_tokens, 4, dtype=torch.float64, requires_grad=True)
    arguments = [vectors, *module.parameters()]
    weight_of_states = torch.randn(num_tokens, module.output_size, dtype=torch.float64)
    weight_of_final = torch.randn(len(lengths), module.output_size, dtype=torch.float64)

    def results(engine: str) -> list[Tensor]:
        module.engine = engine  # type: ignore[assignment]
        encoded = module(vectors, index, torch.tensor(lengths))
        loss = (encoded.states * weight_of_states).sum() + (encoded.final * weight_of_final).sum()
        return [encoded.states, encoded.final, *torch.autograd.grad(loss, arguments)]

    expected = results("reference")
    for engine in ("kernels", "torch"):
        for found, wanted in zip(results(engine), expected, strict=True):
            assert_close(found, wanted, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize("cell", KERNELS)
@pytest.mark.parametrize("index", [None, torch.tensor([0, 2, 1, 2, 2, 0])])
def test_gradients_of_the_kernels_equal_finite_differences(cell: str, index: Tensor | None) -> None:
    torch.manual_seed(2)
    module = recurrent(cell, layers=1, bidirectional=True)
    module.engine = "kernels"
    names = [name for name, _ in module.named_parameters()]

    def states(vectors: Tensor, *parameters: Tensor) -> Tensor:
        values = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(module, values, (vectors, index, torch.tensor([2, 1, 3]))).states

    vectors = torch.randn(6 if index is None else 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(states, [vectors, *module.parameters()])


def test_truncation_changes_gradients_and_nothing_else() -> None:
    torch.manual_seed(2)
    module = recurrent("peephole", layers=1, bidirectional=False)
    vectors = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([6])

    def last_state() -> Tensor:
        return module(vectors, None, lengths).final

    (through_all,) = torch.autograd.grad(last_state().sum(), vectors)
    whole = last_state()
    module.bptt_steps = 2
    (truncated,) = torch.autograd.grad(last_state().sum(), vectors)
    assert torch.equal(last_state(), whole)
    assert (through_all != 0).all()
    assert (truncated[4:] != 0).all()
    assert not truncated[:4].any()


def test_a_layer_may_go_backward_twice_and_after_a_weight_has_changed() -> None:
    module = recurrent("lstm", layers=1, bidirectional=True)
    vectors = torch.randn(4, 4, dtype=torch.float64, requires_grad=True)
    loss = module(vectors, None, torch.tensor([3, 1])).states.square().sum()
    (first,) = torch.autograd.grad(loss, vectors, retain_graph=True)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    (second,) = torch.autograd.grad(loss, vectors)
    assert torch.equal(first, second)


@given(LENGTHS)
def test_packing_holds_every_token_once_and_no_padding(lengths: list[int]) -> None:
    packing = Packing.from_lengths(np.array(lengths), num_directions=2)
    assert packing.num_tokens == sum(lengths)
    assert packing.num_texts == len(lengths)
    text_of_token = np.repeat(np.arange(len(lengths)), lengths)
    position = np.concatenate([np.arange(length) for length in lengths])
    from_end = np.concatenate([np.arange(length)[::-1] for length in lengths])
    for tokens, steps in zip(packing.tokens, (position, from_end), strict=True):
        assert sorted(tokens) == list(range(sum(lengths)))
        for step, (start, end) in enumerate(zip(packing.offsets, packing.offsets[1:], strict=False)):
            assert (steps[tokens[start:end]] == step).all()
        # The row of the step before belongs to the same text.
        assert (text_of_token[tokens[packing.num_texts :]] == text_of_token[tokens[packing.previous]]).all()


@pytest.mark.parametrize("cell", CELLS)
def test_weights_of_a_model_come_back_as_they_were(cell: str) -> None:
    weights = {name: value.detach().numpy() for name, value in CELLS[cell](4, 3).named_parameters()}
    order = KERNELS[cell].gate_order
    found = CellWeights.from_model(weights, order).to_model(order)
    assert found.keys() == weights.keys()
    for name, value in weights.items():
        np.testing.assert_array_equal(found[name], value)


@settings(max_examples=40, deadline=None)
@given(
    touched=st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=60),
    pauses=st.sets(st.integers(0, 59), max_size=4),
    max_pending=st.sampled_from([3, 17, 4096]),
    seed=st.integers(0, 99),
)
def test_adam_by_rows_equals_dense_adam_and_its_average(
    touched: list[set[int]], pauses: set[int], max_pending: int, seed: int
) -> None:
    """Rows that no batch touches go on moving in dense Adam; by rows these moves are made late, but made."""
    torch.manual_seed(seed)
    start = torch.randn(6, 3, dtype=torch.float64)
    dense = nn.Module()
    dense.weight = nn.Parameter(start.clone())
    optimizer = torch.optim.Adam([dense.weight], betas=(0.9, 0.99), eps=1e-12)
    average = WeightAverage(dense, 0.95)
    table = nn.Parameter(start.clone())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lstmcli.training.row_adam.MAX_PENDING_UPDATES", max_pending)
        by_rows = RowAdam(table, start.clone(), betas=(0.9, 0.99), epsilon=1e-12)
        for number, rows in enumerate(touched):
            words = torch.tensor(sorted(rows))
            by_rows.prepare(words)
            assert_close(table.detach()[words], dense.weight.detach()[words], atol=1e-9, rtol=1e-7)
            gradients = torch.randn(len(words), 3, dtype=torch.float64)
            dense.weight.grad = torch.zeros_like(dense.weight).index_copy_(0, words, gradients)
            rate = 0.01 * (1 + number % 5)
            optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
            by_rows.step(gradients, AdamRates(rate, average.weight))
            average.update({"weight": dense.weight})
            if number in pauses:
                by_rows.catch_up()
        by_rows.catch_up()
    assert_close(table.detach(), dense.weight.detach(), atol=1e-9, rtol=1e-7)
    assert_close(by_rows.average, average.module.weight.detach(), atol=1e-9, rtol=1e-7)


def test_a_rare_word_moves_on_after_its_update() -> None:
    """It is what lazy variants of Adam leave out: most of what dense Adam does to a word that is seldom met."""
    table = nn.Parameter(torch.zeros(2, 1, dtype=torch.float64))
    by_rows = RowAdam(table, torch.zeros(2, 1, dtype=torch.float64), betas=(0.9, 0.99))
    by_rows.prepare(torch.tensor([0]))
    by_rows.step(torch.ones(1, 1, dtype=torch.float64), AdamRates(0.1, 1.0))
    first = table[0].item()
    for _ in range(100):
        by_rows.prepare(torch.tensor([1]))
        by_rows.step(torch.ones(1, 1, dtype=torch.float64), AdamRates(0.1, 0.1))
    by_rows.catch_up()
    assert first == pytest.approx(-0.1)
    assert table[0].item() < 3.0 * first


def test_a_step_without_prepared_rows_is_a_broken_promise() -> None:
    by_rows = RowAdam(nn.Parameter(torch.zeros(2, 1)), torch.zeros(2, 1), betas=(0.9, 0.99))
    with pytest.raises(ValueError, match="expected `prepare` before `step`"):
        by_rows.step(torch.ones(1, 1), AdamRates(0.1, 1.0))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 12))
def test_a_text_becomes_as_few_and_as_equal_pieces_as_can_be(lengths: list[int], chunk_tokens: int) -> None:
    pieces = chunk_lengths(np.array(lengths), chunk_tokens).tolist()
    for length in lengths:
        own = [pieces.pop(0) for _ in range(math.ceil(length / chunk_tokens))]
        assert sum(own) == length
        assert max(own) <= chunk_tokens
        assert max(own) - min(own) <= 1
    assert not pieces
    assert chunk_lengths(np.array(lengths), None).tolist() == lengths


@pytest.mark.parametrize("num_rows", [0, 1, 15, 16, 17, 100, 101, 333, 512])
@pytest.mark.parametrize("has_matrices", [False, True])
def test_a_product_in_blocks_is_the_whole_product(num_rows: int, has_matrices: bool) -> None:
    generator = np.random.default_rng(num_rows)
    size = math.isqrt(SMALL_PRODUCT // 100)  # one block holds 100 rows
    left = generator.normal(size=(4, num_rows, size) if has_matrices else (num_rows, size))
    right = generator.normal(size=(4, size, size))
    out = np.full((4, num_rows, size), np.nan)
    assert step_product(left, right, out=out) is out
    np.testing.assert_allclose(out, np.matmul(left, right), rtol=1e-12, atol=1e-12)
