"""Starts the processes of a training on a Ray cluster, and shows what they tell.

Ray Train places and connects them, and starts all of them again if one is lost.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmcli.cli.on_ray.cluster import MAX_RETRIES, RayCluster, first_line
from lstmcli.cli.on_ray.messages import SECONDS_BETWEEN, Failed, Finished, Mailbox
from lstmcli.cli.on_ray.worker import Share, work
from lstmcli.cli.several import Job, patience
from lstmcli.errors import LstmcliError
from lstmcli.events import Note, Tell
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun

if TYPE_CHECKING:
    from lstmcli.recipes.tasks.reporting import AnyEvaluation


def train_on(
    cluster: RayCluster, job: Job, run: OpenRun, number: int, *, tell: Tell, stop: Stop
) -> "AnyEvaluation | None":
    """Do the job in `number` processes of the cluster; return the evaluation to show, if there is one.

    Raises:
        LstmcliError: the job can't be done, processes were lost too often, or the cluster can't be reached.
        KeyboardInterrupt: `stop` was set, and there is nothing to save.
    """
    threads = 1 if job.config is None else max(1, job.config.training.threads)
    _check_size(cluster, number * threads, tell)
    ray, here = cluster.connect(), cluster.here()
    mailbox = ray.remote(num_cpus=0, scheduling_strategy=here)(Mailbox).remote()
    share = Share(job, run.path, run.resume, run.overwrite, str(Path.cwd()), mailbox)
    beside = run.path.absolute().parent
    beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=beside, prefix=".ray-", ignore_cleanup_errors=True) as folder, stop.deferred():
        # In a process of its own, which ends together with Ray.
        fit = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=here)(_fit)
        ending = fit.remote(share, number, threads, int(patience()) or 1, folder)
        while True:
            ended, _ = ray.wait([ending], timeout=SECONDS_BETWEEN)
            attempts, messages = ray.get(mailbox.take.remote(is_stopped=stop.is_set()))
            for message in messages:
                if isinstance(message, Failed):
                    raise message.error
                if isinstance(message, Finished):
                    return message.evaluation
                tell(message)
            if stop.is_set() and not attempts:
                raise KeyboardInterrupt
            if ended:
                raise _lost(ray, ending)


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


def _lost(ray: Any, ending: Any) -> LstmcliError:
    reason = ""
    try:
        ray.get(ending)
    except ray.exceptions.RayError as error:
        reason = f" ({first_line(getattr(error, 'cause', None) or error)})"
    return LstmcliError(
        f"the processes on the cluster have ended early{reason}. Everything up to the last saved state is kept."
    )
