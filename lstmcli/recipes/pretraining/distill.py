"""Pretraining by distillation: the network, pooling included, learns the sentence vectors of a teacher."""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lstmcli.config.defaults import (
    DEFAULT_VECTOR_SIZE,
    TAUGHT_DROPOUT,
    CorpusSizes,
    Resolved,
    distillation_schedule,
    resolve,
)
from lstmcli.config.settings import Config
from lstmcli.corpus.encode import tokenize
from lstmcli.corpus.texts import Texts
from lstmcli.data.atomic import replaced_folder
from lstmcli.events import DistillationFinished, Note, TeacherOpened, Tell, TrainingPlanned
from lstmcli.models.classifier import Classifier, classifier_weights
from lstmcli.recipes.fit import CheckpointedTraining, network_event
from lstmcli.recipes.pretraining.encoding import encode_once
from lstmcli.recipes.pretraining.probe import Probe, probe_corpus
from lstmcli.recipes.pretraining.texts import (
    EncodedSplit,
    Split,
    encode_split,
    fingerprint,
    read_unlabelled,
    split_texts,
)
from lstmcli.reports.metrics_file import metrics_heading
from lstmcli.stopping import Stop
from lstmcli.store.language_model import LearnedSentenceVectors, SavedLanguageModel, write_language_model
from lstmcli.store.layout import METRICS_FILE
from lstmcli.store.provenance import provenance_of_texts
from lstmcli.store.run import OpenRun
from lstmcli.store.teacher_vectors import StoredVectors
from lstmcli.text.encoder import GrowingVocabulary
from lstmcli.text.vocabulary import Vocabulary
from lstmcli.training.distillation import Distillation, TaughtTexts
from lstmcli.training.initial_weights import build_classifier
from lstmcli.training.loop import Trainer
from lstmcli.training.setup import training_environment
from lstmcli.training.teacher import SentenceEncoder
from lstmcli.training.word_vectors import (
    EmbeddingRows,
    VectorSource,
    check_width,
    embedding_rows,
    vectors_from_file,
    vectors_from_teacher,
)

METRIC = "cosine"


def distill(config: Config, run: OpenRun, *, tell: Tell, stop: Stop) -> None:
    """Learn the vectors of `pretraining.teacher`; see `pretrain`."""
    run.check(config, needs_labels=False)
    with run, training_environment(config.training) as device:
        encoder = SentenceEncoder(Path(config.pretraining.teacher or ""), threads=config.training.threads)
        tell(TeacherOpened(encoder.name, encoder.size, encoder.max_tokens))
        lesson = _Lesson(config, run, encoder, device, tell, stop)
        lesson.learn()


@dataclass(frozen=True)
class _Prepared:
    """Encoded texts, the initial word vectors, and the schedule."""

    texts: Texts
    split: Split
    encoded: EncodedSplit
    embedding: EmbeddingRows
    settings: Resolved


@dataclass(frozen=True)
class _Lesson:
    """What all steps of a distillation share."""

    config: Config
    run: OpenRun
    encoder: SentenceEncoder
    device: torch.device
    tell: Tell
    stop: Stop

    def learn(self) -> None:
        """Learn, starting from the texts, and write everything."""
        config, run = self.config, self.run
        corpus = probe_corpus(config, self.tell)
        source = None
        if config.embedding.vectors is not None:
            source = vectors_from_file(config.embedding, lowercase=config.tokenizer.lowercase)
            check_width(config.embedding, source)
        texts = read_unlabelled(config, self.tell)
        split, encoded = self._encoded(texts, source)
        run.start(config)
        vectors = self._taught(texts, kind="texts")
        prepared = self._prepare(texts, split, encoded, source)
        trainer = self._trainer(prepared, vectors)
        model = self._fitted(trainer, prepared)
        cosine = min(1.0, float(trainer.progress.best_value or 0.0))  # rounding may lead beyond 1
        with replaced_folder(run.directory.language_model) as folder:
            write_language_model(folder, self._saved(prepared, model, cosine))
        self.tell(DistillationFinished(cosine))
        facts = self._facts(prepared, trainer, cosine)
        if corpus is not None:
            probe = Probe(corpus, self.encoder, run, self.tell, self.stop)
            scores = probe.scores(model, prepared.embedding.vocabulary, config)
            facts["probe"] = {
                name: {key: round(value, 4) for key, value in each.items()} for name, each in scores.items()
            }
        facts = {**metrics_heading(provenance_of_texts(config)), **facts}
        run.directory.write_text(METRICS_FILE, json.dumps(facts, indent=2) + "\n")

    def _encoded(self, texts: Texts, source: VectorSource | None) -> tuple[Split, EncodedSplit]:
        """Split the texts and encode what the teacher reads of each."""
        config = self.config
        split = split_texts(len(texts), config, measure="cosine similarity", tell=self.tell)
        tokens = tokenize(texts, config.tokenizer, GrowingVocabulary())
        max_tokens = min(config.tokenizer.max_tokens, self.encoder.max_tokens)
        tokenizer = replace(config.tokenizer, max_tokens=max_tokens, cut="head")
        known = frozenset(() if source is None else source.words)
        return split, encode_split(tokens, split, config, tokenizer, known=known, in_pieces=False, tell=self.tell)

    def _taught(self, texts: Texts | list[str], *, kind: str) -> StoredVectors:
        folder = self.run.directory.teacher
        return encode_once(self.encoder, folder, texts, kind=kind, tell=self.tell, stop=self.stop)

    def _prepare(self, texts: Texts, split: Split, encoded: EncodedSplit, source: VectorSource | None) -> _Prepared:
        learned = encoded.train
        if source is None:
            source = self._word_vectors(learned.vocabulary)
        num_texts, num_tokens = len(learned.token_ids), learned.token_ids.num_tokens
        sizes = CorpusSizes(num_texts, num_tokens, num_labels=self.encoder.size, vector_size=source.size)
        schedule = distillation_schedule(num_texts, num_tokens, self.config.pretraining)
        settings = replace(resolve(self.config, sizes), schedule=schedule)
        embedding = embedding_rows(learned.vocabulary, learned.counts, settings.vector_size, source)
        for note in embedding.notes(source):
            self.tell(Note(note))
        return _Prepared(texts, split, encoded, embedding, settings)

    def _word_vectors(self, vocabulary: Vocabulary) -> VectorSource:
        words = vocabulary.words[2:]
        vectors = self._taught(words, kind="words")[np.arange(len(words))]
        size = self.config.embedding.size or min(DEFAULT_VECTOR_SIZE, self.encoder.size)
        return vectors_from_teacher(words, vectors, size, self.encoder.name)

    def _trainer(self, prepared: _Prepared, vectors: StoredVectors) -> Trainer:
        config, schedule, encoded = self.config, prepared.settings.schedule, prepared.encoded
        torch.manual_seed(config.training.seed)
        network = prepared.settings.network
        with_dropout = replace(config, dropout=TAUGHT_DROPOUT)
        model = build_classifier(prepared.embedding, self.encoder.size, network, with_dropout)
        self.tell(network_event(network, _num_parameters(model), is_classifier=True))
        objective = Distillation(
            TaughtTexts(encoded.train.token_ids, vectors, prepared.split.train),
            TaughtTexts(encoded.held_out, vectors, prepared.split.held_out),
            word_dropout=TAUGHT_DROPOUT.words,
            device=self.device,
        )
        num_updates = math.ceil(len(encoded.train.token_ids) / schedule.batch_size)
        rate = config.pretraining.learning_rate
        self.tell(TrainingPlanned(schedule.num_epochs, num_updates, schedule.batch_size, rate))
        return Trainer(
            model,
            objective,
            metric=METRIC,
            settings=replace(config.training, patience=schedule.num_epochs),
            learning_rate=rate,
            batch_size=schedule.batch_size,
            num_epochs=schedule.num_epochs,
            device=self.device,
            embedding_lr_scale=config.embedding.pretrained_rate,
        )

    def _fitted(self, trainer: Trainer, prepared: _Prepared) -> Classifier:
        """Train, or continue, and return the network of the best epoch."""
        model = CheckpointedTraining(
            trainer,
            self.run,
            fingerprint=fingerprint(prepared.texts, prepared.embedding.vocabulary, self.encoder.digest),
            checkpoint_minutes=self.config.training.checkpoint_minutes,
            shown=(METRIC,),
            tell=self.tell,
            stop=self.stop,
        ).run()
        if not isinstance(model, Classifier):
            raise ValueError(f"expected a Classifier, got {type(model).__name__}")
        return model

    def _saved(self, prepared: _Prepared, model: Classifier, cosine: float) -> SavedLanguageModel:
        """Return all weights but those of the output, which nothing else could use."""
        weights = classifier_weights(model)
        return SavedLanguageModel(
            network=prepared.settings.network,
            tokenizer=self.config.tokenizer,
            vocabulary=prepared.embedding.vocabulary,
            learned=LearnedSentenceVectors(cosine, self.encoder.name, self.encoder.size),
            weights={name: value for name, value in weights.items() if not name.startswith("output.")},
        )

    def _facts(self, prepared: _Prepared, trainer: Trainer, cosine: float) -> dict[str, Any]:
        token_ids = prepared.encoded.train.token_ids
        return {
            "cosine": round(cosine, 4),
            "teacher": self.encoder.name,
            "teacher_size": self.encoder.size,
            "best_epoch": trainer.progress.best_epoch,
            "epochs": trainer.progress.epoch - 1,
            "texts": len(token_ids),
            "tokens": token_ids.num_tokens,
            "words": len(prepared.embedding.vocabulary),
            "parameters": _num_parameters(trainer.model),
        }


def _num_parameters(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
