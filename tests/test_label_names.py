"""Spellings of labels: which are one label, and which get a note."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.corpus import load_corpus
from lstmcli.corpus.examples import Examples, read_examples
from lstmcli.corpus.label_cells import BadLabelError, label_columns, parse_labels
from lstmcli.corpus.label_names import clean_label
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.labels import all_labels, label_notes, learn_labels
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


@pytest.mark.parametrize("mark", "|,;/")
def test_cells_that_seem_to_hold_several_labels_name_the_separator(tmp_path: Path, mark: str) -> None:
    joined = f"joy {mark} love"
    (note,) = notes(tmp_path, ["joy", "love", joined, f"joy{mark}hate", f"hate{mark}"])
    advice = f"for several labels per text, set data.label_separator={mark}"
    assert note == f"labels that combine others: '{joined}'; {advice}"


def test_five_names_are_shown_at_most(tmp_path: Path) -> None:
    words = ["a", "b", "c", "d"]
    for num_pairs, more in ((5, ""), (6, " ...")):
        pairs = [f"{one},{other}" for one in words for other in words if one < other][:num_pairs]
        (note,) = notes(tmp_path, [*words, *pairs])
        assert f": {', '.join(map(repr, pairs[:5]))}{more}; for several" in note


def test_joined_labels_are_noted_before_spellings_and_only_where_there_is_one_per_text(tmp_path: Path) -> None:
    labels = ["joy", "love", "Joy", "joy,love"]
    starts = [note.split(":")[0] for note in notes(tmp_path, labels)]
    assert starts == [
        "labels that combine others",
        "labels that differ only in case, spaces, or the form of a character or number",
    ]
    assert [note.split(":")[0] for note in notes(tmp_path, labels, MULTI)] == starts[1:]


def test_labels_without_a_validation_row_are_noted(tmp_path: Path) -> None:
    labels = learn_labels(examples(tmp_path, ["joy", "sad", "fear", "sad"]), SINGLE)
    validation = examples(tmp_path, ["sad", "sad"])
    assert label_notes(labels, validation) == ["no validation row has fear, joy: too rare to measure"]


def traits(tmp_path: Path, answers: list[str]) -> tuple[Examples, DataSettings]:
    settings = DataSettings(train="a.csv", labels=("EXT", "ext", "NEU"))
    rows = [(f"text {number}", *each) for number, each in enumerate(answers)]
    return read_examples(str(write_csv(tmp_path / "a.csv", ["text", *settings.labels], rows)), settings), settings


def test_traits_are_the_columns_in_their_order_and_their_spelling_is_nobodys_mistake(tmp_path: Path) -> None:
    rows, settings = traits(tmp_path, ["100", "011"])
    labels = learn_labels(rows, settings)
    assert (labels.names, labels.kind) == (settings.labels, "traits")
    assert label_notes(labels, rows) == []
    assert all_labels(rows, settings) == labels


def test_traits_with_a_single_answer_are_named_together(tmp_path: Path) -> None:
    rows, settings = traits(tmp_path, ["010", "011"])
    with pytest.raises(DataError) as caught:
        learn_labels(rows, settings)
    assert str(caught.value) == (
        f"{rows.name}: every training row has the same answer in 'EXT', 'ext', so there is nothing to learn. Remove "
        "the column from data.labels, or add rows with the other answer."
    )


def test_the_labels_of_all_rows_are_those_that_occur(tmp_path: Path) -> None:
    found = examples(tmp_path, ["joy,sad", "fear"], MULTI)
    assert all_labels(found, MULTI) == LabelSet(("fear", "joy", "sad"), "multi")


@pytest.mark.parametrize(
    ("num_labels", "num_rows", "is_refused"), [(50, 50, False), (51, 101, True), (51, 102, False), (101, 201, True)]
)
def test_many_labels_are_refused_if_they_are_more_than_half_of_the_rows(
    tmp_path: Path, num_labels: int, num_rows: int, is_refused: bool
) -> None:
    found = examples(tmp_path, [f"l{min(number, num_labels - 1)}" for number in range(num_rows)])
    if is_refused:
        with pytest.raises(DataError) as caught:
            learn_labels(found, SINGLE)
        assert str(caught.value) == (
            f"{found.name}: column 'label' has {num_labels} different labels in {num_rows} rows; is it the right "
            "column (data.label)?"
        )
    else:
        assert len(learn_labels(found, SINGLE).names) == num_labels


NO_FILE = replace(SINGLE, train=None)


def test_many_labels_that_no_column_holds_may_be_no_classes(tmp_path: Path) -> None:
    found = examples(tmp_path, [f"l{number}" for number in range(1_051)])
    with pytest.raises(DataError) as caught:
        learn_labels(found, NO_FILE)
    assert str(caught.value) == f"{found.name}: 1,051 different labels in 1,051 rows; are these classes?"


def test_one_label_is_enough_where_some_texts_have_none(tmp_path: Path) -> None:
    settings = replace(MULTI, unlabelled="keep")
    assert learn_labels(examples(tmp_path, ["joy", ""], settings), settings).names == ("joy",)


@pytest.mark.parametrize(
    ("labels", "settings", "words"),
    [
        (
            ["joy", "joy"],
            SINGLE,
            "have only the label 'joy'; a classifier needs at least two. Is 'label' the right col",
        ),
        (["joy", "joy"], NO_FILE, "the training rows have only the label 'joy'; a classifier needs at least two."),
        (["joy", "joy"], MULTI, "only the label 'joy'"),
        ([",", ","], replace(MULTI, unlabelled="keep"), "the training rows have no labels; a classifier needs at"),
    ],
)
def test_labels_that_leave_nothing_to_learn_are_refused(
    tmp_path: Path, labels: list[str], settings: DataSettings, words: str
) -> None:
    with pytest.raises(DataError) as caught:
        learn_labels(examples(tmp_path, labels, settings), settings)
    assert words in str(caught.value)
    assert str(caught.value).endswith("two." if settings.train is None else "Is 'label' the right column (data.label)?")


@pytest.mark.parametrize("settings", [MULTI, replace(MULTI, train=None)])
def test_a_label_with_the_separator_of_predictions_is_refused(tmp_path: Path, settings: DataSettings) -> None:
    with pytest.raises(DataError) as caught:
        learn_labels(examples(tmp_path, ["a", "b", "b|a"], settings), settings)
    advice = "If it separates labels here too, set data.label_separator=|; otherwise rename the label."
    assert str(caught.value).endswith(
        f"label 'b|a' contains '|', which separates labels in predictions. {advice if settings.train else 'Rename it.'}"
    )
    assert learn_labels(examples(tmp_path, ["a", "b", "b|a"]), SINGLE).names == ("a", "b", "b|a")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "0"], ("NEU",)),
        (["1.0", "0.0"], ("NEU",)),
        (["Y", "n"], ("NEU",)),
        ([" yes ", "NO"], ("NEU",)),
        ([True, False], ("NEU",)),
        ([1, 0], ("NEU",)),
        (["t", "F"], ("NEU",)),
        (["no", "yes"], ("EXT",)),
        (["yes", "true"], ("NEU", "EXT")),
        (["no", "false"], ()),
        (["yes", ""], None),
    ],
)
def test_answers_are_yes_or_no_in_many_spellings(cells: list[object], expected: tuple[str, ...] | None) -> None:
    assert parse_labels(cells, replace(SINGLE, labels=("NEU", "EXT"))) == expected


def test_cells_that_are_no_label_are_named() -> None:
    settings = replace(SINGLE, labels=("NEU", "EXT"))
    with pytest.raises(BadLabelError) as caught:
        parse_labels(["1", "Maybe"], settings)
    assert str(caught.value) == "expected yes or no (1/0, y/n, true/false) in column 'EXT', found 'maybe'"
    with pytest.raises(BadLabelError) as caught:
        parse_labels([["joy"]], SINGLE)
    words = "column 'label' contains a list; for several labels per text, set data.label_separator"
    assert str(caught.value) == words
    assert (label_columns(settings), label_columns(SINGLE)) == (["NEU", "EXT"], ["label"])
    assert parse_labels([True], SINGLE) == ("true",)


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
