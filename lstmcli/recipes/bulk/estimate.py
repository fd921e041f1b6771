"""`lstmcli predict --estimate`: what a prediction will take, measured on the first blocks of its input."""

import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from pathlib import Path
from statistics import fmean, stdev
from typing import TextIO, cast

from lstmcli.data.columns import Keeper, TextSelector
from lstmcli.data.formats import BINARY_FORMATS, output_format
from lstmcli.data.output_stream import Output
from lstmcli.data.reading import STANDARD_INPUT, Layout, open_records
from lstmcli.errors import UsageError
from lstmcli.inference.answers import PredictOptions
from lstmcli.inference.cost import Cost
from lstmcli.inference.pool import Pool
from lstmcli.inference.predictor import Answers
from lstmcli.inference.rows import BLOCK_ROWS, RowStream
from lstmcli.inference.score_answers import adder_of
from lstmcli.recipes.predict import InputOptions, OutputOptions, input_layouts, name_of_output_format
from lstmcli.store.model import SavedModel

# Blocks that are measured, after a first one that fills the caches of words.
SAMPLE_BLOCKS = 5


class _TimedPool:
    """Adds up the CPU time of what is computed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.seconds = 0.0

    def submit(self, texts: Sequence[str]) -> list[Answers]:
        """See `Pool`."""
        started_at = time.process_time()
        found = self._pool.submit(texts)
        self.seconds += time.process_time() - started_at
        return found

    def drain(self) -> list[Answers]:
        """See `Pool`."""
        return self._pool.drain()


class _Ruler:
    """Counts what is written, and the bytes of the input that its first rows take."""

    def __init__(self) -> None:
        self.written = self.rows = 0
        self._num_bytes = 0
        self.known: tuple[int, int] | None = None

    def see(self, content: bytes) -> None:
        """Take bytes of the input; rows so far took those before."""
        if self.rows:
            self.known = self.rows, self._num_bytes
        self._num_bytes += len(content)

    def write(self, text: str) -> int:
        """Take a part of the output."""
        self.written += len(text.encode("utf-8", "replace"))
        return len(text)

    def flush(self) -> None:
        """Do nothing."""


def estimate_prediction(
    model: SavedModel,
    pool: Pool,
    paths: Sequence[str],
    *,
    inputs: InputOptions,
    output: OutputOptions,
    options: PredictOptions,
) -> Cost:
    """Answer the first rows of the first input, write them nowhere, and infer the rest; arguments as `predict_files`.

    Raises:
        UsageError: an input is a pipe, or the options don't fit together.
        DataError: an input can't be read or has no such column.
    """
    if any(path == STANDARD_INPUT or not Path(path).is_file() for path in paths):
        raise UsageError("--estimate: needs files, since a pipe can be read only once.")
    layouts = input_layouts(model, paths, inputs)
    format_name = name_of_output_format(output, layouts[0].format_name)
    start_seconds = time.process_time()
    timed, ruler = _TimedPool(pool), _Ruler()
    adder = adder_of(model, options, format_name)
    written_as = output_format(format_name, escapes_formulas=output.escape_formulas)

    rows = RowStream(
        timed,
        adder,
        written_as,
        inputs.on_error,
        lambda _: None,
        lambda _: None,
        has_origin=output.has_origin,
    )
    rows.write_to(Output(cast("TextIO", ruler)))
    marks, ended = _measure(rows, timed, ruler, paths[0], layouts[0], inputs, output, model.columns.text)
    memory = _peak_memory()
    (rows_before, cpu_before, computed_before), (num_rows, cpu, computed) = marks[0], marks[-1]
    measured = max(1, num_rows - rows_before)
    predict_seconds = (computed - computed_before) / measured
    total, is_exact = _total(paths, layouts, ruler, num_rows, ended=ended)
    return Cost(
        rows=total,
        is_exact=is_exact,
        sample_rows=num_rows,
        start_seconds=start_seconds,
        read_seconds=_read_seconds(paths[0], layouts[0], num_rows),
        own_seconds=max(0.0, (cpu - cpu_before) / measured - predict_seconds),
        predict_seconds=predict_seconds,
        spread=_spread(marks),
        memory_bytes=memory,
        output_bytes=round(ruler.written / max(1, num_rows) * total),
        num_cores=num_cores(),
    )


Mark = tuple[int, float, float]


def _measure(
    rows: RowStream[Answers],
    timed: _TimedPool,
    ruler: _Ruler,
    path: str,
    layout: Layout,
    inputs: InputOptions,
    output: OutputOptions,
    text_column: str,
) -> tuple[list[Mark], bool]:
    """Answer the sample.

    Returns:
        For each place where a block ended: rows so far, CPU seconds, and those of what is computed; and whether the
        input has ended.
    """
    begin = 0, time.process_time(), 0.0
    marks: list[Mark] = []
    keeps_broken = inputs.on_error != "stop"
    with open_records(path, **layout._asdict(), keeps_broken=keeps_broken, see=ruler.see) as source:
        rows.read_from(source, TextSelector(source, inputs.text_column or text_column), Keeper(output.columns, source))
        records = iter(source.records)
        for record in islice(records, (1 + SAMPLE_BLOCKS) * BLOCK_ROWS):
            ruler.rows += 1
            rows.take(record)
            if ruler.rows % BLOCK_ROWS == 0:
                rows.answer()
                marks.append((ruler.rows, time.process_time(), timed.seconds))
        ended = next(records, None) is None
        rows.end_input()
    rows.answer()
    if len(marks) < 2:  # too few rows to leave the first block out
        return [begin, (ruler.rows, time.process_time(), timed.seconds)], ended
    return marks, ended


def _spread(marks: Sequence[Mark]) -> float | None:
    """Return two standard errors of the seconds of a block, relative to their mean."""
    seconds = [after[1] - before[1] for before, after in pairwise(marks)]
    if len(seconds) < 2 or not fmean(seconds):
        return None
    return 2.0 * stdev(seconds) / math.sqrt(len(seconds)) / fmean(seconds)


def _read_seconds(path: str, layout: Layout, num_rows: int) -> float:
    started_at = time.process_time()
    with open_records(path, **layout._asdict(), keeps_broken=True) as source:
        for _ in islice(source.records, num_rows):
            pass
    return (time.process_time() - started_at) / max(1, num_rows)


def _total(
    paths: Sequence[str], layouts: Sequence[Layout], ruler: _Ruler, num_rows: int, *, ended: bool
) -> tuple[int, bool]:
    """Return the number of rows of all inputs, and whether they were counted."""
    if ended and len(paths) == 1:
        return num_rows, True
    if any(layout.format_name in BINARY_FORMATS for layout in layouts) or ruler.known is None:
        return sum(map(_count, paths, layouts)), True
    rows, num_bytes = ruler.known
    return round(sum(Path(path).stat().st_size for path in paths) / num_bytes * rows), False


def _count(path: str, layout: Layout) -> int:
    with open_records(path, **layout._asdict(), keeps_broken=True) as source:
        return sum(1 for _ in source.records)


def _peak_memory() -> int | None:
    if os.name == "nt":
        return None
    import resource

    peak: Callable[[int], resource.struct_rusage] = resource.getrusage
    return peak(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def num_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
