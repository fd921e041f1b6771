"""`lstmcli init`: what it finds in files of all layouts, and that the config it writes trains as it is."""

import gzip
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lstmcli.config.loading import load_config
from lstmcli.config.settings import Config
from lstmcli.data.formats.excel import read_excel
from lstmcli.errors import DataError
from tests.conftest import FAST, Cli, feeling_rows, invoke, set_options, write_csv
from tests.test_architecture import loaded_modules

HEADER = ["ID", "Antwort", "Gefühl"]
ROWS = [(str(number), f"{text}; naïve, wie schön", label) for number, (text, label) in enumerate(feeling_rows(10))]


def table(delimiter: str, *, above: str = "", ending: str = "\n") -> str:
    def cell(text: str) -> str:
        return f'"{text}"' if delimiter in text else text

    lines = [delimiter.join(map(cell, row)) for row in [HEADER, *ROWS]]
    return above + "".join(line + ending for line in lines)


def started(path: Path, *options: object) -> Config:
    """The config that is written for a file, loaded as `train` does."""
    result = invoke("init", path, "--output", path.with_suffix(".yaml"), *options)
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    return load_config(path.with_suffix(".yaml"), [])


def refused(path: Path, *options: object) -> str:
    result = invoke("init", path, "--output", path.with_suffix(".yaml"), *options)
    assert result.exit_code == 1
    assert not path.with_suffix(".yaml").exists()
    assert result.stderr.startswith(f"error: {path}")
    return str(result.stderr)


@pytest.mark.parametrize(
    ("name", "content", "layout"),
    [
        ("a.csv", table(",").encode(), ("auto", "utf-8")),
        ("a.csv", table(",", ending="\r\n").encode("utf-8-sig"), ("auto", "utf-8")),
        ("a.csv", table(";").encode("cp1252"), ("csv-semicolon", "cp1252")),
        ("a.csv", table(";", above="sep=;\n").encode("cp1252"), ("csv", "cp1252")),
        ("a.csv", table("\t").encode("utf-16"), ("tsv", "utf-16")),
        ("a.tsv", table("\t").encode("utf-16-le"), ("tsv", "utf-16-le")),
        ("a.txt", table("\t").encode(), ("tsv", "utf-8")),
        ("a.dat", table("|").encode("latin-1"), ("csv-pipe", "cp1252")),
        ("a.csv.gz", gzip.compress(table(";").encode(), mtime=0), ("csv-semicolon", "utf-8")),
        (
            "a.json",
            "".join(json.dumps(dict(zip(HEADER, row, strict=True))) + "\n" for row in ROWS).encode(),
            ("auto", "utf-8"),
        ),
    ],
)
def test_delimiter_encoding_and_columns_are_found(
    tmp_path: Path, name: str, content: bytes, layout: tuple[str, str]
) -> None:
    (tmp_path / name).write_bytes(content)
    data = started(tmp_path / name).data
    assert (data.format, data.encoding) == layout
    assert (data.text, data.label, data.labels, data.label_separator) == ("Antwort", "Gefühl", (), None)


def columns(**named: Callable[[int], Any]) -> tuple[list[str], list[list[str]]]:
    """A table of 240 rows with a text and these columns."""
    texts = [f"{text} again" for text, _ in feeling_rows(20)]
    rows = [[text, *(str(make(number)) for make in named.values())] for number, text in enumerate(texts)]
    return ["essay", *named], rows


MOODS = ["joy", "anger", "fear"]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"mood": lambda n: MOODS[n % 3]}, ("mood", (), None)),
        ({"stars": lambda n: n % 5 + 1, "age": lambda n: 18 + n % 60}, ("stars", (), None)),
        ({"x": lambda n: n % 2, "z": lambda n: n // 2 % 2}, (None, ("x", "z"), None)),
        ({"cEXT": lambda n: "yn"[n % 2], "cNEU": lambda n: "yn"[n // 3 % 2]}, (None, ("cEXT", "cNEU"), None)),
        ({"x": lambda n: n % 2, "rare": lambda n: int(n == 7), "z": lambda n: n // 2 % 2}, (None, ("x", "z"), None)),
        ({"m": lambda n: "|".join(MOODS[: n % 3 + 1])}, ("m", (), "|")),
        ({"m": lambda n: ", ".join(MOODS[: n % 3 + 1])}, ("m", (), ",")),
        ({"m": lambda n: str(MOODS[: n % 3 + 1])}, ("m", (), ",")),
        ({"label": lambda n: MOODS[n % 3], "x": lambda n: n % 2, "z": lambda n: n // 2 % 2}, ("label", (), None)),
        ({"when": lambda n: f"2024-01-{n % 9 + 1:02}", "kind": lambda n: MOODS[n % 2]}, ("kind", (), None)),
    ],
)
def test_one_label_several_and_yes_no_columns_are_told_apart(
    tmp_path: Path, named: dict[str, Callable[[int], Any]], expected: tuple[str | None, tuple[str, ...], str | None]
) -> None:
    data = started(write_csv(tmp_path / "a.csv", *columns(**named))).data
    assert data.text == "essay"
    assert (None if data.labels else data.label, data.labels, data.label_separator) == expected


def test_the_author_is_found_and_another_id_is_a_hint(tmp_path: Path) -> None:
    mood = {"mood": lambda n: MOODS[n % 3]}
    path = write_csv(tmp_path / "a.csv", *columns(author=lambda n: f"w{n // 4}", **mood))
    assert started(path).data.group == "author"
    path = write_csv(tmp_path / "b.csv", *columns(thread_id=lambda n: n // 4, **mood))
    assert started(path).data.group is None
    assert "add --set data.group=thread_id to" in invoke("init", path, "-o", "-").stderr


def test_the_other_splits_beside_a_training_file_are_used(tmp_path: Path) -> None:
    header, rows = columns(mood=lambda n: MOODS[n % 3])
    for name in ("train.csv", "dev.csv", "test.csv"):
        write_csv(tmp_path / name, header, rows)
    data = started(tmp_path / "train.csv").data
    assert (data.validation, data.test) == (str(tmp_path / "dev.csv"), str(tmp_path / "test.csv"))
    write_csv(tmp_path / "test.csv", ["essay", "other"], rows)
    result = invoke("init", tmp_path / "train.csv", "-o", tmp_path / "train.yaml", "--overwrite")
    assert result.exit_code == 0
    assert load_config(tmp_path / "train.yaml", []).data.test is None


def test_a_choice_that_would_be_a_guess_lists_the_candidates(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *columns(a=lambda n: MOODS[n % 3], b=lambda n: MOODS[n // 3 % 3]))
    message = refused(path)
    assert "2 columns could be the label: a (1 word, 3 values), b (1 word, 3 values)" in message
    assert "Name one with --label" in message
    assert started(path, "--label", "b").data.label == "b"
    numbers = started(write_csv(tmp_path / "b.csv", *columns(a=lambda n: n)))
    assert numbers.data.scores == ("a",)
    texts = {"reply": lambda n: f"this is the reply {n} to it all", "mood": lambda n: MOODS[n % 3]}
    path = write_csv(tmp_path / "c.csv", *columns(**texts))
    assert started(path, "--text", "reply").data.text == "reply"


def test_two_texts_of_the_same_length_are_not_chosen_between(tmp_path: Path) -> None:
    header, rows = columns(other=lambda n: f"this is the other one {n} to read", mood=lambda n: MOODS[n % 3])
    header[0] = "one"
    message = refused(write_csv(tmp_path / "a.csv", header, rows))
    assert "2 columns look like the text: " in message
    assert "Name one with --text" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("i am glad\nso sad\n" * 20, "a training needs a text and a label in each row"),
        ("".join(f"{text},{label}\n" for text, label in feeling_rows(5)), "the first line looks like a row"),
        ("text,label\n", "no usable rows below the header"),
        ("", "is empty"),
    ],
)
def test_a_file_that_cannot_be_trained_on_says_why(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    message = refused(tmp_path / "a.csv")
    assert words in message or "a training needs a text and a label" in message
    assert "Traceback" not in message


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *columns(mood=lambda n: MOODS[n % 3]))
    assert "has no column 'moods'. Did you mean 'mood'?" in refused(path, "--label", "moods")


def test_an_existing_config_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *columns(mood=lambda n: MOODS[n % 3]))
    (tmp_path / "a.yaml").write_text("mine")
    result = invoke("init", path, "-o", tmp_path / "a.yaml")
    assert (result.exit_code, (tmp_path / "a.yaml").read_text()) == (1, "mine")
    assert "replace it with --overwrite" in result.stderr
    assert invoke("init", path, "-o", tmp_path / "a.yaml", "--overwrite", "-q").stderr == ""
    assert (tmp_path / "a.yaml").read_text() == invoke("init", path, "-o", "-").stdout


def test_the_config_is_named_after_the_file_or_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moods").mkdir()
    header, rows = columns(mood=lambda n: MOODS[n % 3])
    for name, config in (("survey.2024.csv", "survey.yaml"), ("moods/train.csv", "moods.yaml")):
        write_csv(tmp_path / name, header, rows)
        result = invoke("init", name)
        assert (tmp_path / config).is_file()
        assert f"(next: lstmcli train --config {config})" in result.stderr


def test_the_config_trains_as_it_is(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "umfrage.csv").write_bytes(table(";", above="sep=;\n").encode("cp1252"))
    assert cli("init", "umfrage.csv", cwd=tmp_path).returncode == 0
    options = set_options(*FAST, "training.epochs=1", "evaluation.baselines=false")
    result = cli("train", "--config", "umfrage.yaml", *options, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "runs" / "umfrage" / "metrics.json").is_file()


def sheet(path: Path, rows: list[list[str | int | None]]) -> Path:
    """A workbook with the least that one must have."""

    def cell(value: str | int | None) -> str:
        if value is None:
            return "<c/>"
        kind = "" if isinstance(value, int) else ' t="str"'
        return f"<c{kind}><v>{value}</v></c>"

    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main, office = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org"
    relations = f"{office}/package/2006/relationships"
    kind = f"{office}/officeDocument/2006/relationships"
    types = f"{office}/package/2006/content-types"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{types}"/>',
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{kind}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{kind}"><sheets><sheet name="a" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" '
        f'Type="{kind}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_a_spreadsheet_is_read_like_a_table(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    rows: list[list[str | int | None]] = [["", None], ["text", "stars"]]
    rows += [[text, number % 5 + 1] for number, (text, _) in enumerate(feeling_rows(10))]
    path = sheet(tmp_path / "a.xlsx", rows)
    columns, records = read_excel(str(path))
    assert columns == ["text", "stars"]
    assert next(records)[:3] == (3, ["text", "stars"], [feeling_rows(1)[0][0], 1])
    data = started(path).data
    assert (data.format, data.text, data.label) == ("auto", "text", "stars")


def test_a_spreadsheet_without_the_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    message = refused(sheet(tmp_path / "a.xlsx", [["text", "label"]]))
    assert "pip install 'lstmcli[excel]', or save the sheet as CSV (UTF-8)" in message


def test_what_is_no_spreadsheet_is_one_message(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    (tmp_path / "a.xlsx").write_text("text,label\n")
    with pytest.raises(DataError, match="is damaged or not a spreadsheet"):
        read_excel(str(tmp_path / "a.xlsx"))


def test_init_loads_neither_torch_nor_pandas(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *columns(mood=lambda n: MOODS[n % 3]))
    modules = loaded_modules("from lstmcli.cli.main import app; app()", "init", str(path), "-o", str(tmp_path / "a"))
    assert "lstmcli.corpus.proposal" in modules
    assert not modules & {"torch", "pandas", "sklearn", "scipy"}
