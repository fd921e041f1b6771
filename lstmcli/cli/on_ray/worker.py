"""A process of a training on a Ray cluster, which Ray Train has connected with the others.

Ray's own processes import this module to pass `work` on, so what is slow to import is imported within functions.
"""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from lstmcli import __version__
from lstmcli.cli.on_ray.messages import Failed, Finished, Link
from lstmcli.cli.several import Job, Place
from lstmcli.errors import LstmcliError, RunDirectoryError
from lstmcli.events import Note
from lstmcli.inference.worker import portable
from lstmcli.recipes.cluster.hosts import check_version
from lstmcli.recipes.run_setup import resumed
from lstmcli.stopping import NEVER
from lstmcli.store.lock import RunLock
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory

SECONDS_TO_LET_GO: Final = 60.0


@dataclass(frozen=True)
class Share:
    """What each process is given.

    Attributes:
        job: to do; it has a config.
        path: of the run directory, as it was typed.
        resume: as in `OpenRun`.
        overwrite: as in `OpenRun`.
        folder: in which the command was typed, where relative paths begin.
        mailbox: the handle of the `Mailbox`.
        version: of lstmcli.
    """

    job: Job
    path: Path
    resume: bool
    overwrite: bool
    folder: str
    mailbox: Any
    version: str = __version__


def work(given: dict[str, Share]) -> None:
    """Do a share of the job.

    Raises:
        LostProcessError: another process has ended; Ray starts all of them again.
    """
    import ray.train

    from lstmcli.cli.following import take_part
    from lstmcli.training.processes import LostProcessError
    from lstmcli.training.setup import keep_freed_memory

    share, context = given["share"], ray.train.get_context()
    place = Place(context.get_world_rank(), context.get_world_size())
    try:
        _check_host(share)
        os.chdir(share.folder)
        keep_freed_memory()
        if place.is_first:
            _lead(share, place, ray)
        else:
            take_part(place, NEVER)
    except LostProcessError:
        raise
    except typer.Exit:
        return  # the first process says why
    except Exception as error:  # another attempt would end in the same way
        ray.get(share.mailbox.put.remote([Failed(portable(error))]))


def _check_host(share: Share) -> None:
    check_version(share.version)
    if not Path(share.folder).is_dir():
        raise LstmcliError(
            f"{share.folder}: is no folder on {platform.node()}; type the command in one that all hosts share."
        )


def _lead(share: Share, place: Place, ray: Any) -> None:
    from lstmcli.cli.jobs import do_job

    run = OpenRun(RunDirectory(share.path), share.resume, share.overwrite)
    attempt = ray.get(share.mailbox.begin.remote())
    with Link(ray, share.mailbox) as link:
        if attempt > 1 and share.job.config is not None:
            link(Note(f"a process or a host was lost; all {place.number} have started again"))
            run = resumed(run, share.job.config)
            _wait_for_lock(run)
        link(Finished(do_job(share.job, run, place, tell=link, stop=link)))


def _wait_for_lock(run: OpenRun) -> None:
    """Wait until the first process of the attempt before, which may be on another host, has let go of the run."""
    ends_at = time.monotonic() + SECONDS_TO_LET_GO
    while time.monotonic() < ends_at:  # who opens the run says what is wrong after that
        try:
            RunLock(run.path).check_free()
        except RunDirectoryError:
            time.sleep(1.0)
        else:
            return
