"""`lstmcli agree`: reads ratings, lets a model rate the same items if there is one, and measures agreement."""

from pathlib import Path

from lstmcli.data.blank import is_blank
from lstmcli.data.guessing import guess_layout
from lstmcli.data.reading import STANDARD_INPUT, Layout, open_records
from lstmcli.errors import DataError, UsageError
from lstmcli.metrics.agreement import Scale
from lstmcli.metrics.agreement_summary import MODEL, Agreement, measured
from lstmcli.recipes.agreement.reading import RatingColumns, as_ratings, read_ratings


def agree(
    path: str,
    columns: RatingColumns,
    *,
    layout: Layout,
    scale: Scale = "nominal",
    order: tuple[str, ...] = (),
    run: Path | None = None,
) -> Agreement:
    """Measure how far annotators agree.

    Args:
        path: of the file with their ratings; "-" is standard input.
        columns: where the ratings are.
        layout: how to read the file; what is not said is found out.
        scale: of the categories.
        order: of the categories from the lowest to the highest, if they are no numbers.
        run: a model that rates the items, too.

    Raises:
        DataError: the file can't be read, or its ratings are not what they should be.
        UsageError: the options don't fit together.
        RunDirectoryError: there is no model in `run`.
    """
    if order and scale != "ordinal":
        raise UsageError("--order: only with --scale ordinal.")
    format_name, encoding = layout
    if path != STANDARD_INPUT and Path(path).is_file():
        found = guess_layout(path, format_name=format_name, encoding=encoding)
        format_name, encoding = found.format_name, found.encoding
    with open_records(path, format_name=format_name or "auto", encoding=encoding or "utf-8") as source:
        items = read_ratings(source, columns)
        name = source.name
    if len(items.annotators) < 2:
        raise DataError(f"{name}: has a single annotator; agreement needs two.")
    used = items.used()
    rated = [dict(items.ratings[number]) for number in used]
    humans = items.annotators
    if run is not None:
        _let_rate(run, [items.texts[number] for number in used], rated, humans)
    everyone = (*humans, MODEL) if run is not None else humans
    ratings = as_ratings(everyone, rated, scale, order)
    return measured(
        name, ratings, len(humans), num_spelt_missing=items.num_spelt_missing, run=None if run is None else str(run)
    )


def _let_rate(run: Path, texts: list[str], rated: list[dict[str, str]], humans: tuple[str, ...]) -> None:
    """Add the label that a model predicts for each text; a blank text has none."""
    if MODEL in humans:
        raise UsageError(f"--run: an annotator is already called {MODEL!r}; rename the column.")
    from lstmcli.inference.predictor import Predictor

    predictor = Predictor.open(run)
    labels = predictor.model.labels
    if predictor.model.features is not None or predictor.model.columns.text_before:
        raise UsageError(f"--run {run}: reads more than a text, and annotated items have nothing else.")
    if labels.kind != "single":
        raise UsageError(f"--run {run}: predicts several labels per text; annotators give one each.")
    decisions = predictor.predict(texts).decisions
    for own, text, picked in zip(rated, texts, decisions, strict=True):
        own[MODEL] = "" if is_blank(text) else labels.join(picked)
    categories = {category for own in rated for who, category in own.items() if who != MODEL and category}
    if not categories & set(labels.names):
        raise DataError(
            f"--run {run}: knows none of the annotators' categories; its labels are {', '.join(labels.names)}."
        )
