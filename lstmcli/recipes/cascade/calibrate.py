"""`lstmcli predict --fast`: chooses, on rows that the whole model answers, when the n-grams may answer alone."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from lstmcli.data.columns import BadRowError, TextSelector
from lstmcli.data.reading import STANDARD_INPUT, Layout, open_records
from lstmcli.errors import DataError, UsageError
from lstmcli.inference.answers import PredictOptions
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.first_stage import CONFIDENCE, fit_first_stage, least_rows
from lstmcli.recipes.cascade.result import Fast
from lstmcli.store.model import SavedModel

# It is calibrated on as many rows as would have so many changes if no more than the wanted ones stayed the same: with
# fewer, hardly a change is allowed, and more take longer. For .999, these are 10,000 rows.
CHANGES = 10
LEAST_SAMPLE = 4096

LEAST_AGREEMENT, MOST_AGREEMENT = 0.9, 0.9999


def check_fast(model: SavedModel, agreement: float, options: PredictOptions) -> None:
    """Check that the first stage of such a model can answer.

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
    if model.ngrams is None:
        raise UsageError("--fast: this model has no n-grams that could answer alone.")
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
    predictor: Predictor,
    agreement: float,
    paths: Sequence[str],
    layouts: Sequence[Layout],
    text_column: str,
) -> Fast:
    """Choose when the n-grams answer, on the first rows with a text in these files.

    Raises:
        UsageError: they include a pipe, which can be read only once.
        DataError: one can't be read, or has no such column.
    """
    if any(path == STANDARD_INPUT or not Path(path).is_file() for path in paths):
        raise UsageError(
            "--fast: needs a file to calibrate on, since a pipe can be read only once; name one with such texts "
            "(labels are not needed) with --fast-on."
        )
    most = max(LEAST_SAMPLE, round(CHANGES / (1.0 - agreement)))
    texts = list(islice(_texts(paths, layouts, text_column), most))
    begin = f"--fast {agreement:g}: "
    needed = least_rows(agreement) * (1 if model.labels.output_kind == "single" else 2)
    if len(texts) < needed:
        return Fast(
            agreement,
            None,
            f"{begin}{len(texts):,} rows are too few to be sure of that ({needed:,} are needed), so the whole model "
            "answers all rows.",
        )
    predictions, ngrams = predictor.predict_with_ngrams(texts)
    assert ngrams is not None  # `check_fast`
    kind = model.labels.output_kind
    stage = fit_first_stage(ngrams, predictions.probabilities, model.rule, agreement, kind=kind)
    if stage is None:
        return Fast(
            agreement, None, f"{begin}the n-grams alone agree too rarely with the model, which answers all rows."
        )
    share = stage.answers(stage.probabilities(ngrams, kind), model.rule).mean()
    return Fast(
        agreement,
        stage,
        f"{begin}the n-grams alone answer {share:.1%} of the {len(texts):,} rows that it was calibrated on; on such "
        f"rows, at least {agreement:g} of all predictions stay the same ({CONFIDENCE:.0%} confidence).",
    )


def _texts(paths: Sequence[str], layouts: Sequence[Layout], text_column: str) -> Iterator[str]:
    for path, layout in zip(paths, layouts, strict=True):
        with open_records(path, **layout._asdict(), keeps_broken=True) as source:
            select = TextSelector(source, text_column)
            for record in source.records:
                try:
                    text = select(record)
                except BadRowError:
                    continue
                except DataError as error:
                    raise DataError(f"--fast: {error}") from None
                yield text
