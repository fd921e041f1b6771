"""What `lstmcli check` and `lstmcli init` make of rows and files at the edge: few, odd, empty, or read only once."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

import lstmcli.corpus.column_profiles as column_profiles
from lstmcli.config.model_settings import DataSettings, TokenizerSettings
from lstmcli.corpus.checks.drift import TrainedOn, drift_problems
from lstmcli.corpus.checks.labels import label_problems
from lstmcli.corpus.checks.problems import Problem
from lstmcli.corpus.checks.rows import CheckedRows, read_rows
from lstmcli.corpus.column_profiles import ColumnProfile
from lstmcli.corpus.encode import tokenize
from lstmcli.data.atomic import atomic_path, sync_descriptor
from lstmcli.data.formats.excel import read_excel
from lstmcli.errors import DataError
from lstmcli.recipes.starting.check import Columns, check
from lstmcli.recipes.starting.propose import start
from lstmcli.text.encoder import GrowingVocabulary
from tests.conftest import invoke, write_csv
from tests.test_cli_check import checked, clean, label, write, write_config
from tests.test_cli_init import sheet


def rows_of(labels: Sequence[str]) -> CheckedRows:
    rows = CheckedRows("in.csv", len(labels))
    for number, name in enumerate(labels):
        rows.append(number + 2, f"text number {number}", tuple(name.split("|")))
    return rows


def test_few_rows_are_not_compared_and_nothing_is_said_to_be_unseen() -> None:
    rows = rows_of(["joy"] * 29)
    trained = TrainedOn("runs/x", ("joy", "anger"), {"joy": 0.1}, lambda _: False, 99.0, 0.0, None)
    tokens = tokenize(rows.texts, TokenizerSettings(), GrowingVocabulary())
    found = list(drift_problems(rows, tokens, trained, "text", has_labels=True))
    assert [(each.kind, each.severity, each.what) for each in found] == [
        ("not compared", "note", "the run does not say which texts it was trained on"),
        ("few rows", "note", "29 rows are too few to compare with the training of runs/x"),
    ]
    rows.append(31, "one more text", ("joy",))
    tokens = tokenize(rows.texts, TokenizerSettings(), GrowingVocabulary())
    kinds = {each.kind for each in drift_problems(rows, tokens, trained, "text", has_labels=True)}
    assert kinds == {"not compared", "drift of length", "drift of words", "drift of labels"}


@pytest.mark.parametrize(
    ("lines", "shown"),
    [((), ""), ((7,), "line 7"), ((7, 9), "lines 7, 9"), (tuple(range(2, 40)), "more")],
)
def test_the_lines_of_a_problem_are_named_if_it_is_about_some(lines: tuple[int, ...], shown: str) -> None:
    found = Problem("markup", "note", "in.csv", "HTML", "remove it", lines).shown_lines
    assert found == shown or (shown == "more" and found.endswith(" more"))


def test_texts_without_labels_are_sorted_into_usable_blank_and_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "so glad"}\n{"text": " "}\n{"text": ["a"]}\n{"id": 3}\n', encoding="utf-8")
    rows = read_rows(str(path), DataSettings(), has_labels=False)
    assert (rows.num_rows, rows.texts, rows.lines, rows.labels) == (4, ["so glad"], [1], [()])
    assert [(each.kind, each.lines) for each in rows.problems] == [("unreadable row", (3, 4)), ("blank text", (2,))]


@pytest.mark.parametrize("has_labels", [True, False])
def test_a_header_alone_is_no_file_to_check(tmp_path: Path, has_labels: bool) -> None:
    path = write_csv(tmp_path / "in.csv", ["text", "label"], [])
    with pytest.raises(DataError, match=r"in\.csv: there are no rows below the header\."):
        read_rows(str(path), DataSettings(), has_labels=has_labels)


def test_a_capital_letter_is_another_spelling_and_no_typing_error(tmp_path: Path) -> None:
    rows = clean()
    label("Anger", 1, 4)(rows)
    _, problems = checked(write(tmp_path, rows))
    assert [each["kind"] for each in problems if each["kind"] in {"label spelling", "typing error"}] == [
        "label spelling"
    ]


@pytest.mark.parametrize(("separator", "expected"), [(None, {"joined labels"}), ("|", set())])
def test_labels_are_joined_only_where_nothing_separates_them(separator: str | None, expected: set[str]) -> None:
    rows = CheckedRows("in.csv")
    for number in range(60):
        name = ("joy", "anger", "joy|anger")[number % 3]
        rows.append(number, "text", tuple(name.split("|")) if separator else (name,))
    found = {each.kind for each in label_problems(rows, DataSettings(label_separator=separator))}
    assert found == expected


def test_a_column_of_very_many_texts_is_not_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_profiles, "MAX_VALUES", 20)
    path = write(tmp_path, clean(60))
    started = start(str(path))
    assert started.proposal.reasons["text"] == "11 words per row on average, seldom the same"
    assert (started.proposal.text, started.proposal.label) == ("text", "label")


def test_parts_that_are_long_are_sentences_and_no_labels() -> None:
    names = {"short": ("joy", "anger"), "long": ("joy", "a sentence that goes on and on, as no name of a label does")}
    found = {}
    for kind, (first, second) in names.items():
        profile = ColumnProfile("label")
        for number in range(60):
            profile.add((first, second, f"{first}|{second}")[number % 3])
        found[kind] = profile.separator
    assert found == {"short": "|", "long": None}


def test_a_file_without_free_text_lists_its_columns(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", ["mood", "stars"], [["joy", str(number % 5)] for number in range(40)])
    with pytest.raises(DataError, match="no column looks like free text") as refused:
        start(str(path))
    assert all(name in str(refused.value) for name in ("--text", "mood", "stars"))


def test_answers_that_hardly_anybody_gives_are_no_labels(tmp_path: Path) -> None:
    rows = [[words, str(int(number == 3)), str(int(number < 2))] for number, (words, _) in enumerate(clean(60))]
    path = write_csv(tmp_path / "in.csv", ["text", "x", "z"], rows)
    with pytest.raises(DataError) as refused:
        start(str(path))
    assert all(name in str(refused.value) for name in ("--label", "x", "z"))


def test_a_spreadsheet_with_a_header_alone_has_no_rows_and_an_empty_one_no_header(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    with pytest.raises(DataError, match=r"a\.xlsx: there are no usable rows below the header\."):
        start(str(sheet(tmp_path / "a.xlsx", [["text", "label"]])))
    with pytest.raises(DataError, match=r"b\.xlsx is empty: expected a header line"):
        read_excel(str(sheet(tmp_path / "b.xlsx", [["", None]])))


def test_cells_right_of_the_header_are_kept_and_blank_ones_are_not(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    path = sheet(tmp_path / "a.xlsx", [["text", "stars"], ["so glad", 5], [None, None], ["sad", 1, "note"]])
    columns, records = read_excel(str(path))
    assert columns == ["text", "stars"]
    assert [(each.line, each.cells, each.is_malformed) for each in records] == [
        (2, ["so glad", 5], False),
        (4, ["sad", 1, "note"], True),
    ]


def test_what_can_be_read_only_once_is_refused(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"text,label\nso glad,joy\n")
    os.close(writing)
    try:
        for path in ("-", f"/dev/fd/{reading}"):
            for use in (start, lambda name: check(name, Columns())):
                with pytest.raises(DataError, match=f"^{path}: a pipe can be read only once; save the rows to a file"):
                    use(path)
    finally:
        os.close(reading)
    with pytest.raises(DataError, match="no such file"):
        start(str(tmp_path / "gone.csv"))


@pytest.mark.parametrize("content", ["words,mood\nso glad,joy\nso sad,anger\n", "so glad\nso sad\n"])
def test_a_config_for_other_columns_is_refused_by_their_names(tmp_path: Path, content: str) -> None:
    path = tmp_path / "in.csv"
    path.write_text(content)
    result = invoke("check", path, "--config", write_config(tmp_path, "text: text, label: label"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "'text'" in result.stderr


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder, expected the name of a file to write"), atomic_path(tmp_path):
        pass
    assert tmp_path.is_dir()


def test_an_error_while_waiting_for_the_disk_is_not_passed_over(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w") as stream:
        descriptor = stream.fileno()
        sync_descriptor(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        sync_descriptor(descriptor)
