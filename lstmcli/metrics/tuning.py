"""Settings tuned on validation rows: the weight of the n-grams, the temperature and the thresholds."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind, OutputKind
from lstmcli.config.settings import DecisionSettings
from lstmcli.metrics.calibration import Mixture, fit_mixture, fit_temperature
from lstmcli.metrics.decisions import DecisionRule, probabilities_from_logits, untuned_rule
from lstmcli.metrics.ordinal import qwk_cuts
from lstmcli.metrics.people import pooled
from lstmcli.metrics.scores import headline_scores
from lstmcli.metrics.threshold_choice import FOR_GROUPS, allows_closest, choose_rule

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Decision:
    """How logits become labels, and notes on thresholds that could not be chosen as wanted.

    `group_rule` decides about groups of texts, if `decision.level` asks for that.
    """

    mixture: Mixture
    rule: DecisionRule
    notes: tuple[str, ...] = ()
    group_rule: DecisionRule | None = None


class DecisionMaker:
    """Tunes decisions on validation rows, never on test rows."""

    def __init__(
        self,
        kind: LabelKind,
        train_targets: NDArray[np.bool_],
        validation_targets: NDArray[np.bool_],
        settings: DecisionSettings,
        ngram_logits: Floats | None = None,
        *,
        names: Sequence[str] | None = None,
        groups: NDArray[np.int64] | None = None,
        is_ordered: bool = False,
    ) -> None:
        """Keep the arguments.

        Args:
            kind: of the labels.
            train_targets: (rows, labels).
            validation_targets: (rows, labels).
            settings: how thresholds are chosen.
            ngram_logits: (validation rows, labels), of the n-gram model, if there is one.
            names: of the labels; by default, numbers.
            groups: (validation rows,), from 0, if `settings` ask for decisions about groups; all rows of one have the
                same targets.
            is_ordered: whether the labels are; all logits are then (rows, labels - 1).
        """
        self._kind = kind
        self._outputs: OutputKind = "ordered" if is_ordered else kind
        self._measure = settings.measure
        self._ngram_logits = ngram_logits
        self._targets = validation_targets
        self._groups = groups if settings.level == "group" else None
        self._setting = settings.thresholds
        self._names = names or tuple(map(str, range(validation_targets.shape[1])))
        self._is_labelled = bool(train_targets.any(axis=1).all())

    @property
    def untuned_rule(self) -> DecisionRule:
        """The rule before any tuning."""
        at_least_one = self._kind == "multi" and self._is_labelled and allows_closest(self._setting, self._names)
        return untuned_rule(self._kind, self._targets.shape[1], at_least_one=at_least_one)

    def rule(self, probabilities: NDArray[np.float64]) -> DecisionRule:
        """Return the rule for these probabilities of the validation rows, (rows, labels)."""
        return self._rule(probabilities)[0]

    def group_rule(self, probabilities: NDArray[np.float64]) -> DecisionRule | None:
        """Return the rule for groups of validation rows with these probabilities; None if none is wanted."""
        return self._group_rule(probabilities)[0]

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

    def ngrams_alone(self) -> Decision | None:
        """Return the best decision for the n-gram model without the network, if there is an n-gram model."""
        return None if self._ngram_logits is None else self.without_ngrams().decision(self._ngram_logits)

    def _decide(self, logits: Floats) -> tuple[Decision, NDArray[np.float64]]:
        kind = self._outputs
        if self._ngram_logits is None:
            mixture = Mixture(0.0, fit_temperature(logits, self._targets, kind))
        else:
            mixture = fit_mixture(logits, self._ngram_logits, self._targets, kind)
            logits = mixture.logits(logits, self._ngram_logits)
        probabilities = probabilities_from_logits(logits, kind, temperature=mixture.temperature)
        rule, notes = self._rule(probabilities)
        group_rule, group_notes = self._group_rule(probabilities)
        return Decision(mixture, rule, (*notes, *group_notes), group_rule), probabilities

    def _rule(self, probabilities: NDArray[np.float64]) -> tuple[DecisionRule, tuple[str, ...]]:
        """Return the rule, and notes on it."""
        if self._kind == "single":
            cuts = tuple(qwk_cuts(probabilities).tolist()) if self._measure == "qwk" else ()
            return replace(self.untuned_rule, measure=self._measure, cuts=cuts), ()
        return choose_rule(
            self._setting, probabilities, self._targets, self._names, self._kind, is_labelled=self._is_labelled
        )

    def _group_rule(self, probabilities: NDArray[np.float64]) -> tuple[DecisionRule | None, tuple[str, ...]]:
        if self._groups is None:
            return None, ()
        first = np.unique(self._groups, return_index=True)[1]
        of_groups = pooled(probabilities, self._groups, self._kind), self._targets[first]
        return choose_rule(
            self._setting, *of_groups, self._names, self._kind, is_labelled=self._is_labelled, auto=FOR_GROUPS
        )
