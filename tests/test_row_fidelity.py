"""Odd files keep every row and cell, and what is written is read again by other programs as it was."""

import csv
import importlib
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.odd_files import ODD_FILES, OddFile
from experiments.row_fidelity import READERS, _outcome, changed_rows, rows_of_output
from lstmcli.data.formats import FORMATS, Record, output_format
from lstmcli.data.formats.base import UnwritableRowError
from tests.conftest import Cli

PLAIN = [file for file in ODD_FILES if file.name.startswith("plain.")]


@pytest.mark.parametrize("file", ODD_FILES, ids=lambda file: file.name)
def test_prediction_keeps_every_cell_of_an_odd_file(
    file: OddFile, run_directory: Path, tmp_path: Path, cli: Cli
) -> None:
    """The expected cells were written out by hand; digit for digit, in order."""
    path = tmp_path / file.name
    path.write_bytes(file.content)
    result = cli("predict", run_directory, path)
    assert rows_of_output(file, result.stdout) == file.rows
    is_blank = any(not cell.strip("\r\n") for row in file.rows[1:] for cell in [row[file.rows[0].index("text")]])
    assert result.returncode == (3 if file.unreadable or is_blank else 0)


CELLS = [
    "",
    " ",
    " a ",
    '"',
    'a"b',
    "a,b",
    "a;b",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "a\rb",
    "\r",
    "\u2028",
    "\x85",
    "é😂",
    "'",
    "NA",
    "#a",
]


def written(format_name: str, rows: list[list[str]]) -> str:
    stream = io.StringIO(newline="")
    writer = FORMATS[format_name].writer(stream)
    columns = ["id", "text", "note"]
    writer.start(columns, ["prediction"], continues=False)
    for number, row in enumerate(rows, start=2):
        writer.write(Record(number, columns, list(row)), {"prediction": "joy"})
    return stream.getvalue()


ROW = st.tuples(st.sampled_from([*CELLS, "\ud83d"]), st.sampled_from(["joy", None, 0.1234567]), st.booleans())


@given(st.sampled_from([name for name in FORMATS if name != "tsv-raw"]), st.booleans(), st.lists(ROW, max_size=6))
def test_rows_written_at_once_are_those_written_one_by_one(
    format_name: str, escapes: bool, rows: list[tuple[str, str | float | None, bool]]
) -> None:
    columns = ["id", "text"]
    records = [
        Record(line, columns, [str(line), cell], "a quote" if is_broken else None)
        for line, (cell, _, is_broken) in enumerate(rows, start=2)
    ]
    added = [{"prediction": value} for _, value, _ in rows]
    found = []
    for at_once in (True, False):
        stream = io.StringIO(newline="")
        written_as = output_format(format_name, escapes_formulas=escapes and format_name not in {"jsonl", "text"})
        writer = written_as.writer(stream)
        writer.start(columns, ["prediction"], continues=False)
        if at_once:
            writer.write_rows(records, added)
        else:
            for record, each in zip(records, added, strict=True):
                writer.write(record, each)
        found.append((stream.getvalue(), writer.notes()))
    assert found[0] == found[1]


@pytest.mark.parametrize("format_name", ["csv", "tsv-raw"])
def test_rows_before_one_that_cannot_be_written_are_written(format_name: str) -> None:
    stream = io.StringIO(newline="")
    writer = FORMATS[format_name].writer(stream)
    writer.start(["text"], ["prediction"], continues=False)
    records = [Record(2, ["text"], ["a"]), Record(3, ["text"], ["b"]), Record(4, ["other"], ["c\td"])]
    with pytest.raises(UnwritableRowError, match="line 4: ") as found:
        writer.write_rows(records, [{"prediction": "joy"}] * 3)
    assert found.value.number == 2
    assert len(stream.getvalue().splitlines()) == 3


@pytest.mark.parametrize("library", ["csv", *READERS])
def test_other_programs_read_the_same_cells_from_a_written_table(library: str, tmp_path: Path) -> None:
    rows = [[str(number), cell, cell] for number, cell in enumerate(CELLS)]
    path = tmp_path / "written.csv"
    path.write_bytes(written("csv", rows).encode())
    expected = [["id", "text", "note", "prediction"], *([*row, "joy"] for row in rows)]
    if library == "csv":
        found = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
    else:
        pytest.importorskip(library)
        found = READERS[library](str(path))
    assert found == expected


@pytest.mark.parametrize("library", READERS)
@pytest.mark.parametrize("file", PLAIN, ids=lambda file: file.name)
def test_the_comparison_calls_each_library_rightly(file: OddFile, library: str, tmp_path: Path) -> None:
    """Or a mistake of the comparison's would be told as one of the library's."""
    pytest.importorskip(library)
    path = tmp_path / file.name
    path.write_bytes(file.content)
    assert changed_rows(file, READERS[library](str(path))) == []


def test_a_wrong_call_is_not_counted_as_a_refusal(tmp_path: Path) -> None:
    def wrong(path: str) -> list[list[str]]:
        return importlib.import_module("csv").reader(path, no_such_option=True)  # type: ignore[no-any-return]

    with pytest.raises(TypeError, match=re.compile("no_such_option|keyword")):
        _outcome(PLAIN[0], tmp_path, wrong)


def test_changes_are_told_from_other_spellings_of_a_number() -> None:
    file = next(file for file in ODD_FILES if file.name == "digits of numbers.jsonl")
    header, first, second = file.rows
    assert changed_rows(file, [header, first, ["b", "1", "0.0"]]) == []
    assert changed_rows(file, [header, ["a", "1.2345678901234567e+19", "inf"], second]) == [1]
    assert changed_rows(file, [header, first]) is None
    assert changed_rows(file, [["text", "n", "e.1"], first, second]) is None
