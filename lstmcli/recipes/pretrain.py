"""`lstmcli pretrain`: from texts without labels to a language model that a training can start from."""

import hashlib
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lstmcli.config.defaults import WANTED_LANGUAGE_TOKENS, WANTED_OWN_TOKENS, language_schedule, network_settings
from lstmcli.config.settings import Config, OutputSettings
from lstmcli.corpus.encode import LearnedTexts, encode_pieces, learn_texts
from lstmcli.corpus.plain_texts import read_texts
from lstmcli.corpus.spool import IdSpool
from lstmcli.corpus.texts import Texts
from lstmcli.data.atomic import replaced_folder
from lstmcli.errors import DataError
from lstmcli.models.language import LanguageModel, LanguageSizes, language_layers
from lstmcli.recipes.fit import Course
from lstmcli.recipes.run_setup import check_run, open_run
from lstmcli.reports.console import Reporter
from lstmcli.reports.course import report_model, report_schedule, report_words
from lstmcli.store.language_model import SavedLanguageModel, write_language_model
from lstmcli.store.layout import METRICS_FILE
from lstmcli.store.run import RunDirectory
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import PAD_ID, UNKNOWN_ID
from lstmcli.training.initial_weights import EmbeddingPlan, plan_embedding, vectors_from_file
from lstmcli.training.language import NextWord, frequency_perplexity
from lstmcli.training.loop import Trainer
from lstmcli.training.setup import prepare_torch

METRIC = "perplexity"
MAX_VALIDATION_TEXTS = 2_000

MIN_KNOWN_TOKENS = 100

# Of its own texts a training reads at most so many tokens a pass: more teach little and take minutes.
MAX_OWN_TOKENS = 2_000_000


class NothingToPredictError(DataError):
    """The texts hardly have a word with a neighbour to learn from."""


@dataclass(frozen=True)
class _Prepared:
    """Texts that are learned from, texts that perplexity is measured on, and the rows of the word table."""

    train: LearnedTexts
    validation: TokenIds
    plan: EmbeddingPlan
    fingerprint: str


def pretrain(
    config: Config,
    run: RunDirectory,
    reporter: Reporter,
    *,
    resume: bool,
    overwrite: bool,
    texts: Texts | None = None,
    resume_command: str | None = None,
) -> None:
    """Learn to predict the next word, in each direction of `config.model`, and write everything into `run`.

    The texts are `texts`, or those of the files in `config`. `resume_command` is what a user would go on with, if not
    this command.

    Raises:
        LstmcliError: anything that the user can fix; a run that is there already is not touched then.
        InterruptedTrainingError: on Ctrl-C or SIGTERM, with the state saved.
    """
    started_at = time.process_time()
    check_run(config, run, resume=resume, overwrite=overwrite, needs_labels=False)
    device = prepare_torch(config.training)
    if texts is None:
        prepared = _prepare(config, _read(config, reporter), reporter, max_tokens=None)
    else:
        prepared = _prepare(config, texts, reporter, max_tokens=MAX_OWN_TOKENS)
    wanted_tokens = WANTED_LANGUAGE_TOKENS if texts is None else WANTED_OWN_TOKENS
    trainer = _trainer(prepared, config, device, reporter, wanted_tokens=wanted_tokens)
    history = open_run(config, run, resume=resume, overwrite=overwrite)
    minutes = config.training.checkpoint_minutes
    resume_command = resume_command or f"lstmcli pretrain --resume --run-dir {run.path}"
    course = Course(run, history, reporter, prepared.fingerprint, [METRIC], minutes, resume_command)
    if resume:
        course.restore(trainer)
    model = course.follow(trainer)
    perplexity = -float(trainer.progress.best_value or 0.0)
    _write_model(run, config, prepared, model, perplexity)
    _write_facts(run, prepared, trainer, perplexity, time.process_time() - started_at, reporter)


def _write_facts(
    run: RunDirectory,
    prepared: _Prepared,
    trainer: Trainer,
    perplexity: float,
    cpu_seconds: float,
    reporter: Reporter,
) -> None:
    """Write metrics.json, which marks the run as finished, and say what was learned."""
    by_frequency = frequency_perplexity(prepared.train.counts, prepared.validation)
    facts = {
        "perplexity": round(perplexity, 2),
        "frequency_perplexity": round(by_frequency, 2),
        "best_epoch": trainer.progress.best_epoch,
        "epochs": trainer.progress.epoch - 1,
        "texts": len(prepared.train.token_ids),
        "tokens": len(prepared.train.token_ids.flat),
        "words": len(prepared.train.vocabulary),
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
        "cpu_seconds": round(cpu_seconds, 1),
    }
    run.write_text(METRICS_FILE, json.dumps(facts, indent=2) + "\n")
    remark = "" if perplexity < by_frequency else ": nothing was learned"
    reporter.line(
        "result",
        f"perplexity {perplexity:,.1f} of a word on held-out texts; by its frequency alone {by_frequency:,.1f}{remark}",
    )


def pretrain_within(
    run: RunDirectory, config: Config, texts: Texts, reporter: Reporter, *, resume: bool, resume_command: str
) -> Path | None:
    """Pretrain on `texts` in a run directory of its own within `run`, unless that was done before, and return its path.

    Texts that have nothing to teach are passed over; then the result is None.

    Raises:
        InterruptedTrainingError: on Ctrl-C or SIGTERM, with the state saved.
    """
    own = run.pretraining
    if not (resume and own.is_finished):
        reporter.line("pretrain", f"next words of {len(texts):,} training texts (pretraining.own_texts)")
        config = replace(config, output=OutputSettings(run_dir=str(own.path)))
        going_on = resume and own.is_run
        try:
            pretrain(
                config, own, reporter, resume=going_on, overwrite=False, texts=texts, resume_command=resume_command
            )
        except NothingToPredictError as error:
            reporter.line("note", f"{error} The network starts at random.")
            return None
    return own.path


def _read(config: Config, reporter: Reporter) -> Texts:
    store, reports = read_texts(config.pretraining.texts or (config.data.train or "",), config.data)
    for report in reports:
        reporter.rows(report)
    return Texts(store, np.arange(len(store)))


def _prepare(config: Config, texts: Texts, reporter: Reporter, *, max_tokens: int | None) -> _Prepared:
    train, held_out = _split(texts, config)
    reporter.line("split", f"{len(train):,} texts to learn from, {len(held_out):,} to measure perplexity on")
    source = None
    if config.embedding.vectors is not None:
        source = vectors_from_file(config.embedding, lowercase=config.tokenizer.lowercase)
    known = frozenset(() if source is None else source.words)
    learned = learn_texts(train, config.tokenizer, config.vocabulary, known=known, in_pieces=True)
    plan = plan_embedding(learned.vocabulary, learned.counts, config.embedding, source)
    with IdSpool(encode_pieces(held_out, config.tokenizer, learned.vocabulary.id_of)) as spool:
        validation = TokenIds(spool.flat(), spool.offsets)
    counts = learned.counts
    num_known = int(counts[UNKNOWN_ID + 1 :].sum())
    if num_known < MIN_KNOWN_TOKENS or max(validation.lengths) < 2:
        raise NothingToPredictError(
            f"these texts have {num_known:,} words that occur often enough to learn from, {MIN_KNOWN_TOKENS:,} are the "
            "least."
            if num_known < MIN_KNOWN_TOKENS
            else "no held-out text has two words: there is no next word to predict."
        )
    report_words(len(learned.vocabulary), int(counts.sum()), float(counts[UNKNOWN_ID] / counts.sum()), reporter)
    if max_tokens is not None and len(learned.token_ids.flat) > max_tokens:
        learned = replace(learned, token_ids=_some(learned.token_ids, max_tokens, seed=config.training.seed))
        reporter.line("note", f"{len(learned.token_ids):,} of these texts are read, about {max_tokens:,} tokens")
    digest = hashlib.sha256(texts.store.digest() + texts.numbers.tobytes())
    digest.update(learned.vocabulary.file_content().encode())
    return _Prepared(learned, validation, plan, digest.hexdigest())


def _some(token_ids: TokenIds, max_tokens: int, *, seed: int) -> TokenIds:
    """Return texts drawn at random, up to `max_tokens` tokens, but at least one."""
    order = np.random.default_rng(seed).permutation(len(token_ids))
    num_chosen = max(1, int(np.searchsorted(token_ids.lengths[order].cumsum(), max_tokens, side="right")))
    flat, lengths = token_ids.joined(np.sort(order[:num_chosen]))
    return TokenIds(flat, np.concatenate([[0], lengths.cumsum()]))


def _split(texts: Texts, config: Config) -> tuple[Texts, Texts]:
    num_held_out = min(max(1, round(config.pretraining.validation_fraction * len(texts))), MAX_VALIDATION_TEXTS)
    if num_held_out >= len(texts):
        raise NothingToPredictError(
            f"{len(texts):,} texts are too few to learn from: at least one is held out to measure perplexity on."
        )
    order = texts.numbers[np.random.default_rng(config.training.seed).permutation(len(texts))]
    return Texts(texts.store, np.sort(order[num_held_out:])), Texts(texts.store, np.sort(order[:num_held_out]))


def _trainer(
    prepared: _Prepared, config: Config, device: torch.device, reporter: Reporter, *, wanted_tokens: int
) -> Trainer:
    learned, pretraining = prepared.train, config.pretraining
    model = _build(prepared, config)
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    report_model(model.settings, num_parameters, reporter, is_classifier=False)
    if model.settings.layers < config.model.layers:
        reporter.line("note", "only the first layer learns here: above it a state has seen what it would predict")
    objective = NextWord(
        learned.token_ids,
        prepared.validation,
        learned.counts,
        num_candidates=pretraining.candidates,
        word_dropout=0.5 * pretraining.dropout,
        device=device,
    )
    tokens = learned.token_ids
    schedule = language_schedule(len(tokens), len(tokens.flat), pretraining, wanted_tokens=wanted_tokens)
    rate = pretraining.learning_rate
    report_schedule(schedule.batch_size, schedule.num_epochs, len(tokens), rate, 0.0, reporter)
    return Trainer(
        model,
        objective,
        metric=METRIC,
        settings=replace(config.training, learning_rate=rate),
        batch_size=schedule.batch_size,
        num_epochs=schedule.num_epochs,
        device=device,
    )


def _build(prepared: _Prepared, config: Config) -> LanguageModel:
    plan, counts, training = prepared.plan, prepared.train.counts, config.training
    model = LanguageModel(
        LanguageSizes(plan.num_trained, plan.size, PAD_ID),
        network_settings(config.model),
        config.pretraining.dropout,
        engine=training.engine,
        bptt_steps=config.pretraining.bptt_steps,
        threads=training.threads,
    )
    model.embedding.sparse = config.embedding.updates == "rows"
    if plan.pretrained is not None:
        vectors = plan.pretrained.vectors[: plan.num_trained]
        model.embedding.set_vectors(vectors, plan.pretrained.known, frozen=config.embedding.frozen)
    model.start_from(counts)
    return model


def _write_model(run: RunDirectory, config: Config, prepared: _Prepared, model: nn.Module, perplexity: float) -> None:
    saved = SavedLanguageModel(
        network=replace(network_settings(config.model), layers=language_layers(config.model)),
        tokenizer=config.tokenizer,
        vocabulary=prepared.train.vocabulary,
        perplexity=perplexity,
        weights={name: value.detach().cpu().numpy() for name, value in model.state_dict().items()},
    )
    with replaced_folder(run.language_model) as folder:
        write_language_model(folder, saved)
