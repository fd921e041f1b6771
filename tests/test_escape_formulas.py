"""With --escape-formulas, no cell of a table is a formula to a spreadsheet; without it, cells stay as they are."""

import csv
import io
import json
from pathlib import Path

import pytest

from lstmcli.data.formats.formulas import escape_formulas
from tests.conftest import Cli

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", ' "=1', "＝1+1", "-", "+49 170"]
ORDINARY = ["", "text", "1=1", "-1.5", "+3", "-2e-5", "-10%", ".5", "a-b", "'quoted'", "3 - 4"]


def test_formulas_get_an_apostrophe_and_numbers_do_not() -> None:
    assert escape_formulas(FORMULAS) == [f"'{cell}" for cell in FORMULAS]
    assert escape_formulas(ORDINARY) == ORDINARY


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t"), ("csv-semicolon", ";")])
def test_every_cell_of_a_table_is_escaped_on_request(
    cli: Cli, run_directory: Path, tmp_path: Path, name: str, delimiter: str
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps({"=id": "-1.5", "text": cell}) + "\n" for cell in FORMULAS), encoding="utf-8")
    plain, escaped = (
        list(
            csv.reader(
                io.StringIO(cli("predict", run_directory, path, "-F", name, *more).stdout, newline=""),
                delimiter=delimiter,
            )
        )
        for more in ([], ["--escape-formulas"])
    )
    assert [row[1] for row in plain[1:]] == FORMULAS
    assert plain[0][0] == "=id"
    assert escaped == [escape_formulas(row) for row in plain]
    assert [row[1] for row in escaped[1:]] == [f"'{cell}" for cell in FORMULAS]
    assert {row[0] for row in escaped} == {"'=id", "-1.5"}


@pytest.mark.parametrize("name", ["jsonl", "text"])
def test_only_tables_can_be_escaped(cli: Cli, run_directory: Path, name: str) -> None:
    result = cli("predict", run_directory, "-F", name, "--escape-formulas", stdin="=1+1\n")
    assert result.returncode == 2
    assert result.stderr == (
        f"error: --escape-formulas: the output is {name}, which spreadsheets don't run; omit it, or choose a table "
        "with --output-format csv.\n"
    )
