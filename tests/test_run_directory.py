"""Files and folders that are either whole or absent, and runs that are not overwritten by chance."""

import errno
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import Config
from lstmcli.data.atomic import atomic_path, recover, replaced_folder
from lstmcli.data.file_output import MARK_ROWS
from lstmcli.data.output import open_output
from lstmcli.errors import DamagedFileError, DataError, LstmcliError, RunDirectoryError
from lstmcli.store.checkpoint import Checkpoints
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory

CONFIG = Config(data=DataSettings(train="train.csv"))


def run_at(path: Path, *, finished: bool = False) -> RunDirectory:
    with OpenRun(RunDirectory(path)) as run:
        run.start(CONFIG)
    if finished:
        run.directory.write_text("metrics.json", "{}")
    return run.directory


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_or_empty_folder_is_free(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "deep" / "new"):
        RunDirectory(path).check_free(overwrite=False)
        assert names_in(run_at(path).path) == {"config.yaml"}


@pytest.mark.parametrize(
    ("finished", "words"), [(True, "a finished run"), (False, r"an unfinished run \(continue it with --re")]
)
def test_a_run_is_replaced_only_when_asked(tmp_path: Path, finished: bool, words: str) -> None:
    run = run_at(tmp_path / "run", finished=finished)
    with pytest.raises(RunDirectoryError, match=words):
        run.check_free(overwrite=False)
    assert run.is_run
    Checkpoints(run.checkpoints(1)).save_best({"a": torch.zeros(1)})
    (run.path / "my predictions.csv").write_text("mine")
    with OpenRun(run, overwrite=True) as opened:
        opened.start(CONFIG)
    assert names_in(run.path) == {"config.yaml", "my predictions.csv"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_a_run_is_never_touched(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    (tmp_path / "config.yaml").write_text("of: something else\n")
    for path in (tmp_path, tmp_path / "thesis.tex"):
        with pytest.raises(RunDirectoryError, match="exists and is not a run directory"):
            RunDirectory(path).check_free(overwrite=overwrite)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "left", [".config.yaml.a1b2.part", ".lock", ".owner.json", ".lstmcli.x.part/", ".model.new/", ".model.old/"]
)
def test_what_a_kill_left_before_the_config_was_written_does_not_block(
    tmp_path: Path, left: str, overwrite: bool
) -> None:
    if left.endswith("/"):
        (tmp_path / left).mkdir()
    else:
        (tmp_path / left).write_text("half")
    RunDirectory(tmp_path).check_free(overwrite=overwrite)
    assert names_in(run_at(tmp_path).path) == {"config.yaml"}


def test_a_resumed_or_finished_run_has_no_traces_of_kills(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run")
    checkpoints = Checkpoints(run.checkpoints(1))
    checkpoints.save_best({"a": torch.zeros(1)})
    for path in (run.path / ".history.jsonl.x.part", run.path / "checkpoints" / ".last.new" / "half"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    checkpoints.best.rename(run.path / "checkpoints" / ".best.old")
    with OpenRun(run, resume=True) as opened:
        opened.start(CONFIG)
        assert names_in(run.path) == {"config.yaml", "checkpoints", ".lock", ".owner.json"}
        assert names_in(run.path / "checkpoints") == {"best"}
    for _ in range(2):
        checkpoints.save_state({}, {"best_epoch": 0})
    assert names_in(run.path / "checkpoints") == {"best", "last", "previous"}
    with OpenRun(run, resume=True):
        run.write_text("metrics.json", "{}")
    assert names_in(run.path / "checkpoints") == {"best", "last"}


def test_a_finished_run_that_was_killed_before_it_was_tidy_is_tidied_when_it_is_resumed(tmp_path: Path) -> None:
    outer = run_at(tmp_path / "run", finished=True)
    places = [outer, run_at(outer.pretraining.path, finished=True), run_at(outer.fold(1).path, finished=True)]
    for run in places:
        for _ in range(2):
            Checkpoints(run.checkpoints(1)).save_state({}, {"best_epoch": 0})
        (run.path / ".lock").touch()
        (run.path / ".owner.json").write_text("{}")
    OpenRun(outer, resume=True).tidy()
    assert [names_in(run.path / "checkpoints") for run in places] == [{"last"}] * 3
    assert all(not names_in(run.path) & {".lock", ".owner.json"} for run in places)


def test_a_run_that_is_being_replaced_is_unfinished_before_anything_else_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_at(tmp_path, finished=True)
    (run.path / "model").mkdir()

    def die(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lstmcli.data.atomic.shutil.rmtree", die)
    with pytest.raises(KeyboardInterrupt), OpenRun(run, overwrite=True) as opened:
        opened.start(CONFIG)
    assert run.is_run
    assert not run.is_finished


def test_a_run_in_use_is_refused_and_its_user_named(tmp_path: Path) -> None:
    first = OpenRun(RunDirectory(tmp_path / "run"))
    with first:
        first.start(CONFIG)
        for second in (OpenRun(first.directory, overwrite=True), OpenRun(first.directory, resume=True)):
            pattern = rf"is in use by process {os.getpid()} on .* since 20.*Wait until it has finished"
            with pytest.raises(RunDirectoryError, match=pattern):
                second.check(CONFIG)
            with pytest.raises(RunDirectoryError, match=pattern), second:
                second.start(CONFIG)
        assert first.directory.is_run
    with OpenRun(first.directory, overwrite=True) as third:
        third.check(CONFIG)
        third.start(CONFIG)


def test_the_note_of_a_dead_process_does_not_block(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run")
    (run.path / ".lock").write_text("")
    for note in (b'{"pid": 1, "host": "here"}', b"half", b"[" * 100_000, b"\xff"):
        (run.path / ".owner.json").write_bytes(note)
        OpenRun(run, resume=True).check(CONFIG)
        (run.path / ".owner.json").write_bytes(note)
        with OpenRun(run, resume=True) as opened:
            opened.start(CONFIG)
    assert names_in(run.path) == {"config.yaml"}


def test_a_process_that_is_killed_gives_its_lock_back(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run")
    code = (
        "import os, sys; from pathlib import Path; from lstmcli.store.lock import RunLock;"
        "lock = RunLock(Path(sys.argv[1])); lock.acquire(); os.write(1, b'locked'); os.read(0, 1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(6) == b"locked"
        with pytest.raises(RunDirectoryError, match=f"in use by process {process.pid} on"):
            OpenRun(run, resume=True).check(CONFIG)
        process.kill()
    OpenRun(run, resume=True).check(CONFIG)


@pytest.mark.parametrize("place", [60, 200, 400, -1])
def test_a_config_that_is_no_longer_what_was_written_is_refused(tmp_path: Path, place: int) -> None:
    run = run_at(tmp_path / "run")
    assert run.read_config() == CONFIG
    content = bytearray((run.path / "config.yaml").read_bytes())
    content[place] ^= 1
    (run.path / "config.yaml").write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"config\.yaml: is damaged or was edited"):
        run.read_config()
    (run.path / "config.yaml").write_bytes(content[:-10])
    with pytest.raises(DamagedFileError, match="is damaged or was edited"):
        run.read_config()


def test_a_config_without_a_checksum_is_still_read(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run")
    _, _, settings = (run.path / "config.yaml").read_text(encoding="utf-8").partition("\n")
    (run.path / "config.yaml").write_text("# The resolved config of this lstmcli run.\n" + settings, encoding="utf-8")
    assert run.is_run
    assert run.read_config() == CONFIG


def test_a_pipe_in_place_of_a_config_does_not_make_anybody_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.yaml")
    assert not RunDirectory(tmp_path).is_run
    with pytest.raises(DamagedFileError, match="is not a regular file"):
        RunDirectory(tmp_path).read_config()


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with replaced_folder(target) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(RuntimeError), replaced_folder(target) as folder:  # noqa: PT012
        (folder / "b").write_text("new")
        raise RuntimeError
    assert [path.name for path in target.iterdir()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    with replaced_folder(target) as folder:
        (folder / "b").write_text("new")
    assert [path.name for path in target.iterdir()] == ["b"]


def test_a_death_between_the_two_renames_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / ".model.old").mkdir()
    (tmp_path / ".model.old" / "a").write_text("old")
    recover(tmp_path / "model")
    assert (tmp_path / "model" / "a").read_text() == "old"


TENSORS = {"a": torch.randn(3, 2), "step": torch.tensor(7), "bytes": torch.arange(5, dtype=torch.uint8)}


def assert_loads(checkpoints: Checkpoints, progress: dict[str, object]) -> DamagedFileError | None:
    state = checkpoints.load_state()
    assert state.progress == progress
    assert all(torch.equal(state.tensors[name], value) for name, value in TENSORS.items())
    return state.damage


def test_a_state_and_a_best_epoch_read_back(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save_state(TENSORS, {"best_epoch": 0, "value": 0.1 + 0.2})
    assert assert_loads(checkpoints, {"best_epoch": 0, "value": 0.1 + 0.2}) is None
    checkpoints.save_best(TENSORS)
    assert torch.equal(checkpoints.load_best()["a"], TENSORS["a"])


def test_history_is_one_line_per_epoch(tmp_path: Path) -> None:
    run = run_at(tmp_path)
    history = [{"epoch": 1, "train_loss": 0.5}, {"epoch": 2, "train_loss": 1 / 3}]
    run.write_history(history)
    lines = (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == history


def test_a_missing_state_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="stopped before any state was saved; start again with --overwrite"):
        Checkpoints(tmp_path / "checkpoints").load_state()


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["state.safetensors", "progress.json", "checksums.json"])
def test_the_state_before_replaces_a_damaged_one(tmp_path: Path, name: str) -> None:
    checkpoints = Checkpoints(tmp_path)
    for epoch in (1, 2, 3):
        checkpoints.save_state(TENSORS, {"best_epoch": 0, "epoch": epoch})
    damage(checkpoints.last / name)
    error = assert_loads(checkpoints, {"best_epoch": 0, "epoch": 2})
    assert error is not None
    assert error.path == checkpoints.last / name
    (checkpoints.previous / name).unlink()
    with pytest.raises(DamagedFileError, match=rf"last/{name}: .*Restore the folder from a copy, or train again"):
        checkpoints.load_state()


def test_a_damaged_best_epoch_is_found_again_if_it_can_be(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for epoch in (1, 2):
        checkpoints.save_best(TENSORS)
        checkpoints.save_state(TENSORS, {"best_epoch": epoch, "epoch": epoch})
    damage(checkpoints.best / "average.safetensors")
    assert assert_loads(checkpoints, {"best_epoch": 1, "epoch": 1}) is not None
    checkpoints.save_state(TENSORS, {"best_epoch": 2, "epoch": 3})
    with pytest.raises(DamagedFileError, match=r"best/average\.safetensors: is damaged"):
        checkpoints.load_state()


def test_a_full_disk_is_named_and_the_state_before_stays(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save_state(TENSORS, {"best_epoch": 0})
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large") as error:
            checkpoints.save_state({"large": torch.zeros(100_000)}, {"best_epoch": 0})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert str(error.value.filename).endswith("state.safetensors")
    assert_loads(checkpoints, {"best_epoch": 0})
    assert names_in(tmp_path) == {"last"}


def test_an_output_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    with pytest.raises(RuntimeError), open_output(str(target)) as output:  # noqa: PT012
        output.stream.write("half")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert target.read_text() == "old"
    with open_output(str(target)) as output:
        output.stream.write("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize(("error", "is_kept"), [(LstmcliError("a process ended."), True), (DataError("row 7"), False)])
def test_what_can_be_gone_on_with_is_kept(tmp_path: Path, error: LstmcliError, is_kept: bool) -> None:
    target = tmp_path / "out.txt"
    with (  # noqa: PT012
        pytest.raises(LstmcliError, match="--resume goes on" if is_kept else "row 7"),
        open_output(str(target)) as output,
    ):
        for row in range(MARK_ROWS + 1):
            output.stream.write("a line\n")
            output.rows_written(row + 1)
        raise error
    assert (tmp_path / "out.txt.part").exists() is (tmp_path / "out.txt.part.json").exists() is is_kept


def test_an_output_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "out") as temporary:
        temporary.write_text("x")
    (tmp_path / "plain").write_text("x")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_output_in_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be written"), open_output(str(tmp_path / "none" / "out.csv")):
        pass


def test_an_output_that_is_a_folder_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder, expected the name of a file"), open_output(str(tmp_path)):
        pass


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    with open_output(str(link)) as output:
        output.stream.write("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o600


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with open_output(str(pipe)) as output:
        output.stream.write("through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_leftovers_of_a_killed_process_do_not_stop_the_next_one(tmp_path: Path) -> None:
    target = tmp_path / "last"
    for leftover in (target, tmp_path / ".last.old", tmp_path / ".last.new"):
        leftover.mkdir()
        (leftover / "a").write_text("left over")
    with replaced_folder(target) as folder:
        (folder / "b").write_text("new")
    assert [path.name for path in target.iterdir()] == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_a_file_system_that_cannot_synchronise_does_not_stop_a_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", refuse)
    checkpoints = Checkpoints(run_at(tmp_path / "run").checkpoints(1))
    checkpoints.save_state(TENSORS, {"best_epoch": 0})
    assert_loads(checkpoints, {"best_epoch": 0})
