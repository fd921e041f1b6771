"""`lstmcli inspect`: what it prints, in every form, and what it says to mistakes."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from lstmcli.inference.predictor import Predictor
from lstmcli.inspection.decision import decide
from lstmcli.inspection.inspector import Inspector
from lstmcli.inspection.memory import HalfLife
from lstmcli.inspection.results import View
from lstmcli.reports.inspection.cells import Style, cell, display_width, fitted, short_number, wrapped
from lstmcli.reports.inspection.gate_map import gate_map, half_life_text
from lstmcli.store.model import read_model
from tests.conftest import Cli, invoke, shell
from tests.test_architecture import HEAVY, loaded_modules

TEXT = "honestly i feel glad about it"


def inspected(*arguments: object) -> Any:
    result = invoke("inspect", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_json_has_every_gate_at_every_word_in_both_directions(run_directory: Path) -> None:
    found = inspected(run_directory, "--text", TEXT)
    assert found["words"] == TEXT.split()
    assert list(found["directions"]) == ["forward", "backward"]
    for direction in found["directions"].values():
        assert {len(direction[name]) for name in ("input", "forget", "candidate", "output", "cell", "share")} == {6}
        assert sum(direction["contribution"]) == pytest.approx(direction["final_cell"][0], abs=1e-7)
        assert sum(direction["share"]) == pytest.approx(1.0, abs=1e-7)
    assert found["directions"]["forward"]["half_life"][-1] is None
    assert found["directions"]["backward"]["half_life"][0] is None
    assert sum(found["attention"]) == pytest.approx(1.0, abs=1e-7)


def test_the_mean_over_units_is_that_of_the_units(run_directory: Path) -> None:
    mean = inspected(run_directory, "--text", TEXT)["directions"]["forward"]
    units = [inspected(run_directory, "--text", TEXT, "--unit", unit)["directions"]["forward"] for unit in range(1, 9)]
    for name in ("input", "forget", "cell", "contribution"):
        np.testing.assert_allclose(np.mean([unit[name] for unit in units], axis=0), mean[name], atol=1e-8)


def test_the_decision_is_the_prediction_and_its_parts_make_it_up(run_directory: Path) -> None:
    model = read_model(run_directory)
    decision = decide(model, TEXT)
    np.testing.assert_array_equal(decision.model.probabilities, Predictor(model).probabilities([TEXT])[0])
    assert decision.network_share == pytest.approx(1.0 - model.ngram_share)
    assert decision.ngrams is not None
    share = decision.network_share
    mixed = share * np.log(decision.network.probabilities) + (1 - share) * np.log(decision.ngrams.probabilities)
    np.testing.assert_allclose(np.exp(mixed) / np.exp(mixed).sum(), decision.model.probabilities, atol=1e-6)
    shown = invoke("inspect", run_directory, "--text", TEXT).stdout
    assert f"The network has {share:.0%} of the weight, the n-grams have {1 - share:.0%}." in " ".join(shown.split())


def test_the_same_command_prints_the_same_bytes_within_80_columns(run_directory: Path) -> None:
    text = "today 日本 " * 9 + "furious " * 30
    first, second = (invoke("inspect", run_directory, "--text", text) for _ in range(2))
    assert first.stdout == second.stdout
    assert max(map(display_width, first.stdout.splitlines())) <= 80
    assert "\x1b" not in first.stdout


def test_colours_are_only_on_a_terminal_that_wants_them(run_directory: Path) -> None:
    inspection = Inspector(read_model(run_directory), View()).text("so glad")
    assert "\x1b[38;5;" in gate_map(inspection, Style(is_colored=True))
    assert "\x1b" not in gate_map(inspection, Style())
    assert gate_map(inspection, Style(is_unicode=False)).isascii()


def test_control_characters_reach_no_terminal(run_directory: Path, tmp_path: Path) -> None:
    text = "so \x1b[31m\x07 glad\u202e <b>&"
    shown = invoke("inspect", run_directory, "--text", text)
    assert not set(shown.stdout) & set("\x1b\x07\u202e")
    as_json = invoke("inspect", run_directory, "--text", text, "--json").stdout
    assert not set(as_json) & set("\x1b\x07\u202e")
    assert json.loads(as_json)["text"] == text
    chart = tmp_path / "chart.svg"
    assert invoke("inspect", run_directory, "--text", text, "--svg", chart).exit_code == 0
    ElementTree.parse(chart)


def test_a_chart_is_written_to_a_file_or_printed(run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    chart = tmp_path / "chart.svg"
    result = invoke("inspect", run_directory, "--text", TEXT, "--svg", chart)
    assert result.stderr == f"wrote    {chart}\n"
    assert "forward" in result.stdout
    printed = invoke("inspect", run_directory, "--text", TEXT, "--svg", "-").stdout
    assert printed == chart.read_text(encoding="utf-8")
    of_file = invoke("inspect", run_directory, corpus / "test.csv", "--svg", "-").stdout
    assert "How often gates are open or closed" in of_file
    ElementTree.fromstring(of_file)


def test_a_file_is_inspected_as_a_whole(run_directory: Path, corpus: Path) -> None:
    found = inspected(run_directory, corpus / "test.csv")
    assert found["num_texts"] == 36
    gate = found["directions"]["forward"]["gates"]["input"]
    assert len(gate["open"]) == 8
    assert len(gate["opening_words"]) == 8
    assert gate["opening_words"][0]["mean"] >= gate["opening_words"][1]["mean"]
    shown = invoke("inspect", run_directory, corpus / "test.csv").stdout
    assert "stuck open: " in shown
    assert "units that never move" in shown


def test_a_file_with_one_text_is_that_text(cli: Cli, run_directory: Path) -> None:
    shown = cli("inspect", run_directory, "-", stdin=f"{TEXT}\n").stdout
    assert shown == cli("inspect", run_directory, "--text", TEXT).stdout


def test_a_unit_does_the_same_where_the_words_are_the_same(run_directory: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text(f"so sad\n{TEXT}\n\n{TEXT} again\nwell\n", encoding="utf-8")
    options = ["--unit", 3, "--signal", "input", "--threshold", 0.01, "--matches", 2]
    search = inspected(run_directory, texts, "--text", TEXT, *options)["search"]
    assert (search["first_word"], search["last_word"]) == (1, 6)  # all words are above
    assert (search["matches"][0]["line"], search["matches"][0]["distance"]) == (4, 0.0)
    assert inspected(run_directory, texts, "--line", 2, *options)["search"] == search
    shown = invoke("inspect", run_directory, texts, "--line", 2, *options)
    assert "  0.0000     4  [honestly i feel glad about it] again" in shown.stdout
    assert shown.stderr == f"note: {texts}: 1 row without a text was skipped\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "name a FILE, or pass a text with --text."),
        (["--text", " "], 1, "--text: the text is blank."),
        (["--text", "a", "--unit", "9"], 2, "--unit 9: this model has 8 units, counted from 1."),
        (["--text", "a", "--layer", "2"], 2, "--layer 2: this model has 1 layer, counted from 1."),
        (["--text", "a", "--member", "2"], 2, "--member 2: this model has 1 network, counted from 1."),
        (["--text", "a", "--line", "2"], 2, "--text and --line both name a text; use one of them."),
        (["--line", "2"], 2, "--line requires a FILE."),
        (["FILE", "--line", "1"], 1, "no text begins at line 1."),
        (["FILE", "--text", "a"], 2, "--unit is required to look for something like a text in a FILE."),
        (["--text", "a", "--matches", "3"], 2, "are for a search, which takes --unit, a FILE, and --text or --line."),
        (
            ["FILE", "--text", "a", "--unit", "1", "--signal", "from_cell"],
            2,
            "--signal: this network has input, forget",
        ),
        (["FILE", "--text", "a", "--unit", "1", "--threshold", "99"], 1, "unit 1 is nowhere above 99.0 in this text"),
        (["FILE", "--column", "words"], 1, "The column is set by --column."),
        (["FILE", "--svg", "FILE"], 2, "this is the FILE to read"),
        (["--text", "a", "--svg", "-", "--json"], 2, "both write to standard output"),
        (["--text", "a", "--svg", "no/such/folder.svg"], 1, "Does the folder exist?"),
    ],
)
def test_a_mistake_is_one_message(
    arguments: list[str], code: int, message: str, run_directory: Path, corpus: Path
) -> None:
    arguments = [argument.replace("FILE", str(corpus / "test.csv")) for argument in arguments]
    result = invoke("inspect", run_directory, *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert result.stderr.startswith("error: ")


def test_it_does_not_load_torch(run_directory: Path) -> None:
    code = "from lstmcli.cli.main import app; app()"
    modules = loaded_modules(code, "inspect", str(run_directory), "--text", "so glad", "--json")
    assert "lstmcli.inspection.traces" in modules
    assert not modules & {*HEAVY, "rich", "yaml", "jinja2"}


def test_a_reader_that_has_exited_is_no_error(run_directory: Path, tmp_path: Path) -> None:
    result = shell(f"lstmcli inspect {run_directory} --text '{'so glad ' * 200}' | head -n 1", tmp_path)
    assert (result.stdout, result.stderr) == ("mean over all units; |x|: mean of absolute values\n", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.527, " .53"),
        (-0.07, "-.07"),
        (0.999, " 1.0"),
        (-2.34, "-2.3"),
        (12.3, "  12"),
        (-0.001, " .00"),
        (1e5, " big"),
    ],
)
def test_a_number_takes_four_columns(value: float, text: str) -> None:
    assert short_number(value) == text


def test_blocks_are_as_high_as_values_are_large() -> None:
    assert [cell(value, abs(value), 6, Style()) for value in (0.0, 0.5, -1.0)] == ["   .00", "▄▄ .50", "██-1.0"]
    assert cell(-0.5, 0.5, 5, Style(is_colored=True)) == "\x1b[38;5;166m▄\x1b[0m-.50"


@pytest.mark.parametrize(
    ("text", "expected"), [("ab", "ab  "), ("abcde", "abc…"), ("日本語", "日… "), ("a\x07", r"a\x…")]
)
def test_words_have_the_width_of_their_column(text: str, expected: str) -> None:
    assert fitted(text, 4, style=Style()) == expected
    assert display_width(expected) == 4


def test_half_lives_are_short() -> None:
    numbers = [HalfLife(1.26, is_beyond=False), HalfLife(12.3, is_beyond=True), HalfLife(np.inf, is_beyond=True), None]
    assert [half_life_text(each) for each in numbers] == ["1.3", "~12", "inf", "-"]


def test_lines_are_wrapped_between_words_where_that_is_possible() -> None:
    style = Style(width=12)
    assert wrapped(["  one two three", "", "日本語日本語日本語", "a\x07"], style).splitlines() == [
        "  one two",
        "      three",
        "",
        "日本語日本語",
        "    日本語",
        r"a\x07",
    ]
