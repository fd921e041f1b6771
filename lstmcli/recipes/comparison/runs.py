"""Compares two models on the rows of a file."""

from pathlib import Path

import numpy as np

from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.row_text import own_text
from lstmcli.errors import DataError
from lstmcli.inference.predictor import Predictor
from lstmcli.recipes.comparison.sides import Compared, Side, paired
from lstmcli.recipes.evaluate import ColumnOverrides, Opened, open_rows
from lstmcli.reports.event_lines import describe_dropped, describe_overlap


def compare_runs(first: Path, second: Path, path: str, overrides: ColumnOverrides) -> Compared:
    """Predict the rows of `path` with both models.

    Args:
        first: a run directory or a model folder.
        second: another one.
        path: of labelled rows, read as each model would.
        overrides: what replaces the columns of training, for both.

    Raises:
        LstmcliError: see `evaluate_file`.
        DataError: the models know different labels, or can't use the same rows.
    """
    opened = [open_rows(run, path, overrides) for run in (first, second)]
    labels = _common_labels(first, second, *(each.predictor.model.labels for each in opened))
    sides = [_side(str(run), each) for run, each in zip((first, second), opened, strict=True)]
    overlaps = [describe_overlap(*overlap) for each in opened for overlap in each.overlaps or ()]
    notes = dict.fromkeys([*describe_dropped(opened[0].examples.report), *overlaps])
    return paired(sides[0], sides[1], labels, tuple(notes))


def _common_labels(first: Path, second: Path, labels: LabelSet, others: LabelSet) -> LabelSet:
    if labels.kind != others.kind:
        raise DataError(f"{first} and {second}: predict labels of different kinds ({labels.kind} and {others.kind}).")
    only = {
        run: set(own.names) - set(other.names)
        for run, own, other in ((first, labels, others), (second, others, labels))
    }
    for run, names in only.items():
        if names:
            raise DataError(
                f"{first} and {second}: know different labels; only {run} knows {', '.join(sorted(names))}."
            )
    if labels.is_ordered and others.is_ordered and labels.names != others.names:
        orders = " and ".join(" < ".join(each.names) for each in (labels, others))
        raise DataError(f"{first} and {second}: know the same labels in different orders ({orders}).")
    return others if others.is_ordered else labels


def _side(name: str, opened: Opened) -> Side:
    examples: Examples = opened.examples
    texts = list(examples.texts)
    return Side(
        name,
        examples.name,
        examples.table["line"].tolist(),
        [own_text(text) for text in texts],
        [tuple(sorted(labels)) for labels in examples.labels],
        _predicted(opened.predictor, texts),
        examples.groups,
    )


def _predicted(predictor: Predictor, texts: list[str]) -> list[tuple[str, ...]]:
    names = predictor.model.labels.names
    decisions = predictor.predict(texts).decisions
    return [tuple(sorted(names[label] for label in np.flatnonzero(row))) for row in decisions]
