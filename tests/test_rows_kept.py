"""Prediction loses, renames, overwrites or changes nothing of its input without a word."""

import csv
import datetime
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from tests.conftest import Cli

ADDED = ["prediction", "score"]


class Predict:
    """Runs `lstmcli predict` on files in a folder."""

    def __init__(self, folder: Path, run: Path, cli: Cli) -> None:
        self.folder, self._run, self._cli = folder, run, cli

    def __call__(self, *arguments: str, code: int = 0, **files: str | bytes) -> str:
        """Write `files` (a_csv is a.csv), predict what `arguments` say, and return the output."""
        for name, content in files.items():
            (self.folder / name.replace("_", ".")).write_bytes(
                content.encode() if isinstance(content, str) else content
            )
        result = self._cli("predict", self._run, *arguments, cwd=self.folder)
        self.notes = result.stderr
        assert result.returncode == code, result.stderr
        return result.stdout

    def table(self, *arguments: str, code: int = 0, **files: str | bytes) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self(*arguments, code=code, **files), newline="")))


@pytest.fixture
def predict(tmp_path: Path, run_directory: Path, cli: Cli) -> Predict:
    return Predict(tmp_path, run_directory, cli)


EXACT = [
    '{"text":"so glad",   "big": 12345678901234567890.123, "small":0.12345678901234567890}',
    '{"text": "so glad", "huge": 1e400, "zero": -0, "one": 1.0, "many": 1E5, "deep": {"a": [1.0, -0.0]}}',
    '{"\\u0074ext": "so gl\\u0061d \\/", "e": "\\ud83d", "deep": {"a": 1, "a": 2}, "space" :\t1}',
    '{"text": "so glad", "long": ' + "7" * 5000 + "}",
    '{"text": "so glad", "missing": NaN, "limit": -Infinity}',
    '{"text": "so glad", "error": "mine", "input": "mine", "surplus": 1}',
]


@pytest.mark.parametrize("line", EXACT)
def test_an_object_is_written_back_character_for_character(predict: Predict, line: str) -> None:
    (found,) = predict("a.jsonl", a_jsonl=f"  {line} \r\n").splitlines()
    assert found.startswith(line[:-1] + ', "prediction": "joy", "score": 0.')


def test_selected_keys_and_cells_hold_numbers_as_they_were(predict: Predict) -> None:
    line = '{"text": "glad", "a": 1e400, "b": -0, "c": {"x": [1.0, 1E5], "x": 2}, "d": "1.0", "e": true, "f": null, "g": NaN}'  # noqa: E501
    found = predict("a.jsonl", "--columns", "g,c,b,a,d,e,f", a_jsonl=line)
    assert found.startswith(
        '{"g": NaN, "c": {"x": [1.0, 1E5], "x": 2}, "b": -0, "a": 1e400, "d": "1.0", "e": true, "f": null, "predict'
    )
    header, row = predict.table("a.jsonl", "-F", "csv")
    assert header[1:8] == list("abcdefg")
    assert row[1:8] == ["1e400", "-0", '{"x": [1.0, 1E5], "x": 2}', "1.0", "true", "", "NaN"]


def test_a_number_is_a_text_with_the_digits_that_it_has(predict: Predict) -> None:
    found = predict(
        "a.jsonl", "--top-k", "1", a_jsonl='{"text": 1.0}\n{"text": "1.0"}\n{"text": 1e3}\n{"text": "1e3"}\n'
    )
    first, second, third, fourth = (json.loads(line)["score"] for line in found.splitlines())
    assert (first, third) == (second, fourth)


def test_a_later_row_with_an_added_key_is_kept_whole_and_flagged(predict: Predict) -> None:
    second = '{"text": "sad", "id": 2, "score": 99, "prediction": "mine"}'
    rows = predict(
        "a.jsonl", code=3, a_jsonl=f'{{"text": "glad", "id": 1}}\n{second}\n{{"text": "sad"}}\n'
    ).splitlines()
    problem = "already has a key 'score', which the prediction would add."
    assert json.loads(rows[1]) == {"input": second, "error": problem, "prediction": None, "score": None}
    assert json.loads(rows[2])["prediction"] == "sadness"
    assert f"a.jsonl, line 2: {problem}" in predict.notes
    table = predict.table("a.jsonl", "-F", "csv", code=3)
    assert table[2] == [second, "", "", ""]
    assert len(predict("a.jsonl", "--on-error", "skip").splitlines()) == 2
    assert len(predict("a.jsonl", "--on-error", "stop", code=1).splitlines()) == 1
    assert predict.notes == f"error: a.jsonl, line 2: {problem}\n"
    assert len(predict("a.jsonl", "--columns", "id").splitlines()) == 3
    assert len(predict("a.jsonl", "-F", "text").splitlines()) == 3


def test_a_broken_row_with_an_added_key_is_kept_whole_too(predict: Predict) -> None:
    second = '{"text": ["x"], "score": 99}'
    rows = predict("a.jsonl", code=3, a_jsonl=f'{{"text": "glad"}}\n{second}\n').splitlines()
    assert json.loads(rows[1])["input"] == second


def test_a_later_input_with_an_added_column_is_refused(predict: Predict) -> None:
    predict("a.csv", "b.csv", "-F", "jsonl", code=1, a_csv="text\nglad\n", b_csv="text,score\nsad,99\n")
    assert "error: b.csv: already has a column 'score'" in predict.notes


def test_the_errors_of_rows_stay_their_own(predict: Predict) -> None:
    found = predict("a.jsonl", code=3, a_jsonl='{"text": ["x"], "error": "E42"}\n{"text": "glad"}\n').splitlines()
    assert found[0].startswith('{"text": ["x"], "error": "E42", "error_2": "expected text')
    found = predict("a.csv", "-F", "jsonl", code=3, a_csv="text,error,surplus\nglad,E42,a,b\n").splitlines()
    row = json.loads(found[0])
    assert (row["error"], row["surplus"], row["surplus_2"]) == ("E42", "a", ["b"])
    assert row["error_2"].startswith("has 4 cells")


def test_a_key_that_occurs_twice_is_a_broken_row_that_is_kept(predict: Predict) -> None:
    line = '{"text": "glad", "id": 1, "id": 2}'
    (found,) = predict("a.jsonl", code=3, a_jsonl=line).splitlines()
    row = {"input": line, "error": "the key 'id' occurs more than once.", "prediction": None, "score": None}
    assert json.loads(found) == row


def test_columns_of_the_same_name_stay_in_their_place(predict: Predict) -> None:
    table = predict.table("a.csv", "b.csv", a_csv="id,id,text\n1,2,glad\n", b_csv="id,id,text\n3,4,sad\n")
    assert [row[:3] for row in table] == [["id", "id", "text"], ["1", "2", "glad"], ["3", "4", "sad"]]
    predict("a.csv", "c.csv", code=1, c_csv="text,id,id\nsad,5,6\n")
    assert "c.csv, line 2: some columns occur more than once" in predict.notes
    predict("a.csv", "d.csv", code=1, d_csv="text,id\nsad,5\n")
    assert "d.csv, line 2: some columns occur more than once" in predict.notes
    predict("d.csv", "c.csv", code=1)
    assert "c.csv, line 2: some columns occur more than once" in predict.notes
    assert predict("a.csv", "-F", "jsonl", code=1) == ""
    assert predict.notes.startswith("error: a.csv: the column 'id' occurs more than once, but an object of JSON Lines")
    assert predict("a.csv", "-F", "jsonl", "--columns", "text").startswith('{"text": "glad"')


def test_selected_columns_of_broken_rows_hold_their_own_cells_or_none(predict: Predict) -> None:
    content = b'text,label,id\nglad,joy,1\nso s\xe9d,sadness,2\noh, no,sadness,3\nshort,4\n"open,joy,5\n'
    table = predict.table("a.csv", "--columns", "id,label", code=3, a_csv=content)
    assert table[2:] == [["2", "sadness", "", ""], *[["", "", "", ""]] * 3]
    rows = [json.loads(line) for line in predict("a.csv", "--columns", "id,text", "-F", "jsonl", code=3).splitlines()]
    assert (rows[1]["id"], rows[1]["text"]) == ("2", "so s\ufffdd")
    assert [rows[number]["id"] for number in (2, 3, 4)] == [None, None, None]
    whole = predict.table("a.csv", code=3)
    assert [row[:3] for row in whole[2:]] == [
        ["so s\ufffdd", "sadness", "2"],
        ["oh", " no", "sadness,3"],
        ["short", "4", ""],
        ['"open,joy,5', "", ""],
    ]


def test_broken_rows_of_a_later_input_stay_below_their_names(predict: Predict) -> None:
    table = predict.table("a.csv", "b.csv", code=3, a_csv="id,text\n1,glad\n", b_csv=b"text,id\ns\xe9d,2\n")
    assert table[2] == ["2", "s\ufffdd", "", ""]


def test_broken_objects_stay_below_their_names_or_whole_in_the_first_cell(predict: Predict) -> None:
    objects = '{"id": 1, "text": "glad"}\n{"text": ["x"], "id": 2}\n{"text": ["x"], "new": 3}\n{"text": 4,\n'
    table = predict.table("a.jsonl", "-F", "csv", code=3, a_jsonl=objects)
    assert [row[:2] for row in table[2:]] == [["2", '["x"]'], ['{"text": ["x"], "new": 3}', ""], ['{"text": 4,', ""]]
    table = predict.table("a.jsonl", "-F", "csv", "--columns", "id", code=3)
    assert [row[0] for row in table[2:]] == ["2", "", ""]


def test_bytes_that_are_not_text_are_found_in_keys_and_deep_inside(predict: Predict) -> None:
    content = b'{"text": "glad", "user": {"name": "Jos\xe9"}}\n{"text": "sad", "n\xe9": 1}\n{"text": "glad"}\n'
    rows = [json.loads(line) for line in predict("a.jsonl", code=3, a_jsonl=content).splitlines()]
    assert [row["prediction"] for row in rows] == [None, None, "joy"]
    assert (rows[0]["user"]["name"], rows[1]["n\ufffd"]) == ("Jos\ufffd", 1)


def test_raw_tsv_never_breaks_rows(predict: Predict) -> None:
    lines = predict("a.csv", "-F", "tsv-raw", code=1, a_csv='id,text\n1,glad\n2,"so\tsad"\n3,glad\n')
    assert [line.split("\t")[:2] for line in lines.splitlines()] == [["id", "text"], ["1", "glad"]]
    assert predict.notes == (
        "error: a.csv, line 3: a cell contains a tab or a line break, which tsv-raw can't hold; choose a format with "
        "quotes, such as --output-format tsv.\n"
    )
    predict("b.csv", "-F", "tsv-raw", code=1, b_csv='"i\nd",text\n1,glad\n')
    assert "error: b.csv: the name of a column contains a tab or a line break" in predict.notes
    broken = predict("c.tsv", "-f", "tsv-raw", code=3, c_tsv="id\ttext\n1\tso\tsad\n2\tglad\n").splitlines()
    assert [line.split("\t")[:2] for line in broken] == [["id", "text"], ["1", "so sad"], ["2", "glad"]]
    assert {line.count("\t") for line in broken} == {3}


@pytest.mark.parametrize("output_format", ["csv", "tsv", "tsv-raw"])
def test_half_an_emoji_becomes_a_replacement_character_in_tables(predict: Predict, output_format: str) -> None:
    lines = '{"text": "glad", "user": "ann"}\n{"text": "sad", "user": "b\\ud83d"}\n{"text": "glad", "user": "c"}\n'
    found = predict("a.jsonl", "-F", output_format, a_jsonl=lines).splitlines()
    assert len(found) == 4
    assert "b\ufffd" in found[2]
    assert predict.notes.startswith("note: 1 row with half of a surrogate pair (an emoji cut in two)")


def test_the_first_object_may_lack_the_text(predict: Predict) -> None:
    rows = predict("a.jsonl", code=3, a_jsonl='{"body": "x", "id": 1}\n{"text": "glad", "id": 2}\n').splitlines()
    assert [json.loads(row)["prediction"] for row in rows] == [None, "joy"]
    assert "note: a.jsonl, line 1: has no key 'text'." in predict.notes
    table = predict.table("a.jsonl", "-F", "csv", code=3)
    assert table[:2] == [["text", "id", *ADDED], ['{"body": "x", "id": 1}', "", "", ""]]
    assert len(predict("a.jsonl", "--on-error", "skip").splitlines()) == 1


@pytest.mark.parametrize("num_rows", [2, 5000])
@pytest.mark.parametrize("action", ["flag", "skip", "stop"])
def test_objects_that_all_lack_the_text_are_an_error(predict: Predict, num_rows: int, action: str) -> None:
    found = predict("a.jsonl", "--on-error", action, code=1, a_jsonl='{"txt": "x", "id": 1}\n' * num_rows)
    assert found == ""
    assert predict.notes == (
        "error: a.jsonl has no column 'text'. Columns: txt, id. Did you mean 'txt'? The column is set by --text.\n"
    )
    found = predict("b.jsonl", "a.jsonl", "--on-error", action, code=1, b_jsonl='{"text": "glad"}\n')
    assert len(found.splitlines()) == 1


def test_the_first_object_may_lack_a_selected_key_but_not_all(predict: Predict) -> None:
    rows = predict("a.jsonl", "--columns", "n", a_jsonl='{"text": "glad"}\n{"text": "sad", "n": 1}\n').splitlines()
    assert [json.loads(row)["n"] for row in rows] == [None, 1]
    assert predict("a.jsonl", "--columns", "m", code=1) == ""
    assert "error: a.jsonl has no column 'm'. Columns: text. " in predict.notes


ODD_TABLE = {
    "text": (["so glad", "so sad"], pyarrow.large_string()),
    "kind": (["a", None], pyarrow.dictionary(pyarrow.int8(), pyarrow.string())),
    "price": ([Decimal("1.10"), Decimal("0E-2")], pyarrow.decimal128(30, 2)),
    "nano": ([1_600_000_000_123_456_789, 0], pyarrow.timestamp("ns")),
    "zone": ([1_600_000_000_000_000_001, 0], pyarrow.timestamp("ns", tz="UTC")),
    "limits": ([9_223_372_036_854_775_807, -1], pyarrow.timestamp("ns")),
    "no time": ([None, 1_000], pyarrow.timestamp("ns")),
    "tiny": ([Decimal("0E-8"), Decimal("-1E-8")], pyarrow.decimal128(30, 8)),
    "micro": ([datetime.datetime(2020, 1, 2, 3, 4, 5, 6), None], pyarrow.timestamp("us")),
    "deep": (
        [[{"a": 1.5, "b": b"x"}], []],
        pyarrow.list_(pyarrow.struct({"a": pyarrow.float64(), "b": pyarrow.binary()})),
    ),
    "float": ([float("nan"), float("inf")], pyarrow.float64()),
    "bool": ([True, False], pyarrow.bool_()),
    "name": ([b"caf\xc3\xa9", b"\xff\x00"], pyarrow.binary()),
    "null": ([None, None], pyarrow.null()),
}
AS_CELLS: list[list[Any]] = [
    ["so glad", "a", "1.10", "2020-09-13 12:26:40.123456789", "2020-09-13 12:26:40.000000001+00:00"],
    ["so sad", "", "0.00", "1970-01-01 00:00:00", "1970-01-01 00:00:00+00:00"],
]
AS_CELLS[0] += ["2262-04-11 23:47:16.854775807", "", "0.00000000"]
AS_CELLS[1] += ["1969-12-31 23:59:59.999999999", "1970-01-01 00:00:00.000001", "-0.00000001"]
AS_CELLS[0] += ["2020-01-02 03:04:05.000006", '[{"a": 1.5, "b": "x"}]', "nan", "true", "café", ""]
AS_CELLS[1] += ["", "[]", "inf", "false", "\\xff00", ""]


def test_every_type_of_parquet_has_a_text(predict: Predict) -> None:
    arrays = {name: pyarrow.array(cells, kind) for name, (cells, kind) in ODD_TABLE.items()}
    parquet.write_table(pyarrow.table(arrays), predict.folder / "odd.parquet")
    header, *rows = predict.table("odd.parquet")
    assert header == [*ODD_TABLE, *ADDED]
    assert [row[:-2] for row in rows] == AS_CELLS
    objects = [json.loads(line) for line in predict("odd.parquet", "-F", "jsonl").splitlines()]
    assert [row["float"] for row in objects] == [None, None]
    assert "note: 2 rows with NaN or infinity, which JSON can't hold: written as null." in predict.notes
    assert objects[0]["deep"] == [{"a": 1.5, "b": "x"}]
    assert [row["price"] for row in objects] == ["1.10", "0.00"]


def test_bytes_of_parquet_are_texts_if_they_are_utf8(predict: Predict) -> None:
    table = pyarrow.table({"text": pyarrow.array([b"so glad", b"\xff", None], pyarrow.binary())})
    parquet.write_table(table, predict.folder / "b.parquet")
    rows = predict.table("b.parquet", code=3)
    assert [row[:2] for row in rows[1:]] == [["so glad", "joy"], ["\\xff", ""], ["", ""]]
    assert "b.parquet, line 2: expected text in 'text', found bytes that are not UTF-8." in predict.notes
    assert json.loads(predict("b.parquet", "-F", "jsonl", code=3).splitlines()[1])["text"] == "\\xff"


def test_a_damaged_page_of_parquet_ends_in_one_message(predict: Predict) -> None:
    path = predict.folder / "damaged.parquet"
    table = pyarrow.table({"text": [f"so glad {number}" for number in range(10_000)]})
    parquet.write_table(table, path, write_page_checksum=True, row_group_size=5000, use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4] ^= 1
    path.write_bytes(content)
    predict("damaged.parquet", code=1)
    assert predict.notes.startswith("error: damaged.parquet: rows after row ")
    assert predict.notes.count("\n") == 1


def test_columns_of_parquet_may_share_a_name_in_a_table_alone(predict: Predict) -> None:
    table = pyarrow.Table.from_arrays(
        [pyarrow.array([1]), pyarrow.array([2]), pyarrow.array(["glad"])], ["n", "n", "text"]
    )
    parquet.write_table(table, predict.folder / "twice.parquet")
    assert predict.table("twice.parquet")[1][:3] == ["1", "2", "glad"]
    predict("twice.parquet", "-F", "jsonl", code=1)
    assert "the column 'n' occurs more than once" in predict.notes
