"""Options of `lstmcli predict` for very many rows, and what reads the words after its options."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcli.cli.options import COMPUTATION, PREDICTIONS
from lstmcli.data.shards import Shard
from lstmcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstmcli.inference.answers import PredictOptions
    from lstmcli.inference.pool import Pool
    from lstmcli.inference.row_counts import RowCounts
    from lstmcli.recipes.cascade.result import Fast
    from lstmcli.recipes.predict import InputOptions
    from lstmcli.recipes.shards.manifest import ShardJob
    from lstmcli.store.model import SavedModel


def parse_probability(word: str) -> float:
    """Return 0.5 for "0.5" and for "50%".

    Raises:
        typer.BadParameter: it is not a number from 0 to 1.
    """
    try:
        probability = float(word.removesuffix("%")) / (100.0 if word.endswith("%") else 1.0)
    except ValueError:
        probability = -1.0
    if not 0.0 <= probability <= 1.0:
        raise typer.BadParameter(f"expected a probability from 0 to 1 or from 0% to 100%, got {word!r}.")
    return probability


def parse_shard(word: str) -> Shard:
    """Return the shard 2 of 8 for "2/8".

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return Shard.parse(word)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None


ShardOption = Annotated[
    Shard | None,
    typer.Option(
        "--shard",
        parser=parse_shard,
        metavar="I/N",
        rich_help_panel=COMPUTATION,
        help="Answer only every N-th block of rows, from the I-th on, into --output; `lstmcli join` joins the outputs "
        "of all N shards.",
    ),
]


FastOption = Annotated[
    float | None,
    typer.Option(
        "--fast",
        parser=parse_probability,
        metavar="X",
        rich_help_panel=COMPUTATION,
        help="Let a first stage, the network of `lstmcli distill` or else the n-grams, answer alone as far as this "
        "share of all predictions (0.999, or 99.9%) stays that of the whole model.",
    ),
]
FastOnOption = Annotated[
    str | None,
    typer.Option(
        "--fast-on",
        metavar="FILE",
        rich_help_panel=COMPUTATION,
        help="Rows on which --fast finds out where that is, without labels (default: the first rows of the input).",
    ),
]
AnsweredByOption = Annotated[
    bool,
    typer.Option(
        "--answered-by",
        rich_help_panel=PREDICTIONS,
        help="With --fast, add a column answered_by: distilled, ngrams, or model.",
    ),
]


EstimateOption = Annotated[
    bool,
    typer.Option(
        "--estimate",
        rich_help_panel=COMPUTATION,
        help="Write no predictions: measure some blocks of the input, and print what all of it will take.",
    ),
]


def estimating() -> "Callable[..., RowCounts]":
    """Return what takes the place of a recipe, and prints what that would take."""

    def estimate(
        model: "SavedModel", pool: "Pool", paths: list[str], **options: Any
    ) -> "RowCounts":  # which has nothing to count
        from lstmcli.cli.messages import write_tables
        from lstmcli.inference.row_counts import RowCounts
        from lstmcli.recipes.bulk.estimate import estimate_prediction
        from lstmcli.reports.cost import cost_lines

        wanted = {name: options[name] for name in ("inputs", "output", "options")}  # nothing is told meanwhile
        write_tables(cost_lines(estimate_prediction(model, pool, paths, **wanted)))
        return RowCounts()

    return estimate


def check_combinations(
    shard: Shard | None,
    fast: float | None,
    fast_on: str | None,
    *,
    answered_by: bool,
    by: str | None,
    estimate: bool,
    row_ids: bool,
) -> None:
    """Raise a UsageError if these options don't fit together."""
    if shard is not None and by is not None:
        raise UsageError("--shard: can't be combined with --by, which needs all rows of a person.")
    if fast is None and (fast_on is not None or answered_by):
        raise UsageError(f"{'--answered-by' if fast_on is None else '--fast-on'}: is for --fast, such as --fast 0.999.")
    if estimate and by is not None:
        raise UsageError("--estimate: can't be combined with --by.")
    if fast is not None and by is not None:
        raise UsageError("--fast: can't be combined with --by.")
    if row_ids and by is not None:
        raise UsageError("--row-ids: can't be combined with --by, which writes a row for each person.")


def facts_of_job(
    *, escape_formulas: bool, by: str | None, fast: float | None, shard: Shard | None, row_ids: bool
) -> list[str]:
    """Return what else changes the output, for a description of the job; nothing for options that are not given."""
    facts = ["--escape-formulas"] if escape_formulas else []
    facts += ["--row-ids"] if row_ids else []
    for name, value in (("--by", by), ("--fast", fast), ("--shard", shard)):
        facts += [] if value is None else [name, str(value)]
    return facts


def find_fast(
    model: "SavedModel",
    run: Path,
    agreement: float | None,
    fast_on: str | None,
    paths: list[str],
    inputs: "InputOptions",
    options: "PredictOptions",
) -> "Fast | None":
    """Return when the first stage of the model, which was read from `run`, may answer alone, if that is wanted."""
    if agreement is None:
        return None
    from lstmcli.data.reading import check_exist
    from lstmcli.data.remote import is_url
    from lstmcli.recipes.cascade.calibrate import calibrate, check_fast
    from lstmcli.recipes.predict import input_layouts
    from lstmcli.store.first_network import read_first_network

    first = read_first_network(run, model) if model.scores is None else None
    check_fast(model, first, agreement, options, run=run)
    read = paths if fast_on is None else [fast_on]
    check_exist([path for path in read if not is_url(path)])
    column = inputs.text_column or model.columns.text
    return calibrate(model, first, agreement, read, input_layouts(model, read, inputs), column, run=run)


def shard_job(shard: Shard | None, run: Path) -> "ShardJob | None":
    """Return what a shard needs to know about its model."""
    if shard is None:
        return None
    from lstmcli.recipes.shards.manifest import ShardJob

    return ShardJob.of_run(shard, run)


def check_inputs(words: list[str], run: Path, *, may_be_urls: bool = False) -> None:
    """Raise DataError if one of `words` is no file, and perhaps a text; URLs are checked where they are read."""
    if may_be_urls:
        from lstmcli.data.remote import is_url

        words = [word for word in words if not is_url(word)]
    from lstmcli.data.reading import check_exist, format_of

    for word in words:
        if len(word.split()) > 1 and not Path(word).exists() and format_of(word) is None:
            import shlex  # only needed for this error

            echo = f"echo {shlex.quote(word)} | lstmcli predict {shlex.quote(str(run))}"
            raise DataError(f"{word}: no such file. To label a text, pipe it in: {echo}")
    check_exist(words)
