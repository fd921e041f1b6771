"""From rows to all that is fixed before the first update: token ids, targets, initial weights, n-grams, schedule."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from lstmcli.config.defaults import Schedule, schedule_for
from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus, load_corpus
from lstmcli.corpus.encode import learn_texts
from lstmcli.corpus.label_cells import label_kind
from lstmcli.corpus.labels import label_notes
from lstmcli.corpus.spool import IdSpool
from lstmcli.corpus.targets import label_targets, training_targets
from lstmcli.errors import ConfigError
from lstmcli.metrics.scores import DEFAULT_SCORE, SCORES_BY_KIND
from lstmcli.metrics.tuning import DecisionMaker
from lstmcli.ngrams.fit import FittedNgrams, fit_ngrams
from lstmcli.reports.console import Reporter
from lstmcli.reports.course import (
    report_labels,
    report_ngrams,
    report_rows,
    report_schedule,
    report_vectors,
    report_words,
)
from lstmcli.store.language_model import SavedLanguageModel
from lstmcli.text.encoder import TextEncoder
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import UNKNOWN_ID
from lstmcli.training.classification import Classification, LabelledTokens
from lstmcli.training.initial_weights import EmbeddingPlan, Start, build_classifier, plan_embedding
from lstmcli.training.loop import Trainer
from lstmcli.training.loss import make_loss
from lstmcli.training.setup import prepare_torch


@dataclass(frozen=True)
class PreparedCorpus:
    """Both splits as token ids and targets, with the plan of the embedding.

    `counts` (training words,) says how often the training texts use each; `language_model` is what the network starts
    from, if it does not start at random.
    """

    train: LabelledTokens
    validation: LabelledTokens
    plan: EmbeddingPlan
    counts: NDArray[np.int64]
    language_model: SavedLanguageModel | None


def prepare_corpus(corpus: Corpus, config: Config, start: Start) -> PreparedCorpus:
    """Tokenise, learn the vocabulary from the training rows alone, and encode both splits with it."""
    source = start.source
    known = frozenset(() if source is None else source.words)
    learned = learn_texts(corpus.train.texts, config.tokenizer, config.vocabulary, known=known)
    plan = plan_embedding(learned.vocabulary, learned.counts, config.embedding, source)
    encode = TextEncoder.for_vocabulary(Tokenizer(config.tokenizer), plan.vocabulary)
    with IdSpool(map(encode, corpus.validation.texts)) as spool:
        validation_ids = TokenIds(spool.flat(), spool.offsets)
    return PreparedCorpus(
        LabelledTokens(learned.token_ids, training_targets(corpus.train, corpus.labels, config.data.soft_labels)),
        LabelledTokens(validation_ids, label_targets(corpus.validation, corpus.labels)),
        plan,
        learned.counts,
        start.language_model,
    )


@dataclass(frozen=True)
class Plan:
    """What all networks of a run share.

    Attributes:
        metric: names the best epoch.
        headline: the score that parts of the model are compared in.
        fingerprint: of the rows, see `resume.fingerprint`.
    """

    config: Config
    corpus: Corpus
    prepared: PreparedCorpus
    ngrams: FittedNgrams | None
    decisions: DecisionMaker
    schedule: Schedule
    metric: str
    headline: str
    device: torch.device
    fingerprint: str

    @property
    def shown(self) -> list[str]:
        """Names of the validation scores that an epoch's line shows."""
        return list(dict.fromkeys([self.headline, self.metric, "log_loss"]))

    def trainer(self, member: int) -> Trainer:
        """Return the trainer of network number `member`, from 1; each has a seed of its own."""
        settings = replace(self.config.training, seed=self.config.training.seed + member - 1)
        torch.manual_seed(settings.seed)
        return Trainer(
            build_classifier(
                self.prepared.plan, len(self.corpus.labels.names), self.config, self.prepared.language_model
            ),
            self.objective,
            metric=self.metric,
            settings=settings,
            batch_size=self.schedule.batch_size,
            num_epochs=self.schedule.num_epochs,
            device=self.device,
            table_rate=self.config.embedding.pretrained_rate if self.prepared.plan.pretrained is not None else 1.0,
        )

    @property
    def objective(self) -> Classification:
        """What each of the networks is trained for."""
        prepared, training = self.prepared, self.config.training
        return Classification(
            prepared.train,
            prepared.validation,
            loss=make_loss(prepared.train.targets, self.corpus.labels.kind, training.class_weights),
            score=self.decisions.scores,
            word_dropout=self.config.dropout.words,
            adversarial=training.adversarial,
            device=self.device,
        )


def read_corpus(config: Config, reporter: Reporter) -> Corpus:
    """Read the rows that `config` names and say what they are.

    Raises:
        DataError: see `load_corpus`.
    """
    corpus = load_corpus(config.data, seed=config.training.seed)
    report_rows(corpus.files, corpus.parts, corpus.overlaps, reporter)
    if config.pretraining.texts:
        reporter.line("note", "pretraining.texts is not read here, only by `lstmcli pretrain`")
    return corpus


def make_plan(config: Config, corpus: Corpus, start: Start, reporter: Reporter) -> Plan:
    """Fix what follows from the rows and from what the network starts from.

    Raises:
        ConfigError: see `prepare_torch`.
    """
    metric = best_epoch_metric(config)
    device = prepare_torch(config.training)
    report_labels(corpus.labels, label_notes(corpus.labels, corpus.validation), reporter)
    prepared = prepare_corpus(corpus, config, start)
    _report_words(prepared, start, config.model, reporter)
    ngrams = fit_ngrams(corpus, config, kind=corpus.labels.kind) if config.ngrams.enabled else None
    if ngrams is not None:
        report_ngrams(config.ngrams, len(ngrams.table.rows), ngrams.strength, ngrams.num_left_out, reporter)
    decisions = DecisionMaker(
        corpus.labels.kind,
        label_targets(corpus.train, corpus.labels),
        label_targets(corpus.validation, corpus.labels),
        config.decision,
        None if ngrams is None else ngrams.validation_logits,
    )
    tokens = prepared.train.token_ids
    schedule = schedule_for(len(tokens), len(tokens.flat), config.training)
    report_schedule(
        schedule.batch_size,
        schedule.num_epochs,
        len(tokens),
        config.training.learning_rate,
        config.training.adversarial,
        reporter,
    )
    rows = fingerprint(corpus, prepared.plan)
    headline = DEFAULT_SCORE[corpus.labels.kind]
    return Plan(config, corpus, prepared, ngrams, decisions, schedule, metric, headline, device, rows)


def best_epoch_metric(config: Config) -> str:
    """Return the score that names the best epoch.

    Raises:
        ConfigError: `training.metric` does not suit the kind of labels.
    """
    kind = label_kind(config.data)
    metric = config.training.metric
    if metric not in SCORES_BY_KIND[kind]:
        raise ConfigError(
            f"training.metric={metric} does not suit these labels; choose one of {', '.join(SCORES_BY_KIND[kind])}."
        )
    return metric


def _report_words(prepared: PreparedCorpus, start: Start, settings: ModelSettings, reporter: Reporter) -> None:
    plan, counts = prepared.plan, prepared.counts
    report_words(plan.num_trained, int(counts.sum()), float(counts[UNKNOWN_ID] / counts.sum()), reporter)
    num_layers = start.language_model.network.layers if start.language_model is not None else 0
    if 0 < num_layers < settings.layers:
        reporter.line("note", f"layers above layer {num_layers} start at random")
    if plan.pretrained is not None and start.source is not None:
        num_further = len(plan.vocabulary) - plan.num_trained
        num_known = int(plan.pretrained.known.sum())
        report_vectors(start.source.name, plan.pretrained.coverage, num_known, num_further, reporter)


def fingerprint(corpus: Corpus, plan: EmbeddingPlan) -> str:
    """Return a hash of all that training and its decisions rest on: rows, vocabulary and word vectors."""
    digest = hashlib.sha256()
    for split in (corpus.train, corpus.validation):
        digest.update(split.digest().encode())
    digest.update(plan.vocabulary.file_content().encode())
    if plan.pretrained is not None:
        digest.update(plan.pretrained.vectors.tobytes())
    return digest.hexdigest()
