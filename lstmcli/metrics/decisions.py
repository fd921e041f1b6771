"""Decision rules: probabilities become labels, in the same way in training, evaluation and prediction."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind, Measure, OutputKind
from lstmcli.metrics.ordinal import class_probabilities, classes_by_mean, median_classes

# The origin of a threshold that is not tuned.
SET_BY_HAND = "set by hand"


@dataclass(frozen=True)
class DecisionRule:
    """How probabilities become labels.

    Attributes:
        kind: "single" picks the most probable label; otherwise, each label is decided independently.
        thresholds: (labels,), the minimum probability at which a label is picked. With "single", the most probable
            label must also reach its threshold, or none is picked; in a model's own rule, these thresholds are 0.
        at_least_one: whether a text without a label above its threshold gets the label that is closest to its
            threshold, for corpora in which every training text has a label.
        origins: (labels,), where each threshold comes from, in words; empty if that is unknown.
        measure: of ordered classes, what the picked one is best for: "accuracy" picks the most probable label, "mae"
            the median, and "qwk" that of the expected rank, see `cuts`.
        cuts: (labels - 1,), for "qwk"; see `ordinal.classes_by_mean`.
    """

    kind: LabelKind
    thresholds: NDArray[np.float64]
    at_least_one: bool = False
    origins: tuple[str, ...] = ()
    measure: Measure = "accuracy"
    cuts: tuple[float, ...] = ()

    def decide(self, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return (texts, labels), True where the label is picked, from probabilities of the same shape."""
        if self.kind == "single":
            return self._picked(probabilities) & (probabilities >= self.thresholds)
        decisions = probabilities >= self.thresholds
        if self.at_least_one:
            is_empty = ~decisions.any(axis=1)
            decisions[is_empty] = _is_best(probabilities[is_empty] / np.maximum(self.thresholds, 1e-9))
        return decisions

    def _picked(self, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return the one label of each text, (texts, labels)."""
        if self.measure == "accuracy":
            return _is_best(probabilities)
        if self.measure == "mae":
            classes = median_classes(probabilities)
        else:
            classes = classes_by_mean(probabilities, np.array(self.cuts))
        return np.asarray(np.arange(probabilities.shape[1]) == classes[:, None])

    def with_threshold(self, threshold: float) -> "DecisionRule":
        """Return a rule that picks only labels with at least the probability `threshold`, possibly none."""
        thresholds = np.full_like(self.thresholds, threshold)
        origins = (SET_BY_HAND,) * len(thresholds)
        return replace(self, thresholds=thresholds, at_least_one=False, origins=origins)


def untuned_rule(kind: LabelKind, num_labels: int, *, at_least_one: bool) -> DecisionRule:
    """Return the rule before tuning: the most probable label, or every label with a probability of at least 0.5."""
    return DecisionRule(kind, np.full(num_labels, 0.0 if kind == "single" else 0.5), at_least_one)


def decision_scores(probabilities: NDArray[np.floating], decisions: NDArray[np.bool_]) -> NDArray[np.floating]:
    """Return the confidence of each decision, (texts,).

    This is the probability of the least probable picked label or, if none was picked, 1 minus the highest probability.
    """
    least_picked = np.where(decisions, probabilities, np.inf).min(axis=1)
    none = 1.0 - probabilities.max(axis=1)
    return np.asarray(np.where(decisions.any(axis=1), least_picked, none))


def probabilities_from_logits(
    logits: NDArray[np.floating], kind: OutputKind, *, temperature: float = 1.0
) -> NDArray[np.float64]:
    """Return the softmax ("single") or sigmoids of `logits / temperature`, (texts, labels), in float64.

    Of "ordered" labels, there is one logit less, see `ordinal`.
    """
    if kind == "scores":
        raise ValueError("expected labels, got scores, which have no probabilities")
    scaled = logits.astype(np.float64) / temperature
    if kind == "ordered":
        return class_probabilities(scaled)
    if kind == "single":
        exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        softmax: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
        return softmax
    sigmoid: NDArray[np.float64] = 0.5 * np.tanh(0.5 * scaled) + 0.5
    return sigmoid


def _is_best(scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    best: NDArray[np.bool_] = np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]
    return best
