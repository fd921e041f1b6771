"""What `lstmcli train` and `lstmcli pretrain` do in the first process, wherever that runs."""

from typing import TYPE_CHECKING

from lstmcli.cli.several import Job, Place, leading
from lstmcli.events import Tell
from lstmcli.recipes.pretraining import pretrain
from lstmcli.recipes.train import train
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun

if TYPE_CHECKING:
    from lstmcli.recipes.tasks.reporting import AnyEvaluation


def do_job(job: Job, run: OpenRun, place: Place, *, tell: Tell, stop: Stop) -> "AnyEvaluation | None":
    """Do the job together with the processes that follow this one; return the evaluation to show, if there is one.

    Raises:
        LstmcliError: see `leading`, `train` and `pretrain`.
    """
    with leading(job, place, stop) as processes:
        if job.config is None:
            return None
        if job.command == "pretrain":
            pretrain(job.config, run, tell=tell, stop=processes.stop, processes=processes)
            return None
        return train(job.config, run, tell=tell, stop=processes.stop, processes=processes)[-1]
