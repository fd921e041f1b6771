"""`lstmcli distill`: trains a small network to imitate a model on texts without labels.

The targets are the model's probabilities, which say more about a text than a label. Source: Hinton, Vinyals and Dean
2015, "Distilling the Knowledge in a Neural Network", arXiv 1503.02531. The small network reads the word vectors of the
model, which stay as they are, so it consists of little more than a recurrent layer.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import DropoutSettings, TrainingSettings
from lstmcli.data.reading import check_exist
from lstmcli.data.sealed import SealedFolder
from lstmcli.errors import DataError, UsageError
from lstmcli.events import (
    EpochFinished,
    StepFinished,
    Tell,
    TextsHeldOut,
    TrainingPlanned,
    ignore,
)
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.first_stage import answerable_share, decision_margins
from lstmcli.models.classifier import Classifier, Sizes, classifier_weights
from lstmcli.recipes.cascade.lesson import Lesson, learn_from
from lstmcli.recipes.cascade.texts import texts_of
from lstmcli.recipes.predict import InputOptions, input_layouts
from lstmcli.store.first_network import FirstNetwork, Imitation, check_writable, write_first_network
from lstmcli.store.lock import RunLock
from lstmcli.store.model import EMBEDDING, SavedModel, find_model, read_label_model
from lstmcli.store.run_directory import RunDirectory
from lstmcli.text.vocabulary import PAD_ID, UNKNOWN_ID
from lstmcli.training.classification import Classification
from lstmcli.training.loop import StepResult, Trainer
from lstmcli.training.loss import Loss, make_loss
from lstmcli.training.setup import training_environment

MIN_TEXTS = 100

# Held out to choose the best epoch and to measure the agreement.
HELD_OUT_SHARE = 0.1
MAX_HELD_OUT = 4096

# More labels need more units to tell them apart.
FEW_LABELS = 8
HIDDEN_SIZE, HIDDEN_SIZE_OF_MANY_LABELS = 16, 32

# About so much is read in all epochs together, whichever is less.
WANTED_TEXTS, WANTED_TOKENS = 200_000, 8_000_000
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


DEFAULT_INPUTS = InputOptions()


@dataclass(frozen=True)
class DistillOptions:
    """How to distill.

    Attributes:
        inputs: how files are read.
        most: learn from so many different texts at most, the first ones.
        hidden_size: units of the network; None: by the number of labels.
        seed: of initial weights and the order of texts.
    """

    inputs: InputOptions = DEFAULT_INPUTS
    most: int = 100_000
    hidden_size: int | None = None
    seed: int = 1


def distill(run: Path, paths: Sequence[str], options: DistillOptions, *, tell: Tell = ignore) -> FirstNetwork:
    """Train a first network for the model of `run`, store it with the model, and return it.

    Nothing is written before the end, so it may be interrupted at any time.

    Args:
        run: a run directory, or a model folder.
        paths: of files of texts, "-" for standard input; none: the training rows of the run.
        options: how to.
        tell: is told what happens.

    Raises:
        UsageError: the model predicts scores, or no file is named and the run does not name one.
        DataError: a file can't be read, or there are too few texts.
        RunDirectoryError: there is no model, it is in use, or an older release wrote it.
    """
    model = read_label_model(run, "lstmcli distill")
    check_writable(SealedFolder(find_model(run), within=run))
    paths = list(paths) or [_training_file(run)]
    check_exist(paths)
    lock = RunLock(run)
    lock.acquire()
    try:
        settings = TrainingSettings(seed=options.seed, device="cpu", patience=MAX_EPOCHS)
        with training_environment(settings):
            lesson = _lesson(model, paths, options, tell)
            found = _Student(model, lesson, settings, options.hidden_size, tell).learned()
        write_first_network(run, found)
    finally:
        lock.release()
    return found


def _training_file(run: Path) -> str:
    """Return the file that a run was trained on."""
    directory = RunDirectory(run)
    config = directory.read_config(needs_labels=False, needs_rows=False) if directory.is_run else None
    if config is None or config.data.train is None:
        raise UsageError(f"{run}: does not say which file it was trained on; name files of texts to learn from.")
    if not Path(config.data.train).is_file():
        raise UsageError(
            f"{run}: was trained on {config.data.train}, which is not there; name files of texts to learn from."
        )
    return config.data.train


def _lesson(model: SavedModel, paths: Sequence[str], options: DistillOptions, tell: Tell) -> Lesson:
    layouts = input_layouts(model, paths, options.inputs)
    column = options.inputs.text_column or model.columns.text
    found = dict.fromkeys(islice(texts_of(model, paths, layouts, column), options.most))
    if len(found) < MIN_TEXTS:
        raise DataError(
            f"{', '.join(paths)}: {len(found):,} different texts are too few to learn from; at least {MIN_TEXTS} are "
            "needed (labels are not)."
        )
    texts = [*found]
    num_held_out = min(MAX_HELD_OUT, round(HELD_OUT_SHARE * len(texts)))
    tell(TextsHeldOut(len(texts) - num_held_out, num_held_out, "agreement"))
    order = np.random.default_rng(options.seed).permutation(len(texts))
    return learn_from(Predictor(model), [texts[row] for row in order], num_held_out, tell)


@dataclass(frozen=True)
class _Student:
    """What all steps of learning share."""

    model: SavedModel
    lesson: Lesson
    settings: TrainingSettings
    hidden_size: int | None
    tell: Tell

    def learned(self) -> FirstNetwork:
        """Train a network, and weigh the n-grams beside it."""
        lesson, network = self.lesson, self._shape()
        loss = make_loss(lesson.train.targets, self.model.labels.output_kind, "none")
        classifier = self._new(network)
        objective = Classification(
            lesson.train, lesson.held_out, loss=loss, score=lambda logits: self._scores(logits, loss), device=CPU
        )
        best = self._trained(classifier, objective)
        logits = objective.logits(best).astype(np.float64)
        weight = self._ngram_weight(logits, loss)
        if lesson.held_out_ngrams is not None:
            logits = logits + weight * lesson.held_out_ngrams
        weights = {name: value for name, value in classifier_weights(best).items() if name != EMBEDDING}
        return FirstNetwork(
            network=network,
            weights=weights,
            ngram_weight=weight,
            imitation=Imitation(self._agreement(logits), len(lesson.train.token_ids), len(logits)),
        )

    def _shape(self) -> ModelSettings:
        """Return a single LSTM that reads forward, whatever the model has.

        The maximum of its states takes a tenth of the time of attention, which is as large for small networks.
        """
        is_simple = len(self.model.labels.names) <= FEW_LABELS
        size = self.hidden_size or (HIDDEN_SIZE if is_simple else HIDDEN_SIZE_OF_MANY_LABELS)
        chunk_tokens = self.model.network.chunk_tokens
        return ModelSettings(
            cell="lstm", hidden_size=size, bidirectional=False, chunk_tokens=chunk_tokens, pooling="max"
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
        classifier.embedding.set_vectors(vectors, np.ones(num_trained, dtype=bool), frozen=True)
        return classifier

    def _trained(self, classifier: Classifier, objective: Classification) -> Classifier:
        """Return the average of the weights at the best epoch."""
        token_ids = self.lesson.train.token_ids
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
        return {METRIC: self._loss(logits, loss), "agreement": self._agreement(logits)}

    def _loss(self, logits: NDArray[np.floating], loss: Loss) -> float:
        targets = torch.from_numpy(self.lesson.held_out.targets).double()
        return float(loss(torch.from_numpy(logits.astype(np.float64)), targets))

    def _agreement(self, logits: NDArray[np.floating]) -> float:
        return float(self._is_same(self._probabilities(logits)).mean())

    def _probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        return probabilities_from_logits(logits, self.model.labels.output_kind)

    def _is_same(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return for which held-out texts the decisions are those of the model, (texts,)."""
        decided = self.model.rule.decide(probabilities)
        return np.asarray((decided == self.lesson.held_out_decisions).all(axis=1))

    def _ngram_weight(self, logits: NDArray[np.float64], loss: Loss) -> float:
        """Return how much the n-grams of the model should count, by held-out texts; 0 if that is not worth it."""
        ngrams = self.lesson.held_out_ngrams
        if ngrams is None:
            return 0.0
        weights = np.linspace(0.0, 1.0, NUM_WEIGHTS)
        weight = min(weights, key=lambda each: self._loss(logits + each * ngrams, loss))
        gain = self._answerable(logits + weight * ngrams) - self._answerable(logits)
        return float(weight) if gain >= COST_OF_NGRAMS else 0.0

    def _answerable(self, logits: NDArray[np.float64]) -> float:
        """Return how many held-out texts the network could answer, as a mean over degrees of agreement."""
        probabilities = self._probabilities(logits)
        margins, is_same = decision_margins(probabilities, self.model.rule), self._is_same(probabilities)
        return fmean(answerable_share(margins, is_same, agreement) for agreement in (0.99, 0.999))
