"""`lstmcli predict` and `evaluate` as a shell user meets them."""

import csv
import datetime
import gzip
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from lstmcli.data.formats.parquet import read_parquet
from lstmcli.errors import DataError
from tests.conftest import TEXTS, Cli, shell, write_csv


def test_text_in_gives_one_label_and_score_a_line(folder: Path, cli: Cli) -> None:
    result = cli("predict", "RUN", "in.txt", cwd=folder)
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [line[0] for line in lines][:2] == ["joy", "sadness"]
    assert len(lines) == len(TEXTS)
    assert all(len(line) == 2 and 0 < float(line[1]) <= 1 for line in lines)
    assert result.stderr == ""


def test_standard_input_is_text_with_or_without_a_dash(folder: Path, cli: Cli) -> None:
    from_file = cli("predict", "RUN", "in.txt", cwd=folder)
    content = (folder / "in.txt").read_bytes()
    assert cli("predict", "RUN", stdin=content, cwd=folder).stdout == from_file.stdout
    assert cli("predict", "RUN", "-", stdin=content, cwd=folder).stdout == from_file.stdout


def test_csv_keeps_all_columns_and_adds_prediction_and_score(folder: Path, cli: Cli) -> None:
    write_csv(folder / "odd.csv", ["id", "text", "note"], [["1", 'say "glad", you', "a\nb"], ["2", "sad", "NA"]])
    result = cli("predict", "RUN", "odd.csv", "--probabilities", cwd=folder)
    rows = list(csv.reader(io.StringIO(result.stdout)))
    labels = ["anger", "joy", "sadness"]
    assert rows[0] == ["id", "text", "note", "prediction", "score", *(f"probability_{label}" for label in labels)]
    assert [row[:4] for row in rows[1:]] == [
        ["1", 'say "glad", you', "a\nb", "joy"],
        ["2", "sad", "NA", "sadness"],
    ]
    for row in rows[1:]:
        probabilities = dict(zip(labels, map(float, row[5:]), strict=True))
        assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-6)
        assert float(row[4]) == probabilities[row[3]] == max(probabilities.values())


def test_jsonl_gets_the_same_keys(folder: Path, cli: Cli) -> None:
    (folder / "in.jsonl").write_text('{"text": "glad", "n": [1]}\n{"n": 2, "text": "sad"}\n')
    rows = [json.loads(line) for line in cli("predict", "RUN", "in.jsonl", cwd=folder).stdout.splitlines()]
    assert rows[0] == {"text": "glad", "n": [1], "prediction": "joy", "score": rows[0]["score"]}
    assert list(rows[1]) == ["n", "text", "prediction", "score"]


def test_a_tsv_from_standard_input_and_another_text_column(folder: Path, cli: Cli) -> None:
    result = cli("predict", "RUN", "-", "--format", "tsv", "--text", "words", stdin="words\tn\nglad\t1\n", cwd=folder)
    assert result.stdout.startswith("words\tn\tprediction\tscore\nglad\t1\tjoy\t0.")


def test_top_k_ranks_labels(folder: Path, cli: Cli) -> None:
    (row,) = csv.DictReader(
        io.StringIO(cli("predict", "RUN", "-f", "csv", "-k", "2", stdin="text\nglad\n", cwd=folder).stdout)
    )
    assert row["label_1"] == row["prediction"] == "joy"
    assert float(row["score_1"]) > float(row["score_2"])
    line = cli("predict", "RUN", "--top-k", "9", stdin="glad\n", cwd=folder).stdout.rstrip("\n").split("\t")
    assert line[0] == "joy"
    assert sorted(line[::2]) == ["anger", "joy", "sadness"]


def test_a_threshold_leaves_unsure_texts_without_a_label(folder: Path, cli: Cli) -> None:
    lines = cli("predict", "RUN", "in.txt", "--threshold", "1.0", cwd=folder).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == [""] * len(TEXTS)
    assert cli("predict", "RUN", "in.txt", "--threshold", "1.5", cwd=folder).returncode == 2


def test_the_model_folder_alone_is_enough(folder: Path, cli: Cli, run_directory: Path) -> None:
    shutil.copytree(run_directory / "model", folder / "elsewhere")
    expected = cli("predict", "RUN", "in.csv", cwd=folder).stdout
    assert cli("predict", "elsewhere", "in.csv", cwd=folder).stdout == expected
    shutil.copytree(run_directory / "model", folder / "again" / "model")
    assert cli("predict", "again", "in.csv", cwd=folder).stdout == expected


def test_batch_sizes_and_order_do_not_matter(folder: Path, cli: Cli) -> None:
    texts = [f"{text} {text[:number]}" for number in range(40) for text in TEXTS]
    write_csv(folder / "many.csv", ["text"], [[text] for text in texts])
    write_csv(folder / "reversed.csv", ["text"], [[text] for text in texts[::-1]])

    def predicted(name: str, batch_size: int) -> list[list[str]]:
        result = cli("predict", "RUN", name, "--probabilities", "--batch-size", batch_size, cwd=folder)
        return list(csv.reader(io.StringIO(result.stdout)))[1:]

    expected = predicted("many.csv", 1)
    assert [row[0] for row in expected] == texts
    for found in (predicted("many.csv", 7), predicted("many.csv", 256), predicted("reversed.csv", 256)[::-1]):
        for row, other in zip(expected, found, strict=True):
            assert row[:2] == other[:2]
            assert list(map(float, row[2:])) == pytest.approx(list(map(float, other[2:])), abs=1e-6)


def test_output_goes_to_a_file_that_is_whole_or_absent(folder: Path, cli: Cli) -> None:
    expected = cli("predict", "RUN", "in.csv", cwd=folder).stdout
    result = cli("predict", "RUN", "in.csv", "--output", "out.csv", cwd=folder)
    assert (result.stdout, (folder / "out.csv").read_text(encoding="utf-8")) == ("", expected)
    assert cli("predict", "RUN", "in.csv", "-o", "out.csv.gz", cwd=folder).returncode == 0
    assert gzip.decompress((folder / "out.csv.gz").read_bytes()).decode() == expected

    (folder / "torn.csv").write_text("text,id\n" + "glad,1\n" * 5000 + "one cell\n")
    torn = cli("predict", "RUN", "torn.csv", "--output", "out.csv", "--on-error", "stop", cwd=folder)
    assert torn.returncode == 1
    assert torn.stderr == (
        "error: torn.csv, line 5002: has 1 cell, but the header has 2; put quotes around cells that contain the "
        "delimiter.\n"
    )
    assert (folder / "out.csv").read_text(encoding="utf-8") == expected
    assert not list(folder.glob(".*part"))


def test_predicting_in_place_is_safe(folder: Path, cli: Cli) -> None:
    expected = cli("predict", "RUN", "in.csv", cwd=folder).stdout
    assert cli("predict", "RUN", "in.csv", "--output", "in.csv", cwd=folder).returncode == 0
    assert (folder / "in.csv").read_text(encoding="utf-8") == expected
    again = cli("predict", "RUN", "in.csv", cwd=folder)
    assert again.returncode == 1
    assert "already has a column 'prediction'" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "none", "in.csv"], "none: no such run directory"),
        (["predict", ".", "in.csv"], "is not a run directory"),
        (["predict", "RUN", "none.csv"], "none.csv: no such file"),
        (["predict", "RUN", "in.csv", "--text", "txt"], "has no column 'txt'. Columns: text, id. Did you mean 'text'?"),
        (["predict", "RUN", "empty.csv"], "empty.csv is empty"),
        (["evaluate", "RUN", "in.csv"], "has no column 'label'"),
        (["evaluate", "none", "in.csv"], "none: no such run directory"),
        (
            ["evaluate", "RUN", "strange.csv"],
            "no usable rows (1 read): labels not seen in training (envy) at line 2",
        ),
    ],
)
def test_mistakes_get_one_message_and_exit_code_1(folder: Path, cli: Cli, arguments: list[str], words: str) -> None:
    (folder / "empty.csv").touch()
    write_csv(folder / "strange.csv", ["text", "label"], [["x", "envy"]])
    result = cli(*arguments, cwd=folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr


BROKEN = {
    "broken.csv": (
        b'text,id\nso glad,1\none cell\ntoo,many,"cells, here"\nunclosed "quote" is fine,2\n"never closed,3\nsad,4\n'
    ),
    "broken.txt": "glad\ncafé\nsad\n".encode("latin-1"),
    "broken.jsonl": b'{"text": "glad"}\n{"text":\n[1]\n{"text": ["list"]}\n{"words": "none"}\n{"text": "sad"}\n',
}


@pytest.mark.parametrize(
    ("name", "is_good", "broken", "words"),
    [
        (
            "broken.csv",
            [1, 0, 0, 1, 0, 1],
            ["one cell", 'too,"many,cells, here"', '"""never closed,3",'],
            "line 6: a quote opened",
        ),
        ("broken.txt", [1, 0, 1], ["\t"], "line 2: byte 0xe9 is not valid utf-8"),
        (
            "broken.jsonl",
            [1, 0, 0, 0, 0, 1],
            ['{"input": "[1]"', '{"text": ["list"], "error": "expected text in \'text\', found'],
            "line 5: has no key 'text'",
        ),
    ],
)
def test_rows_that_cant_be_read_stay_in_their_place(
    folder: Path, cli: Cli, name: str, is_good: list[int], broken: list[str], words: str
) -> None:
    (folder / name).write_bytes(BROKEN[name])
    result = cli("predict", "RUN", name, cwd=folder)
    assert result.returncode == 3
    assert words in result.stderr
    num_broken = len(is_good) - sum(is_good)
    rows = "1 row" if num_broken == 1 else f"{num_broken:,} rows"
    assert f"{rows} that could not be read: kept without a prediction" in result.stderr
    lines = result.stdout.splitlines()[name.endswith(".csv") :]
    assert [int(any(label in line for label in ("joy", "anger", "sadness"))) for line in lines] == is_good
    for part in broken:
        assert part in result.stdout
    skipped = cli("predict", "RUN", name, "--on-error", "skip", cwd=folder)
    assert skipped.returncode == 0
    assert "could not be read: left out" in skipped.stderr
    good = [line for line, keep in zip(lines, is_good, strict=True) if keep]
    assert skipped.stdout.splitlines()[name.endswith(".csv") :] == good
    stopped = cli("predict", "RUN", name, "--on-error", "stop", cwd=folder)
    assert stopped.returncode == 1
    assert stopped.stderr.startswith(f"error: {name}, line ")
    assert stopped.stdout.splitlines()[name.endswith(".csv") :] == lines[: is_good.index(0)]


def test_nothing_but_broken_rows_is_no_success_even_where_they_are_skipped(folder: Path, cli: Cli) -> None:
    (folder / "latin.csv").write_bytes(b"text\nd\xe9j\xe0 vu\n\xe9t\xe9\n")
    result = cli("predict", "RUN", "latin.csv", "--on-error", "skip", cwd=folder)
    assert (result.returncode, result.stdout) == (3, "text,prediction,score\n")


def test_a_column_with_a_comma_in_its_name_is_kept_when_quoted(folder: Path, cli: Cli) -> None:
    write_csv(folder / "odd.csv", ["id", "a, b", "text"], [["1", "x", "glad"]])
    result = cli("predict", "RUN", "odd.csv", "--columns", '"a, b",id', cwd=folder)
    assert result.stdout.splitlines()[0] == '"a, b",id,prediction,score'


def test_spreadsheets_are_refused_as_output(folder: Path, cli: Cli) -> None:
    result = cli("predict", "RUN", "--output", "out.xlsx", stdin="glad\n", cwd=folder)
    assert result.returncode == 2
    assert "spreadsheets can't be written" in result.stderr
    assert not (folder / "out.xlsx").exists()


def test_a_line_in_a_pipe_is_answered_while_the_pipe_stays_open(folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "lstmcli", "predict", "RUN"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        answers = []
        for line in (b"so glad\n", b"again livid\n", b"half a li", b"ne\n"):
            process.stdin.write(line)
            process.stdin.flush()
            if line.endswith(b"\n"):
                answers.append(process.stdout.readline())
        process.stdin.close()
        assert process.stdout.read() == b""
    assert [len(answer.split(b"\t")) for answer in answers] == [2, 2, 2]


def test_a_file_in_another_encoding_is_predicted_as_utf8(folder: Path, cli: Cli) -> None:
    (folder / "latin.csv").write_bytes("text,who\nglad,José\n".encode("cp1252"))
    assert "glad,José,joy," in cli("predict", "RUN", "latin.csv", "--encoding", "cp1252", cwd=folder).stdout


@pytest.mark.parametrize(
    ("line", "format_name"),
    [
        ("id,text", "csv"),
        ("text\tid", "tsv"),
        ("id;text", "csv-semicolon"),
        ("id|text", "csv-pipe"),
        ('{"text": "a"}', "jsonl"),
    ],
)
def test_a_table_that_is_piped_as_text_is_noticed(folder: Path, cli: Cli, line: str, format_name: str) -> None:
    result = cli("predict", "RUN", stdin=f"{line}\nglad\n", cwd=folder)
    assert result.stderr.startswith("note: standard input is read as one text a line, but looks like")
    assert result.stderr.splitlines()[0].endswith(f"add --format {format_name}")
    assert result.stdout.count("\n") == 2


def test_an_empty_input_gives_an_empty_output(folder: Path, cli: Cli) -> None:
    result = cli("predict", "RUN", stdin="", cwd=folder)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_pipelines_count_sort_and_cut(folder: Path) -> None:
    counted = shell("cut -d, -f1 in.csv | lstmcli predict RUN | cut -f1 | sort | uniq -c", folder)
    assert counted.returncode == 0, counted.stderr
    counts = [line.split() for line in counted.stdout.splitlines()]
    assert sum(int(count) for count, _ in counts) == len(TEXTS) + 1  # with the header, which is a line like any other
    raw = shell("cut -d, -f1 in.csv | lstmcli predict RUN | sort | uniq -c", folder)
    assert sum(int(line.split()[0]) for line in raw.stdout.splitlines()) == len(TEXTS) + 1


def test_redirection_and_head(folder: Path) -> None:
    assert shell("lstmcli predict RUN in.csv > out.csv", folder).returncode == 0
    assert len((folder / "out.csv").read_text(encoding="utf-8").splitlines()) == len(TEXTS) + 1
    first = shell("lstmcli predict RUN < in.txt | head -1", folder)
    assert (first.returncode, first.stdout.split("\t")[0], first.stderr) == (0, "joy", "")


def test_a_closed_pipe_ends_an_endless_input_quietly(folder: Path) -> None:
    result = shell("yes 'so happy today' 2> /dev/null | lstmcli predict RUN | head -n 3", folder)
    assert result.stdout.count("\n") == 3
    assert result.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_with_one_line(folder: Path) -> None:
    result = shell("lstmcli predict RUN in.csv > /dev/full", folder)
    assert (result.returncode, result.stderr) == (1, "error: No space left on device.\n")


def test_a_text_column_for_plain_text_is_wrong_usage(folder: Path, cli: Cli) -> None:
    result = cli("predict", "RUN", "in.txt", "--text", "words", cwd=folder)
    assert (result.returncode, "plain text has no columns" in result.stderr) == (2, True)


CONVERSIONS = {
    "in.csv": b'text,id\n"glad, again",1\nsad,2\n',
    "in.tsv": b"text\tid\nglad, again\t1\nsad\t2\n",
    "in.jsonl": b'{"text": "glad, again", "id": 1}\n{"id": 2, "text": "sad"}\n',
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_any_format_can_become_any_other(folder: Path, cli: Cli, name: str) -> None:
    (folder / name).write_bytes(CONVERSIONS[name])

    def predicted(*options: str) -> str:
        result = cli("predict", "RUN", name, *options, cwd=folder)
        assert result.returncode == 0, result.stderr
        return result.stdout

    rows = list(csv.reader(io.StringIO(predicted("-F", "csv"))))
    assert [row[:3] for row in rows] == [
        ["text", "id", "prediction"],
        ["glad, again", "1", "joy"],
        ["sad", "2", "sadness"],
    ]
    assert predicted("-F", "tsv").splitlines() == ["\t".join(row) for row in rows]
    objects = [json.loads(line) for line in predicted("-F", "jsonl").splitlines()]
    assert [(row["text"], str(row["id"]), row["prediction"]) for row in objects] == [
        ("glad, again", "1", "joy"),
        ("sad", "2", "sadness"),
    ]
    assert predicted("-F", "text").splitlines() == ["\t".join(row[2:]) for row in rows[1:]]
    assert cli("predict", "RUN", name, "-o", "out.jsonl", cwd=folder).returncode == 0
    assert [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()] == objects


def test_lines_of_text_can_become_a_table(folder: Path, cli: Cli) -> None:
    rows = list(
        csv.reader(io.StringIO(cli("predict", "RUN", "-F", "csv", stdin="so glad\nsad, so\n", cwd=folder).stdout))
    )
    assert [row[:2] for row in rows] == [["text", "prediction"], ["so glad", "joy"], ["sad, so", "sadness"]]


def test_columns_are_kept_in_the_order_asked_for(folder: Path, cli: Cli) -> None:
    (folder / "in.csv").write_bytes(b"a,text,b\n1,glad,2\n")
    kept = cli("predict", "RUN", "in.csv", "--columns", "b,a", cwd=folder).stdout.splitlines()
    assert kept[0] == "b,a,prediction,score"
    assert kept[1].startswith("2,1,joy,")
    assert cli("predict", "RUN", "in.csv", "--columns", "", cwd=folder).stdout.startswith("prediction,score\njoy,")
    wrong = cli("predict", "RUN", "in.csv", "--columns", "c", cwd=folder)
    assert (wrong.returncode, "has no column 'c'" in wrong.stderr, "--columns" in wrong.stderr) == (1, True, True)
    (folder / "more.jsonl").write_text('{"text": "glad", "n": 1}\n{"text": "sad"}\n')
    objects = cli("predict", "RUN", "more.jsonl", "--columns", "n", cwd=folder).stdout.splitlines()
    assert [json.loads(line)["n"] for line in objects] == [1, None]


def test_several_inputs_are_predicted_as_one(folder: Path, cli: Cli) -> None:
    (folder / "a.csv").write_bytes(b"id,text\n1,glad\n")
    (folder / "b.csv").write_bytes(b"text,id\nsad,2\n")
    result = cli("predict", "RUN", "a.csv", "b.csv", cwd=folder)
    assert [line.split(",")[:3] for line in result.stdout.splitlines()] == [
        ["id", "text", "prediction"],
        ["1", "glad", "joy"],
        ["2", "sad", "sadness"],
    ]
    result = cli("predict", "RUN", "a.csv", "none.csv", cwd=folder)
    assert (result.returncode, result.stdout, "none.csv: no such file" in result.stderr) == (1, "", True)
    (folder / "broken.csv").write_bytes(b"id,id\n1,2\n")
    result = cli("predict", "RUN", "a.csv", "broken.csv", cwd=folder)
    assert (result.returncode, result.stdout.splitlines()[1][:10]) == (1, "1,glad,joy")
    (folder / "c.csv").write_bytes(b"text,other\nsad,2\n")
    result = cli("predict", "RUN", "a.csv", "c.csv", cwd=folder)
    assert (result.returncode, "key 'other' does not occur in the first row" in result.stderr) == (1, True)


def test_half_an_emoji_is_predicted_and_written_as_it_was(folder: Path, cli: Cli) -> None:
    (folder / "cut.jsonl").write_text('{"text": "so glad \\ud83d"}\n')
    (row,) = map(json.loads, cli("predict", "RUN", "cut.jsonl", cwd=folder).stdout.splitlines())
    assert (row["text"], row["prediction"]) == ("so glad \ud83d", "joy")


@pytest.mark.parametrize(
    ("name", "content", "options", "output"),
    [
        ("in.csv", "id,text\n", [], "id,text,prediction,score\n"),
        ("in.csv", "id,text\n", ["--columns", "id", "--top-k", "1"], "id,prediction,score,label_1,score_1\n"),
        ("in.csv", "id,text\n", ["--output-format", "jsonl"], ""),
        ("in.txt", "", ["--output-format", "tsv"], "text\tprediction\tscore\n"),
        ("in.txt", "", [], ""),
        ("in.jsonl", "", [], ""),
    ],
)
def test_an_input_without_rows_keeps_its_header(
    run_directory: Path, tmp_path: Path, cli: Cli, name: str, content: str, options: list[str], output: str
) -> None:
    (tmp_path / name).write_text(content)
    result = cli("predict", run_directory, name, *options, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, output)


def test_a_header_without_the_column_is_an_error_also_where_no_row_follows(
    run_directory: Path, tmp_path: Path, cli: Cli
) -> None:
    (tmp_path / "in.csv").write_text("id,txt\n")
    result = cli("predict", run_directory, "in.csv", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert "in.csv has no column 'text'. Columns: id, txt. Did you mean 'txt'?" in result.stderr


def test_json_lines_that_start_with_a_broken_one_become_a_table_of_the_others(
    run_directory: Path, tmp_path: Path, cli: Cli
) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": 1\n{"id": 2, "text": "so glad"}\n')
    result = cli("predict", run_directory, "in.jsonl", "--output-format", "csv", cwd=tmp_path)
    header, broken, good = result.stdout.splitlines()
    assert (result.returncode, header, broken) == (3, "id,text,prediction,score", '"{""id"": 1",,,')
    assert good.startswith("2,so glad,")
    (tmp_path / "in.jsonl").write_text("broken\n")
    result = cli("predict", run_directory, "in.jsonl", "--output-format", "csv", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (3, "input,prediction,score\nbroken,,\n")


def test_a_key_that_the_table_lacks_is_named_with_its_file_and_line(
    run_directory: Path, tmp_path: Path, cli: Cli
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "so glad"}\n{"text": "sad", "new": 1}\n')
    result = cli("predict", run_directory, "in.jsonl", "--output-format", "csv", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("error: in.jsonl, line 2: key 'new' does not occur in the first row")


def test_json_values_become_the_same_cells_in_every_row(run_directory: Path, tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "so glad", "ok": true, "n": [1, "x"], "none": null}\n' * 2)
    result = cli("predict", run_directory, "in.jsonl", "--output-format", "csv", cwd=tmp_path)
    rows = list(csv.reader(result.stdout.splitlines()))
    assert [row[:4] for row in rows] == [["text", "ok", "n", "none"], *[["so glad", "true", '[1, "x"]', ""]] * 2]


@pytest.fixture
def parquet_file(tmp_path: Path) -> Path:
    texts = ["so glad", "sad", 'lonely, "again"\n']
    dates = [datetime.date(2020, 1, day) for day in (1, 2, 3)]
    table = pyarrow.table({"id": [1, 2, 3], "text": texts, "day": dates})
    parquet.write_table(table, tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


def test_parquet_is_read_and_becomes_a_table(run_directory: Path, parquet_file: Path, cli: Cli) -> None:
    result = cli("predict", run_directory, parquet_file)
    rows = list(csv.reader(io.StringIO(result.stdout, newline="")))
    assert (result.returncode, result.stderr) == (0, "")
    assert [row[:3] for row in rows] == [
        ["id", "text", "day"],
        ["1", "so glad", "2020-01-01"],
        ["2", "sad", "2020-01-02"],
        ["3", 'lonely, "again"\n', "2020-01-03"],
    ]
    result = cli("predict", run_directory, parquet_file, "--output-format", "jsonl")
    assert [json.loads(line)["day"] for line in result.stdout.splitlines()] == [row[2] for row in rows[1:]]


def test_what_parquet_can_not_do_is_said(
    run_directory: Path, parquet_file: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = parquet_file.parent

    def error(*arguments: object, exit_code: int = 1) -> str:
        result = cli("predict", run_directory, *arguments, cwd=folder)
        assert (result.returncode, result.stdout) == (exit_code, "")
        return result.stderr

    assert error("in.parquet", "-o", "out.parquet", exit_code=2) == (
        "error: predictions can't be written as parquet; choose csv, tsv or jsonl.\n"
    )
    assert error("--format", "parquet") == "error: parquet can't be read from a pipe; pass a file name.\n"
    assert error("none.parquet").startswith("error: none.parquet: no such file.")
    (folder / "broken.parquet").write_text("no parquet")
    assert error("broken.parquet").startswith("error: broken.parquet: is damaged or not a Parquet file (")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        DataError, match=r"needs the package pyarrow; install it with: pip install 'lstmcli\[parquet\]'"
    ):
        read_parquet("in.parquet")
