"""Scores as targets: the numbers of rows, what is learned of them from training rows, and notes on likely mistakes."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_set import LabelSet
from lstmcli.errors import DataError, counted


def score_targets(examples: Examples) -> NDArray[np.float64]:
    """Return (rows, scores), NaN where a row lacks a score."""
    if examples.scores is None:
        raise ValueError("expected rows with scores, got rows with labels")
    targets: NDArray[np.float64] = examples.scores.values[examples.table["text"].to_numpy()]
    return targets


def learn_scores(train: Examples, settings: DataSettings) -> LabelSet:
    """Return the scores of the training rows as outputs of a model.

    Raises:
        DataError: a column is empty, or all of its numbers are the same.
    """
    targets = score_targets(train)
    constant = [
        name
        for name, column in zip(settings.scores, targets.T, strict=True)
        if len(np.unique(column[~np.isnan(column)])) < 2
    ]
    if constant:
        raise DataError(
            f"{train.name}: the training rows have fewer than two different numbers in "
            f"{', '.join(map(repr, constant))}, so there is nothing to learn. Remove the column from data.scores, or "
            "add rows with other numbers."
        )
    return LabelSet(settings.scores, "scores")


def score_notes(train: Examples, validation: Examples) -> list[str]:
    """Return notes on columns that are hardly filled."""
    if train.scores is None:
        return []
    notes, names = [], train.scores.names
    for part, rows in (("training", train), ("validation", validation)):
        missing = np.isnan(score_targets(rows)).sum(axis=0).tolist()
        found = [f"{name} in {number:,}" for name, number in zip(names, missing, strict=True) if number]
        if found:
            notes.append(f"missing scores in {counted(len(rows.table), f'{part} row')}: {', '.join(found)}")
    columns = score_targets(validation).T
    unseen = [name for name, column in zip(names, columns, strict=True) if np.isnan(column).all()]
    if unseen:
        notes.append(f"no validation row has {', '.join(unseen)}: nothing can be chosen or measured for it")
    return notes
