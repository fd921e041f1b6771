"""Fits the linear model of a training: n-grams, together with what rows have beside their texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.defaults import Resolved
from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.encode import TokenizedTexts
from lstmcli.events import NgramsFitted, Note, Tell
from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.ngrams.choice import FitWithFeatures, NgramCorpus, fit_with_features
from lstmcli.ngrams.feature_matrix import feature_matrix
from lstmcli.ngrams.fit import FittedNgrams
from lstmcli.ngrams.row_features import FittedFeatures, RowFeatures
from lstmcli.ngrams.table import FeatureKinds
from lstmcli.recipes.continuing.plan import Continuation
from lstmcli.recipes.linear.features import learned_features
from lstmcli.recipes.linear.sample import LinearRows
from lstmcli.recipes.tasks.choice import targets_of

# With more groups of features, none is left out alone: each costs a fit.
MAX_GROUPS = 12


@dataclass(frozen=True)
class LinearModel:
    """The fitted linear model.

    Attributes:
        ngrams: with their features.
        features: beside the n-grams; None without any.
        without: validation logits of linear models without each group of features, and without any of them under "".
    """

    ngrams: FittedNgrams
    features: FittedFeatures | None
    without: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def lexicons(self) -> tuple[Lexicon, ...]:
        """Those among the features."""
        return () if self.features is None else self.features.lexicons


def fit_linear(
    corpus: Corpus,
    train: TokenizedTexts,
    validation: TokenizedTexts,
    config: Config,
    settings: Resolved,
    continuation: Continuation | None,
    tell: Tell,
) -> LinearModel:
    """Fit on the training texts, given as tokens, and choose C on the validation texts, or go on from a model."""
    ngrams = config.ngrams
    # Without character n-grams, max_characters is 0; a stored range must not end before it starts.
    sizes = range(ngrams.min_characters, max(ngrams.min_characters, ngrams.max_characters + 1))
    train_targets, validation_targets = targets_of(corpus)
    sources = learned_features(config, corpus.train.texts)
    further = [feature_matrix(sources, part.texts) for part in (corpus.train, corpus.validation)]
    sample = LinearRows.of(train, seed=config.training.seed)
    left_out = _left_out(sources)
    rows = NgramCorpus(
        sample.texts.token_ids(),
        sample.those_of(train_targets),
        validation.token_ids(),
        validation_targets,
        train.words,
        corpus.labels.output_kind,
        sample.those_of(corpus.train.row_weights),
        (sample.those_of(further[0]), further[1]) if sources else None,
    )
    seed = config.training.seed
    continued = None if continuation is None else continuation.ngrams(rows, sizes, seed=seed)
    if continued is not None:
        fitted, without = FitWithFeatures(continued, [])
    else:
        kinds = None if continuation is None else continuation.ngram_kinds
        options: dict[str, Any] = {"num_buckets": settings.ngram_buckets, "seed": seed, "kinds": kinds}
        fitted, without = fit_with_features(rows, sizes, list(left_out.values()), **options)
    tell(
        NgramsFitted(
            ngrams.min_characters,
            ngrams.max_characters,
            len(fitted.table.rows),
            fitted.strength,
            sample.num_left_out + fitted.num_left_out,
            has_negations=fitted.table.kinds is FeatureKinds.NEGATED,
        )
    )
    if fitted.table.further is None:
        return LinearModel(fitted, None)
    tell(Note(f"beside the text: {'; '.join(text for source in sources for text in source.described())}"))
    return LinearModel(fitted, FittedFeatures(sources, fitted.table.further), dict(zip(left_out, without, strict=True)))


def _left_out(sources: Sequence[RowFeatures]) -> dict[str, NDArray[np.bool_]]:
    """Return what is left out to see what it brings: all features, under "", and each group if there are few."""
    names = np.array([name for source in sources for name in source.groups])
    if not len(names):
        return {}
    groups = list(dict.fromkeys(names.tolist()))
    found = {"": np.ones(len(names), dtype=np.bool_)}
    if 1 < len(groups) <= MAX_GROUPS:
        found |= {group: names == group for group in groups}
    return found
