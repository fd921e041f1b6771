"""Files and folders that are either whole or absent, and runs that are not overwritten by chance."""

import os
import stat
from pathlib import Path

import pytest
import torch

from lstmcli.data.atomic import atomic_path, recover, replaced_folder
from lstmcli.data.output import MARK_ROWS, open_output
from lstmcli.errors import DataError, LstmcliError, RunDirectoryError
from lstmcli.store.checkpoint import Checkpoints
from lstmcli.store.run import RunDirectory


def run_at(path: Path, *, finished: bool) -> RunDirectory:
    run = RunDirectory(path)
    run.claim(overwrite=False)
    run.write_config("data: {}\n")
    if finished:
        run.write_text("metrics.json", "{}")
    return run


def test_a_new_or_empty_folder_is_free(tmp_path: Path) -> None:
    RunDirectory(tmp_path).claim(overwrite=False)
    RunDirectory(tmp_path / "deep" / "new").claim(overwrite=False)
    assert (tmp_path / "deep" / "new").is_dir()


@pytest.mark.parametrize(
    ("finished", "words"), [(True, "a finished run"), (False, r"an unfinished run \(continue it with --re")]
)
def test_a_run_is_replaced_only_when_asked(tmp_path: Path, finished: bool, words: str) -> None:
    run = run_at(tmp_path / "run", finished=finished)
    with pytest.raises(RunDirectoryError, match=words):
        run.claim(overwrite=False)
    assert run.is_run
    Checkpoints(run.checkpoints(1)).save_best({"a": torch.zeros(1)})
    (run.path / "my predictions.csv").write_text("mine")
    run.claim(overwrite=True)
    assert [path.name for path in run.path.iterdir()] == ["my predictions.csv"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_a_run_is_never_touched(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    (tmp_path / "config.yaml").write_text("of: something else\n")
    for path in (tmp_path, tmp_path / "thesis.tex"):
        with pytest.raises(RunDirectoryError, match="exists and is not a run directory"):
            RunDirectory(path).claim(overwrite=overwrite)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


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


def test_state_and_history_read_back(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run", finished=False)
    tensors = {"a": torch.randn(3, 2), "step": torch.tensor(7), "bytes": torch.arange(5, dtype=torch.uint8)}
    Checkpoints(run.checkpoints(1)).save_state(tensors, {"epoch": 2, "value": 0.1 + 0.2})
    loaded, progress = Checkpoints(run.checkpoints(1)).load_state()
    assert progress == {"epoch": 2, "value": 0.1 + 0.2}
    assert all(torch.equal(loaded[name], value) for name, value in tensors.items())
    Checkpoints(run.checkpoints(1)).save_best(tensors)
    assert torch.equal(Checkpoints(run.checkpoints(1)).load_best()["a"], tensors["a"])
    history = [{"epoch": 1, "train_loss": 0.5}, {"epoch": 2, "train_loss": 1 / 3}]
    run.write_history(history)
    assert run.read_history() == history


def test_a_missing_or_damaged_state_is_named(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run", finished=False)
    with pytest.raises(RunDirectoryError, match="stopped before any state was saved; start again with --overwrite"):
        Checkpoints(run.checkpoints(1)).load_state()
    Checkpoints(run.checkpoints(1)).save_state({"a": torch.zeros(2)}, {})
    (Checkpoints(run.checkpoints(1)).last / "state.safetensors").write_bytes(b"x")
    with pytest.raises(RunDirectoryError, match=r"can't be resumed \("):
        Checkpoints(run.checkpoints(1)).load_state()


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
            output.row_written(row + 1)
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


def test_a_damaged_history_is_named(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run", finished=False)
    run.write_text("history.jsonl", "{half")
    with pytest.raises(RunDirectoryError, match=r"history\.jsonl: is damaged"):
        run.read_history()
