"""Files of other kinds than their names say, endless lines, pipes, and names that no file has."""

import bz2
import gzip
import io
import lzma
import os
import re
import threading
import zipfile
from pathlib import Path

import pytest

from lstmcli.data import lines
from lstmcli.data.reading import check_exist, open_records
from lstmcli.errors import DataError
from tests.conftest import Cli, shell

TABLE = b"text,label\nso happy,joy\n"


def packed(**files: str) -> bytes:
    """A zip archive without times, since tests are named after its bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("[Content_Types].xml"), "")
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name.replace("__", "/")), content)
    return stream.getvalue()


def reason(path: Path, format_name: str = "auto") -> str:
    with (
        pytest.raises(DataError) as caught,
        open_records(str(path), format_name=format_name, keeps_broken=True) as source,
    ):
        list(source.records)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (packed(xl__workbook="x"), "is an Excel workbook (.xlsx), not text; save it as CSV (UTF-8)"),
        (packed(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "is an OpenDocument spreadsheet"),
        (packed(word__document="x"), "is a Word document"),
        (packed(data="text\n"), "is a zip archive, not text; unpack it first"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "is an old Microsoft Office file"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "is a PDF document"),
        (b"PAR1\x15\x04" + bytes(100), "is a Parquet file, not text; read it with --format parquet"),
        (b"SQLite format 3\0" + bytes(100), "is an SQLite database, not text; export a table"),
        (bz2.compress(TABLE), "is bzip2 data, not text; decompress it first, for example with bzcat"),
        (lzma.compress(TABLE), "is xz data"),
        (b"\x28\xb5\x2f\xfd" + bytes(10), "is Zstandard data"),
        (gzip.compress(gzip.compress(TABLE, mtime=0), mtime=0), "is gzip data in gzip data"),
        (bytes(257) + b"ustar\0" + bytes(200), "is a tar archive"),
        (b"\xef\xbb\xbf \n<!DOCTYPE HTML><html>", "is an HTML page"),
        (b"<html>\n", "is an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_the_kind_of_a_file_is_told_by_its_first_bytes(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in reason(tmp_path / name)


@pytest.mark.parametrize(
    "text", ["<html> is a tag", "<?xml", "BZh", "PAR1", "GIF89", "{\\rtf", "version https://git-lfs"]
)
def test_a_text_may_start_like_a_file_of_another_kind(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text + "\n")
    with open_records(str(tmp_path / "a.txt")) as source:
        assert [record.cells for record in source.records] == [[text]]


def test_a_spreadsheet_is_named_before_its_extension_is_found_unknown(tmp_path: Path) -> None:
    (tmp_path / "a.xlsm").write_bytes(packed(xl__workbook="x"))
    assert "a.xlsm: is an Excel workbook (.xlsx), not text; save it as CSV" in reason(tmp_path / "a.xlsm")


def test_gzip_data_need_no_extension(tmp_path: Path, run_directory: Path, cli: Cli) -> None:
    (tmp_path / "a.csv").write_bytes(gzip.compress(TABLE) + gzip.compress(b"so sad,sadness\n"))
    with open_records(str(tmp_path / "a.csv")) as source:
        assert [record.cells for record in source.records] == [["so happy", "joy"], ["so sad", "sadness"]]
    plain = cli("predict", run_directory, stdin=b"so glad\nlivid\n")
    assert plain.stdout == cli("predict", run_directory, stdin=gzip.compress(b"so glad\nlivid\n")).stdout != ""


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", '[{"text": "a"}]\n', "starts a JSON array; write one object per line, for example with jq -c '.[]'"),
        ("a.jsonl", '[\n  {"text": "a"}\n]\n', "line 1: starts a JSON array"),
        (
            "a.json",
            '\n{\n  "text": "a"\n}\n',
            "line 2: starts an object over several lines; write one per line, with jq",
        ),
        (
            "a.txt",
            "one\rtwo\rthree\r",
            "a.txt: lines end with a carriage return alone, as on old Macs; convert them, for example with "
            "tr '\\r' '\\n'.",
        ),
        ("a.csv", '{"text":"a","n":"b"}\n', "looks like JSON Lines: try --format jsonl"),
    ],
)
def test_another_layout_is_named(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_bytes(content.encode())
    assert words in reason(tmp_path / name)


@pytest.mark.parametrize("content", ["one\rtwo", "one\rtwo\r", "one\rtwo\rthree\r\n", "one\r\r\r"])
def test_few_carriage_returns_or_a_newline_make_it_an_ordinary_text(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.txt").write_bytes(content.encode())
    with open_records(str(tmp_path / "a.txt")) as source:
        text = content.removesuffix("\n").removesuffix("\r")
        assert (source.columns, [record[:3] for record in source.records]) == (["text"], [(1, ["text"], [text])])


def test_a_last_text_with_carriage_returns_is_no_old_mac_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"first\none\rtwo\rthree")
    with open_records(str(tmp_path / "a.txt")) as source:
        assert [record.cells for record in source.records] == [["first"], ["one\rtwo\rthree"]]


def test_a_parquet_file_that_is_none_gets_one_line_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(TABLE)
    message = reason(tmp_path / "a.parquet")
    start = f"{tmp_path}/a.parquet: is damaged or not a Parquet file ("
    assert message.startswith(start)
    assert re.fullmatch(r"[^\n]{20,}[^.]\)\.", message.removeprefix(start))


@pytest.mark.parametrize("line", ['{"text": "a; b", }', '  {"text": "a|b"', '["a", "b"', "  [1; 2", "oops"])
def test_broken_json_is_not_taken_for_the_header_of_a_table(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jsonl").write_text(line + "\r\n")
    with open_records(str(tmp_path / "a.jsonl"), keeps_broken=True) as source:
        (record,) = source.records
    assert (record.line, list(record.columns), record.cells) == (1, ["input"], [line])
    assert record.problem is not None
    assert record.problem.startswith("can't be parsed as JSON (")
    assert "header" not in record.problem
    assert record.problem.endswith(").")


def test_a_table_read_as_json_lines_is_named_in_its_first_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("id;text\n1;a\n")
    with open_records(str(tmp_path / "a.jsonl"), keeps_broken=True) as source:
        problems = [str(record.problem) for record in source.records]
    assert ["try --format csv-semicolon" in problem for problem in problems] == [True, False]


def test_json_lines_may_be_called_json_and_start_with_a_mark(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('\ufeff{"text": "a"}\n', encoding="utf-8")
    with open_records(str(tmp_path / "a.json")) as source:
        assert [record.cells for record in source.records] == [["a"]]


@pytest.mark.parametrize("format_name", ["text", "csv", "jsonl"])
@pytest.mark.parametrize("before", [b"", b'text\n"'])
def test_a_line_without_an_end_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_name: str, before: bytes
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_CHARACTERS", 1000)
    monkeypatch.setattr(lines, "CHUNK_BYTES", 100)
    (tmp_path / "a.csv").write_bytes(gzip.compress(before + bytes(5000)))
    number = before.count(b"\n") + 1
    assert f"a.csv, line {number}: is longer than 1,000 characters" in reason(tmp_path / "a.csv", format_name)


def test_rows_before_a_line_without_an_end_are_answered(run_directory: Path, tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "a.txt").write_bytes(b"so glad\n" + bytes(lines.MAX_LINE_CHARACTERS + lines.CHUNK_BYTES))
    result = cli("predict", run_directory, tmp_path / "a.txt")
    assert (result.returncode, result.stdout.count("\n")) == (1, 1)
    assert "a.txt, line 2: is longer than" in result.stderr


def test_a_named_pipe_is_read_once(tmp_path: Path, run_directory: Path, cli: Cli) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(TABLE,))
    writer.start()
    result = cli("predict", run_directory, pipe)
    writer.join()
    assert (result.returncode, result.stdout.splitlines()[1][:17]) == (0, "so happy,joy,joy,")


def test_a_pipe_that_has_nothing_more_is_not_read_before_its_lines_are_answered() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)  # a read too early would fail rather than wait
    os.write(writing, b"one\ntwo\n")
    answered: list[str] = []
    answered_before: list[int] = []

    def before_waiting() -> None:
        answered_before.append(len(answered))
        if len(answered_before) == 1:
            os.write(writing, b"three\n")
        else:
            os.close(writing)

    with os.fdopen(reading, "rb") as stream:
        for line in lines.DecodedLines(stream, "utf-8", "a pipe", before_waiting=before_waiting):
            answered.append(line)
    assert answered == ["one\n", "two\n", "three\n"]
    assert answered_before == [2, 3]


def test_a_file_never_waits(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TABLE)
    waiting: list[int] = []
    for stream in ((tmp_path / "a.txt").open("rb"), io.BytesIO(TABLE)):
        with stream:
            found = list(lines.DecodedLines(stream, "utf-8", "a", before_waiting=lambda: waiting.append(1)))
        assert "".join(found).encode() == TABLE
    assert waiting == []


def test_process_substitution_is_a_file(folder: Path) -> None:
    result = shell("lstmcli predict RUN <(gzip -c in.csv) --format csv", folder)
    assert result.stdout == shell("lstmcli predict RUN in.csv", folder).stdout != ""


@pytest.mark.parametrize("path", ["a\0b.csv", "x" * 5000, "/dev/null/a.csv"])
def test_a_name_that_no_file_has_is_one_error(path: str) -> None:
    with pytest.raises(DataError) as caught:
        check_exist([path])
    assert len(str(caught.value)) < 500
