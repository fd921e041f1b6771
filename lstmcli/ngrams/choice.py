"""Chooses the features of the n-gram model: with or without features of their own for negated words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.ngrams.fit import FittedNgrams, NgramFeatures, fit_ngrams
from lstmcli.ngrams.negation import with_twins
from lstmcli.ngrams.regressions import Targets
from lstmcli.ngrams.table import FeatureKinds
from lstmcli.text.token_ids import TokenIds


@dataclass(frozen=True)
class NgramCorpus:
    """What the n-gram model is fitted on.

    Attributes:
        texts: the training texts, as indices into `words`.
        targets: (training texts, labels), booleans, probabilities, or standardised scores.
        validation: the validation texts.
        validation_targets: (validation texts, labels).
        words: distinct tokens.
        kind: of the labels.
        weights: (training texts,); None: all count as one.
        further: (texts, features) of training and of validation texts, scipy matrices of `row_features`.
    """

    texts: TokenIds
    targets: Targets
    validation: TokenIds
    validation_targets: Targets
    words: Sequence[str]
    kind: LabelKind
    weights: NDArray[np.float64] | None = None
    further: tuple[Any, Any] | None = None


def fit_best_ngrams(corpus: NgramCorpus, sizes: range, *, num_buckets: int, seed: int) -> FittedNgrams:
    """Fit without negated words, then with them, and return the model with the lower loss on validation rows.

    Whether they help depends on the labels: where texts were labelled by the emotion word in them, as in CARER, "not
    happy" is as joyful as "happy".

    Args:
        corpus: texts and targets.
        sizes: of character n-grams.
        num_buckets: a power of two.
        seed: see `NgramFeatures`.
    """
    further = (None, None) if corpus.further is None else corpus.further

    def fitted(
        parts: Sequence[TokenIds], words: Sequence[str], kinds: FeatureKinds, strengths: Sequence[float] | None
    ) -> FittedNgrams:
        features = NgramFeatures(
            parts[0],
            words,
            sizes,
            num_buckets=num_buckets,
            seed=seed,
            kinds=kinds,
            weights=corpus.weights,
            further=further[0],
        )
        return fit_ngrams(
            features,
            corpus.targets,
            parts[1],
            corpus.validation_targets,
            kind=corpus.kind,
            strengths=strengths,
            validation_further=further[1],
        )

    parts = [corpus.texts, corpus.validation]
    plain = fitted(parts, corpus.words, FeatureKinds.MARKED, None)
    with_negations = with_twins(parts, corpus.words)
    if with_negations is None:
        return plain
    other = fitted(*with_negations, FeatureKinds.NEGATED, [plain.strength])
    return min(plain, other, key=lambda model: model.validation_loss)
