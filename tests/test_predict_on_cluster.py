"""A prediction in parts, on a cluster that loses workers: the rows of one command, none lost and none twice."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lstmcli.cli import engine
from lstmcli.cli.on_ray import cluster as ray_cluster
from lstmcli.data import shards
from lstmcli.errors import LstmcliError
from lstmcli.inference import cascade
from lstmcli.recipes.cluster import work
from lstmcli.recipes.cluster.work import PartResult, PartTask
from tests.conftest import TEXTS, feeling_rows, invoke, write_csv

ROWS_PER_BLOCK = 4

CELLS = [*TEXTS, 'say "so glad", twice', "sad\nover two lines", "", '"', "glad\n\n\n"]


class Unreliable:
    """A cluster of this process alone, which answers the last task first, and each task twice.

    Attributes:
        done: the outputs of all tasks that were answered.
        interrupted_after: so many tasks; None: never.
        change: returns the result that is passed on in the place of each one.
    """

    done: list[str]
    interrupted_after: int | None
    change: Callable[[PartResult], PartResult]

    def __init__(self, address: str | None, *, warn: Callable[[str], None]) -> None:
        pass

    def __enter__(self) -> "Unreliable":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def results(self, function: Callable[[PartTask], PartResult], tasks: Sequence[PartTask]) -> Iterator[PartResult]:
        for number, task in enumerate(reversed(tasks)):
            if number == type(self).interrupted_after:
                raise KeyboardInterrupt
            function(task)  # by a host that was lost before it could say so
            target = Path(task.target)
            (target.parent / f".{target.name}.lost.part").mkdir(exist_ok=True)  # and by one in the middle of it
            self.done.append(target.name)
            yield type(self).change(function(task))


@pytest.fixture(autouse=True)
def cluster(monkeypatch: pytest.MonkeyPatch) -> type[Unreliable]:
    Unreliable.done, Unreliable.interrupted_after, Unreliable.change = [], None, staticmethod(lambda result: result)
    work.opened.cache_clear()
    monkeypatch.setattr(shards, "SHARD_ROWS", ROWS_PER_BLOCK)
    monkeypatch.setattr(ray_cluster, "RayCluster", Unreliable)
    monkeypatch.setattr(engine, "find_spec", lambda _: True)
    return Unreliable


@pytest.fixture
def files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, num_rows in (("rows.csv", 23), ("more.csv", 9), ("none.csv", 0)):
        rows = [[str(number), CELLS[number % len(CELLS)], 'a "note"\nhere'] for number in range(num_rows)]
        write_csv(folder / name, ["id", "text", "note\nof two lines"], rows)
    objects = [{"id": number, "text": CELLS[number % len(CELLS)]} for number in range(17)]
    lines = ["no object", *map(json.dumps, objects[:9]), "{", *map(json.dumps, objects[9:])]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "rows.txt").write_text("\n".join(" ".join(text.split()) for text in CELLS), encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def predict(*arguments: str, code: int | None = None) -> Any:
    result = invoke("predict", "RUN", *arguments)
    assert result.exit_code in ({0, 3} if code is None else {code}), result.stderr
    return result


def on_cluster(*arguments: str, code: int | None = None) -> Any:
    return predict(*arguments, "--engine", "ray", "--output", "out", code=code)


def joined() -> bytes:
    result = invoke("join", "out")
    assert result.exit_code == 0, result.stderr
    return bytes(result.stdout_bytes)


def manifest() -> Any:
    return json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        (["rows.csv", "more.csv", "none.csv"], []),
        (["rows.csv", "more.csv"], ["--on-error", "skip", "--probabilities", "--columns", "id"]),
        (["rows.jsonl"], ["--output-format", "jsonl"]),
        (["rows.csv", "rows.jsonl"], ["--output-format", "csv", "--columns", "id"]),
        (["rows.txt", "rows.txt"], ["--top-k", "2"]),
        (["more.csv", "rows.csv"], ["--row-ids", "--output-format", "jsonl"]),
    ],
)
@pytest.mark.parametrize("parts", ["1", "3"])
@pytest.mark.usefixtures("files")
def test_joined_parts_are_the_output_of_one_command_to_the_byte(
    inputs: list[str], options: list[str], parts: str
) -> None:
    alone = predict(*inputs, *options)
    result = on_cluster(*inputs, *options, "--parts", parts)
    assert joined() == alone.stdout_bytes
    assert result.exit_code == alone.exit_code
    assert not list(Path("out").glob(".*"))


@pytest.fixture
def new(files: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with enough rows for a first stage, which the whole model checks often."""
    monkeypatch.setattr(cascade, "CHECKED_SHARE", 2)
    write_csv(files / "new.csv", ["text", "label"], [[text, label] for text, label in feeling_rows(20, offset=300)])
    return "new.csv"


def test_two_stages_answer_as_in_one_command(new: str, cluster: type[Unreliable]) -> None:
    options = ["--fast", "0.95", "--answered-by", "--probabilities"]
    alone = predict(new, new, *options)
    assert b",ngrams" in alone.stdout_bytes
    assert b",model" in alone.stdout_bytes
    assert "kept their prediction" in alone.stderr
    result = on_cluster(new, new, *options, "--parts", "2")
    assert joined() == alone.stdout_bytes
    assert result.stderr == alone.stderr
    cluster.done = []
    Path("out/part-00001-001.csv").unlink()
    again = on_cluster(new, new, *options, "--parts", "2", "--resume")
    assert cluster.done == ["part-00001-001.csv"]
    assert again.stderr == alone.stderr  # on the rows of earlier parts, too


def test_what_two_stages_have_answered_is_not_resumed_by_one(new: str) -> None:
    on_cluster(new, "--fast", "0.95")
    assert "with another model, other inputs or options" in on_cluster(new, "--resume", code=1).stderr


@pytest.mark.usefixtures("files")
def test_the_rows_of_all_parts_are_those_of_the_inputs_with_their_places() -> None:
    on_cluster("rows.csv", "rows.jsonl", "--parts", "2", "--row-ids", "--output-format", "jsonl")
    lines = [line for path in Path("out").glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    found = sorted((row["input_file"], row["input_row"]) for row in map(json.loads, lines))
    assert found == [("rows.csv", row) for row in range(1, 24)] + [("rows.jsonl", row) for row in range(1, 20)]


@pytest.mark.usefixtures("files")
def test_the_manifest_counts_the_rows_of_each_input() -> None:
    result = on_cluster("rows.csv", "more.csv", "--parts", "2", code=3)
    facts = manifest()
    assert (facts["rows"], facts["written_rows"], facts["broken"], facts["blank"]) == (32, 32, 3, 3)
    assert [(each["name"], each["rows"], len(each["parts"])) for each in facts["inputs"]] == [
        ("rows.csv", 23, 2),
        ("more.csv", 9, 2),
    ]
    assert "note: 3 rows with a blank text: kept without a prediction." in result.stderr


@pytest.mark.usefixtures("files")
def test_rows_that_cant_be_read_are_told_with_their_lines() -> None:
    result = on_cluster("rows.jsonl", "--parts", "2", code=3)
    assert "note: rows.jsonl, line 1: " in result.stderr
    assert "note: rows.jsonl, line 11: " in result.stderr
    assert "note: 2 rows that could not be read: kept without a prediction." in result.stderr


@pytest.mark.usefixtures("files")
def test_after_an_interruption_only_what_is_missing_is_done(cluster: type[Unreliable]) -> None:
    cluster.interrupted_after = 4
    result = on_cluster("rows.csv", "more.csv", "--parts", "3", code=130)
    first = set(cluster.done)
    assert len(first) == 4
    assert "interrupted; 4 of 6 parts finished in " in result.stderr
    assert result.stderr.rstrip().endswith("; the same command with --resume goes on.")
    assert "there is no manifest.json in it" in invoke("join", "out").stderr
    cluster.done, cluster.interrupted_after = [], None
    again = on_cluster("rows.csv", "more.csv", "--parts", "3", "--resume", code=3)
    assert len(cluster.done) == 2
    assert not first & set(cluster.done)
    assert "3 rows with a blank text" in again.stderr  # those of earlier parts, too
    assert joined() == predict("rows.csv", "more.csv").stdout_bytes


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda out: _cut(out / "part-00001-002.csv"),
        lambda out: (out / "part-00001-002.csv").unlink(),
        lambda out: (out / "part-00001-002.csv.shard.json").unlink(),
        lambda out: (out / "part-00001-002.csv.counts.json").write_text("{"),
    ],
)
@pytest.mark.usefixtures("files")
def test_a_part_that_was_damaged_is_done_again(cluster: type[Unreliable], spoil: Callable[[Path], None]) -> None:
    on_cluster("rows.csv", "more.csv", "--parts", "2")
    before = joined()
    spoil(Path("out"))
    cluster.done = []
    on_cluster("rows.csv", "more.csv", "--parts", "2", "--resume")
    assert cluster.done == ["part-00001-002.csv"]
    assert joined() == before


def test_an_input_that_was_corrected_is_done_again_and_the_others_stay(cluster: type[Unreliable], files: Path) -> None:
    content = (files / "more.csv").read_text(encoding="utf-8")
    write_csv(files / "more.csv", ["id", "sentence"], [["1", "so glad"]])
    result = on_cluster("more.csv", "rows.csv", "--parts", "2", code=1)
    assert "has no column 'text'" in result.stderr
    assert "2 of 4 parts finished" in result.stderr
    (files / "more.csv").write_text(content, encoding="utf-8")
    cluster.done = []
    on_cluster("more.csv", "rows.csv", "--parts", "2", "--resume")
    assert sorted(cluster.done) == ["part-00001-001.csv", "part-00001-002.csv"]
    assert joined() == predict("more.csv", "rows.csv").stdout_bytes


@pytest.mark.usefixtures("files")
def test_after_a_wrong_command_no_folder_is_left() -> None:
    result = on_cluster("rows.csv", "--text", "sentence", code=1)
    assert "has no column 'sentence'" in result.stderr
    assert not Path("out").exists()


def _own_file(folder: Path) -> None:
    folder.mkdir()
    (folder / "mine.csv").touch()


@pytest.mark.parametrize(
    ("prepare", "arguments", "message"),
    [
        (lambda _: on_cluster("rows.csv"), [], "holds parts of an earlier prediction. Add --resume to go on with it"),
        (lambda _: on_cluster("rows.csv"), ["--resume", "-p"], "with another model, other inputs or options"),
        (lambda out: out.write_text("mine"), [], "is a file, expected a folder"),
        (_own_file, [], "is not empty"),
    ],
)
def test_a_folder_that_holds_something_else_is_left_alone(
    files: Path, prepare: Callable[[Path], object], arguments: list[str], message: str
) -> None:
    prepare(files / "out")
    before = _contents(files / "out")
    result = on_cluster("rows.csv", *arguments, code=1)
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert _contents(files / "out") == before


def _contents(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in ([path] if path.is_file() else path.iterdir())}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--jobs", "2"], "can't be combined with --jobs: Ray decides how many processes there are."),
        (["--line-buffered"], "can't be combined with --line-buffered."),
        (["--shard", "1/2"], "can't be combined with --shard; for several tasks per input, use --parts."),
        (["--by", "id"], "can't be combined with --by, which needs all rows of a person."),
        (["--fast", "0.99", "--fast-on", "s3://bucket/rows.csv"], "--fast: needs a file on this machine to calibrate"),
        (["--estimate"], "can't be combined with --estimate; omit --engine to estimate."),
        (["-"], "needs files that all hosts can read, not standard input."),
        (["--output", "-"], "needs a folder to write, named with --output."),
        (["--output", "s3://bucket/out"], "--output: expected a folder on a disk that all hosts share, not a URL."),
        (["--output-format", "parquet"], "predictions can't be written as parquet"),
        (["--min-confidence", "0.5", "--top-k", "1", "--output-format", "text"], "--min-confidence: with --top-k"),
        (["--ray-address", "ray://host:10001"], "expected HOST:PORT of a cluster, not ray://"),
    ],
)
@pytest.mark.usefixtures("files")
def test_what_ray_cant_be_combined_with_is_refused_in_one_line(arguments: list[str], message: str) -> None:
    result = predict("rows.csv", "--output", "out", "--engine", "ray", *arguments, code=2)
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not Path("out").exists()


@pytest.mark.parametrize("option", [["--ray-address", "auto"], ["--parts", "2"]])
@pytest.mark.usefixtures("files")
def test_options_of_ray_need_ray(option: list[str]) -> None:
    result = predict("rows.csv", *option, code=2)
    assert f"{option[0]}: is for --engine ray." in result.stderr


@pytest.mark.usefixtures("files")
def test_without_ray_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    result = on_cluster("rows.csv", code=1)
    assert result.stderr == (
        "error: --engine ray: needs Ray, which is not installed; install it with: pip install 'lstmcli[ray]'\n"
    )


def _with_counts(result: PartResult, **changes: int) -> PartResult:
    values = {**vars(result), "counts": type(result.counts)(**{**vars(result.counts), **changes})}
    return PartResult(**values)


@pytest.mark.usefixtures("files")
def test_a_row_that_is_missing_is_an_error(cluster: type[Unreliable]) -> None:
    cluster.change = staticmethod(lambda result: _with_counts(result, rows=result.counts.rows - 1))
    result = on_cluster("rows.csv", "--parts", "2", code=1)
    assert "rows.csv: has 23 rows, but its parts answer 21 and hold 23." in result.stderr
    assert not Path("out/manifest.json").exists()


def test_an_input_that_changes_meanwhile_is_noticed(cluster: type[Unreliable], files: Path) -> None:
    def append(result: PartResult) -> PartResult:
        with (files / "rows.csv").open("a", encoding="utf-8") as stream:
            stream.write("99,glad,\n")
        return result

    cluster.change = staticmethod(append)
    result = on_cluster("rows.csv", "--parts", "2", code=1)
    assert "rows.csv: was changed while it was read." in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hosts.__version__", "0.0.9", "has lstmcli 0.0.9, but the host of the command has"),
        ("work.model_digest", lambda _: "other", "is another model than on the host of the command"),
        ("work.is_there", lambda _: False, "inputs must be on a disk that all hosts share."),
    ],
)
@pytest.mark.usefixtures("files")
def test_a_host_that_lacks_something_says_so(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object, message: str
) -> None:
    monkeypatch.setattr(f"lstmcli.recipes.cluster.{name}", value)
    result = on_cluster("rows.csv", code=1)
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("files")
def test_a_full_disk_of_a_host_says_how_to_go_on(cluster: type[Unreliable]) -> None:
    full = OSError(28, "No space left on device", "/data/out")
    cluster.change = staticmethod(lambda result: PartResult(result.file, error=full))
    result = on_cluster("rows.csv", code=1)
    assert result.stderr.startswith("error: /data/out: No space left on device. ")
    assert result.stderr.endswith("; the same command with --resume goes on.\n")


@pytest.mark.usefixtures("files")
def test_a_worker_that_is_lost_again_and_again_ends_the_work(cluster: type[Unreliable]) -> None:
    def lose(_: PartResult) -> PartResult:
        raise LstmcliError("a task was lost 5 times.")

    cluster.change = staticmethod(lose)
    result = on_cluster("rows.csv", code=1)
    assert result.stderr.startswith("error: a task was lost 5 times. ")
    assert result.stderr.endswith("; the same command with --resume goes on.\n")


@pytest.mark.usefixtures("files")
def test_parts_of_tables_with_other_columns_are_not_joined() -> None:
    write_csv(Path("other.csv"), ["text"], [["so glad"]])
    on_cluster("rows.csv", "other.csv")
    result = invoke("join", "out", "--output", "all.csv")
    assert result.exit_code == 1
    assert "part-00002-001.csv: has other columns than out/part-00001-001.csv" in result.stderr
    assert not Path("all.csv").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "manifest.json: is damaged"),
        ('{"inputs": [{"parts": ["../x"]}]}', "is damaged (a part has no name)"),
        ('{"inputs": [{"parts": []}]}', "is damaged (a part has no name)"),
    ],
)
def test_a_damaged_manifest_is_refused(folder: Path, content: str, message: str) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "manifest.json").write_text(content)
    result = invoke("join", folder / "out")
    assert result.exit_code == 1
    assert message in result.stderr


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_objects_of_a_store_have_the_rows_of_files(files: Path, name: str, scheme: str) -> None:
    parquet, fsspec = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("fsspec")
    columns = {"text": CELLS, "id": list(range(len(CELLS)))}
    parquet.write_table(pytest.importorskip("pyarrow").table(columns), files / "rows.parquet")
    url = f"file://{files / name}" if scheme == "file" else f"memory://bucket/{name}"
    if scheme == "memory":
        fsspec.filesystem("memory").pipe(f"/bucket/{name}", (files / name).read_bytes())
    on_cluster(url, "--parts", "2")
    assert joined() == predict(name).stdout_bytes
    assert manifest()["inputs"][0]["name"] == url
    assert not list(Path("out").glob(".*"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file://FOLDER/rows.csw", "rows.csw: no such file. Did you mean 'rows.csv'?"),
        ("unheard-of://bucket/rows.csv", "unheard-of://bucket/rows.csv: can't be read (Protocol not known: unheard-of"),
    ],
)
def test_an_object_that_isnt_there_is_one_line(files: Path, url: str, message: str) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("fsspec")
    result = on_cluster(url.replace("FOLDER", str(files)), code=1)
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_rows_say_where_they_come_from(files: Path) -> None:
    lines = predict("more.csv", "rows.jsonl", "--row-ids", "--output-format", "tsv", "--columns", "id").stdout
    assert lines.startswith("id\tinput_file\tinput_row\tprediction\tscore\n")
    rows = [line.split("\t") for line in lines.splitlines()[1:]]
    assert [row[1:3] for row in rows[:9]] == [["more.csv", str(number)] for number in range(1, 10)]
    assert rows[9][1:3] == ["rows.jsonl", "1"]  # a row that can't be read has a place, too
    write_csv(files / "taken.csv", ["text", "input_row"], [["so glad", "1"]])
    assert "already has a column 'input_row'" in predict("taken.csv", "--row-ids", code=1).stderr
    assert "--row-ids: can't be combined with --by" in predict("rows.csv", "--row-ids", "--by", "id", code=2).stderr


def test_connections_are_kept_alive_as_the_cluster_wants() -> None:
    """Other values than those of the cluster end each connection, and so each task, after some minutes."""
    assert not [name for name in ray_cluster.ENVIRONMENT if "keepalive" in name]
