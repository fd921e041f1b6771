"""The first stage of a cascade, n-grams or a small network: which texts it answers alone, with which probabilities.

A text is answered by the first stage if its margin is above a threshold. It is chosen on rows that the whole model
answers, too: the lowest one at which, with CONFIDENCE, at most the allowed share of all rows would get another
prediction. Thresholds are tested from the highest to the lowest, each by an exact binomial test, until one fails, so no
correction for their number is needed (Angelopoulos et al. 2021, "Learn then Test", arXiv 2110.01052, fixed sequence
testing).
"""

import json
import math
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import OutputKind
from lstmcli.metrics.decisions import DecisionRule, probabilities_from_logits

Floats = NDArray[np.float64]

CONFIDENCE = 0.95

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.1, 10.0

# Keeps the slope and the offset of a label that is rarely likely near 1 and 0, as this many rows would.
PRIOR_ROWS = 4.0

NEWTON_STEPS = 30

# A threshold is this much above the margin of a row that must not pass, more than rounding can change.
CLEARANCE = 1e-9


@dataclass(frozen=True)
class FirstStage:
    """Logits of a first stage as probabilities of the whole model, and the margin from which on they are its answer.

    Attributes:
        slopes: of the logits, one for each label; a single number for exactly one label per text.
        offsets: that are added to them.
        threshold: a text with a larger margin is answered.
        network: the digest of the network that computes the logits; "": the n-grams do.
    """

    slopes: tuple[float, ...]
    offsets: tuple[float, ...]
    threshold: float
    network: str = ""

    def to_json(self) -> str:
        """Return all of it as text, from which `from_json` makes the same."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, content: str) -> "FirstStage":
        """Return what `to_json` was called on."""
        stored = json.loads(content)
        return cls(tuple(stored["slopes"]), tuple(stored["offsets"]), stored["threshold"], stored["network"])

    def probabilities(self, logits: Floats, kind: OutputKind) -> Floats:
        """Return the probabilities of texts with these logits, (texts, labels)."""
        return probabilities_from_logits(logits * np.array(self.slopes) + np.array(self.offsets), kind)

    def answers(self, probabilities: Floats, rule: DecisionRule) -> NDArray[np.bool_]:
        """Whether texts with these probabilities are answered, (texts,)."""
        return np.asarray(decision_margins(probabilities, rule) > self.threshold)


def decision_margins(probabilities: Floats, rule: DecisionRule) -> Floats:
    """Return by how much the logits of a text must change until its decision does, (texts,); a heuristic, not a bound.

    With one label per text, this is the distance between the two most probable ones. Otherwise it is the distance of
    the label that is closest to its threshold, except the best one where a text gets it in any case.
    """
    clipped = np.clip(probabilities, 1e-300, 1.0 - 1e-16)
    if rule.kind == "single":
        distances = np.log(clipped)
    else:
        thresholds = np.clip(rule.thresholds, 1e-9, 1.0 - 1e-9)
        distances = np.log(clipped / (1.0 - clipped)) - np.log(thresholds / (1.0 - thresholds))
    if distances.shape[1] == 1:
        return np.asarray(np.abs(distances[:, 0]))
    best, second = (np.sort(distances, axis=1)[:, -place] for place in (1, 2))
    if rule.kind == "single":
        return np.asarray(best - second)
    nearest = np.abs(distances).min(axis=1)
    if not rule.at_least_one:
        return np.asarray(nearest)
    return np.asarray(np.where(second < 0.0, np.minimum(best - second, -second), nearest))


def fit_first_stage(
    logits: Floats, probabilities: Floats, rule: DecisionRule, agreement: float, *, kind: OutputKind, network: str = ""
) -> FirstStage | None:
    """Return the first stage that keeps `agreement` of all decisions, or None if these rows can't show that.

    Args:
        logits: (rows, outputs), those of the first stage.
        probabilities: (rows, labels), those of the whole model.
        rule: of the model.
        agreement: between 0 and 1, both exclusive.
        kind: how logits become probabilities.
        network: see `FirstStage`.
    """
    if kind == "single":  # the temperature changes no decision, so all rows can be tested
        fitted, tested, stage = slice(None), slice(None), _one_scale(1.0)
    else:  # what is fitted changes decisions, so it is tested on other rows
        fitted, tested = slice(0, None, 2), slice(1, None, 2)
        fit = _calibrated if kind == "ordered" else _fit_labels
        stage = fit(logits[fitted], probabilities[fitted], kind)
    found = stage.probabilities(logits[tested], kind)
    is_same = (rule.decide(found) == rule.decide(probabilities[tested])).all(axis=1)
    margins = decision_margins(found, rule)
    threshold = choose_threshold(margins, is_same, agreement)
    if threshold is None:
        return None
    if kind == "single":  # margins are differences of logits, which a temperature divides
        is_answered = margins > threshold
        stage = _calibrated(logits[is_answered], probabilities[is_answered], kind)
        threshold *= stage.slopes[0] if threshold > 0.0 else 1.0
    return replace(stage, threshold=threshold, network=network)


def choose_threshold(margins: Floats, is_same: NDArray[np.bool_], agreement: float) -> float | None:
    """Return the threshold above which rows keep their decision often enough; None if no row can be answered.

    Args:
        margins: (rows,).
        is_same: (rows,), whether the decision of the first stage is that of the whole model.
        agreement: the share of all rows that must keep their decision.
    """
    allowed = allowed_changes(len(margins), agreement)
    if allowed is None:
        return None
    changed = np.sort(margins[~is_same])[::-1]
    if len(changed) <= allowed:
        return -1.0
    threshold = float(changed[allowed])
    threshold += CLEARANCE * (1.0 + threshold)
    return threshold if (is_same & (margins > threshold)).any() else None


def answerable_share(margins: Floats, is_same: NDArray[np.bool_], agreement: float) -> float:
    """Return the share of rows above the lowest threshold that keeps an agreement on them; for comparisons only."""
    changed = np.sort(margins[~is_same])[::-1]
    allowed = int((1.0 - agreement) * len(margins))
    return 1.0 if len(changed) <= allowed else float((margins > changed[allowed]).mean())


def allowed_changes(num_rows: int, agreement: float) -> int | None:
    """Return how many of so many rows may change so that, with CONFIDENCE, more than `agreement` stay; None for none.

    This is the largest number whose Clopper-Pearson bound, one-sided, is at most 1 - agreement.
    """
    rate, found, total = 1.0 - agreement, None, 0.0
    for number in range(num_rows):
        total += math.exp(_log_binomial(number, num_rows, rate))
        if total > 1.0 - CONFIDENCE:
            return found
        found = number
    return found


def least_rows(agreement: float) -> int:
    """Return how many rows are needed to show such an agreement if none of them changes."""
    return math.ceil(math.log(1.0 - CONFIDENCE) / math.log(agreement))


def is_above(changed: int, num_rows: int, rate: float) -> bool:
    """Whether `changed` of `num_rows` are more than a rate allows, by a one-sided binomial test."""
    if rate >= 1.0:
        return False
    below = sum(math.exp(_log_binomial(number, num_rows, rate)) for number in range(changed))
    return 1.0 - below < 1.0 - CONFIDENCE


def _log_binomial(number: int, num_rows: int, rate: float) -> float:
    ways = math.lgamma(num_rows + 1) - math.lgamma(number + 1) - math.lgamma(num_rows - number + 1)
    return ways + number * math.log(rate) + (num_rows - number) * math.log1p(-rate)


def _one_scale(temperature: float) -> FirstStage:
    return FirstStage((1.0 / temperature,), (0.0,), 0.0)


def _calibrated(logits: Floats, wanted: Floats, kind: OutputKind) -> FirstStage:
    """Return a first stage with exactly one label per text whose temperature suits these texts."""

    def loss(log_temperature: float) -> float:
        found = probabilities_from_logits(logits, kind, temperature=math.exp(log_temperature))
        return -float((wanted * np.log(np.maximum(found, 1e-300))).sum())

    low, high = math.log(MIN_TEMPERATURE), math.log(MAX_TEMPERATURE)
    for _ in range(60):  # thirds: the loss is convex in 1 / temperature, so it has one valley
        first, second = low + (high - low) / 3.0, high - (high - low) / 3.0
        low, high = (low, second) if loss(first) < loss(second) else (first, high)
    return _one_scale(math.exp((low + high) / 2.0))


def _fit_labels(logits: Floats, wanted: Floats, kind: OutputKind) -> FirstStage:
    """Return a slope and an offset for each label: logistic regression of the probabilities by Newton's method."""
    slopes, offsets = [], []
    for of_label, targets in zip(logits.T, wanted.T, strict=True):
        inputs = np.stack([of_label, np.ones_like(of_label)], axis=1)
        weights = start = np.array([1.0, 0.0])
        for _ in range(NEWTON_STEPS):
            found = probabilities_from_logits(inputs @ weights, kind)
            gradient = inputs.T @ (found - targets) + PRIOR_ROWS * (weights - start)
            curvature = (inputs * (found * (1.0 - found))[:, None]).T @ inputs + PRIOR_ROWS * np.eye(2)
            step = np.linalg.solve(curvature, gradient)
            weights = weights - step / max(1.0, float(np.abs(step).max()))
        slopes.append(float(weights[0]))
        offsets.append(float(weights[1]))
    return FirstStage(tuple(slopes), tuple(offsets), 0.0)
