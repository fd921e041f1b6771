"""Chooses the features of the n-gram model: with or without features of their own for negated words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lstmcli.config.model_settings import OutputKind
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
        validation_targets: (validation texts, labels), also where `targets` are cumulative.
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
    kind: OutputKind
    weights: NDArray[np.float64] | None = None
    further: tuple[Any, Any] | None = None


class FitWithFeatures(NamedTuple):
    """The n-grams, and what they and features of rows say with some of these features left out."""

    fitted: FittedNgrams
    without: list[NDArray[np.float64]]


def fit_best_ngrams(
    corpus: NgramCorpus, sizes: range, *, num_buckets: int, seed: int, kinds: FeatureKinds | None = None
) -> FittedNgrams:
    """Fit without negated words, then with them, and return the model with the lower loss on validation rows.

    Whether they help depends on the labels: where texts were labelled by the emotion word in them, as in CARER, "not
    happy" is as joyful as "happy".

    Args:
        corpus: texts and targets.
        sizes: of character n-grams.
        num_buckets: a power of two.
        seed: see `NgramFeatures`.
        kinds: what another model has chosen on similar rows; None: to be chosen.
    """
    return fit_with_features(corpus, sizes, [], num_buckets=num_buckets, seed=seed, kinds=kinds).fitted


def fit_with_features(
    corpus: NgramCorpus,
    sizes: range,
    left_out: Sequence[NDArray[np.bool_]],
    *,
    num_buckets: int,
    seed: int,
    kinds: FeatureKinds | None = None,
) -> FitWithFeatures:
    """Do the same, then fit the best model again without some features of rows; other arguments as above.

    Args:
        corpus: texts, targets and perhaps features.
        sizes: see above.
        left_out: for each further fit, the features that are left out, (features,).
        num_buckets: see above.
        seed: see above.
        kinds: see above.

    Returns:
        the model, and the validation logits of each further fit.
    """
    further = (None, None) if corpus.further is None else corpus.further

    def fitted(
        parts: Sequence[TokenIds], words: Sequence[str], kinds: FeatureKinds, strengths: Sequence[float] | None
    ) -> tuple[FittedNgrams, NgramFeatures | None]:
        options: dict[str, Any] = {
            "num_buckets": num_buckets,
            "seed": seed,
            "weights": corpus.weights,
            "further": further[0],
        }
        features = NgramFeatures(parts[0], words, sizes, kinds=kinds, **options)
        model = _fit(corpus, features, parts[1], strengths, further[1])
        return model, features if left_out else None  # otherwise their memory is free

    parts = [corpus.texts, corpus.validation]
    with_negations = None if kinds is FeatureKinds.MARKED else with_twins(parts, corpus.words)
    if kinds is FeatureKinds.NEGATED and with_negations is not None:
        best, features = fitted(*with_negations, FeatureKinds.NEGATED, None)
        parts = with_negations[0]
    else:
        best, features = fitted(parts, corpus.words, FeatureKinds.MARKED, None)
        if with_negations is not None:
            other, other_features = fitted(*with_negations, FeatureKinds.NEGATED, [best.strength])
            if other.validation_loss < best.validation_loss:
                best, features, parts = other, other_features, with_negations[0]
    without = []
    for columns in left_out:
        assert features is not None  # kept where something is left out
        values = further[1] @ sparse.diags((~columns).astype(np.float64))
        model = _fit(corpus, features.without(columns), parts[1], [best.strength], values)
        without.append(model.validation_logits)
    return FitWithFeatures(best, without)


def _fit(
    corpus: NgramCorpus,
    features: NgramFeatures,
    validation: TokenIds,
    strengths: Sequence[float] | None,
    validation_further: Any,
) -> FittedNgrams:
    return fit_ngrams(
        features,
        corpus.targets,
        validation,
        corpus.validation_targets,
        kind=corpus.kind,
        strengths=strengths,
        validation_further=validation_further,
    )
