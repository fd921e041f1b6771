"""Spellings of labels: which are one label, and which get a note."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.corpus import load_corpus
from lstmcli.corpus.examples import Examples, read_examples
from lstmcli.corpus.label_cells import parse_labels
from lstmcli.corpus.label_names import clean_label
from lstmcli.corpus.labels import label_notes, learn_labels
from lstmcli.errors import DataError
from tests.conftest import write_csv

SINGLE = DataSettings(train="a.csv")
MULTI = DataSettings(train="a.csv", label_separator=",")


def examples(tmp_path: Path, labels: list[str], settings: DataSettings = SINGLE) -> Examples:
    path = write_csv(tmp_path / "a.csv", ["text", "label"], [(f"text {n}", label) for n, label in enumerate(labels)])
    return read_examples(str(path), settings)


def notes(tmp_path: Path, labels: list[str], settings: DataSettings = SINGLE) -> list[str]:
    found = examples(tmp_path, labels, settings)
    return label_notes(learn_labels(found, settings), found)


@pytest.mark.parametrize(
    "spelling",
    [
        "colère",
        "cole\u0300re",
        " colère\u200b",
        "co\u00adlère",
        "\ufeffcolère",
        "colère\u200d",
        "col\x00ère",
        "\u202bcolère",
    ],
)
def test_spellings_that_look_the_same_are_one_label(spelling: str) -> None:
    assert clean_label(spelling) == "colère"


@pytest.mark.parametrize("label", ["❤️", "👨‍👩‍👧", "می\u200cخواهم", "x y", "R&D", "№ 1"])
def test_characters_that_can_be_seen_or_shape_others_stay(label: str) -> None:
    assert clean_label(label) == label


def test_white_space_in_a_label_is_a_single_space() -> None:
    assert clean_label(" so\u00a0 \n happy\t") == "so happy"


def test_labels_of_a_model_that_stored_another_spelling_are_known(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ["text", "label"], [("a", "cole\u0300re"), ("b", "colère"), ("c", "joie")])
    found = read_examples(str(path), SINGLE, known_labels=["cole\u0300re", "joie"])
    assert found.labels == [("cole\u0300re",), ("cole\u0300re",), ("joie",)]


@pytest.mark.parametrize("missing", [float("nan"), None, "", " ", "\u200b", np.float64("nan")])
def test_nan_is_no_label(missing: object) -> None:
    assert parse_labels([missing], SINGLE) is None
    assert parse_labels([missing], MULTI) is None
    assert parse_labels([missing, 1], replace(SINGLE, labels=("EXT", "NEU"))) is None
    assert parse_labels([["joy", missing]], MULTI) == ("joy",)


@pytest.mark.parametrize(
    "cell",
    [
        "joy,love",
        "['joy', 'love']",
        '["joy", "love"]',
        "['joy' 'love']",
        "('joy', 'love')",
        "{'love', 'joy'}",
        "[\"joy\", 'love']",
        " ['joy','love',] ",
    ],
)
def test_a_list_in_a_cell_is_read_as_one(cell: str) -> None:
    assert parse_labels([cell], MULTI) == ("joy", "love")


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("[]", None),
        ("['joy']", ("joy",)),
        ("('joy',)", ("joy",)),
        ("['it\\'s, well']", ("it's, well",)),
        ("[1, 2]", ("1", "2")),
        ("[joy", ("[joy",)),
        ("[joy]", ("[joy]",)),
        ("[a],[b]", ("[a]", "[b]")),
        ("['a'] or ['b']", ("['a'] or ['b']",)),
    ],
)
def test_only_lists_of_strings_or_json_are_lists(cell: str, labels: tuple[str, ...] | None) -> None:
    assert parse_labels([cell], MULTI) == labels


def test_lists_without_a_separator_are_noted(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, ["['joy', 'love']", "['joy']"])
    assert note.startswith("labels that are lists: ")
    assert "['joy', 'love']" in note
    assert note.endswith("; for several labels per text, set data.label_separator=,")


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["Joy", "joy"], "'Joy', 'joy'"),
        (["1", "1.0", "2"], "'1', '1.0'"),
        (["❤", "❤\ufe0f"], "'❤', '❤\\ufe0f'"),
        (["joy", "ｊｏｙ"], "'joy', 'ｊｏｙ'"),
        (["sad ness", "sadness"], "'sad ness', 'sadness'"),
    ],
)
def test_labels_that_are_probably_the_same_are_noted(tmp_path: Path, labels: list[str], shown: str) -> None:
    (note,) = notes(tmp_path, labels)
    assert note.startswith(f"labels that differ only in case, spaces, or the form of a character or number: {shown};")


@pytest.mark.parametrize("word", ["NA", "nan", "None", "N/A", "null", "NULL", "#N/A", "undefined", "-"])
def test_words_for_a_missing_label_are_noted(tmp_path: Path, word: str) -> None:
    (note,) = notes(tmp_path, ["joy", word, "sad"])
    assert note.startswith(f"labels that may stand for a missing label: '{word}'; they are classes like any other.")


def test_a_label_as_long_as_a_text_is_noted_in_short(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, ["joy", "very " * 50])
    assert note.startswith("labels of more than 200 characters: 'very very ")
    assert len(note) < 200


def test_ordinary_labels_have_no_note(tmp_path: Path) -> None:
    assert not notes(tmp_path, ["joy", "sad", "anger", "10", "1", "0"])


def test_one_column_for_both_text_and_label_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ["text"], [("a",), ("b",)])
    settings = replace(SINGLE, train=str(path), label="text")
    with pytest.raises(DataError, match=r"column 'text' is set as both text and label; change --text \(data\.text\)"):
        load_corpus(settings, seed=1)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [("so happy", "joy"), ("so sad", "sad"), ("mad", "anger")] * 20,
            "60 rows .* only 3 different texts",
        ),
        ([("so happy", "joy"), ("so happy", "sad")] * 20, "40 rows .* there is only one text"),
    ],
)
def test_too_few_different_texts_are_named_as_the_reason(
    tmp_path: Path, rows: list[tuple[str, str]], words: str
) -> None:
    settings = replace(SINGLE, train=str(write_csv(tmp_path / "a.csv", ["text", "label"], rows)))
    with pytest.raises(DataError, match=f"{words}; set data.validation to a file"):
        load_corpus(settings, seed=1)


def test_a_single_group_is_named_as_the_reason(tmp_path: Path) -> None:
    rows = [(f"text {n}", "ab"[n % 2], "me") for n in range(20)]
    path = write_csv(tmp_path / "a.csv", ["text", "label", "author"], rows)
    with pytest.raises(DataError, match=r"rows of the same group or with the same text stay together"):
        load_corpus(replace(SINGLE, train=str(path), group="author"), seed=1)
