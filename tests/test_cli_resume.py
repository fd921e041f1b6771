"""`lstmcli train` stopped and gone on with: bit for bit the same, or refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lstmcli.config.loading import load_config
from lstmcli.data.sealed import seal
from lstmcli.errors import InterruptedRunError
from lstmcli.events import Event, StepFinished
from lstmcli.recipes.train import train
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory
from tests.conftest import (
    FAST,
    corpus_options,
    feeling_rows,
    history,
    interrupt,
    invoke,
    losses,
    set_options,
    write_csv,
)


def test_an_interrupted_training_goes_on_where_it_stopped(corpus: Path, tmp_path: Path) -> None:
    """Ctrl-C after two epochs, then --resume: the same losses and weights as without."""
    many = [
        *corpus_options(corpus),
        *set_options("training.epochs=40", "training.patience=99", "evaluation.baselines=false"),
    ]
    assert invoke("train", *many, "--run-dir", tmp_path / "whole").exit_code == 0

    parts = tmp_path / "parts"
    stderr = interrupt("train", *many, "--run-dir", parts, when=parts / "history.jsonl")
    assert f"Resume with: lstmcli train --resume --run-dir {tmp_path / 'parts'}" in stderr
    assert "Traceback" not in stderr

    again = invoke("train", *many, "--run-dir", tmp_path / "parts")
    assert again.exit_code == 1
    assert "an unfinished run (continue it with --resume)" in again.stderr

    resumed = invoke("train", "--resume", "--run-dir", tmp_path / "parts")
    assert resumed.exit_code == 0, resumed.stderr
    assert "resume" in resumed.stderr
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    names = [
        "model/README.md",
        "model/checksums.json",
        "model/weights.safetensors",
        "model/embedding.npy",
        "checkpoints/last/state.safetensors",
    ]
    for name in names:
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    metrics = [(tmp_path / name / "metrics.json").read_bytes() for name in ("parts", "whole")]
    digests = [json.loads(each)["config_sha256"] for each in metrics]
    assert metrics[0] == metrics[1]
    assert digests[0] == digests[1]

    done = invoke("train", "--resume", "--run-dir", tmp_path / "parts")
    assert (done.exit_code, "already finished" in done.stderr) == (0, True)
    other = invoke("train", "--resume", "--run-dir", tmp_path / "parts", "--set", "model.hidden_size=9")
    assert (other.exit_code, "model.hidden_size was 8, is now 9" in other.stderr) == (1, True)


def unfinished(corpus: Path, path: Path) -> list[str]:
    """Make a run that looks as if it had been stopped after its last epoch, and return its options."""
    options = [*corpus_options(corpus), *set_options("training.epochs=2", "evaluation.baselines=false")]
    assert invoke("train", *options, "--run-dir", path).exit_code == 0
    (path / "metrics.json").unlink()
    return options


def test_resuming_with_another_config_or_other_rows_is_refused(corpus: Path, tmp_path: Path) -> None:
    own = tmp_path / "corpus"
    own.mkdir()
    for name in ("train", "validation"):
        (own / f"{name}.csv").write_bytes((corpus / f"{name}.csv").read_bytes())
    options = unfinished(own, tmp_path / "run")
    other = invoke("train", *options, "--set", "model.hidden_size=9", "--run-dir", tmp_path / "run", "--resume")
    assert other.exit_code == 1
    assert "can't be resumed with a different config: model.hidden_size was 8, is now 9." in other.stderr

    write_csv(own / "train.csv", ["text", "label"], feeling_rows(9))
    changed = invoke("train", *options, "--run-dir", tmp_path / "run", "--resume")
    assert changed.exit_code == 1
    assert "texts, labels or word vectors have changed since" in changed.stderr


def test_resuming_after_validation_rows_or_vectors_changed_is_refused(corpus: Path, tmp_path: Path) -> None:
    own, vectors = tmp_path / "corpus", tmp_path / "v.txt"
    own.mkdir()
    for name in ("train", "validation"):
        (own / f"{name}.csv").write_bytes((corpus / f"{name}.csv").read_bytes())
    vectors.write_text("glad 1 2\njoyful 3 4\nsad 5 6\n")
    options = [
        *corpus_options(own),
        *set_options(f"embedding.vectors={vectors}", "embedding.size=2", "training.epochs=1"),
    ]
    assert invoke("train", *options, "--run-dir", tmp_path / "run").exit_code == 0
    (tmp_path / "run" / "metrics.json").unlink()

    vectors.write_text("joyful 3 4\nglad 1 2\nsad 5 7\n")
    changed = invoke("train", "--resume", "--run-dir", tmp_path / "run")
    assert (changed.exit_code, "word vectors have changed since" in changed.stderr) == (1, True)
    vectors.write_text("glad 1 2\njoyful 3 4\nsad 5 6\n")
    write_csv(own / "validation.csv", ["text", "label"], feeling_rows(2, offset=100))
    changed = invoke("train", "--resume", "--run-dir", tmp_path / "run")
    assert (changed.exit_code, "texts, labels or word vectors have changed" in changed.stderr) == (1, True)


@pytest.mark.parametrize(
    "change",
    [
        lambda progress: progress.update(history=5),
        lambda progress: progress.update(history=[1]),
        lambda progress: progress.update(history=[]),
        lambda progress: progress.update(best_epoch=0),
        lambda progress: progress["history"][1].pop("validation"),
        lambda progress: progress["history"][1].update(validation=[]),
        lambda progress: progress["history"][1]["validation"].update(log_loss=""),
        lambda progress: progress["history"][0]["validation"].pop("macro_f1"),
        lambda progress: progress["history"][0].update(train_loss=None),
        lambda progress: progress["history"][0].update(network=[]),
        lambda progress: progress["history"][0].update(epoch=2),
        lambda progress: progress["history"][0].update(more=1),
    ],
)
def test_a_sealed_state_whose_history_makes_no_sense_is_damaged(
    corpus: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    unfinished(corpus, tmp_path / "run")
    last = tmp_path / "run" / "checkpoints" / "last"
    progress = json.loads((last / "progress.json").read_text())
    change(progress)
    (last / "progress.json").write_text(json.dumps(progress))
    (last / "checksums.json").unlink()
    seal(last)
    resumed = invoke("train", "--resume", "--run-dir", tmp_path / "run")
    assert resumed.exit_code == 1
    assert f"error: {last}: is damaged (" in resumed.stderr


def test_an_epoch_that_is_trained_again_is_listed_once(corpus: Path, tmp_path: Path) -> None:
    """As after a kill between the line of the history and the saved state."""
    unfinished(corpus, tmp_path / "run")
    path = tmp_path / "run" / "history.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1].replace('"epoch": 2', '"epoch": 3')]))
    assert invoke("train", "--resume", "--run-dir", tmp_path / "run").exit_code == 0
    assert [epoch["epoch"] for epoch in history(tmp_path / "run")] == [1, 2]


def test_resuming_what_is_not_there_is_refused(corpus: Path, tmp_path: Path) -> None:
    nothing = invoke("train", *corpus_options(corpus), "--run-dir", tmp_path / "none", "--resume")
    assert (nothing.exit_code, "there is no run to resume" in nothing.stderr) == (1, True)
    both = invoke("train", *corpus_options(corpus), "--run-dir", tmp_path / "none", "--resume", "--overwrite")
    assert (both.exit_code, "can't be combined" in both.stderr) == (2, True)
    unnamed = invoke("train", "--resume")
    assert (unnamed.exit_code, "name the run with --run-dir" in unnamed.stderr) == (2, True)


def test_an_ensemble_goes_on_with_the_network_that_was_in_work(corpus: Path, tmp_path: Path) -> None:
    """As after a kill before the first update of the last network."""
    options = [
        *corpus_options(corpus),
        *set_options("training.epochs=2", "training.ensemble=3", "evaluation.baselines=false"),
    ]
    whole, run = tmp_path / "whole", tmp_path / "run"
    for path in (whole, run):
        assert invoke("train", *options, "--run-dir", path).exit_code == 0
    (run / "metrics.json").unlink()
    shutil.rmtree(run / "model")
    shutil.rmtree(run / "checkpoints" / "network-3")
    resumed = invoke("train", "--resume", "--run-dir", run)
    assert resumed.exit_code == 0, resumed.stderr
    assert losses(run) == losses(whole)
    name = "model/weights.safetensors"
    assert (run / name).read_bytes() == (whole / name).read_bytes()


class StopInTheLastValidation(Stop):
    """Is set after the last update of the first network trained: its last validation is what comes next."""

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def tell(self, event: Event) -> None:
        if isinstance(event, StepFinished) and (event.epoch, event.batch) == (event.num_epochs, event.num_batches):
            self._is_set = True


@pytest.mark.parametrize("pretraining", [True, False])
def test_a_stop_in_the_last_validation_stops_and_is_resumed(pretraining: bool, corpus: Path, tmp_path: Path) -> None:
    settings = [*FAST, f"data.train={corpus}/train.csv", "training.epochs=2", "pretraining.epochs=2"]
    settings += [f"pretraining.own_texts={str(pretraining).lower()}", "evaluation.baselines=false"]
    config = load_config(None, settings)
    train(config, OpenRun(RunDirectory(tmp_path / "whole")))

    stop, run = StopInTheLastValidation(), RunDirectory(tmp_path / "parts")
    with pytest.raises(InterruptedRunError, match="stopped in epoch 2 of 2; the state is saved"):
        train(config, OpenRun(run), tell=stop.tell, stop=stop)
    assert not run.is_finished
    train(config, OpenRun(run, resume=True))
    assert losses(run.path) == losses(tmp_path / "whole")
    for name in ("model/weights.safetensors", "gradients.svg"):
        assert (run.path / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
