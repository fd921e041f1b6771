"""What is fixed on validation rows: temperature and thresholds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import DecisionSettings
from lstmcli.metrics.calibration import fit_temperature
from lstmcli.metrics.decisions import DecisionRule, probabilities_from_logits, untuned_rule
from lstmcli.metrics.scores import headline_scores
from lstmcli.metrics.thresholds import f1_thresholds
from lstmcli.text.labels import LabelSet


@dataclass(frozen=True)
class Decision:
    """How logits become labels."""

    temperature: float
    rule: DecisionRule


class DecisionMaker:
    """Tunes on the validation targets that it holds; a test row never comes near it."""

    def __init__(
        self,
        labels: LabelSet,
        train_targets: NDArray[np.bool_],
        validation_targets: NDArray[np.bool_],
        settings: DecisionSettings,
    ) -> None:
        self._labels = labels
        self._targets = validation_targets
        # Where every training text has a label, an empty answer can only be wrong.
        self._at_least_one = labels.kind == "multi" and bool(train_targets.any(axis=1).all())
        self.tunes_f1 = labels.kind != "single" and (
            settings.thresholds == "f1" or (settings.thresholds == "auto" and labels.kind == "multi")
        )

    @property
    def untuned_rule(self) -> DecisionRule:
        """The rule before any tuning."""
        return untuned_rule(self._labels.kind, len(self._labels.names), at_least_one=self._at_least_one)

    def decision(self, logits: NDArray[np.float32]) -> Decision:
        """Return temperature and rule that suit the validation rows' logits (rows, labels)."""
        kind = self._labels.kind
        temperature = fit_temperature(logits, self._targets, kind)
        rule = self.untuned_rule
        if self.tunes_f1:
            probabilities = probabilities_from_logits(logits, kind, temperature=temperature)
            rule = DecisionRule(kind, f1_thresholds(probabilities, self._targets), self._at_least_one)
        return Decision(temperature, rule)

    def scores(self, logits: NDArray[np.float32]) -> dict[str, float]:
        """Return the validation scores of `logits` under the decision that suits them."""
        decision = self.decision(logits)
        kind = self._labels.kind
        probabilities = probabilities_from_logits(logits, kind, temperature=decision.temperature)
        return headline_scores(self._targets, decision.rule.decide(probabilities), probabilities, kind)
