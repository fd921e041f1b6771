"""`lstmcli predict --fast`: chooses, on rows that the whole model answers, when the first stage may answer alone."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from lstmcli.data.reading import STANDARD_INPUT, Layout
from lstmcli.errors import UsageError
from lstmcli.inference.answers import PredictOptions
from lstmcli.inference.cascade import first_stage_name
from lstmcli.inference.first_logits import FirstLogits
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.first_stage import CONFIDENCE, fit_first_stage, least_rows
from lstmcli.recipes.cascade.result import Fast
from lstmcli.recipes.cascade.texts import not_among, texts_of
from lstmcli.store.first_network import FirstNetwork
from lstmcli.store.model import SavedModel
from lstmcli.store.run_directory import run_of
from lstmcli.store.seen_texts import read_learned_texts

# It is calibrated on as many rows as would have so many changes if no more than the wanted ones stayed the same: with
# fewer, hardly a change is allowed, and more take longer. For .999, these are 10,000 rows.
CHANGES = 10
LEAST_SAMPLE = 4096

UNSEEN = " that the model has not learned from"

LEAST_AGREEMENT, MOST_AGREEMENT = 0.9, 0.9999


def check_fast(
    model: SavedModel, first: FirstNetwork | None, agreement: float, options: PredictOptions, *, run: Path
) -> None:
    """Check that a model with such a first network, read from `run`, has a first stage that can answer.

    Raises:
        UsageError: it can't.
    """
    if not LEAST_AGREEMENT <= agreement <= MOST_AGREEMENT:
        raise UsageError(
            f"--fast {agreement:g}: expected the share of predictions that must stay the same, from "
            f"{LEAST_AGREEMENT:g} to {MOST_AGREEMENT:g}."
        )
    if model.scores is not None:
        raise UsageError("--fast: is for models of labels; this one predicts scores.")
    if model.ngrams is None and first is None:
        raise UsageError(
            f"--fast: this model has no n-grams that could answer alone; distill it first: lstmcli distill {run}"
        )
    wanted = {
        "--threshold": options.threshold is not None,
        "--min-confidence": options.min_confidence is not None,
        "--top-k": options.top_k is not None,
    }
    given = [name for name, is_given in wanted.items() if is_given]
    if given:
        raise UsageError(f"--fast: can't be combined with {given[0]}; it only promises that predictions stay.")


def calibrate(
    model: SavedModel,
    first: FirstNetwork | None,
    agreement: float,
    paths: Sequence[str],
    layouts: Sequence[Layout],
    text_column: str,
    *,
    run: Path,
) -> Fast:
    """Choose when the first stage answers, on the first rows with a text in these files.

    Texts from which the model or its first network has learned are left out, if the run says which these are: on them,
    both agree more than on others.

    Args:
        model: the whole one.
        first: its first network; None: the n-grams are the first stage.
        agreement: the share of all predictions that must stay the same.
        paths: of the files.
        layouts: how each is read.
        text_column: of tables.
        run: from which the model was read.

    Raises:
        UsageError: they include a URL, or a pipe, which can be read only once.
        DataError: one can't be read, or has no such column.
    """
    if any(path == STANDARD_INPUT or not Path(path).is_file() for path in paths):
        raise UsageError(
            "--fast: needs a file on this machine to calibrate on, and a pipe can be read only once; name one with "
            "such texts (labels are not needed) with --fast-on."
        )
    most = max(LEAST_SAMPLE, round(CHANGES / (1.0 - agreement)))
    learned = read_learned_texts(run_of(run).seen_texts)
    texts = [*islice(not_among(texts_of(model, paths, layouts, text_column, option="--fast: "), learned), most)]
    begin = f"--fast {agreement:g}: "
    needed = least_rows(agreement) * (1 if model.labels.output_kind == "single" else 2)
    if len(texts) < needed:
        return Fast(
            agreement,
            None,
            f"{begin}{len(texts):,} rows{UNSEEN if len(learned) else ''} are too few to be sure of that ({needed:,} "
            "are needed), so the whole model answers all rows.",
        )
    predictor, kind = Predictor(model), model.labels.output_kind
    first_logits = FirstLogits(predictor, first)
    logits, wanted = first_logits.of_texts(texts), predictor.probabilities(texts)
    stage = fit_first_stage(logits, wanted, model.rule, agreement, kind=kind, network=first_logits.digest)
    who = first_stage_name(is_distilled=first is not None)
    if stage is None:
        return Fast(
            agreement,
            None,
            f"{begin}{who} alone and the whole model predict the same too rarely, so the whole model answers all rows"
            f"{'.' if first is not None else '; `lstmcli distill` makes a better first stage.'}",
        )
    share = stage.answers(stage.probabilities(logits, kind), model.rule).mean()
    return Fast(
        agreement,
        stage,
        f"{begin}{share:.1%} of the {len(texts):,} rows that it was calibrated on can be answered by {who} alone; on "
        f"such rows, at least {agreement:g} of all predictions stay the same ({CONFIDENCE:.0%} confidence).",
    )
