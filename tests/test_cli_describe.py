"""`lstmcli describe` as a shell user meets it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from lstmcli.reports.inspection.cells import display_width
from tests.conftest import invoke, write_csv
from tests.test_architecture import HEAVY, loaded_modules

DIC = "%\n1\tglad\n2\tsad\n%\nhapp*\t1\nnot bad\t1\nbittersweet\t1\t2\nsad\t2\nlonely\t2\n"
ROWS = [
    ("i am happy", "joy", "007"),
    ("not bad, not bad at all", "joy", "1.50"),
    ("a bittersweet, sad day", "sadness", ""),
    ("  ", "sadness", "x"),
    ("...", "", "=1"),
    ("so lonely", "sadness", "é"),
]
# WC, Dic, glad, sad, counted by hand; a text of marks alone has no percentages.
DESCRIBED = [
    ("3", "33.3333333", "33.3333333", "0.0000000"),
    ("6", "66.6666667", "66.6666667", "0.0000000"),
    ("4", "50.0000000", "25.0000000", "50.0000000"),
    ("", "", "", ""),
    ("0", "", "", ""),
    ("2", "50.0000000", "0.0000000", "50.0000000"),
]
COLUMNS = ["text", "label", "code"]
ADDED = ["WC", "Dic", "glad", "sad"]


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    file = tmp_path / "mood.dic"
    file.write_text(DIC, encoding="utf-8")
    return file


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "posts.csv", COLUMNS, ROWS)


def refused(*arguments: object) -> str:
    result = invoke("describe", *arguments)
    assert result.exit_code in {1, 2}
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return " ".join(result.stderr.split())


def summary(*arguments: object) -> dict[str, Any]:
    result = invoke("describe", *arguments, "--json", "--quiet")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_rows_keep_their_cells_and_gain_those_counted_by_hand(posts: Path, lexicon: Path) -> None:
    result = invoke("describe", posts, "--lexicon", lexicon)
    assert list(csv.reader(io.StringIO(result.stdout))) == [
        [*COLUMNS, *ADDED],
        *([*row, *added] for row, added in zip(ROWS, DESCRIBED, strict=True)),
    ]
    assert result.exit_code == 3
    assert "1 row with a blank text (" in result.stderr
    assert "kept without a description" in result.stderr
    assert "1 text contains no word of a lexicon" in result.stderr


def test_an_output_file_has_the_same_rows(posts: Path, lexicon: Path, tmp_path: Path) -> None:
    shown = invoke("describe", posts, "-l", lexicon, "--on-error", "skip")
    assert shown.exit_code == 0
    result = invoke("describe", posts, "-l", lexicon, "--on-error", "skip", "--output", tmp_path / "new.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "new.csv").read_text(encoding="utf-8") == shown.stdout


def test_rows_may_be_json_lines_or_lines_of_text(lexicon: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text('{"text": "so happy", "n": 1.0}\n', encoding="utf-8")
    result = invoke("describe", tmp_path / "posts.jsonl", "-l", lexicon)
    assert json.loads(result.stdout) == {"text": "so happy", "n": 1.0, "WC": 2, "Dic": 50, "glad": 50, "sad": 0}
    (tmp_path / "lines.txt").write_text("so happy, glad\nsad, sad\n", encoding="utf-8")
    result = invoke("describe", tmp_path / "lines.txt", "-l", lexicon)
    assert result.stdout == "3\t33.3333333\t33.3333333\t0.0000000\n2\t100.0000000\t0.0000000\t100.0000000\n"
    assert "columns: WC Dic glad sad" in result.stderr


def test_a_file_in_another_layout_is_read_without_options(lexicon: Path, tmp_path: Path) -> None:
    file = tmp_path / "german.csv"
    file.write_bytes("text;alter\nsad, très sad;3\n".encode("cp1252"))
    result = invoke("describe", file, "-l", lexicon)
    assert result.stdout.splitlines()[1] == "sad, très sad;3;3;66.6666667;0.0000000;66.6666667"


def test_columns_of_several_lexicons_start_with_their_names(posts: Path, lexicon: Path, tmp_path: Path) -> None:
    arousal = tmp_path / "arousal.csv"
    arousal.write_text("word,glad,high\nhappy,X,0.5\nsad,,-0.25\n", encoding="utf-8")
    result = invoke("describe", posts, "-l", lexicon, "-l", arousal, "--columns", "code", "--prefix", "x_")
    rows = list(csv.reader(io.StringIO(result.stdout)))
    names = ["WC", "mood_Dic", "mood_glad", "mood_sad", "arousal_Dic", "arousal_glad", "arousal_high"]
    assert rows[0] == ["code", *(f"x_{name}" for name in names)]
    assert rows[1][1:] == [*DESCRIBED[0], "33.3333333", "33.3333333", "0.5000000"]
    assert rows[2][1:] == [*DESCRIBED[1], "0.0000000", "0.0000000", ""]
    assert rows[3][1:] == [*DESCRIBED[2], "25.0000000", "0.0000000", "-0.2500000"]


def test_a_summary_has_the_means_of_all_rows_and_of_groups(posts: Path, lexicon: Path) -> None:
    found = summary(posts, "-l", lexicon, "--by", "label")
    assert found["num_rows"] == 5
    assert found["num_without_group"] == 1
    assert found["columns"]["WC"]["mean"] == 3.0
    assert found["columns"]["glad"]["num_rows"] == 4
    assert found["columns"]["glad"]["mean"] == pytest.approx((100 / 3 + 200 / 3 + 25) / 4)
    joy, sadness = found["groups"]
    assert (joy["name"], joy["num_rows"], sadness["name"], sadness["num_rows"]) == ("joy", 2, "sadness", 2)
    assert joy["columns"] == sadness["others"]
    assert joy["columns"]["glad"]["mean"] == pytest.approx(50)
    # Pooled SD of 33.3, 66.7 and 25, 0 and J for two degrees of freedom.
    deviation = ((2 * (100 / 6) ** 2 + 2 * 12.5**2) / 2) ** 0.5
    assert joy["differences"]["glad"]["value"] == pytest.approx((50 - 12.5) / deviation * (1 - 3 / 7))
    assert sadness["differences"]["glad"]["value"] == pytest.approx(-joy["differences"]["glad"]["value"])
    assert joy["differences"]["sad"] is None  # no spread in either


def test_tables_fit_the_screen(posts: Path, lexicon: Path) -> None:
    for options in (["--summary"], ["--by", "label"], ["--by", "code"]):
        result = invoke("describe", posts, "-l", lexicon, *options)
        assert all(display_width(line) <= 80 for line in result.stdout.splitlines())
        assert "5 texts\n" in result.stdout
    text = " ".join(invoke("describe", posts, "-l", lexicon, "--by", "label").stdout.split())
    assert "label: joy (2 texts) and sadness (2 texts) mean (SD) of joy sadness difference" in text
    assert "glad 50.00 (23.57) 12.50 (17.68) +1.03 [" in text
    assert "1 text without a cell in 'label' in no group." in text
    assert "Of 4 intervals, about 1 would exclude 0 by chance." in text


def test_more_than_two_groups_are_each_compared_with_the_others(lexicon: Path, tmp_path: Path) -> None:
    rows = [(text, label) for text in ("so happy", "not happy at all", "sad") for label in "abc"]
    file = write_csv(tmp_path / "three.csv", ["text", "label"], rows)
    text = " ".join(invoke("describe", file, "-l", lexicon, "--by", "label").stdout.split())
    for label in "abc":
        assert f"label: {label} (3 texts) and the other 6 texts" in text


def test_a_summary_writes_rows_only_to_a_file(posts: Path, lexicon: Path, tmp_path: Path) -> None:
    alone = invoke("describe", posts, "-l", lexicon, "--by", "label")
    result = invoke("describe", posts, "-l", lexicon, "--by", "label", "--output", tmp_path / "new.csv")
    assert result.stdout == alone.stdout
    rows = invoke("describe", posts, "-l", lexicon)
    assert (tmp_path / "new.csv").read_text(encoding="utf-8") == rows.stdout


def test_groups_are_found_in_json_lines(lexicon: Path, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text('{"text": "happy", "n": 1}\n{"n": 2, "text": "sad"}\n{"text": "sad"}\n', encoding="utf-8")
    found = summary(file, "-l", lexicon, "--by", "n")
    assert [(group["name"], group["num_rows"]) for group in found["groups"]] == [("1", 1), ("2", 1)]
    assert found["num_without_group"] == 1
    assert "no such column. Columns: text" in refused(file, "-l", lexicon, "--by", "m")


def test_mistakes_are_told(posts: Path, lexicon: Path, tmp_path: Path) -> None:
    assert "Name a lexicon with --lexicon FILE" in refused(posts)
    assert "gone.dic: no such file" in refused(posts, "-l", tmp_path / "gone.dic")
    assert "no column 'tweet'" in refused(posts, "-l", lexicon, "--text", "tweet")
    assert "Did you mean 'label'?" in refused(posts, "-l", lexicon, "--by", "labl")
    assert "is not among --columns" in refused(posts, "-l", lexicon, "--by", "label", "--columns", "text")
    assert "goes to standard output, too" in refused(posts, "-l", lexicon, "--summary", "-o", "-")
    assert "--resume: a summary needs all rows" in refused(
        posts, "-l", lexicon, "--summary", "--resume", "-o", tmp_path / "new.csv"
    )
    taken = write_csv(tmp_path / "taken.csv", ["text", "glad"], [("happy", "1")])
    assert "already has a column 'glad', which the description would add. Add --prefix" in refused(taken, "-l", lexicon)
    many = write_csv(tmp_path / "many.csv", ["text", "id"], [("happy", str(number)) for number in range(51)])
    assert "more than 50 different cells; is it a label?" in refused(many, "-l", lexicon, "--by", "id")
    (tmp_path / "mood.csv").write_text("word,category\nhappy,glad\nsad,Dic\n", encoding="utf-8")
    assert "two are called 'mood'" in refused(posts, "-l", lexicon, "-l", tmp_path / "mood.csv")
    assert "'Dic' would be the name of two columns" in refused(posts, "-l", tmp_path / "mood.csv")


def test_a_lexicon_is_not_overwritten(posts: Path, lexicon: Path) -> None:
    """A file may replace an input, since that is read before; a lexicon is no such input."""
    assert "is the lexicon; choose another name" in refused(posts, "-l", lexicon, "-o", lexicon)
    assert lexicon.read_text(encoding="utf-8") == DIC


def test_nothing_heavy_is_loaded(posts: Path, lexicon: Path) -> None:
    code = "from lstmcli.cli.main import app; app()"
    modules = loaded_modules(code, "describe", str(posts), "--lexicon", str(lexicon))
    assert "lstmcli.lexicons.matcher" in modules
    assert not modules & (HEAVY | {"rich", "yaml", "jinja2"})
