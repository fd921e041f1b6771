"""Shards of a prediction: joined, they are the output of one command to the byte, or they are refused."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from lstmcli.cli.main import app
from lstmcli.data import shards
from lstmcli.data.sealed import seal
from lstmcli.data.shards import Shard, Tally, run_lengths
from tests.conftest import TEXTS, invoke, write_csv

NUM_ROWS = 23
ROWS_PER_BLOCK = 4

CELLS = [*TEXTS, 'say "so glad", twice', "sad\nover two lines", "", '"', "glad\n\n\n"]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD_ROWS", ROWS_PER_BLOCK)


@pytest.fixture
def files(folder: Path) -> Path:
    texts = [CELLS[number % len(CELLS)] for number in range(NUM_ROWS)]
    rows = [[str(number), text, 'a "note"\nhere'] for number, text in enumerate(texts)]
    write_csv(folder / "rows.csv", ["id", "text", "note\nof two lines"], rows)
    objects = [{"id": number, "text": text} for number, text in enumerate(texts)]
    lines = ["no object", *map(json.dumps, objects[:9]), "{", *map(json.dumps, objects[9:])]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "rows.txt").write_text("\n".join(" ".join(text.split()) for text in texts), encoding="utf-8")
    with (folder / "raw.tsv").open("w", encoding="utf-8") as stream:
        stream.writelines(["text\tid\n", *(f'so "glad\t{number}\n' for number in range(NUM_ROWS))])
    return folder


def predict(folder: Path, *arguments: str, codes: tuple[int, ...] = (0, 3)) -> str:
    result = invoke("predict", folder / "RUN", *arguments)
    assert result.exit_code in codes, result.stderr
    return str(result.stderr)


def predict_shards(folder: Path, num_shards: int, name: str, *arguments: str) -> list[str]:
    outputs = [str(folder / f"{number}-{name}") for number in range(1, num_shards + 1)]
    for number, output in enumerate(outputs, start=1):
        predict(folder, *arguments, "--shard", f"{number}/{num_shards}", "--output", output)
    return outputs


@pytest.mark.parametrize(
    ("inputs", "output", "options"),
    [
        (["rows.csv"], "out.csv", []),
        (["rows.csv"], "out.csv.gz", ["--on-error", "skip"]),
        (["rows.csv", "rows.csv"], "out.jsonl", ["--probabilities", "--columns", "id"]),
        (["rows.jsonl"], "out.jsonl.gz", []),
        (["rows.jsonl"], "out.csv", ["--on-error", "skip"]),
        (["rows.jsonl"], "out.csv", []),
        (["rows.txt"], "out.txt", ["--top-k", "2"]),
        (["raw.tsv"], "out.tsv", ["--format", "tsv-raw", "--output-format", "tsv-raw"]),
    ],
)
@pytest.mark.parametrize("num_shards", [3, 9])
def test_joined_shards_are_one_output_to_the_byte(
    files: Path, inputs: list[str], output: str, options: list[str], num_shards: int
) -> None:
    arguments = [*(str(files / name) for name in inputs), *options]
    predict(files, *arguments, "--output", str(files / output))
    outputs = predict_shards(files, num_shards, output, *arguments)
    joined = files / f"joined-{output}"
    result = invoke("join", *reversed(outputs), "--output", joined)
    assert result.exit_code == 0, result.stderr
    assert joined.read_bytes() == (files / output).read_bytes()


def test_shards_of_a_parquet_file_are_joined(files: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"text": CELLS, "id": list(range(len(CELLS)))}), files / "rows.parquet")
    predict(files, str(files / "rows.parquet"), "--output", str(files / "out.csv"))
    outputs = predict_shards(files, 2, "out.csv", str(files / "rows.parquet"))
    assert invoke("join", *outputs).stdout_bytes == (files / "out.csv").read_bytes()


def test_a_shard_of_standard_input_is_that_of_the_file(files: Path) -> None:
    for number in ("1", "2"):
        command = ["predict", str(files / "RUN"), "--shard", f"{number}/2", "--output", str(files / f"{number}.txt")]
        CliRunner().invoke(app, command, input=(files / "rows.txt").read_bytes())
    by_name = predict_shards(files, 2, "out.txt", str(files / "rows.txt"))
    for path, number in zip(by_name, ("1", "2"), strict=True):
        assert (files / f"{number}.txt").read_bytes() == Path(path).read_bytes()


def test_a_shard_with_several_processes_is_the_same(files: Path) -> None:
    (one,) = predict_shards(files, 1, "one.csv", str(files / "rows.csv"))
    predict(files, str(files / "rows.csv"), "--jobs", "2", "--shard", "1/1", "--output", str(files / "two.csv"))
    assert Path(one).read_bytes() == (files / "two.csv").read_bytes()
    facts = [json.loads(shards.manifest_path(path).read_text()) for path in (Path(one), files / "two.csv")]
    assert facts[0] == facts[1]


@pytest.fixture
def three(files: Path) -> list[str]:
    return predict_shards(files, 3, "out.csv", str(files / "rows.csv"))


def _foreign(files: Path, three: list[str], *arguments: str) -> list[str]:
    predict(files, *arguments, "--shard", "2/3", "--output", three[1])
    return three


def _other_input(files: Path, three: list[str]) -> list[str]:
    (files / "other.csv").write_text((files / "rows.csv").read_text() + "99,glad,\n")
    return _foreign(files, three, str(files / "other.csv"))


def _cut(three: list[str]) -> list[str]:
    content = Path(three[1]).read_bytes()
    Path(three[1]).write_bytes(content[:-1])
    return three


def _without_manifest(three: list[str]) -> list[str]:
    shards.manifest_path(Path(three[1])).unlink()
    return three


def _damaged_manifest(three: list[str]) -> list[str]:
    path = shards.manifest_path(Path(three[1]))
    path.write_text(path.read_text().replace('"written_rows": ', '"written_rows": 1'))
    return three


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda _, three: three[:2], "3 shards are needed, but these are not named: 3."),
        (lambda _, three: three[1:], "3 shards are needed, but these are not named: 1."),
        (lambda _, three: [*three, three[0]], "is named more than once"),
        (
            lambda files, three: _foreign(files, three, str(files / "rows.csv"), "--columns", "id"),
            "has another set of options",
        ),
        (lambda files, three: _other_input(files, three), "has another input"),
        (
            lambda files, three: [*three[:2], predict_shards(files, 1, "alone.csv", str(files / "rows.csv"))[0]],
            "has another number of shards",
        ),
        (lambda _, three: _cut(three), "it was changed or cut off"),
        (lambda _, three: _without_manifest(three), "no finished output of `lstmcli predict --shard`"),
        (lambda _, three: _damaged_manifest(three), "is damaged"),
    ],
)
def test_what_is_not_all_of_one_prediction_is_refused_in_one_line(
    files: Path, three: list[str], spoil: Callable[[Path, list[str]], list[str]], message: str
) -> None:
    joined = files / "joined.csv"
    result = invoke("join", *spoil(files, three), "--output", joined)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not joined.exists()


def test_a_copy_of_a_shard_is_refused(files: Path, three: list[str]) -> None:
    copy = files / "copy.csv"
    copy.write_bytes(Path(three[1]).read_bytes())
    shards.manifest_path(copy).write_bytes(shards.manifest_path(Path(three[1])).read_bytes())
    result = invoke("join", *three, copy)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is shard 2 of 3, and so is" in result.stderr


def test_a_shard_of_another_model_is_refused(files: Path, three: list[str], run_directory: Path) -> None:
    import shutil

    shutil.copytree(run_directory / "model", files / "model")
    (files / "model" / "checksums.json").unlink()
    description = files / "model" / "model.json"
    description.write_text(description.read_text() + "\n")
    seal(files / "model")
    command = ["predict", files / "model", files / "rows.csv", "--shard", "2/3", "--output", three[1]]
    assert invoke(*command).exit_code == 3
    result = invoke("join", *three)
    assert "has another model" in result.stderr


def test_a_shard_can_be_resumed(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lstmcli.data import file_output
    from lstmcli.inference import rows

    monkeypatch.setattr(file_output, "MARK_ROWS", 3)
    monkeypatch.setattr(rows, "BLOCK_ROWS", 2)
    arguments = [str(files / "rows.csv"), "--shard", "2/2", "--output", str(files / "out.csv.gz"), "--resume"]
    predict(files, *arguments)
    expected = (files / "out.csv.gz").read_bytes(), shards.manifest_path(files / "out.csv.gz").read_bytes()
    for path in files.glob("out.csv.gz*"):
        path.unlink()
    write = rows.RowStream._write
    left = [3]

    def fail(stream: object, due: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        write(stream, due)  # type: ignore[arg-type]

    monkeypatch.setattr(rows.RowStream, "_write", fail)
    assert "with --resume goes on" in predict(files, *arguments, codes=(1,))
    monkeypatch.setattr(rows.RowStream, "_write", write)
    predict(files, *arguments)
    assert (files / "out.csv.gz").read_bytes() == expected[0]
    assert shards.manifest_path(files / "out.csv.gz").read_bytes() == expected[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--shard", "1/2"], "--shard: needs a file to write"),
        (["--shard", "3/2", "--output", "x.csv"], "expected a shard from 1/N to N/N"),
        (["--shard", "1/9999", "--output", "x.csv"], "N at most 512"),
        (["--shard", "half", "--output", "x.csv"], "expected a shard such as 2/8, got 'half'"),
        (["--shard", "1/2", "--output", "x.csv", "--by", "id"], "--shard: can't be combined with --by"),
    ],
)
def test_a_wrong_shard_is_wrong_usage(files: Path, arguments: list[str], message: str) -> None:
    result = invoke("predict", files / "RUN", files / "rows.csv", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())


def test_an_empty_input_has_shards_too(files: Path) -> None:
    (files / "none.csv").write_text("text,id\n")
    outputs = predict_shards(files, 2, "none-out.csv", str(files / "none.csv"))
    assert invoke("join", *outputs).stdout == "text,id,prediction,score\n"


def test_joined_shards_are_compressed_in_the_same_members(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lstmcli.data import file_output

    monkeypatch.setattr(file_output, "MARK_ROWS", 3)
    predict(files, str(files / "rows.csv"), "--output", str(files / "out.csv.gz"))
    outputs = predict_shards(files, 2, "part.csv", str(files / "rows.csv"))
    invoke("join", *outputs, "--output", files / "joined.csv.gz")
    assert (files / "joined.csv.gz").read_bytes() == (files / "out.csv.gz").read_bytes()
    assert gzip.decompress((files / "joined.csv.gz").read_bytes()).count(b"\r") == 0


@given(st.integers(0, 300), st.integers(1, 9))
def test_each_row_belongs_to_one_shard_and_each_block_is_counted(num_rows: int, of: int) -> None:
    found = 0
    for number in range(1, of + 1):
        shard = Shard(number, of)
        tally = Tally(shard)
        own = [row for row in range(1, num_rows + 1) if shard.takes(row)]
        for row in own:
            tally.add(row)
        counts = tally.counts(num_rows)
        blocks = {(row - 1) // ROWS_PER_BLOCK for row in own}
        assert (sum(counts), len(counts), shard.num_blocks(num_rows)) == (len(own), len(blocks), len(blocks))
        assert [count for count, times in run_lengths(counts) for _ in range(times)] == counts
        found += len(own)
    assert found == num_rows
