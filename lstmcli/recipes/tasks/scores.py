"""Learning scores: standardised numbers with linear outputs."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.encode import TokenizedTexts
from lstmcli.corpus.scores import score_targets
from lstmcli.metrics.score_evaluation import MAIN_FIGURE
from lstmcli.metrics.score_outputs import NO_RULE
from lstmcli.metrics.score_tuning import SQUARED_ERROR, ScoreTuner, Standard
from lstmcli.models.classifier import Classifier
from lstmcli.ngrams.fit import FittedNgrams
from lstmcli.recipes.linear.sample import LinearRows
from lstmcli.recipes.scores.score import fit_score_baselines
from lstmcli.recipes.tasks.task import Outputs, Tuned
from lstmcli.training.loss import Loss
from lstmcli.training.score_loss import make_score_loss, start_at_mean


class ScoreTask:
    """See `Task`."""

    headline, metric, error = MAIN_FIGURE, SQUARED_ERROR, SQUARED_ERROR

    def __init__(self, config: Config, corpus: Corpus, ngrams: FittedNgrams | None) -> None:
        """Prepare to fit mixtures on the validation rows of the corpus."""
        self._config = config
        self._train, self._validation = score_targets(corpus.train), score_targets(corpus.validation)
        self._weights = corpus.train.row_weights
        self._standard = Standard.of(self._train, self._weights)
        self._tuner = ScoreTuner(self._standard, self._validation, None if ngrams is None else ngrams.validation_logits)

    @property
    def train_targets(self) -> NDArray[np.float32]:
        """See `Task`."""
        return self._standard.standardised(self._train).astype(np.float32)

    @property
    def validation_targets(self) -> NDArray[np.float32]:
        """See `Task`."""
        return self._standard.standardised(self._validation).astype(np.float32)

    def loss(self, targets: NDArray[np.float32]) -> Loss:  # noqa: ARG002 (scores have no class weights)
        """See `Task`."""
        return make_score_loss(self._config.training.score_loss, self._train, self._weights)

    def start_output(self, network: Classifier) -> None:
        """See `Task`."""
        start_at_mean(network)

    def scores(self, outputs: Outputs) -> dict[str, float]:
        """See `Task`."""
        return self._tuner.scores(outputs)

    def scores_without_ngrams(self, outputs: Outputs) -> dict[str, float]:
        """See `Task`."""
        return self._tuner.without_ngrams().scores(outputs)

    def tuned(self, outputs: Outputs) -> Tuned:
        """See `Task`."""
        found = self._tuner.tuned(outputs)
        facts: dict[str, Any] = {"ngram_share": round(found.ngram_share, 4)}
        return Tuned(found.ngram_share, facts, (), {"rule": NO_RULE, "temperature": 1.0, "scores": found})

    def fit_baselines(self, place: Path, train: LinearRows, validation: TokenizedTexts) -> None:
        """See `Task`."""
        fit_score_baselines(place, self._train, self._validation, train, validation, self._tuner, weights=self._weights)
