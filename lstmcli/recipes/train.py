"""`lstmcli train`: from a config to a run directory with a model, figures and reports."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from lstmcli.checkpoint import RunDirectory
from lstmcli.config.loading import dump_config
from lstmcli.config.settings import Config
from lstmcli.data.label_cells import label_kind
from lstmcli.errors import ConfigError
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.scores import DEFAULT_SCORE, SCORES_BY_KIND
from lstmcli.recipes.corpus import Corpus, load_corpus
from lstmcli.recipes.decision import Decision, DecisionMaker
from lstmcli.recipes.finish import classifier_weights, export_model, fit_baselines, write_reports
from lstmcli.recipes.interrupts import InterruptedTrainingError, stop_signal
from lstmcli.recipes.ngrams import FittedNgrams, fit_ngrams
from lstmcli.recipes.prepare import PreparedCorpus, build_classifier, prepare_corpus
from lstmcli.recipes.resume import check_same_config, fingerprint, restore, save_state
from lstmcli.recipes.schedule import schedule_for
from lstmcli.recipes.yardsticks import evaluate_examples
from lstmcli.reports.console import Reporter
from lstmcli.reports.course import (
    report_labels,
    report_model,
    report_ngrams,
    report_parts,
    report_rows,
    report_schedule,
    report_vectors,
    report_words,
)
from lstmcli.text.vocabulary import UNKNOWN_ID
from lstmcli.training.loop import EpochResult, StepResult, Trainer
from lstmcli.training.loss import make_loss
from lstmcli.training.setup import prepare_torch

History = list[dict[str, Any]]


@dataclass(frozen=True)
class Plan:
    """Everything that is fixed before the first update."""

    config: Config
    corpus: Corpus
    prepared: PreparedCorpus
    ngrams: FittedNgrams | None
    decisions: DecisionMaker
    trainer: Trainer
    metric: str
    fingerprint: str


def train(config: Config, run: RunDirectory, reporter: Reporter, *, resume: bool, overwrite: bool) -> list[Evaluation]:
    """Train as `config` says, write everything into `run`, and return the evaluations (validation, then test).

    Raises:
        LstmcliError: anything that the user can fix; a run that is there already is not touched then.
        InterruptedTrainingError: on Ctrl-C or SIGTERM, with the state saved.
    """
    started_at = time.process_time()
    if resume:
        check_same_config(config, run)
    else:
        run.check_free(overwrite=overwrite)
    plan = _plan(config, reporter)
    if resume:
        history = restore(plan.trainer, run, plan.fingerprint)
        progress = plan.trainer.progress
        reporter.line("resume", f"{run.path}: from epoch {progress.epoch}, after {progress.batch:,} batches of it")
    else:
        history = []
        run.claim(overwrite=overwrite)
        run.write_config(dump_config(config))
    _fit(plan, run, history, reporter)
    decision = _keep_best(plan, run, history, reporter)
    if config.evaluation.baselines:
        fit_baselines(run, plan.corpus, config, plan.decisions)
    evaluations = _evaluate(plan.corpus, run, config)
    best_epoch = plan.trainer.progress.best_epoch
    facts = {
        "best_epoch": best_epoch,
        "epochs": len(history),
        "train_rows": len(plan.corpus.train.table),
        "parameters": _num_parameters(plan.trainer),
        "temperature": round(decision.mixture.temperature, 4),
        "ngram_share": round(decision.mixture.share, 4),
        "cpu_seconds": round(time.process_time() - started_at, 1),
    }
    write_reports(run, evaluations, facts, history)
    return evaluations


def _plan(config: Config, reporter: Reporter) -> Plan:
    metric = _metric(config)
    device = prepare_torch(config.training)
    corpus = load_corpus(config.data, seed=config.training.seed)
    report_rows(corpus.files, corpus.parts, corpus.overlaps, reporter)
    report_labels(corpus.labels, reporter)
    prepared = prepare_corpus(corpus, config)
    _report_words(prepared, config, reporter)
    tokens = prepared.train.token_ids
    schedule = schedule_for(len(tokens), len(tokens.flat), config.training)
    ngrams = fit_ngrams(corpus, config, kind=corpus.labels.kind) if config.ngrams.enabled else None
    if ngrams is not None:
        report_ngrams(config.ngrams, len(ngrams.table.rows), ngrams.strength, ngrams.num_left_out, reporter)
    decisions = DecisionMaker(
        corpus.labels,
        prepared.train.targets,
        prepared.validation.targets,
        config.decision,
        None if ngrams is None else ngrams.validation_logits,
    )
    trainer = Trainer(
        build_classifier(prepared.plan, len(corpus.labels.names), config),
        prepared.train,
        prepared.validation,
        loss=make_loss(prepared.train.targets, corpus.labels.kind, config.training.class_weights),
        score=decisions.scores,
        metric=metric,
        settings=config.training,
        word_dropout=config.dropout.words,
        batch_size=schedule.batch_size,
        num_epochs=schedule.num_epochs,
        peak_rate=schedule.learning_rate,
        device=device,
    )
    report_model(config.model, _num_parameters(trainer), reporter)
    report_schedule(schedule.batch_size, schedule.num_epochs, len(tokens), schedule.learning_rate, reporter)
    return Plan(config, corpus, prepared, ngrams, decisions, trainer, metric, fingerprint(corpus, prepared.plan))


def _metric(config: Config) -> str:
    kind = label_kind(config.data)
    metric = DEFAULT_SCORE[kind] if config.training.metric == "auto" else config.training.metric
    if metric not in SCORES_BY_KIND[kind]:
        raise ConfigError(
            f"training.metric={metric} does not suit these labels; choose one of {', '.join(SCORES_BY_KIND[kind])}."
        )
    return metric


def _fit(plan: Plan, run: RunDirectory, history: History, reporter: Reporter) -> None:
    """Run the epochs; save after each, every few minutes, and when asked to stop. `history` grows by one an epoch."""
    trainer = plan.trainer
    saved_at = time.monotonic()
    with stop_signal() as stop, reporter.training():
        for event in trainer.run():
            if isinstance(event, StepResult):
                reporter.step(event, num_epochs=trainer.num_epochs)
            else:
                _finish_epoch(event, trainer, run, history)
                reporter.epoch(event, num_epochs=trainer.num_epochs, metric=plan.metric)
            is_due = time.monotonic() - saved_at >= 60.0 * plan.config.training.checkpoint_minutes
            if isinstance(event, EpochResult) or is_due or stop.is_set:
                save_state(trainer, run, plan.fingerprint)
                saved_at = time.monotonic()
            if stop.is_set and not trainer.progress.is_finished:
                raise InterruptedTrainingError(
                    f"stopped in epoch {trainer.progress.epoch} of {trainer.num_epochs}; the state is saved. "
                    f"Go on with: lstmcli train --resume --run-dir {run.path}"
                )


def _finish_epoch(result: EpochResult, trainer: Trainer, run: RunDirectory, history: History) -> None:
    history.append(asdict(result))
    if result.is_best:
        run.save_best(trainer.average.state_dict())
    run.write_history(history)


def _keep_best(plan: Plan, run: RunDirectory, history: History, reporter: Reporter) -> Decision:
    """Go back to the best epoch, fix temperature and thresholds for it, and write the model."""
    trainer = plan.trainer
    best = history[trainer.progress.best_epoch - 1]
    value = best["validation"][plan.metric]
    reporter.best(best["epoch"], num_epochs=trainer.num_epochs, metric=plan.metric, value=value)
    trainer.average.load_state_dict(run.load_best())
    logits = trainer.logits(plan.prepared.validation.token_ids)
    decision = plan.decisions.decision(logits)
    if plan.ngrams is not None:
        alone = plan.decisions.without_ngrams()
        network, ngrams = (alone.scores(part)[plan.metric] for part in (logits, plan.ngrams.validation_logits))
        report_parts(plan.metric, network, ngrams, value, decision.mixture.share, reporter)
    vocabulary, weights = plan.prepared.plan.vocabulary, classifier_weights(trainer.average)
    table = None if plan.ngrams is None else plan.ngrams.table
    export_model(run, plan.config, vocabulary, plan.corpus.labels, decision, weights, table)
    return decision


def _evaluate(corpus: Corpus, run: RunDirectory, config: Config) -> list[Evaluation]:
    """Score the model as it was written, with the engine that users will run."""
    predictor = Predictor.open(run.path)
    settings = config.evaluation
    evaluations = [evaluate_examples(corpus.validation, predictor, run.baselines, settings, is_tuned_on=True)]
    if corpus.test is not None:
        evaluations.append(evaluate_examples(corpus.test, predictor, run.baselines, settings))
    return evaluations


def _report_words(prepared: PreparedCorpus, config: Config, reporter: Reporter) -> None:
    plan, counts = prepared.plan, prepared.counts
    report_words(plan.num_trained, int(counts.sum()), float(counts[UNKNOWN_ID] / counts.sum()), reporter)
    if plan.pretrained is not None and config.embedding.vectors is not None:
        num_further = len(plan.vocabulary) - plan.num_trained
        num_known = int(plan.pretrained.known.sum())
        report_vectors(config.embedding.vectors, plan.pretrained.coverage, num_known, num_further, reporter)


def _num_parameters(trainer: Trainer) -> int:
    return sum(parameter.numel() for parameter in trainer.model.parameters())
