"""Everything that is fixed before the first update: rows, words, n-grams, schedule; said on stderr as it is found."""

from dataclasses import dataclass, replace

import torch

from lstmcli.config.settings import Config
from lstmcli.data.label_cells import label_kind
from lstmcli.errors import ConfigError
from lstmcli.metrics.scores import DEFAULT_SCORE, SCORES_BY_KIND
from lstmcli.recipes.corpus import Corpus, label_targets, load_corpus
from lstmcli.recipes.decision import DecisionMaker
from lstmcli.recipes.ngrams import FittedNgrams, fit_ngrams
from lstmcli.recipes.prepare import PreparedCorpus, build_classifier, prepare_corpus
from lstmcli.recipes.resume import fingerprint
from lstmcli.recipes.schedule import Schedule, schedule_for
from lstmcli.reports.console import Reporter
from lstmcli.reports.course import (
    report_labels,
    report_ngrams,
    report_rows,
    report_schedule,
    report_vectors,
    report_words,
)
from lstmcli.text.vocabulary import UNKNOWN_ID
from lstmcli.training.classification import Classification
from lstmcli.training.loop import Trainer
from lstmcli.training.loss import make_loss
from lstmcli.training.setup import prepare_torch


@dataclass(frozen=True)
class Plan:
    """What all networks of a run share.

    Attributes:
        metric: names the best epoch.
        fingerprint: of the rows, see `resume.fingerprint`.
    """

    config: Config
    corpus: Corpus
    prepared: PreparedCorpus
    ngrams: FittedNgrams | None
    decisions: DecisionMaker
    schedule: Schedule
    metric: str
    device: torch.device
    fingerprint: str

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


def make_plan(config: Config, reporter: Reporter, corpus: Corpus | None = None) -> Plan:
    """Fix what follows from the rows: those of `corpus`, or those of the files in `config`.

    Raises:
        LstmcliError: anything that the user can fix.
    """
    metric = _metric(config)
    device = prepare_torch(config.training)
    if corpus is None:
        corpus = load_corpus(config.data, seed=config.training.seed)
    report_rows(corpus.files, corpus.parts, corpus.overlaps, reporter)
    report_labels(corpus.labels, reporter)
    prepared = prepare_corpus(corpus, config)
    _report_words(prepared, config, reporter)
    ngrams = fit_ngrams(corpus, config, kind=corpus.labels.kind) if config.ngrams.enabled else None
    if ngrams is not None:
        report_ngrams(config.ngrams, len(ngrams.table.rows), ngrams.strength, ngrams.num_left_out, reporter)
    decisions = DecisionMaker(
        corpus.labels,
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
    return Plan(config, corpus, prepared, ngrams, decisions, schedule, metric, device, rows)


def _metric(config: Config) -> str:
    kind = label_kind(config.data)
    metric = DEFAULT_SCORE[kind] if config.training.metric == "auto" else config.training.metric
    if metric not in SCORES_BY_KIND[kind]:
        raise ConfigError(
            f"training.metric={metric} does not suit these labels; choose one of {', '.join(SCORES_BY_KIND[kind])}."
        )
    return metric


def _report_words(prepared: PreparedCorpus, config: Config, reporter: Reporter) -> None:
    plan, counts = prepared.plan, prepared.counts
    report_words(plan.num_trained, int(counts.sum()), float(counts[UNKNOWN_ID] / counts.sum()), reporter)
    path = config.model.pretrained or config.embedding.vectors
    if plan.pretrained is not None and path is not None:
        num_further = len(plan.vocabulary) - plan.num_trained
        num_known = int(plan.pretrained.known.sum())
        report_vectors(path, plan.pretrained.coverage, num_known, num_further, reporter)
