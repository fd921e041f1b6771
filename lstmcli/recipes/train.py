"""`lstmcli train`: from a config to a run directory with a model, figures and reports."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lstmcli.config.defaults import network_settings
from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.atomic import replaced_folder
from lstmcli.inference.predictor import Predictor
from lstmcli.kernels.weights import Weights
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.tuning import Decision
from lstmcli.ngrams.table import NgramTable
from lstmcli.recipes.fit import FittedNetwork, fit_network
from lstmcli.recipes.interrupts import resumable
from lstmcli.recipes.prepare import Plan, best_epoch_metric, make_plan, read_corpus
from lstmcli.recipes.pretrain import pretrain_within
from lstmcli.recipes.run_setup import check_run, open_run
from lstmcli.recipes.score import evaluate_examples, fit_baselines
from lstmcli.reports.console import Reporter
from lstmcli.reports.course import report_ensemble, report_parts
from lstmcli.reports.files import write_reports
from lstmcli.store.model import SavedModel, write_model
from lstmcli.store.run import RunDirectory
from lstmcli.text.vocabulary import Vocabulary
from lstmcli.training.initial_weights import start_from_run, starting_point
from lstmcli.training.setup import prepare_torch


def train(
    config: Config,
    run: RunDirectory,
    reporter: Reporter,
    *,
    resume: bool,
    overwrite: bool,
    corpus: Corpus | None = None,
    resume_command: str | None = None,
) -> list[Evaluation]:
    """Train as `config` says, write everything into `run`, and return the evaluations (validation, then test).

    The rows are those of `corpus`, or those of the files in `config`. `resume_command` is what a user would go on with,
    if not this command.

    Raises:
        LstmcliError: anything that the user can fix; a run that is there already is not touched then.
        InterruptedTrainingError: on Ctrl-C or SIGTERM, with the state saved.
    """
    started_at = time.process_time()
    check_run(config, run, resume=resume, overwrite=overwrite)
    best_epoch_metric(config)  # what is wrong with the config is found before anything is written
    prepare_torch(config.training)
    start = starting_point(config)
    corpus = corpus or read_corpus(config, reporter)
    history = open_run(config, run, resume=resume, overwrite=overwrite)
    resume_command = resume_command or f"lstmcli train --resume --run-dir {run.path}"
    with resumable(resume_command):
        if config.pretraining.own_texts and config.model.pretrained is None:
            texts = corpus.train.texts
            path = pretrain_within(run, config, texts, reporter, resume=resume, resume_command=resume_command)
            start = start if path is None else start_from_run(path, config).with_further_words(start)
        plan = make_plan(config, corpus, start, reporter)
        networks = [
            fit_network(plan, run, history, reporter, member=member, resume=resume, resume_command=resume_command)
            for member in range(1, config.training.ensemble + 1)
        ]
        evaluations, facts = _finish(plan, run, networks, reporter)
    facts = {
        "best_epoch": networks[0].best_epoch,
        "epochs": sum(line["network"] == 1 for line in history),
        "train_rows": len(plan.corpus.train.table),
        "parameters": sum(network.num_parameters for network in networks),
        **facts,
        "cpu_seconds": round(time.process_time() - started_at, 1),
    }
    write_reports(run, evaluations, facts, history)
    return evaluations


def _finish(
    plan: Plan, run: RunDirectory, networks: list[FittedNetwork], reporter: Reporter
) -> tuple[list[Evaluation], dict[str, Any]]:
    """Write the model and its baselines and score them."""
    model, facts = _write_model(plan, run, networks, reporter)
    if plan.prepared.language_model is not None:
        facts["pretraining_perplexity"] = round(plan.prepared.language_model.perplexity, 2)
    if plan.config.evaluation.baselines:
        fit_baselines(run, plan.corpus, plan.config, plan.decisions)
    return _evaluate(plan, run, _first_alone(plan, model, networks)), facts


def _write_model(
    plan: Plan, run: RunDirectory, networks: list[FittedNetwork], reporter: Reporter
) -> tuple[SavedModel, dict[str, Any]]:
    """Fix shares, temperature and thresholds, write the model, and say what its parts are worth."""
    logits = np.mean([network.validation_logits for network in networks], axis=0)
    decision = plan.decisions.decision(logits)
    model = export_model(
        run,
        plan.config,
        plan.prepared.plan.vocabulary,
        plan.corpus.labels,
        decision,
        [network.weights for network in networks],
        None if plan.ngrams is None else plan.ngrams.table,
    )
    facts: dict[str, Any] = {
        "temperature": round(decision.mixture.temperature, 4),
        "ngram_share": round(decision.mixture.share, 4),
    }
    value = plan.decisions.scores(logits)[plan.headline]
    if len(networks) > 1:
        singles = [plan.decisions.scores(network.validation_logits)[plan.headline] for network in networks]
        report_ensemble(plan.headline, singles, value, reporter)
        facts |= {"networks": len(networks), "each_network": [round(single, 4) for single in singles]}
    if plan.ngrams is not None:
        alone = plan.decisions.without_ngrams()
        network, ngrams = (alone.scores(part)[plan.headline] for part in (logits, plan.ngrams.validation_logits))
        report_parts(plan.headline, network, ngrams, value, decision.mixture.share, reporter)
    return model, facts


def _first_alone(plan: Plan, model: SavedModel, networks: list[FittedNetwork]) -> Predictor | None:
    """Return what a run without an ensemble would have been, or None if it was one."""
    if len(networks) == 1:
        return None
    decision = plan.decisions.decision(networks[0].validation_logits)
    mixture = decision.mixture
    single = replace(
        model, members=model.members[:1], rule=decision.rule, temperature=mixture.temperature, ngram_share=mixture.share
    )
    return Predictor(single)


def _evaluate(plan: Plan, run: RunDirectory, single: Predictor | None) -> list[Evaluation]:
    """Score the model as it was written, with the engine that users will run."""
    predictor = Predictor.open(run.path)
    settings, corpus = plan.config.evaluation, plan.corpus
    splits = [corpus.validation] if corpus.test is None else [corpus.validation, corpus.test]
    return [
        evaluate_examples(
            split,
            predictor,
            run.baselines,
            settings,
            is_tuned_on=split is corpus.validation,
            single=single,
            overlaps=corpus.overlaps,
        )
        for split in splits
    ]


def export_model(
    run: RunDirectory,
    config: Config,
    vocabulary: Vocabulary,
    labels: LabelSet,
    decision: Decision,
    members: Sequence[Weights],
    ngrams: NgramTable | None,
) -> SavedModel:
    """Write `model/`, all that prediction needs and nothing of training, and return it."""
    model = SavedModel(
        network=network_settings(config.model),
        tokenizer=config.tokenizer,
        vocabulary=vocabulary,
        labels=labels,
        rule=decision.rule,
        temperature=decision.mixture.temperature,
        columns=config.data,
        members=tuple(members),
        ngrams=ngrams,
        ngram_share=decision.mixture.share,
    )
    with replaced_folder(run.model) as folder:
        write_model(folder, model)
    return model
