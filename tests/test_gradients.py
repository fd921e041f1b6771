"""`lstmcli gradients`: against autograd from each state alone, known matrices and sequences, and what it prints."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from lstmcli.inspection.gradients import FileGradients, fitted_factors, largest_singular_value, signal_of
from lstmcli.models.cells import CELLS, Cell, RnnCell, State
from lstmcli.recipes.gradients.texts import gradients_of_run, gradients_of_training
from lstmcli.recipes.inspection.rows import RowOptions
from lstmcli.reports.gradients.as_svg import report_figure
from lstmcli.reports.inspection.cells import display_width
from lstmcli.store.model import read_model
from lstmcli.training.gradient_norms import state_gradients
from tests.conftest import invoke

LENGTHS = torch.tensor([5, 3, 1])


def random_cell(name: str) -> Cell:
    torch.manual_seed(7)
    cell = CELLS[name](3, 4).double()
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter, std=0.6)
    return cell


@pytest.mark.parametrize("name", list(CELLS))
def test_gradients_equal_those_of_a_small_change_to_each_state(name: str) -> None:
    """Autograd with respect to a vector that is added to the state after one step of one text read alone."""
    cell = random_cell(name)
    inputs, weights = torch.randn(3, 5, 3).double(), torch.randn(4).double()
    found = state_gradients(cell, inputs, LENGTHS, lambda last: (last @ weights).tanh().sum())

    def loss_after(text: int, changed: int, kind: int) -> float:
        length = int(LENGTHS[text])
        state, change = cell.initial_state(inputs[text : text + 1]), torch.zeros(1, 4).double().requires_grad_()
        for step in range(length):
            state = cell.step(cell.project(inputs[text : text + 1])[:, step], state)
            if step == changed and kind == 0:
                state = State(state.hidden + change, state.cell)
            elif step == changed:  # what the memory changes in its own output is part of dL/dS
                state = with_memory(cell, inputs[text : text + 1, : step + 1], state.cell + change)
        (gradient,) = torch.autograd.grad((state.hidden @ weights).tanh().sum(), change)
        return float(gradient.norm())

    for text, length in enumerate(LENGTHS.tolist()):
        for distance in range(length):
            step = length - 1 - distance
            assert found.hidden[text, distance] == pytest.approx(loss_after(text, step, 0), rel=1e-10)
            if found.cell is not None:
                assert found.cell[text, distance] == pytest.approx(loss_after(text, step, 1), rel=1e-10)
        assert np.isnan(found.hidden[text, length:]).all()
    assert (found.cell is None) == (name == "rnn")


def with_memory(cell: Any, inputs: torch.Tensor, memory: torch.Tensor) -> State:
    """Return the state after the last step if the memory were `memory`."""
    before = cell.initial_state(inputs)
    for projected in cell.project(inputs[:, :-1]).unbind(dim=1):
        before = cell.step(projected, before)
    gates = cell.project(inputs)[:, -1] + before.hidden @ cell.weight_hidden.T
    return State(cell.output_gate(gates.chunk(4, dim=-1)[3], memory) * memory.tanh(), memory)


@pytest.mark.parametrize("scale", [0.5, 0.9, 1.0, 1.2])
def test_an_almost_linear_rnn_has_the_factor_of_its_matrix(scale: float) -> None:
    torch.manual_seed(3)
    cell = RnnCell(2, 6).double()
    torch.nn.init.orthogonal_(cell.weight_hidden, gain=scale)
    inputs = 1e-6 * torch.randn(4, 20, 2).double()
    norms = state_gradients(cell, inputs, torch.tensor([20, 15, 9, 4]), lambda last: last.sum()).hidden
    np.testing.assert_allclose(fitted_factors(norms), scale, rtol=1e-6)
    np.testing.assert_allclose(largest_singular_value(cell.weight_hidden.detach().numpy()), scale)


def test_the_factor_of_a_geometric_sequence_is_its_ratio() -> None:
    norms = np.full((4, 6), np.nan)
    norms[0] = 9.0 * 0.7 ** np.arange(6)
    norms[0, 0] = 55.0  # no recurrence has acted on it
    norms[1, :4] = 1.1 ** np.arange(4)
    norms[2, :3] = 1.0  # too short
    norms[3] = [1.0, 0.0, 8.0, 4.0, 2.0, 1.0]  # no logarithm
    np.testing.assert_allclose(fitted_factors(norms), [0.7, 1.1, np.nan, 0.5])
    signal = signal_of(norms)
    assert signal.factor is not None
    assert signal.factor.median == pytest.approx(0.7)
    assert signal.by_distance[2].median == pytest.approx((1.1**2 + 9.0 * 0.7**2) / 2)


def test_the_largest_singular_value_of_a_known_matrix() -> None:
    assert largest_singular_value(np.array([[3.0, 0.0], [4.0, 5.0]])) == pytest.approx(np.sqrt(45.0))


def measured(*arguments: object) -> Any:
    result = invoke("gradients", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_run_is_shown_beside_new_networks_of_every_cell(run_directory: Path, corpus: Path) -> None:
    found = measured(run_directory, corpus / "test.csv")
    assert [(each["cell"], each["trained"]) for each in found["networks"]] == [
        ("lstm", True),
        ("lstm", False),
        ("rnn", False),
        ("peephole", False),
    ]
    assert (found["labels"], found["num_texts"]) == ("file", 36)
    trained, new, rnn, peephole = found["networks"]
    assert new["hidden"] == peephole["hidden"]  # V_o starts at zero
    assert rnn["memory"] is None
    assert rnn["largest_singular_value"] == {"W": pytest.approx(1.0, abs=1e-5)}
    assert set(trained["largest_singular_value"]) == {"input", "forget", "candidate", "output"}
    for each in trained["memory"]["norm_by_distance"]:
        assert 0.0 < each["lower"] <= each["median"] <= each["upper"]


def test_without_labels_the_predicted_ones_count(run_directory: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("i feel glad about it\n\nso sad\n", encoding="utf-8")
    found = measured(run_directory, texts)
    assert (found["labels"], found["num_texts"]) == ("predicted", 2)
    assert len(found["networks"][0]["hidden"]["norm_by_distance"]) == 5
    result = invoke("gradients", run_directory, texts, "--texts", 1)
    assert "texts.txt:1text(1moreleftout)" in "".join(result.stdout.split())  # a long path is wrapped anywhere
    assert result.stderr == f"note: {texts}: 1 row without a text was skipped\n"


def test_the_same_command_prints_the_same_bytes_within_80_columns(run_directory: Path, corpus: Path) -> None:
    first, second = (invoke("gradients", run_directory, corpus / "test.csv") for _ in range(2))
    assert first.stdout == second.stdout
    assert max(map(display_width, first.stdout.splitlines())) <= 80
    assert "A new peephole equals a new lstm" in first.stdout
    chart = invoke("gradients", run_directory, corpus / "test.csv", "--svg", "-").stdout
    assert chart == invoke("gradients", run_directory, corpus / "test.csv", "--svg", "-").stdout
    ElementTree.fromstring(chart)


def test_the_figure_of_a_report_shows_the_network_a_new_one_and_a_plain_one(run_directory: Path, corpus: Path) -> None:
    found, _ = gradients_of_run(run_directory, str(corpus / "test.csv"), RowOptions(), most=5)
    figure = report_figure(found)
    ElementTree.fromstring(figure)
    shown = figure.partition("</desc>")[2]
    assert all(name in shown for name in ("lstm, trained", "lstm, new", "rnn, new"))
    assert "peephole, new" not in shown


def training_gradients(run: Path, texts: list[str]) -> FileGradients | None:
    model = read_model(run)
    targets = np.eye(len(model.labels.names), dtype=bool)[np.arange(len(texts)) % len(model.labels.names)]
    return gradients_of_training(model, texts, targets, name="rows", seed=1)


def test_a_report_reads_a_few_texts_from_all_over_the_split(run_directory: Path) -> None:
    texts = [f"i feel {word} about it" for word in ("glad", "sad", "angry")] * 100
    found = training_gradients(run_directory, texts)
    assert found is not None
    assert (found.num_texts, found.num_left_out, found.name) == (64, 236, "rows")
    assert [each.name for each in found.networks] == ["lstm, trained", "lstm, new", "rnn, new"]
    assert found != training_gradients(run_directory, texts[:64])
    assert found == training_gradients(run_directory, texts)


def test_a_report_reads_the_end_of_a_long_text(run_directory: Path) -> None:
    end = "so very glad and " * 25
    long, short = (training_gradients(run_directory, [text] * 3) for text in ("sad lonely " * 400 + end, end))
    assert long is not None
    assert long == short
    assert len(long.networks[0].hidden.by_distance) == 100


def test_a_report_on_texts_of_one_word_has_no_gradients(run_directory: Path) -> None:
    assert training_gradients(run_directory, ["glad", "sad", "angry"]) is None


def test_the_report_on_a_training_shows_the_gradients_in_all_its_forms(run_directory: Path, corpus: Path) -> None:
    figure = (run_directory / "gradients.svg").read_text(encoding="utf-8")
    assert figure in (run_directory / "report.html").read_text(encoding="utf-8")
    page = (run_directory / "report.md").read_text(encoding="utf-8")
    assert "![Gradients through time](gradients.svg)" in page
    assert f"medians over 36 texts of {corpus}/validation.csv".replace("_", r"\_") in page
    assert "- rnn, new: dL/dh vanishes: half of it is left after " in page


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "name a RUN and a FILE"),
        (["RUN"], 2, "name a RUN and a FILE"),
        (["RUN", "FILE", "--member", "2"], 2, "--member 2: this model has 1 network, counted from 1."),
        (["RUN", "FILE.gone"], 1, "no such file"),
        (["RUN", "FILE", "--column", "words"], 1, "words"),
        (["RUN", "FILE", "--svg", "FILE"], 2, "this is the FILE to read"),
        (["RUN.gone", "FILE"], 1, "no such run directory"),
    ],
)
def test_a_mistake_is_one_message(
    arguments: list[str], code: int, message: str, run_directory: Path, corpus: Path
) -> None:
    names = {"FILE": str(corpus / "test.csv"), "RUN": str(run_directory)}
    for name, path in names.items():
        arguments = [argument.replace(name, path) for argument in arguments]
    result = invoke("gradients", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert result.stderr.startswith("error: ")
