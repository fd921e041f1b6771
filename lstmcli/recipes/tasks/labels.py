"""Learning labels: probabilities, thresholds and a temperature."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.encode import TokenizedTexts
from lstmcli.events import Event, Note, ThresholdsChosen
from lstmcli.metrics.ordinal import cumulative_targets
from lstmcli.metrics.scores import DEFAULT_SCORE
from lstmcli.metrics.tuning import DecisionMaker
from lstmcli.models.classifier import Classifier
from lstmcli.ngrams.fit import FittedNgrams
from lstmcli.recipes.linear.sample import LinearRows
from lstmcli.recipes.score import fit_baselines
from lstmcli.recipes.tasks.task import Outputs, Tuned
from lstmcli.training.initial_weights import start_output
from lstmcli.training.loss import Loss, make_loss


def fitted_targets(corpus: Corpus) -> NDArray[np.bool_ | np.float32]:
    """Return what is fitted on the training rows, (rows, outputs)."""
    targets = corpus.fitted_targets
    return cumulative_targets(targets) if corpus.labels.is_ordered else targets


class LabelTask:
    """See `Task`."""

    error = "log_loss"

    def __init__(self, config: Config, corpus: Corpus, ngrams: FittedNgrams | None) -> None:
        """Prepare to tune decisions on the validation rows of the corpus."""
        self._config, self._corpus = config, corpus
        self._decisions = DecisionMaker(
            corpus.labels.kind,
            corpus.train_targets,
            corpus.validation_targets,
            config.decision,
            None if ngrams is None else ngrams.validation_logits,
            names=corpus.labels.names,
            groups=corpus.validation.groups,
            is_ordered=corpus.labels.is_ordered,
        )
        self.headline = DEFAULT_SCORE[corpus.labels.kind]
        self.metric = config.training.metric

    @property
    def train_targets(self) -> NDArray[np.bool_ | np.float32]:
        """See `Task`."""
        return fitted_targets(self._corpus)

    @property
    def validation_targets(self) -> NDArray[np.bool_]:
        """See `Task`."""
        return self._corpus.validation_targets

    def loss(self, targets: NDArray[np.bool_ | np.float32]) -> Loss:
        """See `Task`."""
        corpus, class_weights = self._corpus, self._config.training.class_weights
        return make_loss(targets, corpus.labels.output_kind, class_weights, corpus.train.row_weights)

    def start_output(self, network: Classifier) -> None:
        """See `Task`."""
        start_output(network, self.train_targets, self._corpus.labels.output_kind, self._corpus.train.row_weights)

    def scores(self, outputs: Outputs) -> dict[str, float]:
        """See `Task`."""
        return self._decisions.scores(outputs)

    def scores_without_ngrams(self, outputs: Outputs) -> dict[str, float]:
        """See `Task`."""
        return self._decisions.without_ngrams().scores(outputs)

    def tuned(self, outputs: Outputs) -> Tuned:
        """See `Task`."""
        decision = self._decisions.decision(outputs)
        temperature, share, rule = decision.mixture.temperature, decision.mixture.share, decision.rule
        events: list[Event] = []
        for each, of in ((rule, ""), (decision.group_rule, self._config.data.group or "")):
            if each is not None and each.origins:
                names, thresholds = self._corpus.labels.names, tuple(each.thresholds.tolist())
                events.append(ThresholdsChosen(names, thresholds, tuple(each.origins), of))
        events += map(Note, decision.notes)
        facts: dict[str, Any] = {"temperature": round(temperature, 4), "ngram_share": round(share, 4)}
        of_model = {"rule": rule, "temperature": temperature, "ngram_share": share, "group_rule": decision.group_rule}
        return Tuned(share, facts, events, of_model)

    def fit_baselines(self, place: Path, train: LinearRows, validation: TokenizedTexts) -> None:
        """See `Task`."""
        fit_baselines(place, self._corpus, train, validation, self._decisions)
