"""Two processes that torchrun starts, on the loopback interface; more of them, and hosts, are in tests/cluster."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lstmcli.cli.several import patience, place_in, refuse_several, resume_command
from lstmcli.config.loading import load_config
from lstmcli.errors import ConfigError, DataError, UsageError
from lstmcli.recipes.run_setup import resolve_run
from lstmcli.recipes.several.checks import check_supported
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory
from tests.conftest import PROJECT, corpus_options, history, run_here, set_options


def test_without_dropout_two_processes_learn_what_one_learns(corpus: Path, tmp_path: Path) -> None:
    """First to predict next words, and then labels."""
    nothing_random = ("words", "features", "layers", "output")
    options = [
        *corpus_options(corpus),
        *set_options(*(f"dropout.{each}=0" for each in nothing_random), "pretraining.dropout=0"),
        *set_options("pretraining.own_texts=true", "pretraining.epochs=2", "training.epochs=2", "training.device=cpu"),
    ]
    assert run_here("train", *options, "--run-dir", tmp_path / "one").returncode == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "lstmcli"]
    two = subprocess.run(
        [*command, "train", *options, "--run-dir", str(tmp_path / "two")],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo", "COLUMNS": "200"},
        check=False,
    )
    assert two.returncode == 0, two.stderr
    assert two.stderr.count("wrote    ") == 1  # by the first process alone
    for part in ("pretraining", "."):
        losses = [[each["train_loss"] for each in history(tmp_path / run / part)] for run in ("one", "two")]
        assert len(losses[0]) == 2
        assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    files = [
        sorted(str(path.relative_to(tmp_path / run)) for path in (tmp_path / run).rglob("*")) for run in ("one", "two")
    ]
    assert files[0] == files[1]


AS_TORCHRUN = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


def test_only_all_variables_of_torchrun_together_mean_several_processes() -> None:
    assert place_in({}).number == 1
    assert place_in({"RANK": "1", "WORLD_SIZE": "2"}).is_first  # set by another program
    place = place_in({**AS_TORCHRUN, "RANK": "1", "WORLD_SIZE": "2"})
    assert (place.rank, place.number, place.is_first, place.is_restarted) == (1, 2, False, False)
    assert place_in({**AS_TORCHRUN, "RANK": "0", "WORLD_SIZE": "2", "TORCHELASTIC_RESTART_COUNT": "1"}).is_restarted


@pytest.mark.parametrize(("rank", "number"), [("2", "2"), ("-1", "2"), ("0", "0"), ("a", "2")])
def test_impossible_variables_are_refused(rank: str, number: str) -> None:
    with pytest.raises(UsageError, match=f"RANK={rank}, WORLD_SIZE={number}: expected the number of this process"):
        place_in({**AS_TORCHRUN, "RANK": rank, "WORLD_SIZE": number})


def test_patience_is_a_number_of_seconds() -> None:
    assert patience({}) == 300.0
    assert patience({"LSTMCLI_PATIENCE": "2.5"}) == 2.5
    for value in ("0", "-1", "soon", "nan", "inf"):
        with pytest.raises(ConfigError, match=f"LSTMCLI_PATIENCE={value}: expected a number of seconds above 0"):
            patience({"LSTMCLI_PATIENCE": value})


def test_a_cross_validation_is_refused_for_several_processes() -> None:
    refuse_several("a cross-validation", {})
    with pytest.raises(UsageError, match="a cross-validation runs in one process, not in 2; start it without torchrun"):
        refuse_several("a cross-validation", {**AS_TORCHRUN, "RANK": "0", "WORLD_SIZE": "2"})


def test_several_processes_are_resumed_by_torchrun() -> None:
    one, two = place_in({}), place_in({**AS_TORCHRUN, "RANK": "0", "WORLD_SIZE": "2"})
    assert resume_command("lstmcli train --resume", one) == "lstmcli train --resume"
    assert resume_command("lstmcli train --resume", two) == "torchrun --nproc-per-node 2 -m lstmcli train --resume"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.device=cuda", "several processes train on CPUs only; set training.device=cpu"),
        ("pretraining.teacher=models/MiniLM", "distillation runs in one process, not in several"),
    ],
)
def test_what_needs_one_process_is_refused_for_several(setting: str, message: str) -> None:
    config = load_config(None, ["data.train=train.csv", "data.label=label", setting])
    check_supported(config, 1)
    with pytest.raises(ConfigError, match=message):
        check_supported(config, 2)


def test_rows_that_can_be_read_only_once_are_refused_for_several_processes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, name in (("-", "standard input"), (str(pipe), str(pipe))):
        config = load_config(None, [f"data.train={path}", "data.label=label"])
        with pytest.raises(
            DataError, match=f"{name}: can be read only once, but each of the 2 processes reads all rows"
        ):
            check_supported(config, 2)


def restarted(corpus: Path, path: Path, *settings: str, overwrite: bool = False) -> OpenRun:
    overrides = [f"data.train={corpus}/train.csv", "data.label=label", *settings]
    options = {"resume": False, "overwrite": overwrite, "is_restarted": True}
    return resolve_run(None, overrides, path, **options)[1]  # type: ignore[arg-type]


def test_a_restart_resumes_what_was_begun(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    assert not restarted(corpus, path).resume
    overrides = [f"data.train={corpus}/train.csv", "data.label=label"]
    config, run = resolve_run(None, overrides, path, resume=False, overwrite=False)
    with run:
        run.start(config)
    assert restarted(corpus, path).resume


def test_a_restart_with_overwrite_replaces_what_it_has_not_begun(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    overrides = [f"data.train={corpus}/train.csv", "data.label=label"]
    config, run = resolve_run(None, overrides, path, resume=False, overwrite=False)
    with run:
        run.start(config)
    assert restarted(corpus, path, overwrite=True).resume
    changed = restarted(corpus, path, "training.seed=9", overwrite=True)
    assert (changed.resume, changed.overwrite) == (False, True)
    RunDirectory(path).write_text("metrics.json", "{}")
    finished = restarted(corpus, path, overwrite=True)
    assert (finished.resume, finished.overwrite) == (False, True)
