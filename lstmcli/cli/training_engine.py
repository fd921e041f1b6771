"""Options of `lstmcli train` and `lstmcli pretrain` that say where to compute: here, or on a Ray cluster."""

import shlex
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from lstmcli.cli.engine import EngineChoice, check_address, check_installed
from lstmcli.cli.options import COMPUTATION
from lstmcli.cli.several import Job, Place, patience, resume_command
from lstmcli.errors import UsageError

if TYPE_CHECKING:
    from lstmcli.events import Tell
    from lstmcli.recipes.tasks.reporting import AnyEvaluation
    from lstmcli.stopping import Stop
    from lstmcli.store.run import OpenRun

DEFAULT_WORKERS: Final = 2
MAX_WORKERS: Final = 1024

TrainingEngineOption = Annotated[
    EngineChoice,
    typer.Option(
        "--engine",
        metavar="NAME",
        rich_help_panel=COMPUTATION,
        help="Where to compute: local (this process), or ray (processes on a Ray cluster).",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        max=MAX_WORKERS,
        metavar="N",
        rich_help_panel=COMPUTATION,
        help=f"With --engine ray, the number of processes that train together (default: {DEFAULT_WORKERS}).",
    ),
]


class TrainingEngine(NamedTuple):
    """Where to compute; see the options."""

    name: EngineChoice
    address: str | None
    workers: int | None

    @property
    def is_ray(self) -> bool:
        """Whether on Ray."""
        return self.name is EngineChoice.RAY

    def check(self, place: Place) -> None:
        """Raise an error if Ray is missing, or options contradict each other."""
        if not self.is_ray:
            if self.address is not None or self.workers is not None:
                raise UsageError(f"{'--workers' if self.address is None else '--ray-address'}: is for --engine ray.")
            return
        if place.number > 1:
            raise UsageError("--engine ray: starts its own processes; start it without torchrun.")
        check_address(self.address)
        check_installed()
        patience()

    def resume_command(self, command: str, place: Place) -> str:
        """Return how to resume, for a message; `command` is that without options of this class."""
        if not self.is_ray:
            return resume_command(command, place)
        given = {"--ray-address": self.address, "--workers": self.workers}
        options = [f" {name} {shlex.quote(str(value))}" for name, value in given.items() if value is not None]
        return f"{command} --engine ray{''.join(options)}"

    def do(self, job: Job, run: "OpenRun", place: Place, *, tell: "Tell", stop: "Stop") -> "AnyEvaluation | None":
        """Do the job there; return the evaluation to show, if there is one.

        Raises:
            LstmcliError: see `do_job`, or the cluster can't be reached.
        """
        if not self.is_ray or job.config is None:
            from lstmcli.cli.jobs import do_job

            return do_job(job, run, place, tell=tell, stop=stop)
        from lstmcli.cli.on_ray.cluster import RayCluster
        from lstmcli.cli.on_ray.training import train_on
        from lstmcli.events import Note
        from lstmcli.recipes.several.checks import check_readable, check_supported

        number = DEFAULT_WORKERS if self.workers is None else self.workers
        check_supported(job.config, number)
        check_readable(job.config, "can't be read by processes on a cluster")
        with RayCluster(self.address, warn=lambda text: tell(Note(text))) as cluster:
            return train_on(cluster, job, run, number, tell=tell, stop=stop)
