"""What of an earlier model is kept, and how, given the new rows."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lstmcli.config.defaults import EarlierRows
from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.feature_cells import BadFeatureError
from lstmcli.corpus.scores import score_targets
from lstmcli.errors import ConfigError
from lstmcli.events import Note, StartChosen, Tell
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.ordinal import cumulative_targets
from lstmcli.metrics.score_tuning import Standard
from lstmcli.models.classifier import Classifier
from lstmcli.ngrams.choice import NgramCorpus
from lstmcli.ngrams.continued import continue_ngrams, for_labels
from lstmcli.ngrams.fit import FittedNgrams
from lstmcli.ngrams.table import FeatureKinds, NgramTable
from lstmcli.training.continued import Continued
from lstmcli.training.continued_network import continue_network, output_labels, soft_targets
from lstmcli.training.word_vectors import EmbeddingRows

# From this fraction of the earlier training texts on, the new rows are taken to include the earlier ones.
REPEATED = 0.5

# What the linear model has learned of these can't be changed, only fitted anew, on all rows.
FITTED_ANEW = ("features", "lexicons", "weight")

# How much of the target of a new row is what the old model says of it, unless earlier rows are given again: the
# most with which a row's own label always stays the most probable one, so that mistakes can be corrected. Accuracy on
# CARER's validation rows after half of the training rows, then those of the other half that are joy or love, with the
# weights 0, .3, .5 and .8: .782, .823, .861, .886; then all of the other half: .934, -, .934, .933.
REMEMBERED_WEIGHT = 0.5


@dataclass(frozen=True)
class Continuation:
    """How a training goes on from a model.

    Attributes:
        continued: the model.
        corpus: the new rows.
        given_again: the fraction of its training texts that are among them.
    """

    continued: Continued
    corpus: Corpus
    given_again: float

    @classmethod
    def of(cls, continued: Continued | None, corpus: Corpus) -> "Continuation | None":
        """Return how to go on with these rows; None if there is no model to go on from."""
        if continued is None:
            return None
        return cls(continued, corpus, continued.past.given_again(corpus.train.table["text_key"].to_numpy()))

    @cached_property
    def predictor(self) -> Predictor:
        """The model, ready to predict."""
        return Predictor(self.continued.model)

    @property
    def earlier(self) -> EarlierRows:
        """Whether the new rows include the earlier ones."""
        return "given" if self.given_again >= REPEATED else "absent"

    @property
    def remembered_weight(self) -> float:
        """The weight of the old model's predictions in the targets of the network."""
        return 0.0 if self.earlier == "given" else REMEMBERED_WEIGHT

    @property
    def what(self) -> str:
        """How the training goes on, in a few words."""
        if not len(self.continued.past.trained):
            rows = "which texts it was trained on is not known"
        elif self.given_again:
            rows = f"{self.given_again:.0%} of its training texts are among the new ones"
        else:
            rows = "none of its training texts is among the new ones"
        kept = f"; {self.remembered_weight:.0%} of each target is what it says" if self.remembered_weight else ""
        new = f"; new labels: {', '.join(self.new_labels)}" if self.new_labels else ""
        return f"goes on from {self.continued.name}: {rows}{kept}{new}"

    def tell(self, tell: Tell) -> None:
        """Report how the training goes on."""
        tell(StartChosen(self.what))
        names = self.corpus.labels.names
        unseen = (
            []
            if self.corpus.labels.kind == "scores"
            else [name for name in self.new_labels if not self.corpus.validation_targets[:, names.index(name)].any()]
        )
        if unseen:
            tell(
                Note(
                    f"no validation row has the new label{'s' if len(unseen) > 1 else ''} {', '.join(unseen)}, so the "
                    "best epoch is chosen without regard to it: add such rows to data.validation, or set it to null"
                )
            )
        if self.dropped_labels:
            tell(Note(f"{self.continued.name} also predicts {', '.join(self.dropped_labels)}, which is given up here"))

    @property
    def dropped_labels(self) -> tuple[str, ...]:
        """The columns of the model that the new one does not predict."""
        return tuple(name for name in self.continued.model.labels.names if name not in self.corpus.labels.names)

    @property
    def new_labels(self) -> tuple[str, ...]:
        """The labels that the model lacks."""
        return tuple(name for name in self.corpus.labels.names if name not in self.continued.model.labels.names)

    @property
    def _standard(self) -> Standard | None:
        is_scores = self.corpus.labels.kind == "scores"
        return Standard.of(score_targets(self.corpus.train), self.corpus.train.row_weights) if is_scores else None

    def targets(self, targets: NDArray[Any]) -> NDArray[Any]:
        """Return what the model is trained on, (training rows, outputs), given the targets of the rows alone."""
        weight = self.remembered_weight
        if not weight:
            return targets
        new, old = (output_labels(labels) for labels in (self.corpus.labels, self.continued.model.labels))
        return soft_targets(targets, self._remembered, weight, new, old)

    @cached_property
    def _remembered(self) -> NDArray[Any]:
        """What the model says of the new rows, (training rows, its outputs); scores are standardised."""
        old, new = self.continued.model.labels.names, self.corpus.labels.names
        remembered = self.predictor.probabilities(list(self.corpus.train.texts))
        if (standard := self._standard) is not None:
            columns = [new.index(name) if name in new else 0 for name in old]
            remembered = (remembered - standard.means[columns]) / standard.deviations[columns]
        if self.continued.model.labels.is_ordered:
            return cumulative_targets(remembered.astype(np.float32))
        return remembered

    def start(self, network: Classifier, member: int, rows: EmbeddingRows) -> None:
        """Copy the weights of network number `member`, from 1, into a new network."""
        labels = self.corpus.labels
        continue_network(network, self.continued, member=member, rows=rows, labels=labels, standard=self._standard)
        if labels.kind == "scores":
            return
        shares = self._shares(self.corpus.fitted_targets)
        biases = np.log(shares) if labels.kind == "single" else np.log(shares / (1.0 - shares))
        with torch.no_grad():
            for name in self.new_labels:
                network.output.bias[labels.names.index(name)] = float(biases[labels.names.index(name)])

    def _shares(self, targets: NDArray[Any]) -> NDArray[np.float64]:
        """Return how frequent labels are in old and new rows together, (labels,); right for new labels alone."""
        num_others = (1.0 - self.given_again) * len(self.continued.past.trained)
        return np.asarray((targets.sum(axis=0, dtype=np.float64) + 0.5) / (len(targets) + num_others + 1.0))

    @property
    def ngram_kinds(self) -> FeatureKinds | None:
        """The features that new n-grams are fitted with, too, which saves a choice; None: to be chosen."""
        old = self.continued.model.ngrams
        return None if old is None or old.kinds is FeatureKinds.ADJACENT else old.kinds

    def ngrams(self, rows: NgramCorpus, sizes: range, *, seed: int) -> FittedNgrams | None:
        """Return the n-grams of the model with what the new rows change.

        None means that n-grams are better fitted anew: the new rows include the earlier ones, or the model has no
        n-grams of these sizes.
        """
        old = self.continued.model.ngrams
        if self.earlier == "given" or old is None or old.sizes != sizes:
            return None
        return continue_ngrams(replace(rows, targets=self.targets(rows.targets)), self._columns(old, rows), seed=seed)

    def _columns(self, old: NgramTable, rows: NgramCorpus) -> NgramTable:
        """Return the n-grams with the outputs of the new model, in its order and, of scores, in its unit."""
        names, known = (output_labels(labels).names for labels in (self.corpus.labels, self.continued.model.labels))
        places = [known.index(name) if name in known else None for name in names]
        outputs, standard = self.continued.model.scores, self._standard
        if standard is None or outputs is None:
            shares = self._shares(np.asarray(rows.targets))
            return for_labels(old, places, np.log(shares / (1.0 - shares)))
        table = for_labels(old, places, np.zeros(len(names)))
        scales, shifts = np.ones(len(names)), np.zeros(len(names))
        for at, place in enumerate(places):
            if place is not None:
                scales[at] = outputs.deviations[place] / standard.deviations[at]
                shifts[at] = (outputs.means[place] - standard.means[at]) / standard.deviations[at]
        rescaled = table.rows.astype(np.float64)
        rescaled[:, 1:] *= scales
        return table._replace(rows=rescaled.astype(np.float16), intercepts=table.intercepts * scales + shifts)


def check_learnable(continued: Continued | None, corpus: Corpus, settings: DataSettings) -> None:
    """Check that all that these settings name can be learned from the new rows; without a model, it can.

    Raises:
        ConfigError: something can only be fitted anew, on rows that are not given again; or a number is none now.
    """
    continuation = Continuation.of(continued, corpus)
    if continuation is None:
        return
    name = continuation.continued.name
    if continuation.earlier == "given":
        _check_cells(continuation, name)
        return
    found = [f"data.{key}" for key in FITTED_ANEW if getattr(settings, key)]
    if continuation.continued.model.features is not None and not found:
        found = [f"the features of {name}"]
    if found:
        raise ConfigError(
            f"{' and '.join(found)}: what a model knows of these can't be changed, only learned anew, so most rows of "
            f"{name} must be given again, with the same cells; {continuation.given_again:.0%} of its training texts "
            "are among the new ones. Put old and new rows into one file, or train from scratch, without --from."
        )


def _check_cells(continuation: Continuation, name: str) -> None:
    """Check that the earlier model, with which the new one is compared, can read the cells of the rows."""
    features, corpus = continuation.continued.model.features, continuation.corpus
    if features is None:
        return
    for split in (corpus.train, corpus.validation, corpus.test):
        try:
            features.values([] if split is None else list(split.texts))
        except BadFeatureError as error:
            raise ConfigError(
                f"data.features: {error}, as {name} needs it; train from scratch, without --from."
            ) from None
