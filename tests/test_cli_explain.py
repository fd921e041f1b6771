"""`lstmcli explain`: rows in, the same rows out; what a terminal and a page show."""

import csv
import io
import json
from pathlib import Path

import pytest

from lstmcli.reports.explanation.screen import Screen
from lstmcli.reports.inspection.cells import Style
from tests.conftest import Cli, invoke
from tests.test_architecture import HEAVY, loaded_modules

LINES = "today i feel glad\n\nhonestly i feel sad <b>\n"


def test_a_pipe_gets_a_json_object_per_line_in_order(cli: Cli, run_directory: Path) -> None:
    result = cli("explain", run_directory, stdin=LINES)
    assert result.returncode == 3
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["text"] for row in rows] == LINES.splitlines()
    assert [row["prediction"] for row in rows] == ["joy", None, "sadness"]
    assert rows[1]["words"] is None
    assert list(rows[0]["parts"]) == ["network", "ngrams", "intercept"]
    for row in (rows[0], rows[2]):
        assert [row["text"][word["start"] : word["end"]] for word in row["words"]] == [w["word"] for w in row["words"]]
    predicted = cli("predict", run_directory, stdin=LINES).stdout.splitlines()
    assert [line.split("\t")[0] for line in predicted] == ["joy", "", "sadness"]
    assert float(predicted[0].split("\t")[1]) == rows[0]["score"]


def test_a_table_keeps_its_columns_and_has_json_in_a_cell(run_directory: Path, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("id,text\n007,i feel glad\n008,\n", encoding="utf-8")
    result = invoke("explain", run_directory, table, "--format", "csv", "--top", "1")
    first, second = csv.DictReader(io.StringIO(result.stdout))
    assert first["id"] == "007"
    assert [word["word"] for word in json.loads(first["words"])] == ["glad"]
    assert second == dict.fromkeys(first, "") | {"id": "008"}
    output = tmp_path / "out.tsv"
    assert invoke("explain", run_directory, table, "--output", output).exit_code == 3
    assert output.read_text(encoding="utf-8").startswith("id\ttext\tprediction\tscore\texplained\tparts\twords\n007\t")


def test_a_table_becomes_json_lines_unless_a_table_is_asked_for(run_directory: Path, corpus: Path) -> None:
    result = invoke("explain", run_directory, corpus / "test.csv", "--label", "anger")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {row["explained"] for row in rows} == {"anger"}
    assert len(rows) == len((corpus / "test.csv").read_text().splitlines()) - 1
    assert set(rows[0]) == {"text", "label", "prediction", "score", "explained", "parts", "words"}


def test_a_column_that_would_be_added_is_refused(run_directory: Path, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("text,words\ni feel glad,3\n", encoding="utf-8")
    result = invoke("explain", run_directory, table)
    assert result.exit_code == 1
    assert "already has a column 'words'" in " ".join(result.stderr.split())
    assert invoke("explain", run_directory, table, "--columns", "text").exit_code == 0


def test_phrases_are_neighbours_that_do_something_together(run_directory: Path, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("text\n=i feel glad glad\n", encoding="utf-8")
    lines, page = tmp_path / "rows.jsonl", tmp_path / "page.html"
    assert invoke("explain", run_directory, table, "--phrases", "2", "-o", lines, "--html", page).exit_code == 0
    (phrases,) = [json.loads(line)["phrases"] for line in lines.read_text().splitlines()]
    assert len(phrases) == 2
    assert "=i feel glad glad"[phrases[-1]["start"] : phrases[-1]["end"]] == phrases[-1]["phrase"] == "glad glad"
    assert phrases[-1]["interaction"] < 0  # they say the same twice
    assert "together: " in page.read_text()
    escaped = invoke("explain", run_directory, table, "-F", "csv", "--escape-formulas", "--phrases", "1").stdout
    assert next(csv.DictReader(io.StringIO(escaped)))["text"] == "'=i feel glad glad"


def screen_of(style: Style, words: list[tuple[str, float]]) -> str:
    stream = io.StringIO()
    shares = [{"word": word, "start": 0, "end": 1, "share": share} for word, share in words]
    cells = {"prediction": "joy", "score": 0.9, "explained": "joy", "parts": {"network": 1.0}, "words": shares}
    from lstmcli.data.formats.base import Record

    Screen(style).writer(stream).write(Record(1, ["text"], [""]), cells)
    return stream.getvalue()


def test_a_terminal_shows_marks_below_words_without_colour_too() -> None:
    words = [("not", -1.0), ("a\x1b[31m", 0.0), ("glad", 2.0)]
    plain = screen_of(Style(40), words)
    assert plain.splitlines() == ["joy (0.90)  network +1.00", r"  not a\x1b[31m glad", "  --            ++++"]
    colored = screen_of(Style(40, is_colored=True), words)
    assert "\x1b[38;5;33mglad\x1b[0m" in colored
    assert "\x1b[31m" not in colored
    assert all(len(line) <= 12 for line in screen_of(Style(12), words).splitlines()[2:] if "x1b" not in line)


def test_a_page_is_whole_and_takes_no_markup_from_texts(run_directory: Path, tmp_path: Path) -> None:
    lines, page = tmp_path / "in.txt", tmp_path / "page.html"
    lines.write_text(LINES, encoding="utf-8")
    assert invoke("explain", run_directory, lines, "--html", page).exit_code == 3
    content = page.read_text(encoding="utf-8")
    assert content.endswith("</html>\n")
    assert content.count("<section>") == 3
    assert "<b>" not in content
    assert "http" not in content
    assert invoke("explain", run_directory, lines, "--html", lines).exit_code != 0
    assert lines.read_text(encoding="utf-8") == LINES


@pytest.mark.parametrize("arguments", [[], ["--method", "linear"]])
def test_explaining_loads_nothing_heavy(run_directory: Path, arguments: list[str]) -> None:
    code = "from lstmcli.cli.main import app; app()"
    modules = loaded_modules(code, "explain", str(run_directory), *arguments, stdin="i feel glad\n")
    assert "lstmcli.explanation.explainer" in modules
    assert not modules & HEAVY


def test_labels_and_faithfulness_print_tables_or_json(run_directory: Path, corpus: Path) -> None:
    shown = invoke("explain", run_directory, "--labels", "--top", "2")
    assert shown.stdout.splitlines()[0] == "anger"
    found = json.loads(invoke("explain", run_directory, "--labels", "--json").stdout)["labels"]
    assert "glad" in {word["word"] for word in found["joy"]["words"]}
    arguments = ["explain", run_directory, "--faithfulness", corpus / "test.csv"]
    assert "comprehensiveness" in invoke(*arguments).stdout
    measured = json.loads(invoke(*arguments, "--json").stdout)
    assert measured["texts"] == len((corpus / "test.csv").read_text().splitlines()) - 1
    assert {"leave-one-out", "random"} <= set(measured["methods"])
    assert invoke("explain", run_directory, corpus / "test.csv", "--labels").exit_code != 0
