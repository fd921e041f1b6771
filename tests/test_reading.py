"""Reading rows: formats, quoting, encodings, compression, and what is said of broken files."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmcli.data.formats import FORMATS, Record, delimited
from lstmcli.data.formats.delimited import Delimited
from lstmcli.data.reading import column_index, open_records
from lstmcli.errors import DataError


def read(path: Path, **options: str) -> list[Record]:
    with open_records(str(path), **options) as source:
        return list(source.records)


def cells(path: Path, **options: str) -> list[list[object]]:
    return [list(record.cells) for record in read(path, **options)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_csv_keeps_quoted_newlines_commas_quotes_and_the_line_of_each_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'text,label\n"one, two",a\n"say ""hi""\nthere",b\nlast,c\n')
    records = read(path)
    assert [record.cells for record in records] == [["one, two", "a"], ['say "hi"\nthere', "b"], ["last", "c"]]
    assert [record.line for record in records] == [2, 3, 5]


@pytest.mark.parametrize("word", ["NA", "null", "None", "nan", "NULL", "N/A", "", " ", "#N/A"])
def test_words_that_other_tools_take_for_missing_are_ordinary(tmp_path: Path, word: str) -> None:
    assert cells(write(tmp_path / "a.csv", f"text,label\n{word},x\n")) == [[word, "x"]]


def test_crlf_and_bom_leave_no_trace(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"\xef\xbb\xbftext,label\r\nhi,a\r\n")
    assert read(path) == [Record(2, ["text", "label"], ["hi", "a"])]


def test_a_lone_carriage_return_or_unicode_separator_does_not_split_a_text(tmp_path: Path) -> None:
    text = "a\rb\x0bc\x0cd\x1ce\x85f\u2028g\u2029h\x00i"
    assert cells(write(tmp_path / "a.txt", text + "\nnext\n")) == [[text], ["next"]]
    assert cells(write(tmp_path / "a.csv", f'text\n"{text}"\nnext\n')) == [[text], ["next"]]


def test_text_lines_are_rows_also_when_empty_or_without_a_last_newline(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "a.txt", "one\n\n  \r\nlast")) == [["one"], [""], ["  "], ["last"]]


def test_blank_lines_are_rows_only_in_a_single_column(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "one.csv", "text\na\n\nb\n")) == [["a"], [""], ["b"]]
    assert cells(write(tmp_path / "two.csv", "text,label\na,x\n\nb,y\n")) == [["a", "x"], ["b", "y"]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "text\tlabel\nhi, you\ta\n"),
        ("a.tab", "text\tlabel\nhi, you\ta\n"),
        ("a.jsonl", '{"text": "hi, you", "label": "a"}\n\n'),
        ("a.ndjson", '{"text": "hi, you", "label": "a"}'),
        ("a.csv.gz", gzip.compress(b'text,label\n"hi, you",a\n', mtime=0)),
        ("A.JSONL.GZ", gzip.compress(b'{"text": "hi, you", "label": "a"}\n', mtime=0)),
    ],
)
def test_the_extension_tells_the_format(tmp_path: Path, name: str, content: str | bytes) -> None:
    (record,) = read(write(tmp_path / name, content))
    assert dict(zip(record.columns, record.cells, strict=True)) == {"text": "hi, you", "label": "a"}


def test_a_format_can_be_named(tmp_path: Path) -> None:
    semicolons = write(tmp_path / "a.csv", "text;label\nhi, you;a\n")
    assert cells(semicolons, format_name="csv-semicolon") == [["hi, you", "a"]]
    raw = write(tmp_path / "a.dat", 'text\tlabel\n"open\ta\n')
    assert cells(raw, format_name="tsv-raw") == [['"open', "a"]]


def test_other_encodings_are_read_when_named(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "a.txt", "naïve café".encode("cp1252")), encoding="cp1252") == [["naïve café"]]
    assert cells(write(tmp_path / "b.txt", "naïve\ncafé".encode("utf-16")), encoding="utf-16") == [["naïve"], ["café"]]


@pytest.mark.parametrize("num_lines_before", [1, 3000])
def test_a_wrong_encoding_is_named_with_its_line(tmp_path: Path, num_lines_before: int) -> None:
    content = b"fine\n" * num_lines_before + "café\n".encode("latin-1") + b"fine\n"
    with pytest.raises(
        DataError,
        match=rf"line {num_lines_before + 1}: byte 0xe9 is not valid utf-8.*try --encoding cp1252 ",
    ):
        read(write(tmp_path / "a.txt", content))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "", "is empty: expected a header line"),
        ("a.csv", "\n\n", "is empty: expected a header line"),
        ("a.csv", "text\ra\rb\r", "line 1: there is a carriage return outside quotes"),
        ("a.csv", "text\na\rb\n", "line 2: there is a carriage return outside quotes"),
        (
            "a.csv",
            'text,label\nfine,a\n"open,b\nnext,c\n',
            "line 3: a quote opened in this row is never closed. Close it, double the quotes inside quoted cells, or "
            "read a TSV without quoting with --format tsv-raw.",
        ),
        (
            "a.csv",
            'text,id\n"hello,1\nfoo,2\n"bar",3\n',
            "line 2: a quote closes in the middle of a cell; double the quotes inside quoted cells, or read a TSV "
            "without quoting with --format tsv-raw.",
        ),
        ("a.csv", 'text,id\n"say "hi" you",1\n', "line 2: a quote closes in the middle of a cell"),
        ("a.csv", 'text;id\n"so; glad";1\n', "no other delimiter: try --format csv-semicolon"),
        ("a.csv", 'text\tid\n"so glad"\t1\n', "no other delimiter: try --format tsv"),
        ("a.jsonl", '{"text": "a"}\n{oops\n', "line 2: can't be parsed as JSON"),
        ("a.jsonl", "[" * 100_000, "line 1: can't be parsed as JSON"),
        ("a.jsonl", '{"a": 1, "b": 2, "a": 3}', "line 1: the key 'a' occurs more than once"),
        ("a.jsonl", '{"a": 1, "b": 2, "b": 3}', "line 1: the key 'b' occurs more than once"),
        ("a.jsonl", "[1]\n", "line 1: expected an object"),
        ("a.csv.gz", "not gzip", "is not gzip data, or damaged"),
        ("a.csv.gz", gzip.compress(b"text\n" + bytes(range(65, 90)) * 500, mtime=0)[:-20], "is damaged gzip data"),
        ("a.docx", "", "can't tell the format"),
    ],
)
def test_broken_files_get_one_clear_message(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(write(tmp_path / name, content))
    assert words in str(caught.value)


def test_a_missing_file_a_folder_and_an_unknown_encoding_are_named(tmp_path: Path) -> None:
    near = write(tmp_path / "reviews.csv", "text\n")
    with pytest.raises(DataError, match=r"no such file\. Did you mean '.*reviews.csv'"):
        read(tmp_path / "review.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read(tmp_path / "folder.csv")
    with pytest.raises(DataError, match="Encoding 'rot13' can't be used"):
        read(near, encoding="rot13")
    with pytest.raises(DataError, match=r"Unknown encoding 'utf9'\. Did you mean 'utf-8'"):
        read(near, encoding="utf9")


def test_a_missing_column_names_those_that_exist_and_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        column_index(["id", "Text", "label"], "text", "a.csv", "data.text")
    assert str(caught.value) == (
        "a.csv has no column 'text'. Columns: id, Text, label. Did you mean 'Text'? The column is set by data.text."
    )


@pytest.mark.parametrize(
    ("header", "format_name"), [("text;label", "csv-semicolon"), ("words\tlabel", "tsv"), ("words|label", "csv-pipe")]
)
def test_a_header_with_another_delimiter_is_recognised(header: str, format_name: str) -> None:
    with pytest.raises(DataError, match=f"try --format {format_name}"):
        column_index([header], "sentiment", "a.csv", "data.text")


def test_a_column_that_stands_there_twice_is_refused() -> None:
    with pytest.raises(DataError, match="column 'text' occurs 2 times"):
        column_index(["text", "text"], "text", "a.csv", "data.text")


CELL = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(CELL, CELL), max_size=6))
def test_what_the_csv_module_writes_is_read_back_cell_for_cell(rows: list[tuple[str, str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["text", "label"], *rows])
    lines = io.StringIO(stream.getvalue(), newline="\n")
    records = list(FORMATS["csv"].read(lines, "test").records)
    assert [tuple(record.cells) for record in records] == rows


@given(st.lists(st.tuples(CELL, CELL), max_size=6), st.sampled_from(["csv", "tsv", "csv-semicolon", "csv-pipe"]))
def test_a_written_row_is_read_back_with_its_additions(rows: list[tuple[str, str]], format_name: str) -> None:
    stream = io.StringIO(newline="")
    writer = FORMATS[format_name].writer(stream)
    writer.start(["text", "other"], ["prediction", "score"], continues=False)
    for number, row in enumerate(rows):
        writer.write(Record(number, ["text", "other"], list(row)), {"prediction": "x", "score": 0.5})
    columns, records = FORMATS[format_name].read(io.StringIO(stream.getvalue(), newline="\n"), "test")
    assert columns == ["text", "other", "prediction", "score"]
    assert [record.cells for record in records] == [[*row, "x", "0.5000000"] for row in rows]


def test_a_table_may_have_any_delimiter_and_quotes_or_none() -> None:
    rows = [["a^b", 'say "hi"', "two\nlines"], ["c", "", "d"]]
    stream = io.StringIO(newline="")
    writer = Delimited("^").writer(stream)
    writer.start(["x", "y", "z"], ["n"], continues=False)
    for row in rows:
        writer.write(Record(1, ["x", "y", "z"], list(row)), {"n": "=1"})
    assert stream.getvalue() == 'x^y^z^n\n"a^b"^"say ""hi"""^"two\nlines"^=1\nc^^d^=1\n'
    _, records = Delimited("^").read(io.StringIO(stream.getvalue(), newline="\n"), "test")
    assert [record.cells for record in records] == [[*row, "=1"] for row in rows]
    (record,) = Delimited("^", quoting=False).read(['x^"y\n', '"1^2"\n'], "test").records
    assert (record.columns, record.cells) == (["x", '"y'], ['"1', '2"'])
    (broken,) = Delimited("^").read(["x^y\n", '"1"2^3\n'], "test").records
    assert broken.problem is not None


def test_half_an_emoji_in_json_is_written_as_it_was() -> None:
    stream = io.StringIO()
    row = {"text": "cut \ud83d"}
    FORMATS["jsonl"].writer(stream).write(Record(1, list(row), list(row.values())), {"prediction": "x"})
    assert json.loads(stream.getvalue().encode("utf-8").decode("utf-8")) == {**row, "prediction": "x"}


def test_jsonl_keeps_other_keys_and_types() -> None:
    stream = io.StringIO()
    row = {"text": "é", "n": 3, "deep": [1, {"a": None}]}
    FORMATS["jsonl"].writer(stream).write(Record(1, list(row), list(row.values())), {"prediction": "x", "score": 1 / 3})
    assert json.loads(stream.getvalue()) == {**row, "prediction": "x", "score": 0.3333333}
    assert "é" in stream.getvalue()


UNCLOSED = 'text,id\n"one, 1\ntwo,2\nthree,3\n"four\n'


def broken(path: Path) -> list[tuple[int, list[object], bool]]:
    with open_records(str(path), keeps_broken=True) as source:
        return [(record.line, list(record.cells), record.problem is not None) for record in source.records]


def test_only_the_line_of_a_quote_that_is_never_closed_is_broken(tmp_path: Path) -> None:
    assert broken(write(tmp_path / "a.csv", 'text,id\n"one, 1\ntwo,2\nthree,3\n')) == [
        (2, ['"one, 1'], True),
        (3, ["two", "2"], False),
        (4, ["three", "3"], False),
    ]
    # A later quote seems to close it, in the middle of a cell.
    assert broken(write(tmp_path / "b.csv", UNCLOSED)) == [
        (2, ['"one, 1'], True),
        (3, ["two", "2"], False),
        (4, ["three", "3"], False),
        (5, ['"four'], True),
    ]


def test_lines_that_can_be_taken_back_no_more_stay_in_the_broken_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "MAX_LINES_TAKEN_BACK", 2)
    assert broken(write(tmp_path / "a.csv", UNCLOSED)) == [(2, ['"one, 1\ntwo,2\nthree,3\n"four'], True)]


def test_lines_are_taken_back_so_many_times_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_LINES_TAKEN_BACK", 2)
    assert broken(write(tmp_path / "a.csv", 'text,id\n"one,1\ntwo,2\n"three,3\nfour,4\n')) == [
        (2, ['"one,1'], True),
        (3, ["two", "2"], False),
        (4, ['"three,3\nfour,4'], True),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_broken_row_is_an_error_unless_it_is_wanted(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, UNCLOSED)
    with pytest.raises(DataError, match=rf"{name}, line [12]: "):
        read(path)


def test_undecodable_bytes_mark_their_rows_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,id\nglad,1\ncaf\u00e9,2\nsad,3\n".encode("latin-1"))
    assert broken(path) == [(2, ["glad", "1"], False), (3, ["caf\ufffd", "2"], True), (4, ["sad", "3"], False)]
