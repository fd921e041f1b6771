"""Settings tuned on validation rows: the weight of the n-grams, the temperature and the thresholds."""

from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import DecisionSettings
from lstmcli.metrics.calibration import Mixture, fit_mixture, fit_temperature
from lstmcli.metrics.decisions import DecisionRule, probabilities_from_logits, untuned_rule
from lstmcli.metrics.scores import headline_scores
from lstmcli.metrics.thresholds import f1_thresholds

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Decision:
    """How logits become labels."""

    mixture: Mixture
    rule: DecisionRule


class DecisionMaker:
    """Tunes decisions on validation rows, never on test rows."""

    def __init__(
        self,
        kind: LabelKind,
        train_targets: NDArray[np.bool_],
        validation_targets: NDArray[np.bool_],
        settings: DecisionSettings,
        ngram_logits: Floats | None = None,
    ) -> None:
        """Keep the arguments.

        Args:
            kind: of the labels.
            train_targets: (rows, labels).
            validation_targets: (rows, labels).
            settings: which thresholds to tune.
            ngram_logits: (validation rows, labels), of the n-gram model, if there is one.
        """
        self._kind = kind
        self._ngram_logits = ngram_logits
        self._targets = validation_targets
        # If every training text has a label, predicting none is always wrong.
        self._at_least_one = kind == "multi" and bool(train_targets.any(axis=1).all())
        self.tunes_f1 = kind != "single" and (
            settings.thresholds == "f1" or (settings.thresholds == "auto" and kind == "multi")
        )

    @property
    def untuned_rule(self) -> DecisionRule:
        """The rule before any tuning."""
        return untuned_rule(self._kind, self._targets.shape[1], at_least_one=self._at_least_one)

    def decision(self, logits: Floats) -> Decision:
        """Return the best mixture and rule on the validation rows for the network's `logits`, (rows, labels)."""
        return self._decide(logits)[0]

    def scores(self, logits: Floats) -> dict[str, float]:
        """Return the validation scores of the network's `logits` with the decision that is tuned on them."""
        decision, probabilities = self._decide(logits)
        return headline_scores(self._targets, decision.rule.decide(probabilities), probabilities, self._kind)

    def without_ngrams(self) -> "DecisionMaker":
        """Return a copy without the n-gram model."""
        other = copy(self)
        other._ngram_logits = None
        return other

    def _decide(self, logits: Floats) -> tuple[Decision, NDArray[np.float64]]:
        kind = self._kind
        if self._ngram_logits is None:
            mixture = Mixture(0.0, fit_temperature(logits, self._targets, kind))
        else:
            mixture = fit_mixture(logits, self._ngram_logits, self._targets, kind)
            logits = mixture.logits(logits, self._ngram_logits)
        probabilities = probabilities_from_logits(logits, kind, temperature=mixture.temperature)
        rule = self.untuned_rule
        if self.tunes_f1:
            rule = DecisionRule(kind, f1_thresholds(probabilities, self._targets), self._at_least_one)
        return Decision(mixture, rule), probabilities
