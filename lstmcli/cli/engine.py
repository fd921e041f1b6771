"""Options of `lstmcli predict` that say where to compute: in this process and others, or on a Ray cluster."""

import os
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from lstmcli.cli.options import COMPUTATION, OUTPUT
from lstmcli.data.shards import MAX_SHARDS
from lstmcli.errors import LstmcliError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lstmcli.inference.row_counts import RowCounts
    from lstmcli.recipes.cascade.result import Fast
    from lstmcli.store.model import SavedModel


class EngineChoice(StrEnum):
    """The choices of --engine."""

    LOCAL = "local"
    RAY = "ray"


EngineOption = Annotated[
    EngineChoice,
    typer.Option(
        "--engine",
        metavar="NAME",
        rich_help_panel=COMPUTATION,
        help="Where to compute: local (this process and its --jobs), or ray (a Ray cluster), which writes a folder of "
        "files.",
    ),
]
RayAddressOption = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        metavar="ADDRESS",
        rich_help_panel=COMPUTATION,
        help="With --engine ray, HOST:PORT of a running cluster, auto for that of this machine, or local to start Ray "
        "here (default: RAY_ADDRESS, or else local).",
    ),
]
PartsOption = Annotated[
    int | None,
    typer.Option(
        "--parts",
        min=1,
        max=MAX_SHARDS,
        metavar="N",
        rich_help_panel=COMPUTATION,
        help="With --engine ray, the number of tasks and output files for each input (default: one per 16 MiB, at "
        "most 16).",
    ),
]
RowIdsOption = Annotated[
    bool,
    typer.Option(
        "--row-ids",
        rich_help_panel=OUTPUT,
        help="Add columns input_file and input_row, which say where each row comes from.",
    ),
]

# What to do instead of an option that Ray can't be combined with.
INSTEAD: Final = {
    "--jobs": ": Ray decides how many processes there are",
    "--shard": "; for several tasks per input, use --parts",
    "--by": ", which needs all rows of a person",
    "--estimate": "; omit --engine to estimate",
}


class Engine(NamedTuple):
    """Where to compute; see the options."""

    name: EngineChoice
    address: str | None
    parts: int | None

    @property
    def is_ray(self) -> bool:
        """Whether on Ray."""
        return self.name is EngineChoice.RAY

    def check(self, files: list[str], output: str | None, given: dict[str, object]) -> None:
        """Raise an error if Ray lacks what it needs, or is given an option that it can't be combined with.

        Args:
            files: the inputs.
            output: the folder.
            given: the values of these options, by name.
        """
        if not self.is_ray:
            if self.address is not None or self.parts is not None:
                raise UsageError(f"{'--parts' if self.address is None else '--ray-address'}: is for --engine ray.")
            return
        name = next((name for name, value in given.items() if value), None)
        if name is not None:
            raise UsageError(f"--engine ray: can't be combined with {name}{INSTEAD.get(name, '')}.")
        self._check_paths(files, output)
        check_installed()

    def _check_paths(self, files: list[str], output: str | None) -> None:
        from lstmcli.data.output import is_stream
        from lstmcli.data.reading import STANDARD_INPUT
        from lstmcli.data.remote import is_url

        if STANDARD_INPUT in files:
            raise UsageError("--engine ray: needs files that all hosts can read, not standard input.")
        if is_stream(output):
            raise UsageError("--engine ray: needs a folder to write, named with --output.")
        if is_url(str(output)):
            raise UsageError("--output: expected a folder on a disk that all hosts share, not a URL.")
        check_address(self.address)

    def predicting(self, run: "Path", batch_size: int, fast: "Fast | None") -> "Callable[..., RowCounts]":
        """Return the recipe, for a command that is to compute on Ray; the pool of this process is not used."""
        from lstmcli.cli.on_ray.cluster import RayCluster
        from lstmcli.recipes.cluster.predict import predict_on_cluster

        def predict(model: "SavedModel", _pool: object, paths: list[str], **options: Any) -> "RowCounts":
            with RayCluster(self.address, warn=options["warn"]) as cluster:
                return predict_on_cluster(
                    model,
                    cluster,
                    paths,
                    run=run,
                    batch_size=batch_size,
                    parts_per_input=self.parts,
                    fast=fast,
                    **options,
                )

        return predict


def check_address(address: str | None) -> None:
    """Check the value of --ray-address, or of RAY_ADDRESS without it, as far as that is possible without Ray.

    Raises:
        UsageError: it is an address for Ray's client.
    """
    name = "RAY_ADDRESS" if address is None else "--ray-address"
    if str(address or os.environ.get("RAY_ADDRESS")).startswith("ray://"):
        raise UsageError(f"{name}: expected HOST:PORT of a cluster, not ray://, Ray's client for other machines.")


def check_installed() -> None:
    """Check that Ray is there, without importing it.

    Raises:
        LstmcliError: it is not.
    """
    if find_spec("ray") is None:
        raise LstmcliError(
            "--engine ray: needs Ray, which is not installed; install it with: pip install 'lstmcli[ray]'"
        )
