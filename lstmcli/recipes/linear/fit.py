"""Fits the linear model of a training: n-grams, together with what rows have beside their texts."""

from dataclasses import dataclass

from lstmcli.config.defaults import Resolved
from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.encode import TokenizedTexts
from lstmcli.events import NgramsFitted, Tell
from lstmcli.ngrams.choice import NgramCorpus, fit_best_ngrams
from lstmcli.ngrams.fit import FittedNgrams
from lstmcli.ngrams.row_features import FittedFeatures
from lstmcli.ngrams.table import FeatureKinds
from lstmcli.recipes.linear.features import feature_matrix, learned_features
from lstmcli.recipes.tasks.choice import targets_of


@dataclass(frozen=True)
class LinearModel:
    """The fitted n-grams, and the features beside them, None without any."""

    ngrams: FittedNgrams
    features: FittedFeatures | None


def fit_linear(
    corpus: Corpus,
    train: TokenizedTexts,
    validation: TokenizedTexts,
    config: Config,
    settings: Resolved,
    tell: Tell,
) -> LinearModel:
    """Fit on the training texts, given as tokens, and choose C on the validation texts."""
    ngrams = config.ngrams
    # Without character n-grams, max_characters is 0; a stored range must not end before it starts.
    sizes = range(ngrams.min_characters, max(ngrams.min_characters, ngrams.max_characters + 1))
    train_targets, validation_targets = targets_of(corpus)
    sources = learned_features(config, corpus.train.texts)
    further = [feature_matrix(sources, part.texts) for part in (corpus.train, corpus.validation)]
    fitted = fit_best_ngrams(
        NgramCorpus(
            train.token_ids(),
            train_targets,
            validation.token_ids(),
            validation_targets,
            train.words,
            corpus.labels.kind,
            corpus.train.row_weights,
            (further[0], further[1]) if sources else None,
        ),
        sizes,
        num_buckets=settings.ngram_buckets,
        seed=config.training.seed,
    )
    tell(
        NgramsFitted(
            ngrams.min_characters,
            ngrams.max_characters,
            settings.ngram_buckets,
            fitted.strength,
            fitted.num_left_out,
            has_negations=fitted.table.kinds is FeatureKinds.NEGATED,
        )
    )
    coefficients = fitted.table.further
    return LinearModel(fitted, None if coefficients is None else FittedFeatures(sources, coefficients))
