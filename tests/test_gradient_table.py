"""The tables and sentences of `lstmcli gradients`, for norms that are made by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from lstmcli.inspection.gradients import FileGradients, NetworkGradients, signal_of
from lstmcli.reports.gradients.table import report, sentences
from lstmcli.reports.inspection.cells import BLOCKS, Style, display_width


def network(*norms: Sequence[float], cell: str = "rnn") -> NetworkGradients:
    """Norms of each text by distance from the end, those of dL/dh; a plain network has no others."""
    width = max(map(len, norms))
    rows = np.array([[*own, *[np.nan] * (width - len(own))] for own in norms])
    return NetworkGradients(cell, True, signal_of(rows), None, {"W": 1.5}, None)


def gradients(*networks: NetworkGradients, num_texts: int = 1) -> FileGradients:
    return FileGradients("in.txt", num_texts, 0, False, 1, 1, None, networks)


def test_a_plain_network_has_a_factor_and_neither_memory_nor_forget_gate() -> None:
    shown = report(gradients(network([8.0, 4.0, 2.0, 1.0])), Style()).splitlines()
    assert shown[0] == "in.txt: 1 text"
    assert shown[1].startswith("L: loss of the predicted labels (the file has none)")
    assert shown[5].split() == ["rnn,", "trained", "0.500", "(0.50-0.50)", "-", "1.50", "-"]
    assert shown[-1] == "rnn, trained: dL/dh vanishes: half of it is left after 1.0 words."


@pytest.mark.parametrize(
    ("ratio", "sentence"),
    [
        (0.25, "vanishes: half of it is left after 0.5 words"),
        (2.0, "grows: it doubles every 1.0 words"),
        (0.985, "keeps its size (0.985 per step)"),
    ],
)
def test_a_factor_is_put_into_words(ratio: float, sentence: str) -> None:
    assert list(sentences(gradients(network((ratio ** np.arange(6)).tolist())))) == [f"rnn, trained: dL/dh {sentence}."]


def test_the_line_of_blocks_falls_with_the_logarithm_of_the_norm() -> None:
    shown = report(gradients(network((10.0 ** -np.arange(8.0)).tolist())), Style()).splitlines()
    (line,) = (line for line in shown if BLOCKS[-1] in line)
    assert line == f"{'rnn, trained h':<20}{BLOCKS[:0:-1]}"
    assert "1e-7 to 1e0 (logarithmic)" in shown[shown.index(line) - 1]


def test_a_norm_of_zero_has_an_empty_block_and_the_lowest_other_one_has_not() -> None:
    shown = report(gradients(network([1.0, 0.1, 0.0, 0.001, 0.01])), Style()).splitlines()
    (line,) = (line for line in shown if BLOCKS[-1] in line)
    assert (line[-3], line[-2]) == (BLOCKS[0], BLOCKS[1])


def test_a_long_text_is_spread_over_the_line_from_its_end_to_its_start() -> None:
    norms = np.geomspace(1.0, 1e-6, 300).tolist()
    shown = report(gradients(network(norms)), Style(width=60)).splitlines()
    (line,) = (line for line in shown if BLOCKS[-1] in line)
    assert display_width(line) == 60
    blocks = line[20:]
    assert (blocks[0], blocks[-1]) == (BLOCKS[-1], BLOCKS[1])
    assert list(blocks) == sorted(blocks, reverse=True)
    titles, cells = shown[shown.index(line) + 2 :][:2]
    assert titles.split()[2:] == ["0", "1", "2", "5", "10"]  # as many as there is room for
    assert cells.split()[-5:] == [f"{norms[each]:.1e}" for each in (0, 1, 2, 5, 10)]


def test_texts_of_three_words_are_too_short_for_a_factor() -> None:
    found = gradients(network([4.0, 2.0, 1.0], [4.0]), num_texts=2)
    shown = report(found, Style()).splitlines()
    assert shown[-1] == "The texts are too short to fit a factor, which takes four words."
    assert shown[5].split() == ["rnn,", "trained", "-", "-", "1.50", "-"]


def test_a_network_without_a_factor_is_passed_over_where_others_have_one() -> None:
    found = gradients(network([1.0, 0.0, 0.0, 0.0]), network([1.0] * 4, cell="gru"))
    assert list(sentences(found)) == ["gru, trained: dL/dh keeps its size (1.000 per step)."]


def test_long_texts_whose_gradients_are_0_are_not_called_short() -> None:
    shown = report(gradients(network([0.0] * 9)), Style()).splitlines()
    assert "All gradients are 0: the loss does not depend on the states." in shown
    assert shown[-1] == "Too many gradients are 0 to fit a factor, which takes four words."
