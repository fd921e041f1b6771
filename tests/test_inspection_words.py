"""What `lstmcli inspect` and `lstmcli next` say in words, about networks and texts whose figures are made by hand."""

import numpy as np
import pytest

from lstmcli.config.model_settings import ModelSettings
from lstmcli.inspection.decision import Decision, Opinion
from lstmcli.inspection.habits import count_habits
from lstmcli.inspection.matches import Pattern
from lstmcli.inspection.results import FileInspection, Inspection, Search, TextInspection, View, Word
from lstmcli.inspection.signals import signals_of
from lstmcli.inspection.traces import CANDIDATE, FORGET, FORWARD, INPUT, OUTPUT, DirectionTrace
from lstmcli.reports.inspection.as_svg import chart
from lstmcli.reports.inspection.cells import Style, display_width, fitted
from lstmcli.reports.inspection.next_words import perplexity_lines
from lstmcli.reports.inspection.sentences import sentences
from lstmcli.reports.inspection.text_report import report

STATES = np.array([[0.25], [-0.5], [1.0]])


def decision(picked: tuple[str, ...] = ()) -> Decision:
    """One of a model without n-grams."""
    opinion = Opinion(np.array([0.7, 0.3]), picked)
    return Decision(("joy", "anger"), opinion, opinion, None, 1.0)


def inspection_of(trace: DirectionTrace, network: ModelSettings, picked: tuple[str, ...] = ()) -> TextInspection:
    words = tuple(Word(text, is_known=True) for text in ("so", "very", "glad"))
    signals = (signals_of(trace, None),)
    return TextInspection("so very glad", words, network, View(layer=1), 1, signals, None, decision(picked))


def plain_text() -> TextInspection:
    network = ModelSettings(cell="rnn", hidden_size=1, bidirectional=False, pooling="mean", chunk_tokens=2)
    return inspection_of(DirectionTrace(FORWARD, (2, 1), STATES), network)


def test_a_plain_network_without_ngrams_says_what_it_does_not_have() -> None:
    assert sentences(plain_text()) == [
        "decision: no label. All of it is the network's, since this model has no n-grams.",
        "The plain network has no gates. What a word has left in its state is no exact number, since the state passes "
        "through tanh at every step.",
        "pooling: mean, which has no weights to show.",
        "The text is read in 2 pieces, each from an empty memory; shares are those of a piece.",
    ]


def test_the_map_of_a_plain_network_has_only_its_state() -> None:
    rows = report(Inspection(text=plain_text()), Style(is_unicode=False)).splitlines()
    start = rows.index(FORWARD)
    assert rows[start - 1].split() == ["so", "very", "glad"]
    assert rows[start + 1].split()[0] == "|state|"
    assert [cell[-3:] for cell in rows[start + 1].split()[1:] if cell[-1].isdigit()] == [".25", ".50", "1.0"]
    assert rows[start + 2] == ""


def test_the_chart_of_a_plain_network_has_a_column_for_its_state_alone() -> None:
    shown = chart(Inspection(text=plain_text())).partition("</desc>")[2]
    assert "|state|" in shown
    assert "share" not in shown
    assert "attention" not in shown


def test_there_is_no_chart_of_nothing() -> None:
    with pytest.raises(ValueError, match="expected a text or a file"):
        chart(Inspection())


def test_words_that_a_closed_gate_keeps_out_are_named() -> None:
    gates = {
        INPUT: np.array([[0.05], [0.09], [0.8]]),
        FORGET: np.array([[0.5], [0.04], [0.9]]),
        CANDIDATE: np.array([[1.0], [1.0], [0.5]]),
        OUTPUT: np.array([[0.5], [0.5], [0.5]]),
    }
    trace = DirectionTrace(FORWARD, (3,), STATES, gates, STATES)
    found = sentences(inspection_of(trace, ModelSettings(hidden_size=1, pooling="last"), ("joy",)))
    assert found[0] == "decision: joy (0.70). All of it is the network's, since this model has no n-grams."
    assert found[1:5] == [
        'forward: almost nothing gets in at "so" 0.05, "very" 0.09.',
        'forward: most gets in at "glad" 0.80, least at "so" 0.05.',
        'forward: the memory is cleared at "very" 0.04.',
        'forward: most is kept at "glad" 0.90, least at "very" 0.04.',
    ]


def file_inspection(trace: DirectionTrace, hidden_size: int) -> FileInspection:
    habits = count_habits([(["a", "b"], [trace])], None, 1)
    network = ModelSettings(cell="rnn", hidden_size=hidden_size, bidirectional=False)
    return FileInspection(network, View(layer=1), 1, 1, 2, tuple(habits))


def test_a_file_read_by_a_plain_network_names_units_that_are_saturated() -> None:
    states = np.array([[0.95, -0.2, -0.99], [-0.97, 0.3, -0.98]])
    found = file_inspection(DirectionTrace(FORWARD, (2,), states), 3)
    assert report(Inspection(name="in.txt", file=found), Style(width=100)).splitlines() == [
        "in.txt: 1 text, 2 words (mean over all units)",
        "saturated: |state| above 0.9 at 95% of all words or more; the network has no gates",
        "",
        "forward",
        "  |state| saturated: 2 units (1, 3)",
        '  |state| largest at: "b" 0.75',
        '  |state| smallest at: "a" 0.71',
        "  units that never move (state within 0.05): 1 unit (3)",
    ]


def test_no_more_than_twenty_units_are_listed() -> None:
    found = file_inspection(DirectionTrace(FORWARD, (2,), np.full((2, 23), 0.5)), 23)
    last = report(Inspection(name="in.txt", file=found), Style(width=200)).splitlines()[-1]
    assert last.endswith(
        ": 23 units (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 3 more)"
    )


def test_a_search_without_a_match_says_so() -> None:
    pattern = Pattern(start=1, values=np.array([-0.75]), threshold=-0.5)
    search = Search("state", FORWARD, 4, ("so", "very", "glad"), pattern, ())
    assert report(Inspection(search=search), Style()) == (
        "pattern: unit 4, forward, state below -0.50 at so [very] glad\nNo stretch of words in the file is like that.\n"
    )


def test_texts_of_one_word_have_no_perplexity() -> None:
    assert list(perplexity_lines(None, {"forward": None}, 50.0, None)) == [
        "perplexity: none, since no text has two words"
    ]


@pytest.mark.parametrize(("text", "width"), [("e\u0301", 1), ("a\u200db", 2), ("日\u0301", 2)])
def test_what_is_drawn_over_other_characters_takes_no_column(text: str, width: int) -> None:
    assert display_width(text) == width
    assert display_width(fitted("e\u0301", 3, style=Style())) == 3
