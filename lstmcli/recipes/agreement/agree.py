"""`lstmcli agree`: reads ratings, lets a model rate the same items if there is one, and measures agreement."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.label_set import SET_SEPARATOR, LabelSet
from lstmcli.data.blank import is_blank
from lstmcli.data.guessing import guess_layout
from lstmcli.data.reading import STANDARD_INPUT, Layout, open_records
from lstmcli.errors import DataError, UsageError
from lstmcli.metrics.agreement import Scale
from lstmcli.metrics.agreement_summary import MODEL, Agreement, measured
from lstmcli.metrics.set_agreement import masi_distances
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
    if columns.separator is not None and scale != "nominal":
        raise UsageError(f"--label-separator: sets of labels have no order; omit --scale {scale}.")
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
        _let_rate(run, [items.texts[number] for number in used], rated, humans, columns.separator)
    everyone = (*humans, MODEL) if run is not None else humans
    ratings = as_ratings(everyone, rated, scale, order)
    sets: list[frozenset[str]] = []
    if columns.separator is not None:
        sets = [frozenset(category.split(columns.separator)) for category in ratings.categories]
        ratings = replace(ratings, scale="sets", distances=masi_distances(sets))
    about = None if run is None else str(run)
    return measured(name, ratings, len(humans), num_spelt_missing=items.num_spelt_missing, run=about, sets=sets)


def _let_rate(
    run: Path, texts: list[str], rated: list[dict[str, str]], humans: tuple[str, ...], separator: str | None
) -> None:
    """Add the label that a model predicts for each text; a blank text has none."""
    if MODEL in humans:
        raise UsageError(f"--run: an annotator is already called {MODEL!r}; rename the column.")
    from lstmcli.inference.predictor import Predictor

    predictor = Predictor.open(run)
    labels = predictor.model.labels
    if predictor.model.features is not None or predictor.model.columns.text_before:
        raise UsageError(f"--run {run}: reads more than a text, and annotated items have nothing else.")
    if labels.kind != "single" and separator is None:
        raise UsageError(
            f"--run {run}: predicts several labels per text; annotators give one each. For sets of labels, use "
            "--label-separator."
        )
    if labels.kind == "scores":
        raise UsageError(f"--run {run}: predicts scores; annotators give labels.")
    decisions = predictor.predict(texts).decisions
    for own, text, picked in zip(rated, texts, decisions, strict=True):
        own[MODEL] = "" if is_blank(text) else _joined(labels, picked, separator)
    categories = {
        label
        for own in rated
        for who, category in own.items()
        if who != MODEL and category
        for label in ([category] if separator is None else category.split(separator))
    }
    if not categories & set(labels.names):
        raise DataError(
            f"--run {run}: knows none of the annotators' categories; its labels are {', '.join(labels.names)}."
        )


def _joined(labels: LabelSet, picked: NDArray[np.bool_], separator: str | None) -> str:
    """Return the labels as annotators write them."""
    names = [name for name, is_picked in zip(labels.names, picked, strict=True) if is_picked]
    return (separator or SET_SEPARATOR).join(sorted(names))
