"""`lstmcli predict --engine`: the parts of the inputs, answered on a cluster, into a folder."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from lstmcli import __version__
from lstmcli.errors import counted
from lstmcli.inference.answers import Adder, PredictOptions
from lstmcli.inference.row_counts import RowCounts
from lstmcli.inference.rows import KEPT_OR_LEFT_OUT, OnError
from lstmcli.inference.score_answers import ScoreAdder, adder_of
from lstmcli.recipes.cascade.result import Fast
from lstmcli.recipes.cluster.folder import PartsFolder
from lstmcli.recipes.cluster.parts import find_inputs, plan_parts
from lstmcli.recipes.cluster.tally import Tally
from lstmcli.recipes.cluster.work import ModelOnHosts, PartTask, answer_part
from lstmcli.recipes.predict import InputOptions, OutputOptions, input_layouts, name_of_output_format, notes_on_fast
from lstmcli.store.model import SavedModel
from lstmcli.store.model_digest import model_digest

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class Cluster(Protocol):
    """Calls functions on other hosts."""

    def results(self, function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT]) -> Iterator[ResultT]:
        """Yield what the function returns for each task, in any order.

        A task whose worker or host is lost is done again elsewhere, a few times.

        Raises:
            LstmcliError: a task was lost again and again, or nothing can be computed.
        """


def predict_on_cluster(
    model: SavedModel,
    cluster: Cluster,
    paths: Sequence[str],
    *,
    run: Path,
    batch_size: int,
    parts_per_input: int | None,
    inputs: InputOptions,
    output: OutputOptions,
    options: PredictOptions,
    warn: Callable[[str], None],
    watch: Callable[[int], None],
    fast: Fast | None = None,
) -> RowCounts:
    """Predict every row of the inputs into the folder `output.path`, and count them.

    Args:
        model: says what the probabilities are of.
        cluster: computes them.
        paths: of the inputs.
        run: of the model; all hosts must find it there.
        batch_size: texts per batch.
        parts_per_input: how many tasks each input becomes; None: by its size.
        inputs: how they are read.
        output: the folder, and how its files are written.
        options: what to add to each row.
        warn: is told of rows without a prediction.
        watch: is told how many more rows have been written.
        fast: when the first stage of the model answers alone.

    Raises:
        DataError: an input can't be read or has no such column, or the folder holds something else.
        UsageError: the options don't fit together.
        InterruptedPredictionError: on Ctrl-C.
    """
    found = find_inputs(paths)
    layouts = input_layouts(model, paths, inputs)
    format_name = name_of_output_format(output, layouts[0].format_name)
    written = output._replace(path=None, format_name=format_name, job="", resume=False)
    adder = adder_of(model, options, format_name)  # raises if the options don't fit
    stage = None if fast is None else fast.stage
    shared = ModelOnHosts(str(run.absolute()), model_digest(run), batch_size, stage)
    parts = plan_parts(found, format_name, per_input=parts_per_input)
    names = [each.name for each in found]
    folder = PartsFolder(
        Path(str(output.path)).absolute(), [__version__, shared.digest, names, inputs, written, options, stage]
    )
    folder.claim(resume=output.resume)
    tally = Tally(folder, found, parts, shared.digest, inputs.on_error)
    tasks = [
        PartTask(
            shared, found[part.input - 1], part.shard, str(folder.path / part.file), inputs, written, options, fast
        )
        for part in tally.missing()
    ]
    if fast is not None:
        warn(fast.note)
    with tally.advising():
        for result in cluster.results(answer_part, tasks):
            for note in tally.add(result):
                warn(note)
            watch(0 if result.manifest is None else result.manifest.written_rows)
        counts = tally.finish(format_name)
    for note in (*notes_on(counts, adder, inputs.on_error), *notes_on_fast(counts, fast)):
        warn(note)
    return counts


def notes_on(counts: RowCounts, adder: Adder | ScoreAdder, on_error: OnError) -> Iterator[str]:
    """Yield what to tell a user about rows without a prediction, or with one that rests on little."""
    what = KEPT_OR_LEFT_OUT.get(on_error, "").format("prediction")
    if counts.broken > counts.blank:
        yield f"{counted(counts.broken - counts.blank, 'row')} that could not be read: {what}."
    if counts.blank:
        yield f"{counted(counts.blank, 'row')} with a blank text: {what}."
    if counts.without_known_word:
        yield adder.on_unknown_words(counts.without_known_word)
