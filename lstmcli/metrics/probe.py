"""A linear probe: how well a logistic regression on given vectors finds the labels of texts."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.baselines import MajorityBaseline
from lstmcli.metrics.decisions import untuned_rule
from lstmcli.metrics.scores import headline_scores

Floats = NDArray[np.float32]
Targets = NDArray[np.bool_]

# Inverse regularisation strength, for features of unit variance.
STRENGTH = 0.1
MAX_PASSES = 300

TINY = 1e-6


def probe_scores(
    train: Floats, train_targets: Targets, vectors: Floats, targets: Targets, kind: LabelKind
) -> dict[str, float]:
    """Return the scores on (texts, size) `vectors` with (texts, labels) `targets` after fitting the first two."""
    mean, std = train.mean(axis=0), np.maximum(train.std(axis=0), TINY)
    scaled, scaled_train = (vectors - mean) / std, (train - mean) / std
    if kind == "single":
        probabilities = np.zeros(targets.shape)
        classes, found = _probabilities(scaled_train, train_targets.argmax(axis=1), scaled)
        probabilities[:, classes] = found
    else:
        columns = [_positive(scaled_train, column, scaled) for column in train_targets.T]
        probabilities = np.stack(columns, axis=1)
    rule = untuned_rule(kind, targets.shape[1], at_least_one=kind == "multi")
    return headline_scores(targets, rule.decide(probabilities), probabilities, kind)


def majority_scores(train_targets: Targets, targets: Targets, kind: LabelKind) -> dict[str, float]:
    """Return the scores of the label frequencies of the training rows."""
    baseline = MajorityBaseline.fit(train_targets, kind)
    probabilities = baseline.probabilities(len(targets))
    return headline_scores(targets, baseline.rule.decide(probabilities), probabilities, kind)


def _positive(train: Floats, answers: NDArray[np.bool_], vectors: Floats) -> NDArray[np.float64]:
    classes, probabilities = _probabilities(train, answers, vectors)
    return probabilities[:, -1] if classes[-1] else np.zeros(len(vectors))


def _probabilities(
    train: Floats, answers: NDArray[np.bool_ | np.int64], vectors: Floats
) -> tuple[NDArray[np.bool_ | np.int64], NDArray[np.float64]]:
    """Return the distinct answers and (texts, answers) the probability of each."""
    classes = np.unique(answers)
    if len(classes) == 1:
        return classes, np.ones((len(vectors), 1))
    model = LogisticRegression(C=STRENGTH, max_iter=MAX_PASSES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe needs no exact solution
        model.fit(train, answers)
    return classes, model.predict_proba(vectors)
