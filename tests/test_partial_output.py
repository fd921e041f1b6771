"""FILE.part and its mark: what is not ours is left alone, and what is damaged is not believed."""

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from lstmcli.data import partial
from lstmcli.data.file_output import MARK_ROWS
from lstmcli.data.marks import Mark, mark_path, read_mark
from lstmcli.data.output import check_output, open_output
from lstmcli.data.output_stream import Output
from lstmcli.errors import DataError, InterruptedPredictionError, LstmcliError
from tests.conftest import PROJECT, Cli, shell


def write_rows(output: Output, first: int, last: int) -> None:
    """Write rows numbered from `first` to `last`."""
    for number in range(first, last + 1):
        output.stream.write(f"row {number}\n")
        output.rows_written(number)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


@pytest.fixture
def interrupted(target: Path) -> Path:
    """The part of an output that was interrupted after one row more than a mark."""
    with pytest.raises(InterruptedPredictionError):
        interrupt_after(target, MARK_ROWS + 1)
    return partial.part_path(target)


def interrupt_after(target: Path, num_rows: int) -> None:
    with open_output(str(target), job="job") as output:
        write_rows(output, 1, num_rows)
        raise KeyboardInterrupt


def resume(target: Path) -> None:
    with open_output(str(target), job="job", resume=True) as output:
        write_rows(output, 1 if output.done is None else output.done.input_rows + 1, MARK_ROWS + 5)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_an_interrupted_output_is_resumed_at_its_mark(target: Path, interrupted: Path) -> None:
    mark = read_mark(interrupted)
    assert mark is not None
    assert (mark.input_rows, mark.written_rows) == (MARK_ROWS, MARK_ROWS)
    assert (mark.num_bytes, mark.crc32) == (interrupted.stat().st_size, zlib.crc32(interrupted.read_bytes()))
    resume(target)
    assert target.read_text() == "".join(f"row {number}\n" for number in range(1, MARK_ROWS + 6))
    assert list(content(target.parent)) == ["out.csv"]


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_the_bytes_do_not_depend_on_when_marks_are_written(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(partial, "MARK_SECONDS", seconds)
        with open_output(str(tmp_path / name)) as output:
            write_rows(output, 1, 4 * MARK_ROWS + 3)
        found.append((tmp_path / name).read_bytes())
    assert found[0] == found[1]


def test_an_interruption_marks_what_was_reached_since_the_last_mark(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial, "MARK_SECONDS", 1e9)
    message = f"{3 * MARK_ROWS:,} rows written to .*; the same command with --resume goes on"
    with pytest.raises(InterruptedPredictionError, match=message):
        interrupt_after(target, 3 * MARK_ROWS + 7)


def test_a_bit_that_flips_in_the_mark_is_noticed(target: Path, interrupted: Path) -> None:
    path = mark_path(interrupted)
    mark = path.read_bytes()
    before = read_mark(interrupted)
    for bit in range(8 * len(mark)):
        damaged = bytearray(mark)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with suppress(DataError):
            assert read_mark(interrupted) == before  # white space may have become other white space
    path.write_bytes(mark.replace(b'"input_rows": 2', b'"input_rows": 3'))
    with pytest.raises(DataError, match=r"is damaged or was not written .* move or delete it and out\.csv\.part, or"):
        resume(target)


def test_a_byte_that_changes_in_the_part_is_noticed(target: Path, interrupted: Path) -> None:
    with interrupted.open("r+b") as stream:
        stream.seek(100)
        stream.write(b"?")
    before = content(target.parent)
    with pytest.raises(DataError, match=r"out\.csv\.part: is damaged: .* leave --resume out to start again"):
        resume(target)
    assert content(target.parent) == before
    with open_output(str(target), job="job") as output:
        output.stream.write("new\n")
    assert content(target.parent) == {"out.csv": b"new\n"}


def test_a_part_that_is_too_short_is_not_resumed(target: Path, interrupted: Path) -> None:
    os.truncate(interrupted, 100)
    with pytest.raises(DataError, match="is damaged: its content is not what was written"):
        resume(target)


NO_MARKS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "not UTF-8": lambda _: b"\xff\xfe{}",
    "deep": lambda _: b"[" * 4000,
    "huge": lambda mark: mark.rstrip() + b" " * 5_000_000 + b"{",
    "a list": lambda _: b"[1]",
    "a number": lambda _: b"1",
    "nothing in it": lambda _: b"{}",
    "of an older release": lambda _: b'{"job": "job", "input_rows": 2048, "written_rows": 2048, "num_bytes": 9}',
    "one fact more": lambda mark: mark.replace(b"{", b'{"more": 1, ', 1),
    "a fact twice": lambda mark: mark.replace(b"{", b'{"num_bytes": 1, ', 1).replace(b'"num_bytes": ', b'"n": ', 2),
    "true for 1": lambda _: _signed({"job": "job", "input_rows": True}),
    "1.0 for 1": lambda _: _signed({"job": "job", "num_bytes": 1.0}),
    "null for a job": lambda _: _signed({"job": None}),
    "many digits": lambda _: b'{"job": "job", "num_bytes": ' + b"9" * 4050 + b"}",
}


def _signed(facts: dict[str, object]) -> bytes:
    """A mark with a right checksum, for all that."""
    whole = {**vars(Mark("job")), **facts}
    checksum = zlib.crc32(json.dumps(whole, sort_keys=True).encode())
    return json.dumps({**whole, "checksum": checksum}).encode()


@pytest.mark.parametrize("resuming", [True, False])
@pytest.mark.parametrize("case", NO_MARKS)
def test_what_is_no_mark_is_refused_and_left_alone(target: Path, interrupted: Path, case: str, resuming: bool) -> None:
    mark_path(interrupted).write_bytes(NO_MARKS[case](mark_path(interrupted).read_bytes()))
    before = content(target.parent)
    refused = pytest.raises(DataError, match=r"so it is left alone\. To start again, move or delete it and out")
    with refused, open_output(str(target), job="job", resume=resuming):
        pass
    assert content(target.parent) == before


@pytest.mark.parametrize("names", [["out.csv.part"], ["out.csv.part.json"], ["out.csv.part", "out.csv.part.json"]])
@pytest.mark.parametrize("options", [[], ["--resume"]])
def test_files_of_other_programs_are_left_alone(folder: Path, cli: Cli, names: list[str], options: list[str]) -> None:
    for name in names:
        (folder / name).write_bytes(b"half a download")
    before = content(folder)
    result = cli("predict", "RUN", "in.csv", "-o", "out.csv", *options, cwd=folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert "so it is left alone" in result.stderr
    assert "choose another --output" in result.stderr
    assert content(folder) == before


def test_another_part_beside_our_mark_is_left_alone(target: Path, interrupted: Path) -> None:
    interrupted.rename(interrupted.with_name("ours"))
    interrupted.write_bytes(b"half a download")
    before = content(target.parent)
    for resuming in (True, False):
        with pytest.raises(DataError, match="left alone"), open_output(str(target), job="job", resume=resuming):
            pass
    assert content(target.parent) == before


def test_a_copy_of_a_partial_output_can_be_resumed(target: Path, interrupted: Path) -> None:
    copied = interrupted.read_bytes()
    interrupted.rename(interrupted.with_name("ours"))
    interrupted.write_bytes(copied)
    resume(target)
    assert target.read_text().endswith(f"row {MARK_ROWS + 5}\n")


def test_what_a_kill_before_the_first_mark_leaves_is_taken_over(target: Path) -> None:
    partial.part_path(target).touch()  # before the first mark of no rows
    resume(target)
    mark_path(partial.part_path(target)).write_text(Mark("another").to_json())  # after the rename of the part
    resume(target)
    assert list(content(target.parent)) == ["out.csv"]


@pytest.mark.parametrize("resuming", [True, False])
def test_kills_just_after_an_output_is_finished_and_before_the_next_first_mark_leave_it_usable(
    target: Path, interrupted: Path, resuming: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted.rename(target)  # and its mark is still there

    def die(*_: object) -> Mark:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(partial, "write_mark", die)
        patch.setattr(Path, "unlink", lambda path, **_: os.remove(path) if path.suffix == ".json" else None)  # noqa: PTH107
        with pytest.raises(KeyboardInterrupt), open_output(str(target), job="job", resume=True):
            pass
    assert interrupted.read_bytes() == b""
    with open_output(str(target), job="job", resume=resuming) as output:
        write_rows(output, 1, 3)
    assert content(target.parent) == {"out.csv": b"row 1\nrow 2\nrow 3\n"}


@pytest.mark.parametrize("name", ["out.csv.part", "out.csv.part.json"])
@pytest.mark.parametrize("make", ["symlink", "dangling", "fifo", "folder"])
def test_no_link_is_followed_and_nothing_waits(target: Path, name: str, make: str) -> None:
    path, victim = target.with_name(name), target.with_name("victim")
    victim.write_bytes(b"precious")
    {
        "symlink": lambda: path.symlink_to(victim),
        "dangling": lambda: path.symlink_to("gone"),
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }[make]()
    for resuming in (True, False):
        with pytest.raises(DataError), open_output(str(target), resume=resuming):
            pass
    assert victim.read_bytes() == b"precious"
    assert not target.exists()
    assert not target.with_name("gone").exists()


def test_a_part_with_a_second_name_is_left_alone(target: Path, interrupted: Path) -> None:
    os.link(interrupted, target.with_name("second"))
    with pytest.raises(DataError, match="left alone"):
        resume(target)


def test_a_link_that_points_to_itself_is_one_error(target: Path) -> None:
    target.symlink_to(target.name)
    with pytest.raises(DataError, match="is a symbolic link that points to itself"), open_output(str(target)):
        pass


def test_a_part_that_another_process_replaced_is_not_moved_to_its_place(target: Path) -> None:
    part = partial.part_path(target)

    def replace_it() -> None:
        with open_output(str(target)):
            part.rename(target.with_name("moved"))
            part.symlink_to("/dev/null")

    with pytest.raises(LstmcliError, match="was moved or replaced by another process"):
        replace_it()
    assert part.is_symlink()
    assert not target.exists()


def test_an_input_that_is_the_partial_output_is_refused_before_anything_changes(
    target: Path, interrupted: Path
) -> None:
    linked = target.with_name("linked.csv")
    linked.symlink_to(interrupted)
    before = content(target.parent)
    for name in (interrupted, mark_path(interrupted), linked):
        with pytest.raises(DataError, match=r"is where rows for .*out\.csv are kept until it is complete"):
            check_output(str(target), ["other.csv", str(name)], "-")
    assert content(target.parent) == before
    check_output(str(target), [str(target)], "-")  # a file may be written to itself


@pytest.mark.parametrize("command", ["predict RUN in.csv >> in.csv", "predict RUN -f csv < in.csv >> in.csv"])
def test_standard_output_is_no_input(folder: Path, command: str) -> None:
    before = content(folder)
    result = shell(f"lstmcli {command}", folder)
    assert (result.returncode, result.stderr.count("is the output, too")) == (1, 1)
    assert content(folder) == before


def test_dev_stdout_appends_to_a_file_that_standard_output_is(folder: Path) -> None:
    plain = shell("lstmcli predict RUN in.txt", folder).stdout
    (folder / "log").write_text("before\n")
    for name in ("/dev/stdout", "/dev/fd/1"):
        assert shell(f"lstmcli predict RUN in.txt --format text -o {name} >> log", folder).returncode == 0
    assert (folder / "log").read_text() == "before\n" + plain + plain


def test_a_part_is_as_private_as_the_file_it_replaces(target: Path) -> None:
    target.write_bytes(b"old")
    target.chmod(0o400)
    with open_output(str(target)):
        assert partial.part_path(target).stat().st_mode & 0o777 == 0o600
    assert target.stat().st_mode & 0o777 == 0o400


def test_new_files_follow_the_umask(target: Path) -> None:
    before = os.umask(0o027)
    try:
        with open_output(str(target)):
            part = partial.part_path(target)
            assert [path.stat().st_mode & 0o777 for path in (part, mark_path(part))] == [0o640, 0o640]
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o640


def test_what_an_earlier_process_has_written_outlives_a_wrong_input(target: Path, interrupted: Path) -> None:
    mark = read_mark(interrupted)
    with pytest.raises(DataError, match="wrong"), open_output(str(target), job="job", resume=True):
        raise DataError("wrong")
    assert read_mark(interrupted) == mark
    resume(target)


def test_a_full_disk_leaves_no_report(folder: Path, corpus: Path) -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000));"
        "from lstmcli.cli.main import main; main()"
    )
    arguments = ["evaluate", "RUN", str(corpus / "test.csv"), "--output", "report", "--no-baselines", "--quiet"]
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert "File too large" in result.stderr
    assert not (folder / "report").exists() or list((folder / "report").iterdir()) == []
