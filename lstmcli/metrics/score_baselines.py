"""The baselines of every report of scores: the mean, TF-IDF + ridge regression, and the model's n-grams alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.baselines import SMALL_CORPUS_TEXTS, tfidf_vectorizer
from lstmcli.metrics.ridge import fit_ridge, squared_error
from lstmcli.metrics.score_outputs import ScoreOutputs
from lstmcli.metrics.score_tuning import Standard

Floats = NDArray[np.float64]
Tokenize = Callable[[str], list[str]]

MEAN_NAME = "mean of training rows"
RIDGE_NAME = "TF-IDF + ridge"

# Values of 1 / alpha, chosen on validation rows.
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class RidgeBaseline:
    """TF-IDF-weighted word unigrams and bigrams, and one ridge regression per score.

    Attributes:
        terms: n-grams, with tokens joined by spaces.
        idf: (terms,).
        coefficients: (scores, terms), in the units of the scores.
        intercepts: (scores,).
    """

    terms: list[str]
    idf: Floats
    coefficients: Floats
    intercepts: Floats

    @classmethod
    def fit(
        cls,
        texts: Iterable[list[str]],
        targets: Floats,
        validation_texts: Iterable[list[str]],
        validation: Floats,
        weights: Floats | None = None,
    ) -> "RidgeBaseline":
        """Fit on training rows, and choose alpha on validation rows; targets are (rows, scores), NaN where missing.

        Texts are lists of tokens. `weights` are those of training rows; None: all count as one.
        """
        vectorizer = tfidf_vectorizer(list, min_df=1 if len(targets) < SMALL_CORPUS_TEXTS else 2)
        features = vectorizer.fit_transform(texts)
        validation_features = vectorizer.transform(validation_texts)
        standard = Standard.of(targets, weights)
        truth = standard.standardised(validation)

        def fitted(strength: float) -> tuple[float, Floats, Floats]:
            coefficients, intercepts = fit_ridge(features, standard.standardised(targets), strength, counts=weights)
            values = np.asarray(validation_features @ coefficients.T) + intercepts
            return squared_error(truth, values), coefficients, intercepts

        _, coefficients, intercepts = min(map(fitted, STRENGTHS), key=lambda each: each[0])
        return cls(
            list(vectorizer.get_feature_names_out()),
            vectorizer.idf_,
            coefficients * standard.deviations[:, None],
            intercepts * standard.deviations + standard.means,
        )

    def values(self, texts: Sequence[str], tokenize: Tokenize) -> Floats:
        """Return (texts, scores). `tokenize` must produce the same kind of tokens that `fit` received."""
        vectorizer = tfidf_vectorizer(tokenize, vocabulary=self.terms)
        vectorizer.idf_ = self.idf
        return np.asarray(vectorizer.transform(texts) @ self.coefficients.T) + self.intercepts


@dataclass(frozen=True)
class ScoreBaselines:
    """All baselines of a model of scores.

    Attributes:
        means: (scores,), of the training rows.
        tfidf: TF-IDF + ridge regression.
        ngrams: turns the outputs of the model's n-grams into scores without its networks; None without n-grams.
    """

    means: Floats
    tfidf: RidgeBaseline
    ngrams: ScoreOutputs | None = None
