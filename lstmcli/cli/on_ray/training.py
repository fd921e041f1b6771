"""Starts the processes of a training on a Ray cluster, and shows what they tell.

Ray Train places and connects them, and starts all of them again if one is lost.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lstmcli.cli.on_ray.cluster import MAX_RETRIES, RayCluster, first_line
from lstmcli.cli.on_ray.messages import SECONDS_BETWEEN, Failed, Finished, Mailbox, News
from lstmcli.cli.on_ray.worker import Share, work
from lstmcli.cli.several import Job, patience
from lstmcli.errors import LstmcliError, counted
from lstmcli.events import Note, Tell
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun

if TYPE_CHECKING:
    from lstmcli.recipes.tasks.reporting import AnyEvaluation

# The first process tells something several times a second, unless it is lost, or was never started.
SECONDS_TO_ANSWER: Final = 10.0
SECONDS_TO_START: Final = 60.0


def train_on(
    cluster: RayCluster, job: Job, run: OpenRun, number: int, *, tell: Tell, stop: Stop
) -> "AnyEvaluation | None":
    """Do the job in `number` processes of the cluster; return the evaluation to show, if there is one.

    Raises:
        LstmcliError: the job can't be done, processes were lost too often, or the cluster can't be reached.
        KeyboardInterrupt: `stop` was set, and there is nothing to save, or nobody who answers.
    """
    threads = 1 if job.config is None else max(1, job.config.training.threads)
    tell(Note(f"{counted(number, 'process', 'processes')} on Ray, which takes a while to start"))
    _check_size(cluster, number * threads, tell)
    ray, here = cluster.connect(), cluster.here()
    mailbox = ray.remote(num_cpus=0, scheduling_strategy=here)(Mailbox).remote()
    share = Share(job, run.path, run.resume, run.overwrite, str(Path.cwd()), mailbox)
    with _folder_beside(run.path) as folder, stop.deferred():
        # In a process of its own, which ends together with Ray.
        fit = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=here)(_fit)
        ending = fit.remote(share, number, threads, int(patience()) or 1, str(folder))
        try:
            return _watch(ray, ending, mailbox, tell, stop)
        except ray.exceptions.RayError as error:
            raise _lost(error) from None


def _watch(ray: Any, ending: Any, mailbox: Any, tell: Tell, stop: Stop) -> "AnyEvaluation | None":
    """Show messages until the last one."""
    is_silent = False
    while True:
        ended, _ = ray.wait([ending], timeout=SECONDS_BETWEEN)
        news: News = ray.get(mailbox.take.remote(is_stopped=stop.is_set()))
        for message in news.messages:
            if isinstance(message, Failed):
                raise message.error
            if isinstance(message, Finished):
                return message.evaluation
            tell(message)
        if stop.is_set() and (not news.attempts or news.silence > SECONDS_TO_ANSWER):
            raise KeyboardInterrupt
        if ended:
            ray.get(ending)  # raises what went wrong
            raise _lost("nobody said why")
        was_silent, is_silent = is_silent, news.silence > SECONDS_TO_START
        if is_silent and not was_silent:
            tell(Note(f"no process has answered for {SECONDS_TO_START:.0f} s; Ray may wait for free CPUs"))


@contextmanager
def _folder_beside(run: Path) -> Iterator[Path]:
    """Yield an empty folder for Ray, which wants one that all hosts share; one left by a killed command is emptied."""
    folder = run.absolute().parent / f".{run.absolute().name}.ray"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_size(cluster: RayCluster, needed: int, tell: Tell) -> None:
    found = int(cluster.connect().cluster_resources().get("CPU", 0))
    if found >= needed:
        return
    lacks = f"needs {needed} CPUs (--workers times training.threads), and Ray has {found}"
    if cluster.is_local:
        raise LstmcliError(f"--engine ray: {lacks} on this machine; use fewer workers.")
    tell(Note(f"{lacks}; waiting for more"))


def _fit(share: Share, number: int, threads: int, seconds: int, folder: str) -> None:
    """Wait for the processes; those that are lost and started again are those of Ray Train.

    Raises:
        ray.train.TrainingFailedError: they were lost too often.
    """
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    TorchTrainer(
        work,
        train_loop_config={"share": share},
        torch_config=TorchConfig(backend="gloo", timeout_s=seconds),
        scaling_config=ScalingConfig(num_workers=number, resources_per_worker={"CPU": threads}),
        run_config=RunConfig(
            name="training", storage_path=folder, failure_config=FailureConfig(max_failures=MAX_RETRIES)
        ),
    ).fit()


def _lost(error: object) -> LstmcliError:
    reason = first_line(getattr(error, "cause", None) or error)
    return LstmcliError(
        f"the processes on the cluster have ended early ({reason}). Everything up to the last saved state is kept."
    )
