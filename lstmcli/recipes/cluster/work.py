"""What a worker does for a part. It may do so twice: each output appears at once, complete, and always the same."""

import platform
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from lstmcli import __version__
from lstmcli.data.atomic import TEMPORARY_SUFFIX, sync
from lstmcli.data.opening import is_there
from lstmcli.data.remote import fetch, is_url
from lstmcli.data.shards import Manifest, Shard, manifest_path, read_manifest
from lstmcli.errors import DataError, LstmcliError, RunDirectoryError
from lstmcli.inference.answers import PredictOptions
from lstmcli.inference.pool import ThisProcess, answering
from lstmcli.inference.predictor import Predictor
from lstmcli.inference.worker import portable
from lstmcli.metrics.first_stage import FirstStage
from lstmcli.recipes.cascade.result import Fast
from lstmcli.recipes.cluster.hosts import check_version
from lstmcli.recipes.cluster.parts import Input
from lstmcli.recipes.cluster.results import PartCounts, counts_path, write_counts
from lstmcli.recipes.predict import InputOptions, OutputOptions, predict_files
from lstmcli.recipes.shards.manifest import ShardJob
from lstmcli.store.model import SavedModel, read_model
from lstmcli.store.model_digest import model_digest

# Of each part, so many rows that can't be read are told one by one.
MAX_NOTES = 5


class ModelOnHosts(NamedTuple):
    """The model as all hosts must find it.

    Attributes:
        run: its run directory.
        digest: of the model; see `store.model_digest`.
        batch_size: texts per batch.
        stage: the first one, if there is one.
        version: of lstmcli.
    """

    run: str
    digest: str
    batch_size: int
    stage: FirstStage | None = None
    version: str = __version__


class PartTask(NamedTuple):
    """A part to answer.

    Attributes:
        model: that answers it.
        input: what is read.
        shard: of that input.
        target: path of the output.
        inputs: how it is read.
        output: what is written; its `path` and `shard` are not used.
        options: what is added to each row.
        fast: when the first stage of the model answers alone.
    """

    model: ModelOnHosts
    input: Input
    shard: Shard
    target: str
    inputs: InputOptions
    output: OutputOptions
    options: PredictOptions
    fast: Fast | None = None


@dataclass(frozen=True)
class PartResult:
    """What became of a part.

    Attributes:
        file: the name of the output.
        manifest: of the output; None after an error.
        counts: of its rows.
        notes: on the first of them that can't be read.
        error: that ended it.
    """

    file: str
    manifest: Manifest | None = None
    counts: PartCounts = field(default_factory=PartCounts)
    notes: tuple[str, ...] = ()
    error: Exception | None = None


def answer_part(task: PartTask) -> PartResult:
    """Answer a part; an error is a result, too."""
    try:
        return _answered(task)
    except Exception as error:
        return PartResult(Path(task.target).name, error=portable(error))


@lru_cache(maxsize=1)
def opened(model: ModelOnHosts) -> tuple[SavedModel, ThisProcess]:
    """Open the model, once in each process."""
    check_version(model.version)
    if model_digest(Path(model.run)) != model.digest:
        raise RunDirectoryError(
            f"{model.run} on {platform.node()}: is another model than on the host of the command; copy the run to all "
            "hosts, or to a disk that they share."
        )
    found = read_model(Path(model.run))
    predictor = Predictor(found, batch_size=model.batch_size)
    return found, ThisProcess(answering(predictor, Path(model.run), model.stage))


def _check_shared(task: PartTask) -> None:
    folder = Path(task.target).parent
    if not folder.is_dir():
        raise LstmcliError(
            f"{folder}: is no folder on {platform.node()}; --output must be on a disk that all hosts share."
        )
    if not is_url(task.input.path) and not is_there(task.input.path):
        raise DataError(
            f"{task.input.path}: no such file on {platform.node()}; inputs must be on a disk that all hosts share."
        )


def _on_disk(path: str, folder: Path) -> str:
    """Return the path of an input, or of a copy of it below `folder` if it is in an object store."""
    if not is_url(path):
        return path
    (folder / "input").mkdir()
    return str(fetch(path, folder / "input"))


def _answered(task: PartTask) -> PartResult:
    _check_shared(task)
    model, pool = opened(task.model)
    notes: list[str] = []
    target = Path(task.target)
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=TEMPORARY_SUFFIX))
    try:
        written = folder / target.name
        job = ShardJob(task.shard, task.model.digest)
        counts = predict_files(
            model,
            pool,
            [_on_disk(task.input.path, folder)],
            inputs=task.inputs,
            output=task.output._replace(path=str(written), shard=job, names=[task.input.name]),
            options=task.options,
            warn=notes.append,
            watch=lambda _: None,
            fast=task.fast,
        )
        counted = PartCounts(
            counts.rows, counts.broken, counts.blank, counts.without_known_word, *task.input[2:], counts.stages
        )
        write_counts(written, counted)
        manifest = read_manifest(written)
        # The manifest comes last: where there is one, all of the part is there.
        for path in (written, counts_path(written), manifest_path(written)):
            path.replace(target.parent / path.name)
        sync(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    about_rows = [note for note in notes if note.startswith(f"{task.input.name}, line ")]
    return PartResult(target.name, manifest, counted, tuple(about_rows[:MAX_NOTES]))
