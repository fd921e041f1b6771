"""`lstmcli train`: from a config to a run directory with a model, scores and reports."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch

from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.label_map import with_map
from lstmcli.corpus.targets import label_targets
from lstmcli.data.atomic import replaced_folder
from lstmcli.errors import InterruptedRunError
from lstmcli.events import EnsembleScored, Note, PartsScored, Tell, ignore
from lstmcli.inference.predictor import Predictor
from lstmcli.inspection.gradients import FileGradients
from lstmcli.recipes.continuing.before import earlier_overlaps, facts_on, with_notes
from lstmcli.recipes.continuing.plan import check_learnable
from lstmcli.recipes.fit import FittedNetwork
from lstmcli.recipes.gradients.texts import gradients_of_training
from lstmcli.recipes.levels.training import check_decision, with_groups
from lstmcli.recipes.linear.report import ScoredFeatures
from lstmcli.recipes.linear.sample import LinearRows
from lstmcli.recipes.prepare import Prepared, TokenizedCorpus, read_corpus, tokenize_corpus
from lstmcli.recipes.pretraining import pretrain_within
from lstmcli.recipes.reporting.content import content_of_training
from lstmcli.recipes.reporting.facts import about_model, facts_of_training
from lstmcli.recipes.score import ScoredRows
from lstmcli.recipes.scores.score import ScoredNumbers
from lstmcli.recipes.several.checks import check_device
from lstmcli.recipes.several.fit import fit_together
from lstmcli.recipes.tasks.reporting import AnyEvaluation, AnyScored, scorer_of
from lstmcli.recipes.tasks.task import Tuned
from lstmcli.reports.files import write_reports
from lstmcli.reports.metrics_file import GOES_ON_FROM
from lstmcli.reports.model_card import ModelCard, to_model_card
from lstmcli.reports.scores.files import write_score_reports
from lstmcli.reports.scores.model_card import to_score_card
from lstmcli.stopping import NEVER, Stop
from lstmcli.store.model import SavedModel, write_card, write_model
from lstmcli.store.provenance import Provenance, provenance
from lstmcli.store.run import OpenRun
from lstmcli.store.seen_texts import write_seen_texts
from lstmcli.training.continued import Continued
from lstmcli.training.initial_weights import InitialWeights, start_from_run
from lstmcli.training.processes import ALONE, Processes
from lstmcli.training.setup import training_environment
from lstmcli.training.starts import continued_start, given_start, told_start


def train(
    config: Config,
    run: OpenRun,
    *,
    corpus: Corpus | None = None,
    tell: Tell = ignore,
    stop: Stop = NEVER,
    processes: Processes = ALONE,
) -> list[AnyEvaluation]:
    """Train as configured, write everything into `run`, and return the evaluations (validation, then test).

    Args:
        config: all settings.
        run: where to write, and whether to resume.
        corpus: the rows, unless they come from the files in `config`.
        tell: is called with each event.
        stop: is checked after each step and between stages.
        processes: that train together. All must call this, those after the first one with a `FollowedRun`; they return
            no evaluations.

    Raises:
        LstmcliError: a mistake that the user can fix; an existing run is left unchanged.
        InterruptedRunError: `stop` was set; progress is saved.
    """
    run.check(config, needs_labels=corpus is None, needs_rows=corpus is None)
    with run:
        return _train(config, run, corpus, tell, stop, processes)


def _train(
    config: Config, run: OpenRun, corpus: Corpus | None, tell: Tell, stop: Stop, processes: Processes
) -> list[AnyEvaluation]:
    with training_environment(config.training) as device:
        with processes.together():
            check_device(processes, device)
            start = continued_start(config) or given_start(config)
            continued = None if start is None else start.continued
            source = provenance(config, [] if corpus is not None else _files(config))
            corpus = corpus or read_corpus(config, tell, None if continued is None else continued.past)
            check_decision(config, corpus)
            check_learnable(continued, corpus, config.data)
            run.start(config)
            tokens = tokenize_corpus(corpus, config, tell)
            start = start or told_start(config, tokens.train, tell, kind=corpus.labels.kind)
        start = _pretrained(start, config, run, corpus, tokens, device, tell, stop, processes)
        _end_if(stop)
        prepared, networks = fit_together(config, run, corpus, tokens, start, device, tell, stop, processes)
        if not processes.is_first:
            return []
        _end_if(stop)
        model, facts = _tune(prepared, networks, tell)
        _write_seen(run, corpus, continued)
        with replaced_folder(run.directory.model) as folder:
            write_model(folder, model)
        if config.evaluation.baselines:
            facts |= _fit_baselines(prepared, run, tokens, tell)
        predictor = Predictor.open(run.directory.path)
        scored = with_groups(config, _score(prepared, run, predictor, model, networks), model, tell)
        gradients = _gradients(corpus, model, config.training.seed)
    facts = facts_of_training(prepared, run, networks) | facts
    if prepared.continuation is not None:
        facts[GOES_ON_FROM] = facts_on(prepared.continuation, scored)
    of_labels = [each for each in scored if isinstance(each, ScoredRows)]
    if not of_labels:
        return _report_scores(prepared, run, model, scored, facts, source)
    evaluations = [each.evaluation for each in of_labels]
    write_card(run.directory.model, to_model_card(ModelCard(evaluations=evaluations, **about_model(prepared, model))))
    about = f"Run {run.directory.path}", config, corpus, predictor, of_labels, facts, run.history, gradients, source
    write_reports(run.directory, content_of_training(*about))
    return [*evaluations]


def _fit_baselines(prepared: Prepared, run: OpenRun, tokens: TokenizedCorpus, tell: Tell) -> dict[str, Any]:
    """Fit the baselines, and return a fact if TF-IDF does not take all rows."""
    rows = LinearRows.of(tokens.train, seed=prepared.config.training.seed)
    prepared.task.fit_baselines(run.directory.baselines, rows, tokens.validation)
    if not rows.num_left_out:
        return {}
    num_used, num_rows = len(rows.texts), len(tokens.train)
    used = f"a random {num_used:,} of {num_rows:,} training rows"
    tell(Note(f"to save memory, the TF-IDF baseline is fitted on {used}"))
    return {"baseline_rows": num_used}


def _write_seen(run: OpenRun, corpus: Corpus, continued: Continued | None) -> None:
    write_seen_texts(
        run.directory.seen_texts,
        training=corpus.train.table["text_key"].to_numpy(),
        validation=corpus.validation.table["text_key"].to_numpy(),
        earlier=None if continued is None else continued.past.seen,
    )


def _report_scores(
    prepared: Prepared,
    run: OpenRun,
    model: SavedModel,
    scored: Sequence[AnyScored],
    facts: dict[str, Any],
    source: Provenance,
) -> list[AnyEvaluation]:
    """Write card and reports of a model of scores, and return its evaluations."""
    numbers = [each.evaluation for each in scored if isinstance(each, ScoredNumbers)]
    write_card(run.directory.model, to_score_card(ModelCard(evaluations=numbers, **about_model(prepared, model))))
    write_score_reports(run.directory, numbers, facts, source)
    return [*numbers]


def _files(config: Config) -> list[str | None]:
    return [config.data.train, config.data.validation, config.data.test]


def _end_if(stop: Stop) -> None:
    if stop.is_set():
        raise InterruptedRunError("stopped; all completed work is saved.")


def _pretrained(
    start: InitialWeights,
    config: Config,
    run: OpenRun,
    corpus: Corpus,
    tokens: TokenizedCorpus,
    device: torch.device,
    tell: Tell,
    stop: Stop,
    processes: Processes,
) -> InitialWeights:
    """Return the initial weights after pretraining on the training texts, if that is configured."""
    if not config.pretraining.own_texts or start.language_model is not None or start.continued is not None:
        return start
    texts = corpus.train.texts, tokens.train
    path = pretrain_within(run, config, *texts, start, device, tell=tell, stop=stop, processes=processes)
    if path is None:
        return start
    return processes.of_first(lambda: start_from_run(path, config)).with_further_words(start)


def _tune(prepared: Prepared, networks: Sequence[FittedNetwork], tell: Tell) -> tuple[SavedModel, dict[str, Any]]:
    """Fit what is fitted on validation rows; return the model and facts about its parts."""
    logits = np.mean([network.validation_logits for network in networks], axis=0)
    task, headline = prepared.task, prepared.task.headline
    tuned = task.tuned(logits)
    facts = dict(tuned.facts)
    value = task.scores(logits)[headline]
    if len(networks) > 1:
        singles = tuple(task.scores(network.validation_logits)[headline] for network in networks)
        tell(EnsembleScored(headline, singles, value))
        facts |= {"networks": len(networks), "each_network": [round(single, 4) for single in singles]}
    if prepared.ngrams is not None:
        parts = logits, prepared.ngrams.validation_logits
        network, ngrams = (task.scores_without_ngrams(part)[headline] for part in parts)
        tell(PartsScored(headline, network, ngrams, value, tuned.ngram_share))
        found = {"network_alone": network, "ngrams_alone": ngrams, "together": value}
        facts |= {name: round(score, 4) for name, score in found.items()}
    if prepared.ngrams is not None and prepared.without_features:
        scored = ScoredFeatures.of(task, prepared.ngrams, prepared.without_features)
        tell(Note(scored.sentence()))
        facts |= scored.facts()
    for event in tuned.events:
        tell(event)
    if prepared.language_model is not None:
        for name, value in asdict(prepared.language_model.learned).items():
            facts[f"pretraining_{name}"] = round(value, 4) if isinstance(value, float) else value
    return _model(prepared, tuned, networks), facts


def _model(prepared: Prepared, tuned: Tuned, networks: Sequence[FittedNetwork]) -> SavedModel:
    """Return everything that prediction needs, and nothing else."""
    return SavedModel(
        network=prepared.settings.network,
        tokenizer=prepared.config.tokenizer,
        vocabulary=prepared.embedding.vocabulary,
        labels=prepared.corpus.labels,
        columns=with_map(prepared.config.data, is_strict=False),
        members=tuple(network.weights for network in networks),
        ngrams=None if prepared.ngrams is None else prepared.ngrams.table,
        features=prepared.features,
        **tuned.of_model,
    )


def _first_alone(prepared: Prepared, model: SavedModel, networks: Sequence[FittedNetwork]) -> Predictor | None:
    """Return the first network as a model of its own, or None if the run has only one network."""
    if len(networks) == 1:
        return None
    tuned = prepared.task.tuned(networks[0].validation_logits)
    return Predictor(replace(model, members=model.members[:1], **tuned.of_model))


def _score(
    prepared: Prepared, run: OpenRun, predictor: Predictor, model: SavedModel, networks: Sequence[FittedNetwork]
) -> list[AnyScored]:
    """Score the model as written to disk, with the engine that `predict` uses."""
    single = _first_alone(prepared, model, networks)
    settings, corpus, score = prepared.config.evaluation, prepared.corpus, scorer_of(predictor.model)
    splits = [corpus.validation] if corpus.test is None else [corpus.validation, corpus.test]
    continuation, overlaps = prepared.continuation, corpus.overlaps
    if continuation is not None:
        overlaps += earlier_overlaps(continuation.continued, corpus)
    scored = [
        score(
            split,
            predictor,
            run.directory.baselines,
            settings,
            is_tuned_on=split is corpus.validation,
            single=single,
            overlaps=overlaps,
            before=None if continuation is None else continuation.predictor,
        )
        for split in splits
    ]
    return scored if continuation is None else [with_notes(each, continuation.continued) for each in scored]


def _gradients(corpus: Corpus, model: SavedModel, seed: int) -> FileGradients | None:
    """Return the gradients through time of the first network, on validation texts; None for scores."""
    if model.scores is not None:
        return None
    rows = corpus.validation
    return gradients_of_training(model, rows.texts, label_targets(rows, model.labels), name=rows.name, seed=seed)
