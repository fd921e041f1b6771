"""Scores of each fold of a cross-validation, and an interval for their mean."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.evaluation import Evaluation, FoldScore, System
from lstmcli.metrics.scores import headline_scores


def with_folds(
    evaluation: Evaluation, systems: list[System], targets: NDArray[np.bool_], fold: NDArray[np.int64]
) -> Evaluation:
    """Return `evaluation` extended by the main score of each system on each fold.

    Systems are compared by their mean difference over the folds. Unlike resampled rows, folds also show how much scores
    vary between trainings.

    Args:
        evaluation: of all rows together.
        systems: the model first.
        targets: (rows, labels).
        fold: (rows,), from 0.
    """
    folds = []
    for system in systems:
        values = []
        for number in range(int(fold.max()) + 1):
            rows = fold == number
            scores = headline_scores(targets[rows], system.decisions[rows], system.probabilities[rows], evaluation.kind)
            values.append(scores[evaluation.main_score])
        mean = mean_of_folds(values, confidence=evaluation.confidence)
        limited = Estimate(mean.value, max(0.0, mean.low), min(1.0, mean.high))  # scores lie between 0 and 1
        folds.append(FoldScore(system.name, values, limited))
    comparisons = []
    for comparison, other in zip(evaluation.comparisons, folds[1:], strict=True):
        differences = [ours - theirs for ours, theirs in zip(folds[0].values, other.values, strict=True)]
        mean = mean_of_folds(differences, confidence=evaluation.confidence)
        comparisons.append(replace(comparison, difference=mean))
    return replace(evaluation, folds=tuple(folds), comparisons=comparisons)


def mean_of_folds(values: list[float], *, confidence: float) -> Estimate:
    """Return the mean over folds with a Student's t interval.

    The models of the folds share most of their training rows, so their scores are not independent. The variance of the
    mean is estimated as (1/k + 1/(k - 1)) times that of the scores, instead of 1/k times. Source: Nadeau and Bengio
    2003, "Inference for the Generalization Error".
    """
    num_folds = len(values)
    mean, variance = float(np.mean(values)), float(np.var(values, ddof=1))
    error = math.sqrt((1.0 / num_folds + 1.0 / (num_folds - 1)) * variance)
    reach = float(stdtrit(num_folds - 1, 0.5 + confidence / 2.0)) * error
    return Estimate(mean, mean - reach, mean + reach)
