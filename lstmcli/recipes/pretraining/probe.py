"""What a frozen network knows about the labels of a corpus, compared with its teacher."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus, load_corpus
from lstmcli.corpus.encode import encode, tokenize
from lstmcli.events import ProbeScored, Tell
from lstmcli.metrics.probe import majority_scores, probe_scores
from lstmcli.metrics.scores import DEFAULT_SCORE
from lstmcli.models.classifier import Classifier
from lstmcli.recipes.pretraining.encoding import encode_once
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun
from lstmcli.text.encoder import GrowingVocabulary
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import Vocabulary
from lstmcli.training.frozen import pooled_vectors
from lstmcli.training.teacher import SentenceEncoder

STUDENT, TEACHER, MAJORITY = "student", "teacher", "majority class"


def probe_corpus(config: Config, tell: Tell) -> Corpus | None:
    """Read the labelled rows for a probe, or return None if the config does not name both files.

    Raises:
        DataError: see `load_corpus`.
    """
    if config.data.train is None or config.data.validation is None:
        return None
    corpus = load_corpus(replace(config.data, test=None), seed=config.training.seed)
    for file in corpus.files:
        tell(file)
    return corpus


@dataclass(frozen=True)
class Probe:
    """Labelled rows, and the teacher whose vectors of them are kept in a run."""

    corpus: Corpus
    encoder: SentenceEncoder
    run: OpenRun
    tell: Tell
    stop: Stop

    def scores(self, model: Classifier, vocabulary: Vocabulary, config: Config) -> dict[str, dict[str, float]]:
        """Fit a logistic regression on the training rows, and return its scores on the validation rows.

        The vectors are those of the student, then those of the teacher; the majority class is for comparison.

        Raises:
            InterruptedRunError: see `encode_once`.
        """
        corpus = self.corpus
        targets, kind = (corpus.train_targets, corpus.validation_targets), corpus.labels.kind
        splits = {"training-rows": corpus.train.texts, "validation-rows": corpus.validation.texts}
        student = [pooled_vectors(model, _token_ids(texts, vocabulary, config)) for texts in splits.values()]
        teacher = [self._encoded(texts, name) for name, texts in splits.items()]
        found = {
            name: probe_scores(train, targets[0], validation, targets[1], kind)
            for name, (train, validation) in ((STUDENT, student), (TEACHER, teacher))
        }
        found[MAJORITY] = majority_scores(*targets, kind)
        score = DEFAULT_SCORE[kind]
        self.tell(ProbeScored(score, {name: values[score] for name, values in found.items()}))
        return found

    def _encoded(self, texts: Sequence[str], kind: str) -> NDArray[np.float32]:
        folder = self.run.directory.teacher
        vectors = encode_once(self.encoder, folder, texts, kind=kind, tell=self.tell, stop=self.stop)
        return vectors[np.arange(len(texts))]


def _token_ids(texts: Sequence[str], vocabulary: Vocabulary, config: Config) -> TokenIds:
    return encode(tokenize(texts, config.tokenizer, GrowingVocabulary()), config.tokenizer, vocabulary)
