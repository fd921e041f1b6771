"""A small network that learns to imitate a model.

The targets are the model's probabilities, which say more about a text than a label. Source: Hinton, Vinyals and Dean
2015, "Distilling the Knowledge in a Neural Network", arXiv 1503.02531. The small network reads the word vectors of the
model, which stay as they are, so it consists of little more than a recurrent layer.
"""

from dataclasses import asdict, dataclass
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import DropoutSettings, TrainingSettings
from lstmcli.events import EpochFinished, StepFinished, Tell, TrainingPlanned
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.first_stage import answerable_share, decision_margins
from lstmcli.models.classifier import Classifier, Sizes, classifier_weights
from lstmcli.models.pooling import AttentionPooling
from lstmcli.recipes.cascade.lesson import Taught
from lstmcli.store.first_network import FirstNetwork, Imitation
from lstmcli.store.model import EMBEDDING, SavedModel
from lstmcli.text.vocabulary import PAD_ID, UNKNOWN_ID
from lstmcli.training.classification import Classification
from lstmcli.training.loop import StepResult, Trainer
from lstmcli.training.loss import Loss, make_loss

# More labels need more units to tell them apart.
FEW_LABELS = 8
HIDDEN_SIZE, HIDDEN_SIZE_OF_MANY_LABELS = 16, 32

# About so much is read in all epochs together, whichever is less.
WANTED_TEXTS, WANTED_TOKENS = 400_000, 16_000_000
MIN_EPOCHS, MAX_EPOCHS = 3, 40

BATCH_SIZE = 128
LEARNING_RATE = 0.01
METRIC = "log_loss"
SHOWN = METRIC, "agreement"

# Weights of the n-grams that are tried.
NUM_WEIGHTS = 21

# N-grams take about this part of the time of the whole model, so they have to answer at least this part of all texts in
# its place.
COST_OF_NGRAMS = 0.06

CPU = torch.device("cpu")

NO_DROPOUT = DropoutSettings(words=0.0, features=0.0, layers=0.0, output=0.0)


@dataclass(frozen=True)
class Student:
    """A small network that learns to imitate a model, and what all steps of this share.

    Attributes:
        model: that is imitated.
        train: texts to learn from.
        validation: texts on which the best epoch and the weight of the n-grams are chosen.
        held_out: texts on which the agreement is measured.
        settings: the seed, and the usual settings of a training.
        hidden_size: units of the network; None: by the number of labels.
        tell: is told what happens.
    """

    model: SavedModel
    train: Taught
    validation: Taught
    held_out: Taught
    settings: TrainingSettings
    hidden_size: int | None
    tell: Tell

    def learned(self) -> FirstNetwork:
        """Train a network, and weigh the n-grams beside it."""
        network, kind = self._shape(), self.model.labels.output_kind
        loss = make_loss(self.train.tokens.targets, kind, "none")
        objective = self._objective(self.validation, loss)
        best = self._trained(self._new(network), objective)
        weight = self._ngram_weight(objective.logits(best).astype(np.float64), loss)
        logits = self._objective(self.held_out, loss).logits(best).astype(np.float64)
        if self.held_out.ngrams is not None:
            logits = logits + weight * self.held_out.ngrams
        agreement = float(self._is_same(probabilities_from_logits(logits, kind), self.held_out).mean())
        return FirstNetwork(
            network=network,
            weights={name: value for name, value in classifier_weights(best).items() if name != EMBEDDING},
            ngram_weight=weight,
            imitation=Imitation(agreement, len(self.train), len(self.held_out)),
        )

    def _objective(self, validation: Taught, loss: Loss) -> Classification:
        return Classification(
            self.train.tokens,
            validation.tokens,
            loss=loss,
            score=lambda logits: self._scores(logits, loss),
            device=CPU,
        )

    def _shape(self) -> ModelSettings:
        """Return a single LSTM that reads forward, with attention, whatever the model has."""
        is_simple = len(self.model.labels.names) <= FEW_LABELS
        size = self.hidden_size or (HIDDEN_SIZE if is_simple else HIDDEN_SIZE_OF_MANY_LABELS)
        chunk_tokens = self.model.network.chunk_tokens
        return ModelSettings(
            cell="lstm", hidden_size=size, bidirectional=False, chunk_tokens=chunk_tokens, pooling="attention"
        )

    def _new(self, network: ModelSettings) -> Classifier:
        """Return a network with the word vectors of the model, none of which is trained."""
        model = self.model
        for guard in model.word_guards[:1]:
            guard(np.arange(len(model.vocabulary)))
        vectors = model.members[0][EMBEDDING].astype(np.float32)
        num_trained = max(PAD_ID, UNKNOWN_ID) + 1
        sizes = Sizes(num_trained, vectors.shape[1], model.labels.num_outputs, pad_id=PAD_ID)
        torch.manual_seed(self.settings.seed)
        classifier = Classifier(sizes, network, NO_DROPOUT)
        # As many numbers as units do as well as the usual 64, which would take as long as the recurrence.
        classifier.pooling = AttentionPooling(network.hidden_size, network.hidden_size)
        classifier.embedding.set_vectors(vectors, np.ones(num_trained, dtype=bool), frozen=True)
        return classifier

    def _trained(self, classifier: Classifier, objective: Classification) -> Classifier:
        """Return the average of the weights at the best epoch."""
        token_ids = self.train.tokens.token_ids
        wanted = min(WANTED_TEXTS / len(token_ids), WANTED_TOKENS / token_ids.num_tokens)
        num_epochs = min(MAX_EPOCHS, max(MIN_EPOCHS, round(wanted)))
        self.tell(TrainingPlanned(num_epochs, -(-len(token_ids) // BATCH_SIZE), BATCH_SIZE, LEARNING_RATE))
        trainer = Trainer(
            classifier,
            objective,
            metric=METRIC,
            settings=self.settings,
            learning_rate=LEARNING_RATE,
            batch_size=BATCH_SIZE,
            num_epochs=num_epochs,
            device=CPU,
        )
        best: dict[str, torch.Tensor] = {}
        for result in trainer.run():
            if isinstance(result, StepResult):
                self.tell(StepFinished(num_epochs=num_epochs, **asdict(result)))
            else:
                if result.is_best:
                    best = {name: value.clone() for name, value in trainer.average.state_dict().items()}
                facts = {name: value for name, value in asdict(result).items() if name != "learning_rate"}
                self.tell(EpochFinished(network=1, num_epochs=num_epochs, shown=SHOWN, **facts))
        classifier.load_state_dict(best)
        return classifier.eval()

    def _scores(self, logits: NDArray[np.float32], loss: Loss) -> dict[str, float]:
        probabilities = probabilities_from_logits(logits, self.model.labels.output_kind)
        is_same = self._is_same(probabilities, self.validation)
        return {METRIC: self._loss(logits, loss), "agreement": float(is_same.mean())}

    def _loss(self, logits: NDArray[np.floating], loss: Loss) -> float:
        targets = torch.from_numpy(self.validation.tokens.targets).double()
        return float(loss(torch.from_numpy(logits.astype(np.float64)), targets))

    def _is_same(self, probabilities: NDArray[np.float64], taught: Taught) -> NDArray[np.bool_]:
        """Return for which texts the decisions are those of the model, (texts,)."""
        return np.asarray((self.model.rule.decide(probabilities) == taught.decisions).all(axis=1))

    def _ngram_weight(self, logits: NDArray[np.float64], loss: Loss) -> float:
        """Return how much the n-grams of the model should count, by validation texts; 0 if that is not worth it."""
        ngrams = self.validation.ngrams
        if ngrams is None:
            return 0.0
        weights = np.linspace(0.0, 1.0, NUM_WEIGHTS)
        weight = min(weights, key=lambda each: self._loss(logits + each * ngrams, loss))
        gain = self._answerable(logits + weight * ngrams) - self._answerable(logits)
        return float(weight) if gain >= COST_OF_NGRAMS else 0.0

    def _answerable(self, logits: NDArray[np.float64]) -> float:
        """Return how many validation texts the network could answer, as a mean over degrees of agreement."""
        probabilities = probabilities_from_logits(logits, self.model.labels.output_kind)
        margins = decision_margins(probabilities, self.model.rule)
        is_same = self._is_same(probabilities, self.validation)
        return fmean(answerable_share(margins, is_same, agreement) for agreement in (0.99, 0.999))
