"""What the model that another went on from says of the same rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.label_set import LabelSet
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.evaluation import System
from lstmcli.metrics.score_evaluation import ScoreSystem

# What the earlier model is called in tables and sentences.
BEFORE_NAME = "the model before"


def label_system(texts: Sequence[str], before: Predictor, labels: LabelSet) -> System:
    """Return what the earlier model says of the texts, with a column for each of `labels`; new ones are never given."""
    predictions, own = before.predict(texts), before.model.labels
    rule = before.model.rule if own == labels else None
    decisions, probabilities = predictions.decisions, predictions.probabilities
    return System(BEFORE_NAME, spread(decisions, own, labels), spread(probabilities, own, labels), rule=rule)


def score_system(texts: Sequence[str], before: Predictor, labels: LabelSet) -> ScoreSystem | None:
    """Return the same of a model of scores; None if it lacks one of them."""
    own = before.model.labels.names
    if not set(labels.names) <= set(own):
        return None
    values, _ = before.scores_with_ngrams(texts)
    return ScoreSystem(BEFORE_NAME, values[:, [own.index(name) for name in labels.names]])


def spread(values: NDArray[Any], own: LabelSet, labels: LabelSet) -> NDArray[Any]:
    """Arrange (rows, own labels) as the columns of `labels`; those that are missing are 0."""
    arranged = np.zeros((len(values), len(labels.names)), dtype=values.dtype)
    for at, name in enumerate(labels.names):
        if name in own.names:
            arranged[:, at] = values[:, own.names.index(name)]
    return arranged
