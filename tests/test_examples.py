"""Labelled rows: the three ways of labels, and every kind of row that can't be used."""

from dataclasses import replace
from pathlib import Path

import pytest

from lstmcli.config.loading import load_config
from lstmcli.config.model_settings import DataSettings, label_kind
from lstmcli.corpus.example_rows import NO_GROUP
from lstmcli.corpus.examples import read_examples
from lstmcli.corpus.label_cells import BadLabelError, parse_labels
from lstmcli.errors import DataError

SINGLE = DataSettings()
MULTI = DataSettings(label_separator="|")
TRAITS = DataSettings(labels=("EXT", "NEU"))


def write(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_the_settings_tell_the_kind_of_labels() -> None:
    assert [label_kind(settings) for settings in (SINGLE, MULTI, TRAITS)] == ["single", "multi", "traits"]


@pytest.mark.parametrize(
    ("cells", "settings", "labels"),
    [
        (["joy"], SINGLE, ("joy",)),
        ([" joy\n to all "], SINGLE, ("joy to all",)),
        (["NA"], SINGLE, ("NA",)),
        ([" "], SINGLE, None),
        ([None], SINGLE, None),
        ([3], SINGLE, ("3",)),
        ([True], SINGLE, ("true",)),
        (["joy|anger| joy||"], MULTI, ("anger", "joy")),
        ([["joy", "anger"]], MULTI, ("anger", "joy")),
        (["|"], MULTI, None),
        (["1", "0"], TRAITS, ("EXT",)),
        (["Yes", "n"], TRAITS, ("EXT",)),
        (["TRUE", "t"], TRAITS, ("EXT", "NEU")),
        ([1, 0.0], TRAITS, ("EXT",)),
        ([False, True], TRAITS, ("NEU",)),
        (["0", "0"], TRAITS, ()),
        (["1", ""], TRAITS, None),
    ],
)
def test_label_cells_become_names(cells: list[object], settings: DataSettings, labels: tuple[str, ...] | None) -> None:
    assert parse_labels(cells, settings) == labels


def test_a_cell_that_is_neither_yes_nor_no_is_an_error() -> None:
    with pytest.raises(BadLabelError, match="in column 'NEU', found 'maybe'"):
        parse_labels(["1", "maybe"], TRAITS)


MESSY = """text,label
good one,joy
unlabelled,
,anger
one,two,three
the same,joy
The  SAME,anger
strange,disgust
"""


def test_unusable_rows_are_dropped_and_named_by_line(tmp_path: Path) -> None:
    examples = read_examples(write(tmp_path / "a.csv", MESSY), SINGLE, known_labels=["joy", "anger"])
    assert examples.num_rows == 7
    assert list(examples.texts) == ["good one", "the same", "The  SAME"]
    assert list(examples.table["line"]) == [2, 6, 7]
    assert [(finding.setting, finding.action, finding.lines) for finding in examples.findings] == [
        ("malformed_rows", "drop", (5,)),
        ("unlabelled", "drop", (3,)),
        ("empty_texts", "drop", (4,)),
        ("unknown_labels", "drop", (8,)),
        ("conflicting_labels", "keep", (6, 7)),
    ]
    assert str(examples.findings[3]) == "labels not seen in training (disgust) at line 8"


def test_many_lines_are_counted_not_listed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label\nfine,a\n" + "no label,\n" * 1007)
    (finding,) = read_examples(path, SINGLE).findings
    assert str(finding) == "no label at lines 3, 4, 5, 6, 7 and 1,002 more"


@pytest.mark.parametrize(
    ("key", "line"), [("unlabelled", 3), ("empty_texts", 4), ("malformed_rows", 5), ("conflicting_labels", 6)]
)
def test_each_finding_can_be_made_an_error(tmp_path: Path, key: str, line: int) -> None:
    settings = replace(SINGLE, **{key: "error"})
    with pytest.raises(DataError, match=rf"at lines? {line}.*data\.{key}"):
        read_examples(write(tmp_path / "a.csv", MESSY), settings)


def test_all_findings_that_are_errors_come_in_one_message(tmp_path: Path) -> None:
    settings = replace(SINGLE, unlabelled="error", empty_texts="error", unknown_labels="error")
    with pytest.raises(DataError) as caught:
        read_examples(write(tmp_path / "a.csv", MESSY), settings, known_labels=["joy", "anger"])
    assert len(str(caught.value).splitlines()) == 3


def test_conflicting_texts_can_be_dropped(tmp_path: Path) -> None:
    settings = replace(SINGLE, conflicting_labels="drop")
    assert list(read_examples(write(tmp_path / "a.csv", MESSY), settings).texts) == ["good one", "strange"]


def test_a_text_without_labels_can_be_kept_where_several_are_allowed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label\nnone,\nboth,a|b\n")
    assert read_examples(path, MULTI).labels == [("a", "b")]
    assert read_examples(path, replace(MULTI, unlabelled="keep")).labels == [(), ("a", "b")]


def test_a_file_without_a_usable_row_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no usable rows \(2 read\): no label at lines 2, 3"):
        read_examples(write(tmp_path / "a.csv", "text,label\na,\nb,\n"), SINGLE)
    with pytest.raises(DataError, match=r"no usable rows \(0 read\): there are no rows below the header"):
        read_examples(write(tmp_path / "b.csv", "text,label\n"), SINGLE)


def test_a_wrong_label_column_names_the_setting(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,lable\na,x\n")
    with pytest.raises(
        DataError,
        match=r"has no column 'label'\..*Did you mean 'lable'\? The column is set by --label \(data\.label\)\.",
    ):
        read_examples(path, SINGLE)


def test_bad_trait_cells_are_all_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,EXT,NEU\na,1,0\nb,2,0\nc,1,?\n")
    with pytest.raises(
        DataError, match=r"invalid labels in 2 rows: line 3: expected yes or no \(1/0, .*\) in column 'EXT', found '2'"
    ):
        read_examples(path, TRAITS)


def test_a_key_that_some_json_objects_lack_is_an_empty_cell(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        '{"text": "a", "label": "x"}\n{"text": "b"}\n{"label": "y", "text": "c"}\n{"label": "y"}\n',
    )
    examples = read_examples(path, SINGLE)
    assert list(zip(examples.texts, examples.labels, strict=True)) == [("a", ("x",)), ("c", ("y",))]
    assert [str(finding) for finding in examples.findings] == ["no label at line 2", "empty text at line 4"]
    with pytest.raises(DataError, match=r"has no column 'lable'\. Columns: text, label\. Did you mean 'label'\?"):
        read_examples(path, replace(SINGLE, label="lable"))


def test_a_list_of_labels_needs_a_separator(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"text": "a", "label": ["x", "y"]}\n')
    with pytest.raises(
        DataError, match=r"column 'label' contains a list; for several labels per text, set data\.label_separator"
    ):
        read_examples(path, SINGLE)
    assert read_examples(path, MULTI).labels == [("x", "y")]


def test_a_text_that_is_a_list_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"text": "a", "label": "x"}\n{"text": ["a"], "label": "x"}\n')
    with pytest.raises(DataError, match="line 2: expected text in 'text', found"):
        read_examples(path, SINGLE)


def test_an_empty_group_is_no_group(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl", '{"text": "a", "label": "x", "who": null}\n{"text": "b", "label": "x", "who": ""}\n'
    )
    assert list(read_examples(path, replace(SINGLE, group="who")).table["group"]) == [NO_GROUP, NO_GROUP]


def test_the_group_column_and_json_types_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl", '{"who": 7, "label": "a", "text": "hi"}\n{"text": null, "label": "b", "who": 8}\n'
    )
    examples = read_examples(path, replace(SINGLE, group="who", empty_texts="keep"))
    assert list(examples.table["group"]) == [0, 1]
    assert list(examples.texts) == ["hi", ""]


@pytest.mark.parametrize("separator", [" ", "\t"])
def test_white_space_may_separate_labels(separator: str) -> None:
    config = load_config(None, [f"data.label_separator={separator}", "data.train=a.csv"])
    assert config.data.label_separator == separator
    assert parse_labels([f"joy{separator}love"], config.data) == ("joy", "love")
