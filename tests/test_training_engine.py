"""Where a training computes; what needs a running Ray is in tests/cluster."""

import contextlib
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lstmcli.cli.engine import EngineChoice
from lstmcli.cli.on_ray.messages import Failed, Finished, Link, Mailbox
from lstmcli.cli.on_ray.worker import Share, work
from lstmcli.cli.several import Job, Place
from lstmcli.cli.training_engine import TrainingEngine
from lstmcli.config.loading import load_config
from lstmcli.config.settings import OutputSettings
from lstmcli.errors import DataError, LstmcliError, UsageError
from lstmcli.events import EpochFinished, Note, RowsRead, StepFinished, TrainingResumed
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.store.run_directory import RunDirectory
from lstmcli.training.loop import EpochResult, Trainer
from lstmcli.training.processes import LostProcessError
from tests.conftest import FAST, corpus_options, run_here, set_options

LOCAL, RAY = EngineChoice.LOCAL, EngineChoice.RAY
ALONE, ONE_OF_TWO = Place(), Place(0, 2)


@pytest.mark.parametrize(
    ("engine", "place", "message"),
    [
        (TrainingEngine(LOCAL, "auto", None), ALONE, "--ray-address: is for --engine ray"),
        (TrainingEngine(LOCAL, None, 4), ALONE, "--workers: is for --engine ray"),
        (TrainingEngine(RAY, None, None), ONE_OF_TWO, "--engine ray: starts its own processes; start it without"),
        (TrainingEngine(RAY, "ray://host:10001", None), ALONE, "--ray-address: expected HOST:PORT"),
        (TrainingEngine(RAY, None, None), ALONE, "RAY_ADDRESS: expected HOST:PORT"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    engine: TrainingEngine, place: Place, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://host:10001")
    with pytest.raises(UsageError, match=message):
        engine.check(place)


def test_a_ray_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmcli.cli.engine.find_spec", lambda _: None)
    with pytest.raises(LstmcliError, match=r"pip install 'lstmcli\[ray\]'"):
        TrainingEngine(RAY, None, None).check(ALONE)
    TrainingEngine(LOCAL, None, None).check(ALONE)


def test_a_training_is_resumed_where_it_was_begun() -> None:
    command = "lstmcli train --resume --run-dir run"
    assert TrainingEngine(LOCAL, None, None).resume_command(command, ALONE) == command
    assert TrainingEngine(LOCAL, None, None).resume_command(command, ONE_OF_TWO).startswith("torchrun ")
    assert TrainingEngine(RAY, None, None).resume_command(command, ALONE) == f"{command} --engine ray"
    given = TrainingEngine(RAY, "head:6379", 8).resume_command(command, ALONE)
    assert given == f"{command} --engine ray --ray-address head:6379 --workers 8"


def test_standard_input_is_not_there_on_other_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmcli.cli.training_engine.check_installed", lambda: None)
    options = "-", "--format", "csv", "--label", "label", "--run-dir", tmp_path / "run", "--engine", "ray"
    for more, message in (([], "can be read only once"), (["--workers", "1"], "can't be read by processes on a")):
        result = run_here("train", *options, *more, stdin="text,label\n")
        assert result.returncode == 1
        assert f"error: standard input: {message}" in result.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["training.device=cuda"], "several processes train on CPUs only"),
        (["data.text=sentence"], "no column 'sentence'"),
    ],
)
def test_mistakes_are_found_before_ray_is_started(
    corpus: Path, tmp_path: Path, settings: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lstmcli.cli.training_engine.check_installed", lambda: None)
    monkeypatch.setattr("lstmcli.cli.on_ray.cluster.RayCluster.connect", lambda _: pytest.fail("started"))
    options = *corpus_options(corpus), *set_options(*settings), "--run-dir", tmp_path / "run"
    result = run_here("train", *options, "--engine", "ray")
    assert result.returncode == 1
    assert message in result.stderr
    assert not (tmp_path / "run").exists()


class FakeRay:
    """Calls an actor in this process."""

    class exceptions:  # noqa: N801  # as Ray calls it
        class RayError(Exception):
            pass

    def __init__(self, actor: Mailbox) -> None:
        self._actor = actor
        self.num_failures = 0  # of the next calls

    @property
    def put(self) -> Any:
        return self

    def remote(self, *arguments: Any) -> Any:
        if self.num_failures:
            self.num_failures -= 1
            raise self.exceptions.RayError
        return self._actor.put(*arguments)

    def get(self, value: Any) -> Any:
        return value


def linked(mailbox: Mailbox) -> Link:
    ray = FakeRay(mailbox)
    return Link(ray, ray)


def test_messages_arrive_in_their_order_and_once() -> None:
    mailbox = Mailbox()
    assert (mailbox.begin(), mailbox.begin()) == (1, 2)
    with linked(mailbox) as link:
        for number in range(5):
            link(Note(str(number)))
        link(Finished(None))
    attempts, silence, messages = mailbox.take(is_stopped=False)
    assert attempts == 2
    assert silence >= 0.0
    assert messages == [*(Note(str(number)) for number in range(5)), Finished(None)]
    assert mailbox.take(is_stopped=False).messages == []


def test_a_message_that_could_not_be_sent_is_sent_later() -> None:
    mailbox = Mailbox()
    ray = FakeRay(mailbox)
    ray.num_failures = 2
    with Link(ray, ray) as link:
        link(Note("early"))
        while ray.num_failures:
            time.sleep(0.01)
    assert mailbox.take(is_stopped=False).messages == [Note("early")]


def test_of_many_steps_only_some_are_sent() -> None:
    mailbox = Mailbox()
    with linked(mailbox) as link:
        for number in range(1000):
            link(StepFinished(1, 1, number, 1000, loss=0.5, num_tokens=9))
        link(Note("end"))
    messages = mailbox.take(is_stopped=False).messages
    assert 2 <= len(messages) < 1000
    assert messages[-1] == Note("end")


def taken(mailbox: Mailbox) -> list[Any]:
    """Wait for messages of a command that wants to stop."""
    while True:
        if found := mailbox.take(is_stopped=True).messages:
            return found
        time.sleep(0.01)


def test_a_stop_ends_what_does_not_ask_for_it_at_once() -> None:
    mailbox = Mailbox()
    with linked(mailbox) as link:
        assert not link.is_set()
        (message,) = taken(mailbox)
    assert isinstance(message, Failed)
    assert isinstance(message.error, KeyboardInterrupt)


def test_a_stop_waits_for_what_asks_for_it() -> None:
    mailbox = Mailbox()
    with linked(mailbox) as link, link.deferred():
        mailbox.take(is_stopped=True)
        while not link.is_set():
            time.sleep(0.01)
        link(Failed(DataError("saved")))
    messages = mailbox.take(is_stopped=True).messages
    assert [str(each.error) for each in messages if isinstance(each, Failed)] == ["saved"]


class Handle:
    """The handle of a mailbox, as Ray gives it."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.begin, self.put = (SimpleNamespace(remote=method) for method in (mailbox.begin, mailbox.put))


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """What the only process of a training tells, without Ray."""
    train = SimpleNamespace(get_context=lambda: SimpleNamespace(get_world_rank=lambda: 0, get_world_size=lambda: 1))
    ray = SimpleNamespace(train=train, get=lambda value: value, exceptions=FakeRay.exceptions)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.train", train)
    return Mailbox()


def wait_and_fail(mailbox: Mailbox, link: Link) -> DataError:
    mailbox.take(is_stopped=True)
    while not link.is_set():
        time.sleep(0.01)
    return DataError("saved")


def test_an_error_after_a_stop_is_all_that_is_told() -> None:
    mailbox = Mailbox()
    with pytest.raises(DataError), linked(mailbox) as link, link.deferred():
        raise wait_and_fail(mailbox, link)
    assert mailbox.take(is_stopped=True).messages == []


def worked(corpus: Path, folder: Path, mailbox: Mailbox, *settings: str, overwrite: bool = False) -> list[Any]:
    """Let a process train in `folder`, and return what it tells."""
    files = [f"data.train={corpus}/train.csv", f"data.validation={corpus}/validation.csv", "data.label=label"]
    config = load_config(None, [*files, *FAST, "evaluation.baselines=false", "ngrams.enabled=false", *settings])
    config = replace(config, output=OutputSettings(run_dir="run"))
    job = Job("train", config)
    with contextlib.chdir(folder.parent):
        work({"share": Share(job, Path("run"), False, overwrite, str(folder), Handle(mailbox))})
    return mailbox.take(is_stopped=False).messages


def test_a_process_tells_what_the_command_shows_and_at_last_the_evaluation(
    corpus: Path, tmp_path: Path, mailbox: Mailbox
) -> None:
    messages = worked(corpus, tmp_path, mailbox)
    assert isinstance(messages[-1], Finished)
    assert isinstance(messages[-1].evaluation, Evaluation)
    assert {type(each) for each in messages} >= {RowsRead, EpochFinished}
    assert RunDirectory(tmp_path / "run").is_finished


def test_a_mistake_is_told_and_not_raised(corpus: Path, tmp_path: Path, mailbox: Mailbox) -> None:
    (message,) = worked(corpus, tmp_path, mailbox, "data.label=text")
    assert isinstance(message, Failed)
    assert isinstance(message.error, LstmcliError)


def test_a_host_with_another_version_or_without_the_folder_is_named(
    corpus: Path, tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (message,) = worked(corpus, tmp_path / "nowhere", mailbox)
    assert f"nowhere: is no folder on {platform.node()}" in str(message.error)
    monkeypatch.setattr("lstmcli.recipes.cluster.hosts.__version__", "99.0")
    (message,) = worked(corpus, tmp_path, mailbox)
    assert f"{platform.node()}: has lstmcli 99.0, but the host of the command has " in str(message.error)


def test_a_fault_of_the_tool_is_told_with_its_place(
    corpus: Path, tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no texts")

    monkeypatch.setattr("lstmcli.cli.jobs.train", fail)
    (message,) = worked(corpus, tmp_path, mailbox)
    assert isinstance(message.error, ZeroDivisionError)
    assert "in fail" in message.error.__notes__[0]


def test_a_process_that_is_lost_makes_ray_start_all_again_and_they_go_on(
    corpus: Path, tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Trainer.run

    def losing(self: Trainer) -> Iterator[Any]:
        for result in run(self):
            yield result
            if isinstance(result, EpochResult) and result.epoch == 2:
                raise LostProcessError("lost contact")

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run", losing)
        with pytest.raises(LostProcessError):
            worked(corpus, tmp_path, mailbox, overwrite=True)
    mailbox.take(is_stopped=False)
    messages = worked(corpus, tmp_path, mailbox, overwrite=True)
    assert messages[0] == Note("a process or a host was lost; all 1 have started again")
    resumed = [each for each in messages if isinstance(each, TrainingResumed)]
    assert [each.epoch for each in resumed] == [3]
    assert isinstance(messages[-1], Finished)
