"""Everything that is fixed before the first update: token ids, targets, word vectors, n-grams and schedule."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from lstmcli.config.defaults import CorpusSizes, Resolved, resolve
from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus, load_corpus
from lstmcli.corpus.encode import EncodedTexts, TokenizedTexts, encode, encode_with_new_vocabulary, tokenize
from lstmcli.corpus.past import Past
from lstmcli.corpus.progress import told_texts
from lstmcli.events import (
    LabelsFound,
    Note,
    RowsSplit,
    Tell,
    TextsShared,
    TrainingPlanned,
    VectorsUsed,
    VocabularyLearned,
    ignore,
)
from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.models.gpu.fused import missing_kernels
from lstmcli.ngrams.fit import FittedNgrams
from lstmcli.ngrams.row_features import FittedFeatures
from lstmcli.recipes.continuing.plan import Continuation
from lstmcli.recipes.linear.fit import fit_linear
from lstmcli.recipes.tasks.choice import notes_on_targets, task_of
from lstmcli.recipes.tasks.task import Task
from lstmcli.store.language_model import SavedLanguageModel
from lstmcli.text.encoder import GrowingVocabulary
from lstmcli.text.vocabulary import UNKNOWN_ID
from lstmcli.training.classification import Classification, LabelledTokens
from lstmcli.training.continued import Continued
from lstmcli.training.initial_weights import InitialWeights, build_classifier, unpretrained
from lstmcli.training.loop import Trainer
from lstmcli.training.loss import with_weights
from lstmcli.training.processes import ALONE, Processes
from lstmcli.training.word_vectors import EmbeddingRows, embedding_rows


@dataclass(frozen=True)
class TokenizedCorpus:
    """The tokenised texts of both splits, with shared token numbers."""

    train: TokenizedTexts
    validation: TokenizedTexts


@dataclass(frozen=True)
class Prepared:
    """What all networks of a run share.

    Attributes:
        config: of the run.
        corpus: its rows.
        settings: the defaults that depend on the corpus, resolved.
        train: training rows.
        validation: validation rows.
        embedding: the vocabulary and the initial word vectors.
        language_model: initial weights of the layers; None for random ones.
        ngrams: the fitted n-gram model, if there is one.
        features: those beside the n-grams, fitted together with them, if there are any.
        without_features: see `LinearModel.without`.
        task: what is learned, labels or scores.
        device: where networks are trained.
        continuation: how the training goes on from a model, if it does.
        fingerprint: a hash of everything that training and tuning depend on.
    """

    config: Config
    corpus: Corpus
    settings: Resolved
    train: LabelledTokens
    validation: LabelledTokens
    embedding: EmbeddingRows
    language_model: SavedLanguageModel | None
    ngrams: FittedNgrams | None
    features: FittedFeatures | None
    without_features: Mapping[str, NDArray[np.float64]]
    task: Task
    device: torch.device
    continuation: Continuation | None
    fingerprint: str

    @property
    def shown(self) -> tuple[str, ...]:
        """Names of the validation scores to display for each epoch."""
        return tuple(dict.fromkeys([self.task.headline, self.task.metric, self.task.error]))

    def trainer(self, member: int, processes: Processes = ALONE) -> Trainer:
        """Return the trainer of network number `member`, from 1; each has its own seed."""
        config = self.config
        settings = replace(config.training, seed=config.training.seed + member - 1)
        torch.manual_seed(settings.seed)
        num_outputs = self.corpus.labels.num_outputs
        network = build_classifier(self.embedding, num_outputs, self.settings.network, config, self.language_model)
        self.task.start_output(network)
        if self.continuation is not None:
            self.continuation.start(network, member, self.embedding)
        return Trainer(
            network,
            self.objective,
            metric=self.task.metric,
            settings=settings,
            learning_rate=self.settings.learning_rate,
            batch_size=self.settings.schedule.batch_size,
            num_epochs=self.settings.schedule.num_epochs,
            device=self.device,
            embedding_lr_scale=self._embedding_rate,
            processes=processes,
        )

    @property
    def _embedding_rate(self) -> float:
        """The learning rate of the word vectors, as a multiple of that of the other weights."""
        is_known = self.continuation is not None and self.continuation.earlier == "given"
        return 1.0 if self.embedding.pretrained is None or is_known else self.config.embedding.pretrained_rate

    @property
    def objective(self) -> Classification:
        """The objective that each network is trained on."""
        training = self.config.training
        # Weights, which are in a column of their own, are no targets.
        has_weights = self.corpus.train.row_weights is not None
        targets = self.task.train_targets if has_weights else self.train.targets
        return Classification(
            self.train,
            self.validation,
            loss=self.task.loss(targets),
            score=self.task.scores,
            word_dropout=self.config.dropout.words,
            adversarial=training.adversarial,
            device=self.device,
        )


def read_corpus(config: Config, tell: Tell = ignore, past: Past | None = None) -> Corpus:
    """Read the rows that `config` names, and report them through `tell`; `past` is as for `load_corpus`.

    Raises:
        DataError: see `load_corpus`.
    """
    corpus = load_corpus(config.data, seed=config.training.seed, past=past)
    for file in corpus.files:
        tell(file)
    if corpus.parts:
        tell(RowsSplit(corpus.parts))
    for first, second, num_texts in corpus.overlaps:
        tell(TextsShared(first, second, num_texts))
    for name in ("texts", "teacher"):
        if getattr(config.pretraining, name):
            tell(Note(f"pretraining.{name} is ignored here; only `lstmcli pretrain` reads it"))
    return corpus


def tokenize_corpus(corpus: Corpus, config: Config, tell: Tell = ignore) -> TokenizedCorpus:
    """Tokenise both splits once, for all later steps."""
    numbers = GrowingVocabulary()
    train, validation = (
        tokenize(told_texts(part.texts, tell), config.tokenizer, numbers) for part in (corpus.train, corpus.validation)
    )
    return TokenizedCorpus(train, validation)


def prepare(
    config: Config,
    corpus: Corpus,
    tokens: TokenizedCorpus,
    start: InitialWeights,
    device: torch.device,
    tell: Tell = ignore,
    *,
    fits_linear: bool = True,
) -> Prepared:
    """Prepare all that follows from the rows and the initial weights. The vocabulary comes from training rows only.

    Of several processes, only one `fits_linear` models; the others need none.
    """
    _tell_labels(corpus, tell)
    source = start.source
    known = frozenset(() if source is None else source.words)
    learned = encode_with_new_vocabulary(tokens.train, config.tokenizer, config.vocabulary, known=known)
    vector_size = None if source is None else source.size
    sizes = CorpusSizes(
        len(learned.token_ids), learned.token_ids.num_tokens, corpus.labels.num_outputs, vector_size=vector_size
    )
    continuation = Continuation.of(start.continued, corpus)
    if continuation is not None:
        continuation.tell(tell)
    earlier = None if continuation is None else continuation.earlier
    settings = resolve(config, sizes, knows_sentences=start.knows_sentences, earlier=earlier)
    embedding = embedding_rows(learned.vocabulary, learned.counts, settings.vector_size, source)
    _tell_words(learned, embedding, start, config.model, tell)
    linear = None
    if config.ngrams.enabled and fits_linear:
        linear = fit_linear(corpus, tokens.train, tokens.validation, config, settings, continuation, tell)
    ngrams = None if linear is None else linear.ngrams
    task = task_of(config, corpus, ngrams)
    targets = task.train_targets if continuation is None else continuation.targets(task.train_targets)
    _tell_plan(settings, learned, config, device, tell)
    return Prepared(
        config=config,
        corpus=corpus,
        settings=settings,
        train=LabelledTokens(learned.token_ids, with_weights(targets, corpus.train.row_weights)),
        validation=LabelledTokens(
            encode(tokens.validation, config.tokenizer, embedding.vocabulary), task.validation_targets
        ),
        embedding=embedding,
        language_model=start.language_model,
        ngrams=ngrams,
        features=None if linear is None else linear.features,
        without_features={} if linear is None else linear.without,
        task=task,
        device=device,
        continuation=continuation,
        fingerprint=fingerprint(corpus, embedding, () if linear is None else linear.lexicons, start.continued),
    )


def fingerprint(
    corpus: Corpus, embedding: EmbeddingRows, lexicons: Sequence[Lexicon] = (), continued: Continued | None = None
) -> str:
    """Return a hash of all that training and tuning depend on: rows, vocabulary, lexicons, and initial weights."""
    digest = hashlib.sha256()
    for split in (corpus.train, corpus.validation):
        digest.update(split.digest().encode())
    digest.update(embedding.vocabulary.file_content().encode())
    for lexicon in lexicons:
        digest.update(f"{lexicon.name} {lexicon.digest}".encode())
    if embedding.pretrained is not None:
        digest.update(embedding.pretrained.vectors.tobytes())
    if continued is not None:
        digest.update(continued.digest.encode())
    return digest.hexdigest()


def _tell_labels(corpus: Corpus, tell: Tell) -> None:
    tell(LabelsFound(corpus.labels.names, corpus.labels.kind))
    for note in notes_on_targets(corpus):
        tell(Note(note))


def _tell_words(
    learned: EncodedTexts, embedding: EmbeddingRows, start: InitialWeights, network: ModelSettings, tell: Tell
) -> None:
    counts = learned.counts
    num_tokens = int(counts.sum())
    tell(VocabularyLearned(embedding.num_trained, num_tokens, float(counts[UNKNOWN_ID] / num_tokens)))
    if start.language_model is not None:
        for note in unpretrained(start.language_model, network):
            tell(Note(note))
    if embedding.pretrained is not None and start.source is not None:
        num_further = len(embedding.vocabulary) - embedding.num_trained
        num_known = int(embedding.pretrained.known.sum())
        tell(VectorsUsed(start.source.name, embedding.pretrained.coverage, num_known, num_further))
        for note in embedding.notes(start.source):
            tell(Note(note))


def _tell_plan(settings: Resolved, learned: EncodedTexts, config: Config, device: torch.device, tell: Tell) -> None:
    batch_size, num_epochs = settings.schedule.batch_size, settings.schedule.num_epochs
    num_updates = math.ceil(len(learned.token_ids) / batch_size)
    training = config.training
    tell(TrainingPlanned(num_epochs, num_updates, batch_size, settings.learning_rate, training.adversarial))
    if device.type == "cuda" and (reason := missing_kernels(device)) is not None:
        tell(Note(f"the GPU can't be used fully: {reason}"))
