"""Pretraining by next-word prediction, on texts of its own or on those of a training."""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lstmcli.config.defaults import (
    WANTED_LANGUAGE_TOKENS,
    WANTED_OWN_TOKENS,
    CorpusSizes,
    Resolved,
    resolve_pretraining,
)
from lstmcli.config.settings import Config, OutputSettings
from lstmcli.corpus.encode import EncodedTexts, TokenizedTexts
from lstmcli.corpus.progress import told_texts
from lstmcli.corpus.texts import Texts
from lstmcli.corpus.token_segments import TokenSegments
from lstmcli.data.atomic import replaced_folder
from lstmcli.events import Note, PretrainingFinished, PretrainingStarted, Tell, TrainingPlanned, ignore
from lstmcli.models.language import language_layers
from lstmcli.recipes.fit import CheckpointedTraining, network_event
from lstmcli.recipes.pretraining.texts import (
    NothingToLearnError,
    encode_split,
    fingerprint,
    read_unlabelled,
    split_texts,
)
from lstmcli.recipes.several.checks import check_device, check_same_texts
from lstmcli.reports.metrics_file import metrics_heading
from lstmcli.stopping import NEVER, Stop
from lstmcli.store.compact import TABLE
from lstmcli.store.language_model import LearnedNextWord, SavedLanguageModel, write_language_model
from lstmcli.store.layout import METRICS_FILE
from lstmcli.store.provenance import provenance_of_texts
from lstmcli.store.run import OpenRun
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.initial_weights import InitialWeights, build_language_model
from lstmcli.training.language import NextWord, frequency_perplexity
from lstmcli.training.loop import Trainer
from lstmcli.training.processes import ALONE, Processes
from lstmcli.training.setup import training_environment
from lstmcli.training.starts import given_start, told_start
from lstmcli.training.word_vectors import EmbeddingRows, embedding_rows

METRIC = "perplexity"

# Maximum tokens per epoch when pretraining on a training's own texts: more take minutes and add little.
MAX_OWN_TOKENS = 2_000_000


@dataclass(frozen=True)
class _Prepared:
    """Texts to train on, texts to measure perplexity on, and the initial weights."""

    train: EncodedTexts
    validation: TokenIds
    embedding: EmbeddingRows
    language_model: SavedLanguageModel | None
    settings: Resolved
    fingerprint: str


@dataclass(frozen=True)
class _Limits:
    """How many tokens to train on: about `wanted` in total, and at most `most` per epoch."""

    wanted: int
    most: int | None


def learn_next_word(config: Config, run: OpenRun, *, tell: Tell, stop: Stop, processes: Processes = ALONE) -> None:
    """Learn to predict the next word, in each direction of `config.model`; see `pretrain`."""
    run.check(config, needs_labels=False)
    with run, training_environment(config.training) as device:
        with processes.together():
            check_device(processes, device)
            texts = read_unlabelled(config, tell)
            tokens = TokenSegments(told_texts(texts, tell), config.tokenizer)
            start = given_start(config) or told_start(config, tokens, tell)
        limits = _Limits(WANTED_LANGUAGE_TOKENS, None)
        _pretrain(config, run, texts, tokens, start, device, limits, tell, stop, processes)


def pretrain_within(
    outer: OpenRun,
    config: Config,
    texts: Texts,
    tokens: TokenizedTexts,
    start: InitialWeights,
    device: torch.device,
    *,
    tell: Tell = ignore,
    stop: Stop = NEVER,
    processes: Processes = ALONE,
) -> Path | None:
    """Pretrain on the `texts` of a training, in a run of its own within `outer`, and return its path.

    A finished pretraining is not repeated. If the texts are too few to learn from, the result is None.

    Raises:
        InterruptedRunError: `stop` was set; the state is saved.
    """
    place = outer.directory.pretraining
    if processes.of_first(lambda: outer.resume and place.is_finished):
        return place.path
    tell(PretrainingStarted(len(texts)))
    config = replace(config, output=OutputSettings(run_dir=str(place.path)))
    run = outer.within(place)
    run.check(config, needs_labels=False, needs_rows=False)
    limits = _Limits(WANTED_OWN_TOKENS, MAX_OWN_TOKENS)
    try:
        with run:
            _pretrain(config, run, texts, tokens, start, device, limits, tell, stop, processes)
    except NothingToLearnError as error:
        tell(Note(f"{error} The network starts from random weights."))
        return None
    return place.path


def _pretrain(
    config: Config,
    run: OpenRun,
    texts: Texts,
    tokens: TokenizedTexts | TokenSegments,
    start: InitialWeights,
    device: torch.device,
    limits: _Limits,
    tell: Tell,
    stop: Stop,
    processes: Processes,
) -> None:
    with processes.together():
        prepared = _prepare(config, texts, tokens, start, limits, tell)
        trainer = _trainer(prepared, config, device, tell, processes)
        run.start(config)
    check_same_texts(processes, prepared.train.token_ids)
    model = CheckpointedTraining(
        trainer,
        run,
        fingerprint=prepared.fingerprint,
        checkpoint_minutes=config.training.checkpoint_minutes,
        shown=(METRIC,),
        tell=tell,
        stop=stop,
        processes=processes,
    ).run()
    if not processes.is_first:
        return
    perplexity = -float(trainer.progress.best_value or 0.0)
    with replaced_folder(run.directory.language_model) as folder:
        write_language_model(folder, _saved(config, prepared, model, perplexity))
    unigram_perplexity = frequency_perplexity(prepared.train.counts, prepared.validation)
    _write_facts(run, config, prepared, trainer, (perplexity, unigram_perplexity))
    tell(PretrainingFinished(perplexity, unigram_perplexity))


def _prepare(
    config: Config,
    texts: Texts,
    tokens: TokenizedTexts | TokenSegments,
    start: InitialWeights,
    limits: _Limits,
    tell: Tell,
) -> _Prepared:
    split = split_texts(len(texts), config, measure=METRIC, tell=tell)
    source = start.source
    known = frozenset(() if source is None else source.words)
    encoded = encode_split(tokens, split, config, config.tokenizer, known=known, in_pieces=True, tell=tell)
    learned, held_out = encoded.train, encoded.held_out
    if max(held_out.lengths) < 2:
        raise NothingToLearnError("no held-out text has two or more words, so there is no next word to predict.")
    if limits.most is not None and learned.token_ids.num_tokens > limits.most:
        learned = replace(learned, token_ids=_some(learned.token_ids, limits.most, seed=config.training.seed))
        tell(Note(f"only {len(learned.token_ids):,} of these texts are used, about {limits.most:,} tokens"))
    settings = resolve_pretraining(
        config,
        CorpusSizes(
            num_texts=len(learned.token_ids),
            num_tokens=learned.token_ids.num_tokens,
            num_labels=1,
            vector_size=None if source is None else source.size,
        ),
        wanted_tokens=limits.wanted,
    )
    embedding = embedding_rows(learned.vocabulary, learned.counts, settings.vector_size, source)
    for note in embedding.notes(source):
        tell(Note(note))
    digest = fingerprint(texts, learned.vocabulary)
    return _Prepared(learned, held_out, embedding, start.language_model, settings, digest)


def _some(token_ids: TokenIds, max_tokens: int, *, seed: int) -> TokenIds:
    """Return a random sample of texts, with up to `max_tokens` tokens in total but at least one text."""
    order = np.random.default_rng(seed).permutation(len(token_ids))
    num_chosen = max(1, int(np.searchsorted(token_ids.lengths[order].cumsum(), max_tokens, side="right")))
    flat, lengths = token_ids.joined(np.sort(order[:num_chosen]))
    return TokenIds(flat, np.concatenate([[0], lengths.cumsum()]))


def _trainer(prepared: _Prepared, config: Config, device: torch.device, tell: Tell, processes: Processes) -> Trainer:
    learned, pretraining, schedule = prepared.train, config.pretraining, prepared.settings.schedule
    torch.manual_seed(config.training.seed)
    model = build_language_model(
        prepared.embedding, learned.counts, prepared.settings.network, config, prepared.language_model
    )
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    tell(network_event(model.settings, num_parameters, is_classifier=False))
    if model.settings.layers < config.model.layers:
        tell(Note("only the first layer is pretrained: higher layers would already see the word to predict"))
    objective = NextWord(
        learned.token_ids,
        prepared.validation,
        learned.counts,
        num_candidates=pretraining.candidates,
        word_dropout=0.5 * pretraining.dropout,
        device=device,
    )
    num_updates = math.ceil(len(learned.token_ids) / schedule.batch_size)
    tell(TrainingPlanned(schedule.num_epochs, num_updates, schedule.batch_size, pretraining.learning_rate))
    return Trainer(
        model,
        objective,
        metric=METRIC,
        settings=config.training,
        learning_rate=pretraining.learning_rate,
        batch_size=schedule.batch_size,
        num_epochs=schedule.num_epochs,
        device=device,
        processes=processes,
    )


def _saved(config: Config, prepared: _Prepared, model: nn.Module, perplexity: float) -> SavedLanguageModel:
    """Return the network, with what it started from and has not learned anew: pooling, and words of other texts."""
    weights = {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}
    vocabulary, start = prepared.train.vocabulary, prepared.language_model
    if start is not None and prepared.embedding.pretrained is not None:
        vocabulary = prepared.embedding.vocabulary
        further = prepared.embedding.pretrained.vectors[prepared.embedding.num_trained :]
        weights[TABLE] = np.concatenate([weights[TABLE], further])
        weights |= {name: value for name, value in start.weights.items() if name.startswith("pooling.")}
    return SavedLanguageModel(
        network=replace(prepared.settings.network, layers=language_layers(config.model)),
        tokenizer=config.tokenizer,
        vocabulary=vocabulary,
        learned=LearnedNextWord(perplexity),
        weights=weights,
    )


def _write_facts(
    run: OpenRun, config: Config, prepared: _Prepared, trainer: Trainer, perplexities: tuple[float, float]
) -> None:
    """Write metrics.json, which marks the run as finished."""
    perplexity, unigram_perplexity = perplexities
    facts = {
        **metrics_heading(provenance_of_texts(config)),
        "perplexity": round(perplexity, 2),
        "frequency_perplexity": round(unigram_perplexity, 2),
        "best_epoch": trainer.progress.best_epoch,
        "epochs": trainer.progress.epoch - 1,
        "texts": len(prepared.train.token_ids),
        "tokens": prepared.train.token_ids.num_tokens,
        "words": len(prepared.train.vocabulary),
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
    }
    run.directory.write_text(METRICS_FILE, json.dumps(facts, indent=2) + "\n")
