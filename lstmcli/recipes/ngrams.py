"""The n-gram path of a training: fitted on training rows, its strength chosen on validation rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.defaults import ngram_buckets
from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus, label_targets, training_targets
from lstmcli.corpus.spool import IdSpool
from lstmcli.metrics.calibration import fit_temperature
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.scores import log_losses
from lstmcli.ngrams.fit import NgramFeatures
from lstmcli.ngrams.score import NgramScorer
from lstmcli.recipes.score import baseline_tokenizer
from lstmcli.store.model import NgramTable
from lstmcli.text.encoder import GrowingVocabulary, TextEncoder
from lstmcli.text.token_ids import TokenIds

# From strongly to hardly regularised; the search ends where validation rows no longer gain.
STRENGTHS = (0.2, 1.0, 5.0, 25.0, 125.0)


@dataclass(frozen=True)
class FittedNgrams:
    """The fitted path.

    Attributes:
        table: what the model keeps.
        strength: the inverse regularisation that was chosen.
        validation_logits: (validation rows, labels).
        num_left_out: training texts that were too many to fit on.
    """

    table: NgramTable
    strength: float
    validation_logits: NDArray[np.float64]
    num_left_out: int


def fit_ngrams(corpus: Corpus, config: Config, *, kind: LabelKind) -> FittedNgrams:
    """Fit with growing strength until the log loss on validation rows rises."""
    settings = config.ngrams
    growing = GrowingVocabulary()
    encode = TextEncoder(baseline_tokenizer(config.tokenizer), growing.id_of)
    with IdSpool(map(encode, corpus.train.texts)) as spool:
        train = TokenIds(spool.flat(), spool.offsets)
    sizes = range(settings.min_characters, settings.max_characters + 1)
    num_buckets = ngram_buckets(len(corpus.labels.names), settings)
    features = NgramFeatures(train, growing.words, sizes, num_buckets=num_buckets, seed=config.training.seed)
    with IdSpool(map(encode, corpus.validation.texts)) as spool:
        validation = TokenIds(spool.flat(), spool.offsets)
    targets = training_targets(corpus.train, corpus.labels, config.data.soft_labels)[features.rows]
    validation_targets = label_targets(corpus.validation, corpus.labels)

    def fitted(strength: float, places: NDArray[np.int64] | None) -> FittedNgrams:
        table = features.fit(targets, strength, places)
        scorer = NgramScorer(table)
        logits = scorer.logits(validation.flat, validation.lengths, scorer.token_rows(growing.words))
        return FittedNgrams(table, strength, logits, len(train) - len(features.rows))

    tried = features.tried(len(corpus.labels.names))
    best: tuple[float, FittedNgrams] | None = None
    for strength in STRENGTHS:
        candidate = fitted(strength, tried)
        loss = _log_loss(candidate.validation_logits, validation_targets, kind)
        if best is not None and loss >= best[0]:
            break
        best = (loss, candidate)
    assert best is not None  # STRENGTHS is not empty
    return best[1] if tried is None else fitted(best[1].strength, None)


def _log_loss(logits: NDArray[np.float64], targets: NDArray[np.bool_], kind: LabelKind) -> float:
    """Return the log loss at the temperature that suits these rows best."""
    probabilities = probabilities_from_logits(logits, kind, temperature=fit_temperature(logits, targets, kind))
    return float(log_losses(targets, probabilities, kind).mean())
