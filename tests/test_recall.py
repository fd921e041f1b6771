"""`lstmcli gradients --recall`: small networks that learn to remember, and gradients that explode."""

import json
import math
from xml.etree import ElementTree

import pytest
import torch

from lstmcli.recipes.gradients.recall import explode, recall
from lstmcli.reports.gradients.recall import grouped, verdicts
from lstmcli.reports.inspection.cells import display_width
from lstmcli.stopping import Stop
from lstmcli.training.recall import (
    BATCH_SIZE,
    HIDDEN_SIZE,
    NUM_SYMBOLS,
    NUM_WORDS,
    RecallSettings,
    learn,
    new_model,
    sequences,
)
from tests.conftest import invoke


def test_the_first_symbol_is_the_answer_and_no_other_tells_it() -> None:
    torch.manual_seed(1)
    ids, answers = sequences(6)
    assert ids.shape == (BATCH_SIZE, 7)
    assert (ids[:, 0] == 1 + answers).all()
    assert int(ids[:, 1:].min()) > NUM_SYMBOLS
    assert int(ids.max()) < NUM_WORDS


@pytest.mark.parametrize("cell", ["rnn", "lstm", "peephole"])
def test_every_cell_remembers_over_a_short_distance(cell: str) -> None:
    found = learn(RecallSettings(cell, 3))  # type: ignore[arg-type]
    assert found.learned_after == len(found.accuracies) < 100
    assert found.final_accuracy >= 0.99
    assert found.losses[-1] < 0.5 < 1.0 < found.losses[0] < 2.0  # chance: log 4 = 1.39


def test_the_same_seed_learns_the_same_and_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    first = learn(RecallSettings("lstm", 4, num_updates=5))
    assert torch.equal(before, torch.get_rng_state())
    assert first == learn(RecallSettings("lstm", 4, num_updates=5))
    assert first.losses != learn(RecallSettings("lstm", 4, seed=2, num_updates=5)).losses
    assert first.learned_after is None


def test_the_forget_gate_starts_open_enough_for_the_distance() -> None:
    for forget_bias, expected in ((None, math.log(50)), (1.0, 1.0)):
        _, cell = new_model(RecallSettings("lstm", 50, forget_bias=forget_bias))
        assert cell.bias is not None
        gates = cell.bias.detach().view(4, HIDDEN_SIZE)
        torch.testing.assert_close(gates[1], torch.full((HIDDEN_SIZE,), expected))
        assert gates[[0, 2, 3]].abs().max() == 0.0


def test_clipping_acts_where_the_gradient_explodes() -> None:
    clipped, free = explode(20, 1, num_updates=6)
    (usual,) = (learn(RecallSettings("rnn", 20, num_updates=1)),)
    assert clipped.before == free.before
    assert clipped.before.first > clipped.before.last > usual.before.first
    assert clipped.num_clipped == sum(norm > 1.0 for norm in clipped.norms) > 0
    assert free.num_clipped == 0
    assert clipped.norms[0] == free.norms[0]


def test_what_is_not_learned_is_told_with_the_reason_if_it_is_one() -> None:
    near, far = (list(verdicts(list(grouped(list(recall([length], [1], num_updates=1)))))) for length in (3, 100))
    assert [line.partition(" over 3 in ")[0] for line in near] == [
        "rnn does not learn",
        "lstm does not learn",
        "peephole does not learn",
    ]
    assert "in 1 update, although" in near[0]
    assert far[0].startswith("rnn does not learn over 100: ")
    assert "of the gradient arrives at the first step" in far[0]
    assert "although" in far[1]


def test_a_request_to_stop_is_heeded() -> None:
    class Now(Stop):
        def is_set(self) -> bool:
            return True

    with pytest.raises(KeyboardInterrupt):
        next(recall([3], [1], stop=Now()))


def test_the_command_prints_the_same_bytes_within_80_columns() -> None:
    arguments = ["gradients", "--recall", "3,2", "--explode", "--seeds", "2"]
    first = invoke(*arguments)
    assert first.exit_code == 0, first.stderr
    assert max(map(display_width, first.stdout.splitlines())) <= 80
    assert "Every cell learned over every distance." in first.stdout
    assert first.stdout.count("2 of 2") == 6
    assert "not clipped" in first.stdout
    assert first.stderr.count("\n") == 12
    assert first.stderr.startswith("rnn      N = 2, seed 1: learned in ")
    assert invoke(*arguments, "--quiet").stdout == first.stdout
    found = json.loads(invoke(*arguments, "--json", "-q").stdout)
    assert [(each["cell"], each["distance"], each["seed"]) for each in found["recall"][:3]] == [
        ("rnn", 2, 1),
        ("rnn", 2, 2),
        ("lstm", 2, 1),
    ]
    assert [each["clip"] for each in found["explode"]] == [1.0, None]
    ElementTree.fromstring(invoke("gradients", "--recall", "2", "--svg", "-", "-q").stdout)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recall", "ten"], "--recall ten: expected up to 10 numbers from 1 to 1,000, such as 10,50,100."),
        (["--recall", "0"], "expected up to 10 numbers"),
        (["--recall", "5,"], "expected up to 10 numbers"),
        (["--recall", "5000"], "expected up to 10 numbers"),
        (["RUN", "FILE", "--recall", "5"], "leave out the RUN and the FILE."),
        (["--explode"], "--explode, --seeds and --forget-bias require --recall."),
        (["RUN", "FILE", "--seeds", "3"], "--explode, --seeds and --forget-bias require --recall."),
    ],
)
def test_a_mistake_is_one_message(arguments: list[str], message: str) -> None:
    result = invoke("gradients", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
