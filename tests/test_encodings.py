"""Encodings: marks, wrong ones and what to try instead, and those that no file is written in."""

import sys
from pathlib import Path

import pytest

from lstmcli.data.encodings import SAMPLE_BYTES, encoding_advice
from lstmcli.data.reading import open_records
from lstmcli.errors import DataError
from tests.conftest import Cli, invoke

TABLE = "text,label\nnaïve cafés – très élégant,joy\n"
RUSSIAN = "text,label\nЯ очень счастлив сегодня,joy\nмне грустно и одиноко,sadness\n"
# In cp1252, all of its letters would be letters of Western European languages.
WESTERN_LETTERS_IN_ROWS = "text,label\n" + "мне тепло, вам весело и нам тоже,joy\n" * 4
POLISH = "text,label\n" + "Zażółć gęślą jaźń, to jest bardzo ładny dzień,joy\n" * 4
CHINESE = "text,label\n我今天很高兴,joy\n他很生气,anger\n对不起我来晚了,sadness\n天气真好,joy\n"
JAPANESE = "text,label\n今日はとても嬉しいです,joy\n悲しいです,sadness\n"


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def texts(path: Path, encoding: str = "utf-8", *, keeps_broken: bool = False) -> list[str]:
    with open_records(str(path), encoding=encoding, keeps_broken=keeps_broken) as source:
        return [record.cells[0] for record in source.records]


def reason(path: Path, encoding: str = "utf-8", *, keeps_broken: bool = False) -> str:
    with pytest.raises(DataError) as caught:
        texts(path, encoding, keeps_broken=keeps_broken)
    return str(caught.value)


@pytest.mark.parametrize("actual", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("named", ["utf-8", "cp1252", "utf-16-le"])
def test_a_byte_order_mark_outranks_the_encoding(tmp_path: Path, actual: str, named: str) -> None:
    assert texts(write(tmp_path / "a.csv", TABLE.encode(actual)), named) == ["naïve cafés – très élégant"]


def test_byte_order_marks_are_dropped_wherever_a_line_starts_with_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbf\xef\xbb\xbfone\n\xef\xbb\xbftwo\nth\xef\xbb\xbfree\n")
    assert texts(path) == ["one", "two", "th\ufeffree"]


@pytest.mark.parametrize("actual", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("named", ["utf-8", "cp1252"])
def test_wide_characters_without_a_mark_are_recognised(tmp_path: Path, actual: str, named: str) -> None:
    path = write(tmp_path / "a.csv", TABLE.encode(actual))
    assert reason(path, named).endswith(f"looks like {actual}, not {named}: try --encoding {actual} (data.encoding).")
    assert texts(path, actual) == ["naïve cafés – très élégant"]


def test_utf8_is_recognised_where_something_else_is_expected(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"text,label\n" * 100_000 + TABLE.encode())
    assert "looks like utf-8, not cp1252: try --encoding utf-8" in reason(path, "cp1252")
    assert "looks like utf-8, not utf-16: try --encoding utf-8" in reason(
        write(tmp_path / "b.csv", b"text\nhi\n"), "utf-16"
    )
    assert texts(write(tmp_path / "c.csv", b"text\nplain\n"), "cp1252") == ["plain"]
    assert texts(write(tmp_path / "d.csv", "text\ncafé\n".encode("cp1252")), "cp1252") == ["café"]


@pytest.mark.parametrize(
    ("content", "actual", "advice"),
    [
        (TABLE, "cp1252", "try --encoding cp1252 (data.encoding)."),
        (WESTERN_LETTERS_IN_ROWS, "cp1251", "try --encoding cp1251 (data.encoding)"),
        (POLISH, "cp1250", "try --encoding cp1250 (data.encoding)."),
        (RUSSIAN, "cp1251", "try --encoding cp1251 (data.encoding)"),
        (RUSSIAN, "koi8-r", "try --encoding koi8_r (data.encoding)"),
        (CHINESE, "gb18030", "try --encoding gb18030 (data.encoding)"),
        (JAPANESE, "shift_jis", "try --encoding cp932 (data.encoding)"),
    ],
)
def test_undecodable_bytes_tell_the_likely_encoding(tmp_path: Path, content: str, actual: str, advice: str) -> None:
    path = write(tmp_path / "a.csv", content.encode(actual))
    assert advice in reason(path)
    with open_records(str(path), keeps_broken=True) as source:
        problems = [record.problem for record in source.records if record.problem]
    assert problems
    assert all(advice in problem for problem in problems)


def test_a_wrong_encoding_is_told_to_be_utf8(tmp_path: Path) -> None:
    assert "looks like utf-8, not ascii: try --encoding utf-8 (data.encoding). Or convert the file: iconv -f ascii" in (
        reason(write(tmp_path / "a.csv", TABLE.encode()), "ascii")
    )
    message = reason(write(tmp_path / "b.csv", "text\ncafé\n".encode()), "ascii")  # too few to be sure
    assert message.endswith("is not valid ascii. The file has another encoding: try --encoding utf-8 (data.encoding).")


def test_what_failed_is_not_advised_again() -> None:
    assert encoding_advice("naïve\n".encode("latin-1"), "utf-8") == "try --encoding cp1252 (data.encoding)"
    for name in ("cp1252", "windows-1252"):
        assert encoding_advice("naïve\n".encode("latin-1"), name) == (
            "try --encoding cp1252 (data.encoding), or else latin-1"
        )


def test_the_start_of_a_long_text_tells_its_encoding() -> None:
    """A character that the sample cuts in two, or what comes after the sample, changes nothing."""
    for text in ("é" * SAMPLE_BYTES, "naïve café\n" * SAMPLE_BYTES):
        for start in ("", "x", "xy"):
            sample = (start + text).encode() + b"\xff"
            assert encoding_advice(sample, "ascii") == "try --encoding utf-8 (data.encoding)"


def test_without_charset_normalizer_there_is_still_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "charset_normalizer", None)
    assert "try --encoding cp1252 (data.encoding), or else latin-1." in reason(
        write(tmp_path / "a.csv", RUSSIAN.encode("cp1251"))
    )


@pytest.mark.parametrize("keeps_broken", [False, True])
def test_a_header_that_cannot_be_decoded_is_an_error(tmp_path: Path, keeps_broken: bool) -> None:
    path = write(tmp_path / "a.csv", "text,prénom\nhi,x\n".encode("cp1252"))
    message = reason(path, keeps_broken=keeps_broken)
    assert "byte 0xe9 is not valid utf-8. The file has another encoding: try --encoding cp1252" in message


def test_a_key_that_cannot_be_decoded_breaks_its_row_alone(tmp_path: Path, run_directory: Path, cli: Cli) -> None:
    path = write(tmp_path / "a.jsonl", '{"text": "a", "prénom": 1}\n{"text": "b"}\n'.encode("cp1252"))
    result = cli("predict", run_directory, path)
    assert (result.returncode, result.stdout.count('"prediction": null')) == (3, 1)


ODD = ["undefined", "rot13", "hex", "base64", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf_7"]


@pytest.mark.parametrize("encoding", [*ODD, "charmap", "", "a" * 1_000_000, "a\0b", "\ud83d", "aliases"])
def test_only_encodings_of_text_files_are_accepted(tmp_path: Path, encoding: str) -> None:
    message = reason(write(tmp_path / "a.csv", TABLE.encode()), encoding)
    assert message.startswith(("Encoding", "Unknown encoding"))
    assert "Common ones: utf-8, utf-16," in message
    assert len(message) < 300


def test_the_names_that_windows_has_lead_to_the_right_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", TABLE.encode("cp1252"))
    assert "Unknown encoding 'ANSI'. Did you mean 'cp1252'?" in reason(path, "ANSI")


@pytest.mark.parametrize("encoding", ["undefined", "rot13", "mbcs9"])
def test_a_config_with_such_an_encoding_is_refused_in_one_line(corpus: Path, tmp_path: Path, encoding: str) -> None:
    result = invoke("train", corpus / "train.csv", "--set", f"data.encoding={encoding}", "--run-dir", tmp_path / "new")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert not (tmp_path / "new").exists()
