"""Contextual decomposition equals its equations, computed word by word in loops, and adds up to the true states."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcli.config.model_settings import ModelSettings
from lstmcli.explanation.decomposition import DecomposedText
from lstmcli.explanation.explainer import Explainer
from lstmcli.explanation.methods import ContextualDecomposition
from lstmcli.explanation.network import ReadNetwork
from lstmcli.inference.predictor import Predictor
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.models.classifier import Classifier, classifier_weights
from lstmcli.text.vocabulary import UNKNOWN_ID
from tests.test_inspection import NUM_WORDS, classifier

NETWORKS = st.builds(
    ModelSettings,
    cell=st.sampled_from(["rnn", "lstm", "peephole"]),
    hidden_size=st.just(3),
    layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    chunk_tokens=st.sampled_from([None, 3]),
    pooling=st.sampled_from(["attention", "mean", "max", "last"]),
)
IDS = st.lists(st.integers(1, NUM_WORDS - 1), min_size=1, max_size=7)

Pair = tuple[np.ndarray, np.ndarray]


def divided(act: np.ufunc, chosen: np.ndarray, rest: np.ndarray, constant: np.ndarray) -> tuple[np.ndarray, ...]:
    """What the chosen part and the rest add to act(constant), each first and each last, and this."""
    first = act(chosen + constant) - act(constant), act(rest + constant) - act(constant)
    whole = act(chosen + rest + constant)
    last = whole - act(rest + constant), whole - act(chosen + constant)
    return (first[0] + last[0]) / 2, (first[1] + last[1]) / 2, act(constant)


def sigmoid(values: np.ndarray) -> np.ndarray:
    return np.array([1 / (1 + math.exp(-value)) for value in values])


def oracle(network: ModelSettings, model: Classifier, ids: Sequence[int], mask: Sequence[bool]) -> Pair:
    """Both parts of the top layer's states, (tokens, width) each, with gammas of their own."""
    table = model.embedding.weight.detach().numpy()
    unknown, nothing = table[UNKNOWN_ID], np.zeros(table.shape[1])
    chosen = [table[number] - unknown if is_chosen else nothing for number, is_chosen in zip(ids, mask, strict=True)]
    rest = [nothing if is_chosen else table[number] - unknown for number, is_chosen in zip(ids, mask, strict=True)]
    inputs, constant = (np.array(chosen), np.array(rest)), unknown
    pieces = chunk_lengths(np.array([len(ids)]), network.chunk_tokens).tolist()
    for cells in model.recurrent.layers:
        parts = [direction(network, cell, inputs, constant, pieces, number) for number, cell in enumerate(cells)]
        inputs = tuple(np.concatenate(each, axis=1) for each in zip(*parts, strict=True))
        constant = np.zeros(inputs[0].shape[1])
    return inputs


def direction(
    network: ModelSettings,
    cell: torch.nn.Module,
    inputs: Pair,
    constant: np.ndarray,
    pieces: Sequence[int],
    is_backward: int,
) -> Pair:
    weights = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    size, start = network.hidden_size, 0
    found = np.zeros((len(inputs[0]), size)), np.zeros((len(inputs[0]), size))
    for length in pieces:
        places = range(start, start + length)
        start += length
        states = memories = np.zeros(size), np.zeros(size)
        for place in reversed(places) if is_backward else places:
            of_chosen, of_rest = (
                weights["weight_input"] @ part[place] + weights["weight_hidden"] @ state
                for part, state in zip(inputs, states, strict=True)
            )
            always = weights["weight_input"] @ constant + weights.get("bias", 0.0)
            if network.cell == "rnn":
                states = divided(np.tanh, of_chosen, of_rest, always)[:2]
                # Without a bias, tanh of the constant part belongs to no word.
                states = states[0], states[1] + np.tanh(always)
            else:
                gates = zip(*(np.split(each, 4) for each in (of_chosen, of_rest, always)), strict=True)
                memories, states = memory_step(weights, memories, *gates)
            for array, state in zip(found, states, strict=True):
                array[place] = state
    return found


def memory_step(weights: dict[str, np.ndarray], memories: Pair, *gates: tuple[np.ndarray, ...]) -> tuple[Pair, Pair]:
    """Add up every product of parts: those without the rest, but of more than constants alone, are beta's."""
    of_input, of_forget, of_candidate = (
        divided(act, *gate) for act, gate in zip((sigmoid, sigmoid, np.tanh), gates, strict=False)
    )
    beta, gamma = np.zeros_like(memories[0]), np.zeros_like(memories[0])
    chosen, rest = 0, 1  # and 2, the constant part
    for i in range(3):
        for c in range(3):
            is_beta = rest not in (i, c) and chosen in (i, c)
            (beta if is_beta else gamma)[:] += of_input[i] * of_candidate[c]
    for f in range(3):
        (gamma if f == rest else beta)[:] += of_forget[f] * memories[0]
        gamma += of_forget[f] * memories[1]
    cell = beta + gamma
    output = sum(gates[3]) + (weights["weight_cell"] @ cell if "weight_cell" in weights else 0.0)
    own, other, _ = divided(np.tanh, beta, gamma, np.zeros_like(cell))
    return (beta, gamma), (sigmoid(output) * own, sigmoid(output) * other)


@settings(max_examples=80, deadline=None)
@given(NETWORKS, IDS, st.data(), st.integers(0, 99))
def test_parts_are_those_of_the_equations_and_add_up_to_the_states(
    network: ModelSettings, ids: list[int], data: st.DataObject, seed: int
) -> None:
    model = classifier(network, seed)
    masks = data.draw(st.lists(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids)), min_size=1, max_size=3))
    text = DecomposedText(ReadNetwork(network, classifier_weights(model), None), np.array(ids))
    found = text.parts_of_states(np.array(masks))
    for mask, beta in zip(masks, found, strict=True):
        expected, rest = oracle(network, model, ids, mask)
        np.testing.assert_allclose(beta, expected, atol=1e-9)
        np.testing.assert_allclose(beta + rest, text.states, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(NETWORKS, IDS, st.integers(0, 99))
def test_all_words_the_rest_and_the_bias_add_up_to_the_logit(network: ModelSettings, ids: list[int], seed: int) -> None:
    model = classifier(network, seed)
    engine = ReadNetwork(network, classifier_weights(model), None)
    text = DecomposedText(engine, np.array(ids))
    weights, _ = engine.state_weights(text.states, np.array([len(ids)]), 1)
    _, rest = oracle(network, model, ids, [True] * len(ids))
    with torch.no_grad():
        logit = float(model(torch.tensor(ids), torch.arange(len(ids)), torch.tensor([len(ids)]))[0, 1])
    share = float(text.shares(np.ones((1, len(ids)), dtype=np.bool_), 1)[0])
    assert share + float((rest * weights).sum()) + engine.bias[1] == pytest.approx(logit, abs=1e-9)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "peephole"])
def test_no_word_and_the_unknown_word_have_no_part(cell: str) -> None:
    network = ModelSettings(cell=cell, hidden_size=3, layers=2)
    text = DecomposedText(
        ReadNetwork(network, classifier_weights(classifier(network)), None), np.array([4, UNKNOWN_ID, 2])
    )
    shares = text.shares(np.array([[False, False, False], [False, True, False], [True, False, False]]), 0)
    np.testing.assert_allclose(shares[:2], 0.0, atol=1e-12)
    assert abs(shares[2]) > 1e-6


def test_choices_are_computed_together_as_they_are_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    network = ModelSettings(hidden_size=3)
    text = DecomposedText(ReadNetwork(network, classifier_weights(classifier(network)), None), np.array([4, 3, 2]))
    masks = np.eye(3, dtype=np.bool_)
    together = text.shares(masks, 2)
    monkeypatch.setattr("lstmcli.explanation.decomposition.MAX_NUMBERS", 1)
    np.testing.assert_allclose(text.shares(masks, 2), together, atol=1e-12)


def test_the_tokens_of_a_word_and_the_networks_of_an_ensemble_are_one(run_directory: Path) -> None:
    model = Predictor.open(run_directory).model
    other = {name: value * np.float32(0.5) for name, value in model.members[0].items()}
    found = []
    for members in ([model.members[0]], [other], [model.members[0], other]):
        predictor = Predictor(replace(model, members=tuple(members), word_guards=()))
        method = ContextualDecomposition(predictor)
        with predictor.turn():
            (text,) = Explainer(predictor).read(["i can't feel glad about it"])
            found.append(method.of_network(text, 1))
            if len(found) == 1:
                ids, _ = method.read(text)
                mask = np.isin(np.arange(len(ids)), [1, 2])[None]  # can 't
                network = ReadNetwork(model.network, members[0], None)
                expected = DecomposedText(network, ids).shares(mask, 1)
                assert found[0][1] == pytest.approx(expected[0], abs=1e-12)
    np.testing.assert_allclose(found[2], (found[0] + found[1]) / 2, atol=1e-12)
