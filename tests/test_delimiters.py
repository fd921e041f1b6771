"""Tables as they come: Excel's sep= line, other delimiters, no header, headers that are repeated."""

from pathlib import Path

import pytest

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.examples import read_examples
from lstmcli.corpus.plain_texts import read_texts
from lstmcli.data.formats import Record, delimited
from lstmcli.data.reading import column_index, open_records
from lstmcli.errors import DataError
from tests.conftest import Cli


def write(path: Path, content: str) -> Path:
    path.write_bytes(content.encode())
    return path


def kept(path: Path, format_name: str = "auto") -> list[Record]:
    with open_records(str(path), format_name=format_name, keeps_broken=True) as source:
        return list(source.records)


def reason(columns: list[str], name: str = "a.csv") -> str:
    with pytest.raises(DataError) as caught:
        column_index(columns, "text", name, "--text")
    return str(caught.value)


@pytest.mark.parametrize("first", ["sep=;", "SEP=;\r", '"sep=;"', "\ufeffsep=;"])
@pytest.mark.parametrize("format_name", ["auto", "csv-semicolon"])
def test_the_first_line_of_excel_names_the_delimiter(tmp_path: Path, first: str, format_name: str) -> None:
    path = write(tmp_path / "a.csv", f"{first}\ntext;label\nso, happy;joy\n")
    assert kept(path, format_name) == [Record(3, ["text", "label"], ["so, happy", "joy"])]


def test_a_tab_named_in_the_first_line_is_a_delimiter_too(tmp_path: Path) -> None:
    assert kept(write(tmp_path / "a.csv", "sep=\t\ntext\tid\nhi\t1\n")) == [Record(3, ["text", "id"], ["hi", "1"])]


def test_pipes_separate_cells_when_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id|text\n1|"a|b, c"\n')
    assert kept(path, "csv-pipe") == [Record(2, ["id", "text"], ["1", "a|b, c"])]


def test_blank_lines_above_the_header_are_skipped(tmp_path: Path) -> None:
    assert kept(write(tmp_path / "a.csv", "\n\r\ntext,id\nhi,1\n")) == [Record(4, ["text", "id"], ["hi", "1"])]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["text;score", " avg;id"], "The header contains ';': try --format csv-semicolon"),
        (["a|text"], "try --format csv-pipe"),
        (["id:text:label"], "separated by ':', which no format is; make tabs of them, for example: tr ':' '\\t'"),
        (["id  text   label"], "separated by spaces"),
        (["id text label"], "tr -s ' ' '\\t'"),
        (["id;'text'"], "The header contains ';': try --format csv-semicolon"),
        (['"text"|id'], "The header contains '|': try --format csv-pipe"),
        (
            ["# exported today"],
            "today. The first line looks like a comment; delete the lines above the header, for example with "
            "tail -n +2.",
        ),
        (["", " "], "Columns: ,  . The first line has no names; delete the lines above the header."),
        (['{"text": "a"', ' "n": 1}'], "looks like JSON Lines: try --format jsonl"),
        (['  {"text": "a"'], "looks like JSON Lines: try --format jsonl"),
        (['[{"text": "a"'], "looks like a JSON array: write one object per line, for example with jq -c '.[]'"),
        (["so happy", "17", "x"], "must be a header; if it is a row already, add a line with the names of its 3 cells"),
        (["i am so very happy"], "sed '1i text' FILE > NEW"),
        (["id", "words"], "Columns: id, words. The column is set by --text."),
        (["17", "texts"], "Columns: 17, texts. Did you mean 'texts'? The column is set by --text."),
        ([], "Columns: . The column is set by --text."),
    ],
)
def test_a_missing_column_gets_the_likely_reason(columns: list[str], words: str) -> None:
    assert words in reason(columns)


@pytest.mark.parametrize(
    ("cell", "is_content"),
    [
        ("17", True),
        ("-2.5e3", True),
        ("so very happy", False),
        ("so very happy today", True),
        ("x" * 60, False),
        ("x" * 61, True),
        ("http://a.b", True),
        ("a:b/c", False),
    ],
)
def test_a_row_is_told_from_a_header_by_its_cells(cell: str, is_content: bool) -> None:
    assert ("if it is a row already" in reason([cell, "words"])) == is_content


def test_an_added_header_names_nine_columns_at_most() -> None:
    numbers = ",".join(f"column{number}" for number in range(2, 10))
    assert f"names of its 9 cells in their order, for example: sed '1i text,{numbers}' FILE > NEW" in reason(["5"] * 9)
    assert f"names of its 10 cells in their order, for example: sed '1i text,{numbers},...'" in reason(["5"] * 10)
    assert "sed '1i text,column2' FILE > NEW" in reason(["5"] * 2)


def test_many_and_long_names_are_cut_and_counted() -> None:
    names = [f"n{number}" for number in range(1032)]
    assert f"Columns: {', '.join(names[:30])}. " in reason(names[:30])
    assert f"Columns: {', '.join(names[:30])} and 1 more. " in reason(names[:31])
    assert f"Columns: {', '.join(names[:30])} and 1,002 more. " in reason(names)
    assert f"Columns: {'y' * 60}, {'z' * 60}.... " in reason(["y" * 60, "z" * 61])


def test_a_header_for_a_tsv_has_tabs() -> None:
    assert r"sed '1i text\tcolumn2' FILE > NEW" in reason(["so happy today my friend", "3"], "a.tsv")


def test_a_text_in_the_place_of_the_header_is_shortened() -> None:
    assert len(reason(["long " * 1_000_000, *map(str, range(10_000))])) < 1000


def test_spaces_around_the_name_of_a_column_do_no_harm() -> None:
    assert column_index(["id", " text ", "label"], "text", "a.csv", "--text") == 1
    assert column_index([" text", "text"], "text", "a.csv", "--text") == 1
    assert "Did you mean" in reason([" text", "text "])


REPEATED = "text,label\nglad,joy\ntext,label\nsad,sadness\n"


def test_a_repeated_header_is_a_broken_row_of_a_prediction(tmp_path: Path) -> None:
    rows = kept(write(tmp_path / "a.csv", REPEATED))
    assert [(row.line, row.cells, row.problem) for row in rows] == [
        (2, ["glad", "joy"], None),
        (3, ["text", "label"], "repeats the header line."),
        (4, ["sad", "sadness"], None),
    ]


def test_joined_files_with_byte_order_marks_repeat_the_header_too(tmp_path: Path) -> None:
    rows = kept(write(tmp_path / "a.csv", "\ufefftext,label\nglad,joy\n\ufeff\ufefftext,label\nsad,sadness\n"))
    assert [row.problem is None for row in rows] == [True, False, True]


def test_a_single_column_may_have_its_name_as_a_text(tmp_path: Path) -> None:
    assert [row.problem for row in kept(write(tmp_path / "a.csv", "text\ntext\nglad\n"))] == [None, None]


def test_training_drops_a_repeated_header_and_names_its_line(tmp_path: Path) -> None:
    path = str(write(tmp_path / "a.csv", REPEATED))
    examples = read_examples(path, DataSettings())
    assert (examples.num_rows, examples.labels) == (3, [("joy",), ("sadness",)])
    assert [str(finding) for finding in examples.findings] == ["the header line again at line 3"]
    with pytest.raises(DataError, match="the header line again at line 3"):
        read_examples(path, DataSettings(malformed_rows="error"))


def test_pretraining_drops_a_repeated_header(tmp_path: Path) -> None:
    store, (report,) = read_texts([str(write(tmp_path / "a.csv", REPEATED))], DataSettings())
    assert len(store) == 2
    assert [str(finding) for finding in report.findings] == ["the header line again at line 3"]


def test_a_repeated_header_keeps_its_place_without_a_prediction(folder: Path, cli: Cli) -> None:
    write(folder / "joined.csv", REPEATED)
    result = cli("predict", "RUN", "joined.csv", cwd=folder)
    assert (result.returncode, result.stdout.splitlines()[2]) == (3, "text,label,,")
    assert "joined.csv, line 3: repeats the header line." in result.stderr


def test_an_unclosed_quote_takes_in_only_so_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_ROW_CHARACTERS", 20)
    rows = kept(write(tmp_path / "a.csv", 'text,id\n"one,1\n' + "two,2\n" * 100))
    assert [row.cells for row in rows] == [['"one,1'], *[["two", "2"]] * 100]
    assert rows[0].problem == "a quote opened in this row is not closed within 20 characters; close it."
    monkeypatch.setattr(delimited, "MAX_ROW_CHARACTERS", 1 << 24)
    monkeypatch.setattr(delimited, "MAX_ROW_LINES", 3)
    assert len(kept(tmp_path / "a.csv")) == 101
