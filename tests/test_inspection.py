"""Gates, memory, habits and matches equal their definitions; what is shown is what the network computes."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import DropoutSettings
from lstmcli.inference.network import Network
from lstmcli.inspection.habits import HabitCounter, count_habits
from lstmcli.inspection.matches import find_matches, find_pattern
from lstmcli.inspection.memory import HalfLife, contributions, final_cells, half_lives
from lstmcli.inspection.signals import FROM_CELL, signals_of
from lstmcli.inspection.traces import (
    BACKWARD,
    CANDIDATE,
    DIRECTIONS,
    FORGET,
    FORWARD,
    GATES,
    INPUT,
    OUTPUT,
    DirectionTrace,
    TracingReader,
)
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.models.classifier import Classifier, Sizes, classifier_weights
from lstmcli.models.recurrent import Encoded

NUM_WORDS, VECTOR_SIZE = 22, 5

NETWORKS = st.builds(
    ModelSettings,
    cell=st.sampled_from(["lstm", "peephole", "rnn"]),
    hidden_size=st.integers(1, 4),
    layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    pooling=st.just("attention"),
    chunk_tokens=st.none() | st.integers(1, 6),
)
TEXTS = st.lists(st.lists(st.integers(1, NUM_WORDS - 1), min_size=1, max_size=9), min_size=1, max_size=4)


def classifier(network: ModelSettings, seed: int = 0, num_labels: int = 3) -> Classifier:
    torch.manual_seed(seed)
    sizes = Sizes(num_words=NUM_WORDS, embedding_size=VECTOR_SIZE, num_labels=num_labels, pad_id=0)
    model = Classifier(sizes, network, DropoutSettings())
    for name, parameter in model.named_parameters():
        if not name.startswith("embedding"):
            torch.nn.init.normal_(parameter, std=0.7)
    return model.eval().double()


def pieces_of(ids: Sequence[int], network: ModelSettings) -> list[int]:
    return chunk_lengths(np.array([len(ids)]), network.chunk_tokens).tolist()


def oracle(network: ModelSettings, model: Classifier, ids: Sequence[int]) -> list[list[dict[str, torch.Tensor]]]:
    """The equations, step by step in torch, with torch's own cell where it has one."""
    inputs, layers = model.embedding.weight[torch.tensor(ids)], []
    for cells in model.recurrent.layers:
        found = []
        for number, cell in enumerate(cells):
            steps: dict[int, dict[str, torch.Tensor]] = {}
            start = 0
            for length in pieces_of(ids, network):
                order = list(range(start, start + length))
                start += length
                hidden = state = torch.zeros(network.hidden_size, dtype=torch.float64)
                for place in reversed(order) if number else order:
                    before = cell.weight_input @ inputs[place] + cell.weight_hidden @ hidden
                    if network.cell == "rnn":
                        hidden = torch.tanh(before)
                        steps[place] = {"hidden": hidden}
                        continue
                    gates = dict(zip(GATES, (before + cell.bias).chunk(4), strict=True))
                    i, f, o = (torch.sigmoid(gates[name]) for name in (INPUT, FORGET, OUTPUT))
                    state = i * torch.tanh(gates[CANDIDATE]) + f * state
                    from_cell = cell.weight_cell @ state if network.cell == "peephole" else torch.zeros_like(state)
                    o = torch.sigmoid(gates[OUTPUT] + from_cell)
                    hidden = o * torch.tanh(state)
                    steps[place] = {"hidden": hidden, "cell": state, INPUT: i, FORGET: f, OUTPUT: o}
                    steps[place] |= {CANDIDATE: torch.tanh(gates[CANDIDATE]), "from_cell": from_cell}
            names = steps[0].keys()
            found.append({name: torch.stack([steps[place][name] for place in range(len(ids))]) for name in names})
        layers.append(found)
        inputs = torch.cat([each["hidden"] for each in found], dim=1)
    return layers


@settings(max_examples=60, deadline=None)
@given(NETWORKS, TEXTS, st.integers(0, 99))
def test_every_gate_and_state_is_that_of_the_equations(
    network: ModelSettings, texts: list[list[int]], seed: int
) -> None:
    model = classifier(network, seed)
    traces = TracingReader(network, classifier_weights(model)).read(texts)
    for ids, trace in zip(texts, traces, strict=True):
        with torch.no_grad():
            expected = oracle(network, model, ids)
        for layer, directions in zip(trace.layers, expected, strict=True):
            for found, arrays in zip(layer, directions, strict=True):
                own = {"hidden": found.hidden, "cell": found.cell, "from_cell": found.from_cell, **found.gates}
                for name, values in arrays.items():
                    if name != "from_cell" or network.cell == "peephole":
                        np.testing.assert_allclose(own[name], values.numpy(), atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_states_are_those_of_torchs_lstm(bidirectional: bool) -> None:
    network = ModelSettings(hidden_size=4, layers=2, bidirectional=bidirectional)
    model = classifier(network)
    lstm = torch.nn.LSTM(VECTOR_SIZE, 4, 2, bidirectional=bidirectional, dtype=torch.float64)
    with torch.no_grad():
        for layer, cells in enumerate(model.recurrent.layers):
            for cell, end in zip(cells, ("", "_reverse"), strict=False):
                getattr(lstm, f"weight_ih_l{layer}{end}").copy_(cell.weight_input)
                getattr(lstm, f"weight_hh_l{layer}{end}").copy_(cell.weight_hidden)
                getattr(lstm, f"bias_ih_l{layer}{end}").copy_(cell.bias)
                getattr(lstm, f"bias_hh_l{layer}{end}").zero_()
        ids = [3, 1, 4, 1, 5, 9]
        expected, (_, final) = lstm(model.embedding.weight[torch.tensor(ids)])
    trace = TracingReader(network, classifier_weights(model)).read([ids])[0]
    np.testing.assert_allclose(
        np.concatenate([each.hidden for each in trace.layers[-1]], axis=1), expected.numpy(), atol=1e-12
    )
    for each, state in zip((each for layer in trace.layers for each in layer), final.numpy(), strict=True):
        np.testing.assert_allclose(final_cells(each)[-1], state, atol=1e-12)


def test_attention_is_that_of_the_model() -> None:
    network = ModelSettings(hidden_size=3, pooling="attention", chunk_tokens=2)
    model, ids = classifier(network), [3, 1, 4, 1, 5]
    trace = TracingReader(network, classifier_weights(model)).read([ids])[0]
    states = torch.from_numpy(np.concatenate([each.hidden for each in trace.layers[-1]], axis=1))
    encoded = Encoded(states, states[-1:], torch.tensor([5]), by_kernels=False)
    assert trace.attention is not None
    with torch.no_grad():
        expected = model.pooling.attention_weights(encoded)[0]
    np.testing.assert_allclose(trace.attention, expected.numpy(), atol=1e-12)
    assert trace.attention.sum() == pytest.approx(1.0)


def brute_force(trace: DirectionTrace) -> np.ndarray:
    terms = trace.gates[INPUT] * trace.gates[CANDIDATE]
    starts = np.cumsum([0, *trace.pieces])
    for start, end in pairwise(starts):
        for place in range(start, end):
            later = range(place + 1, end) if trace.direction == FORWARD else range(start, place)
            for other in later:
                terms[place] = terms[place] * trace.gates[FORGET][other]
    return terms


@settings(max_examples=60, deadline=None)
@given(NETWORKS, TEXTS, st.integers(0, 99))
def test_what_words_left_in_the_memory_adds_up_to_it(network: ModelSettings, texts: list[list[int]], seed: int) -> None:
    reader = TracingReader(network, classifier_weights(classifier(network, seed)))
    for trace in (each for text in reader.read(texts) for layer in text.layers for each in layer):
        if network.cell == "rnn":
            with pytest.raises(ValueError, match="memory"):
                contributions(trace)
            continue
        found = contributions(trace)
        np.testing.assert_allclose(found, brute_force(trace), atol=1e-12)
        starts = np.cumsum(trace.pieces) - trace.pieces
        np.testing.assert_allclose(np.add.reduceat(found, starts), final_cells(trace), atol=1e-12)
        memory = signals_of(trace, None).memory
        assert memory is not None
        np.testing.assert_allclose(np.add.reduceat(memory.shares, starts), np.ones(len(starts)), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(NETWORKS, TEXTS, st.integers(0, 99))
def test_shares_add_up_to_the_state_of_the_engine_that_predicts(
    network: ModelSettings, texts: list[list[int]], seed: int
) -> None:
    """With the last states as pooling, and an output that copies them, logits are h = o * tanh(S)."""
    network = replace(network, cell="lstm" if network.cell == "rnn" else network.cell, pooling="last")
    width = network.hidden_size * (2 if network.bidirectional else 1)
    model = classifier(network, seed, num_labels=width)
    weights = classifier_weights(model)
    weights["output.weight"] = np.eye(width, dtype=np.float32)
    weights["output.bias"] = np.zeros(width, dtype=np.float32)
    lengths = np.array([len(ids) for ids in texts])
    engine = Network(network, weights).logits(np.concatenate(texts), lengths)
    for state, text in zip(engine, TracingReader(network, weights).read(texts), strict=True):
        ends = []
        for trace in text.layers[-1]:
            starts = np.cumsum(trace.pieces) - trace.pieces
            cells = np.add.reduceat(contributions(trace), starts)
            is_forward = trace.direction == FORWARD
            ends.append(trace.gates[OUTPUT][-1 if is_forward else 0] * np.tanh(cells[-1 if is_forward else 0]))
        np.testing.assert_allclose(np.concatenate(ends), state, atol=1e-5)


def test_a_text_has_the_same_trace_beside_others() -> None:
    network = ModelSettings(hidden_size=4, chunk_tokens=3)
    reader = TracingReader(network, classifier_weights(classifier(network)))
    texts = [[1, 2, 3, 4], [5], [6, 7]]
    for alone, beside in zip((reader.read([ids])[0] for ids in texts), reader.read(texts), strict=True):
        for first, second in zip(alone.layers[0], beside.layers[0], strict=True):
            np.testing.assert_allclose(first.hidden, second.hidden, atol=1e-12)
            assert first.pieces == second.pieces


def trace_of(forget: Sequence[float], direction: str = FORWARD, written: float = 1.0) -> DirectionTrace:
    gates = {name: np.full((len(forget), 1), 0.5) for name in GATES}
    gates[FORGET] = np.array(forget)[:, None]
    gates[INPUT] = np.full((len(forget), 1), written)
    values = np.ones((len(forget), 1))
    return DirectionTrace(direction, (len(forget),), values, gates, values)


@pytest.mark.parametrize(
    ("forget", "expected"),
    [
        ([0.9, 0.5, 0.5], HalfLife(1.0, is_beyond=False)),
        ([0.9, 0.25, 0.5], HalfLife(0.5, is_beyond=False)),
        ([0.0, 1.0, 0.5], HalfLife(2.0, is_beyond=False)),
        ([0.0, 0.9, 0.9], HalfLife(math.log(2) / -math.log(0.9), is_beyond=True)),
        ([0.0, 1.0, 1.0], HalfLife(math.inf, is_beyond=True)),
        ([0.0, 0.8, 0.0], HalfLife(1.0, is_beyond=False)),
        ([0.5], None),
    ],
)
def test_a_half_life_is_when_half_of_what_was_written_is_forgotten(
    forget: list[float], expected: HalfLife | None
) -> None:
    (found, *_) = half_lives(trace_of(forget), [0])
    (*_, reversed_found) = half_lives(trace_of(forget[::-1], BACKWARD), [0])
    assert found == reversed_found
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert found.words == pytest.approx(expected.words)
        assert found.is_beyond == expected.is_beyond


def test_a_word_that_wrote_nothing_has_a_half_life_all_the_same() -> None:
    found = half_lives(trace_of([0.5, 0.5], written=0.0), [0])[0]
    assert found is not None
    assert found.words == pytest.approx(1.0)


def test_units_count_by_what_was_written_into_them() -> None:
    """Nine tenths go into a unit that forgets at once, and one tenth into one that forgets nothing."""
    gates = {name: np.ones((2, 2)) for name in GATES}
    gates[CANDIDATE] = np.array([[-0.9, 0.1], [0.0, 0.0]])
    gates[FORGET] = np.array([[1.0, 1.0], [0.0, 1.0]])
    trace = DirectionTrace(FORWARD, (2,), np.ones((2, 2)), gates, np.ones((2, 2)))
    found = half_lives(trace, [0, 1])[0]
    assert found is not None
    assert found.words == pytest.approx(math.log(2) / math.log(10))
    memory = signals_of(trace, 1).memory
    assert memory is not None
    assert memory.contributions.tolist() == [0.1, 0.0]


def test_means_over_units_are_shown_with_the_means_of_their_sizes() -> None:
    network = ModelSettings(hidden_size=3, cell="peephole", bidirectional=False)
    trace = TracingReader(network, classifier_weights(classifier(network))).read([[3, 4]])[0].layers[0][0]
    shown = signals_of(trace, None)
    assert [signal.name for signal in shown.signals] == [*GATES, FROM_CELL, "cell", "state"]
    assert trace.cell is not None
    np.testing.assert_allclose(shown.signal("cell").values, trace.cell.mean(axis=1))
    np.testing.assert_allclose(shown.signal("cell").sizes, np.abs(trace.cell).mean(axis=1))
    np.testing.assert_allclose(signals_of(trace, 2).signal("cell").values, trace.cell[:, 2])


def gate_trace(values: Sequence[Sequence[float]]) -> DirectionTrace:
    """All gates have these values, (tokens, hidden), and so has the state."""
    array = np.array(values)
    return DirectionTrace(FORWARD, (len(array),), array, dict.fromkeys(GATES, array), array)


def test_habits_are_counted_over_all_words() -> None:
    texts = [
        (["a", "b"], [gate_trace([[0.95, 0.05, 0.5], [0.95, 0.5, 0.5]])]),
        (["a"], [gate_trace([[0.99, 0.01, 0.52]])]),
    ]
    (habits,) = count_habits(texts, None, 1)
    gate = habits.gates[0]
    assert [gate.name for gate in habits.gates] == [INPUT, FORGET, OUTPUT]
    np.testing.assert_allclose(gate.open, [1, 0, 0])
    np.testing.assert_allclose(gate.closed, [0, 2 / 3, 0])
    assert (gate.stuck(is_open=True), gate.stuck(is_open=False)) == ([0], [])
    assert habits.still == [0, 2]
    assert (gate.opening[0].word, gate.opening[0].mean) == ("b", pytest.approx(0.65))
    assert (gate.closing[0].word, gate.closing[0].count) == ("a", 2)


def test_words_of_a_unit_are_those_of_that_unit() -> None:
    counter = HabitCounter(FORWARD, 2, 1)
    counter.add(gate_trace([[0.9, 0.2], [0.1, 0.8]]), ["a", "b"])
    gate = counter.habits(1).gates[0]
    assert (gate.opening[0].word, gate.closing[0].word) == ("b", "a")


def test_rare_words_do_not_count_where_there_are_frequent_ones() -> None:
    counter = HabitCounter(FORWARD, 1, None)
    counter.add(gate_trace([[0.6]] * 5 + [[0.4]] * 5 + [[0.99], [0.01]]), [*"aaaaabbbbb", "rare", "seldom"])
    gate = counter.habits(1).gates[0]
    assert (gate.opening[0].word, gate.closing[0].word) == ("a", "b")


def test_a_plain_network_is_watched_by_the_size_of_its_state() -> None:
    trace = DirectionTrace(FORWARD, (2,), np.array([[-0.95], [-0.97]]))
    (habits,) = count_habits([(["a", "b"], [trace])], None, 1)
    assert [(gate.name, gate.stuck(is_open=True)) for gate in habits.gates] == [("state", [0])]


@pytest.mark.parametrize(
    ("values", "threshold", "expected"),
    [
        ([0.1, 0.9, 0.8, 0.2, 0.9], 0.5, (1, 3, 0.5)),
        ([0.9, 0.1, 0.9], 0.5, (0, 1, 0.5)),
        ([0.1, -0.9, -0.6, 0.4], -0.5, (1, 3, -0.5)),
        ([0.1, -0.8, 0.5], None, (1, 2, -0.4)),
        ([0.1, 0.2], 0.5, None),
    ],
)
def test_a_pattern_is_the_longest_stretch_beyond_the_threshold(
    values: list[float], threshold: float | None, expected: tuple[int, int, float] | None
) -> None:
    found = find_pattern(np.array(values), threshold)
    assert (found and (found.start, found.stop, found.threshold)) == expected


def test_matches_are_the_most_similar_stretches_of_that_length() -> None:
    pattern = find_pattern(np.array([0.0, 0.7, 0.9]), 0.5)
    assert pattern is not None
    texts = [[0.6, 0.6, 0.6, 0.6], [0.9], [0.1, 0.7, 0.9, 0.8], [0.7, 0.4, 0.9]]
    found = find_matches((np.array(values) for values in texts), pattern, 9)
    # The second text is too short, the third has one pair (they may not overlap), the last is not above throughout.
    assert [(match.text, match.start) for match in found] == [(2, 1), (0, 0), (0, 2)]
    assert found[0].distance == 0.0
    assert found[1].distance == pytest.approx(math.sqrt((0.1**2 + 0.3**2) / 2))
    assert [match.text for match in find_matches((np.array(values) for values in texts), pattern, 1)] == [2]


def test_no_matches_are_lost_where_there_are_many() -> None:
    pattern = find_pattern(np.array([0.9]), 0.5)
    assert pattern is not None
    values = np.linspace(0.6, 0.9, 300)
    found = find_matches([values[number : number + 3] for number in range(0, 300, 3)], pattern, 2)
    assert [(match.text, match.start) for match in found] == [(99, 2), (99, 1)]


def test_directions_are_named_in_the_order_of_the_layers() -> None:
    network = ModelSettings(hidden_size=2)
    trace = TracingReader(network, classifier_weights(classifier(network))).read([[1]])[0]
    assert tuple(each.direction for each in trace.layers[0]) == DIRECTIONS
