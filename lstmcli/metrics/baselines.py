"""The baselines of every report: majority class, TF-IDF + logistic regression, and the model's own n-grams alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.calibration import fit_temperature
from lstmcli.metrics.decisions import DecisionRule, probabilities_from_logits, untuned_rule
from lstmcli.metrics.linear import fit_one_vs_rest
from lstmcli.metrics.scores import DEFAULT_SCORE, headline_scores

Floats = NDArray[np.float64]
Tokenize = Callable[[str], list[str]]

# Values of the inverse regularisation strength C, chosen on validation rows: 1 suits long texts, 25 short ones.
STRENGTHS = (1.0, 5.0, 25.0)
# From this many texts on, n-grams that occur in only one text are dropped: they would only cost memory.
SMALL_CORPUS_TEXTS = 5000


@dataclass(frozen=True)
class MajorityBaseline:
    """Predicts the label frequencies of the training rows for every text, and the labels that follow from them."""

    shares: Floats
    kind: LabelKind

    @classmethod
    def fit(cls, targets: NDArray[np.bool_], kind: LabelKind, weights: Floats | None = None) -> "MajorityBaseline":
        """Compute the label frequencies of `targets`, (texts, labels); `weights` are (texts,), None: all alike."""
        return cls(targets.mean(axis=0) if weights is None else weights @ targets / weights.sum(), kind)

    def probabilities(self, num_texts: int) -> Floats:
        """Return (texts, labels), all rows the same."""
        return np.tile(self.shares, (num_texts, 1))

    @property
    def rule(self) -> DecisionRule:
        """Predicts the most frequent label or, for traits, the more frequent value of each."""
        return untuned_rule(self.kind, len(self.shares), at_least_one=self.kind == "multi")

    @property
    def median_rule(self) -> DecisionRule:
        """Predicts the median of ordered labels, which is the closest to all of them."""
        return replace(self.rule, measure="mae")


@dataclass(frozen=True)
class TfidfBaseline:
    """TF-IDF-weighted word unigrams and bigrams, and one logistic regression per label.

    Logits become probabilities as in the model: softmax for "single", sigmoids otherwise, with a temperature.

    Attributes:
        terms: n-grams, with tokens joined by spaces.
        idf: (terms,).
        coefficients: (labels, terms).
        intercepts: (labels,).
        temperature: fitted on the same validation rows as the model's.
        rule: with thresholds chosen as the model's are, on the same rows.
        group_rule: the same for groups of texts, if the model has one.
    """

    terms: list[str]
    idf: Floats
    coefficients: Floats
    intercepts: Floats
    temperature: float
    rule: DecisionRule
    group_rule: DecisionRule | None = None

    @classmethod
    def fit(
        cls,
        texts: Iterable[list[str]],
        targets: NDArray[np.bool_],
        validation_texts: Iterable[list[str]],
        validation_targets: NDArray[np.bool_],
        *,
        kind: LabelKind,
        choose_rule: Callable[[Floats], DecisionRule],
        choose_group_rule: Callable[[Floats], DecisionRule | None] = lambda _: None,
        weights: Floats | None = None,
    ) -> "TfidfBaseline":
        """Fit on training rows; choose C on validation rows, and the rule from their probabilities by `choose_rule`.

        Texts are lists of tokens. `choose_group_rule` does the same for groups of rows. `weights` are those of training
        rows; None: all count as one.
        """
        min_frequency = 1 if len(targets) < SMALL_CORPUS_TEXTS else 2
        vectorizer = tfidf_vectorizer(list, min_df=min_frequency)
        features = vectorizer.fit_transform(texts)
        validation_features = vectorizer.transform(validation_texts)
        terms = list(vectorizer.get_feature_names_out())
        score = DEFAULT_SCORE[kind]
        best: tuple[float, TfidfBaseline] | None = None
        for strength in STRENGTHS:
            coefficients, intercepts = fit_one_vs_rest(features, targets, strength, counts=weights)
            logits = np.asarray(validation_features @ coefficients.T) + intercepts
            temperature = fit_temperature(logits, validation_targets, kind)
            probabilities = probabilities_from_logits(logits, kind, temperature=temperature)
            rule = choose_rule(probabilities)
            group_rule = choose_group_rule(probabilities)
            candidate = cls(terms, vectorizer.idf_, coefficients, intercepts, temperature, rule, group_rule)
            decisions = candidate.rule.decide(probabilities)
            value = headline_scores(validation_targets, decisions, probabilities, kind)[score]
            if best is None or value > best[0]:
                best = (value, candidate)
        assert best is not None  # STRENGTHS is not empty
        return best[1]

    def probabilities(self, texts: Sequence[str], tokenize: Tokenize) -> Floats:
        """Return (texts, labels). `tokenize` must produce the same kind of tokens that `fit` received."""
        vectorizer = tfidf_vectorizer(tokenize, vocabulary=self.terms)
        vectorizer.idf_ = self.idf
        logits = np.asarray(vectorizer.transform(texts) @ self.coefficients.T) + self.intercepts
        return probabilities_from_logits(logits, self.rule.kind, temperature=self.temperature)


@dataclass(frozen=True)
class NgramsBaseline:
    """The n-grams of a model without its networks; their table is in the model.

    Attributes:
        temperature: fitted on the same validation rows as the model's, but for the n-grams alone.
        rule: with thresholds chosen as the model's are, on the same rows, but for the n-grams alone.
        group_rule: the same for groups of texts, if the model has one.
        is_ordered: whether the labels are.
    """

    temperature: float
    rule: DecisionRule
    group_rule: DecisionRule | None = None
    is_ordered: bool = False

    def probabilities(self, logits: Floats) -> Floats:
        """Return (texts, labels) from the logits of the n-grams, (texts, outputs)."""
        kind = "ordered" if self.is_ordered else self.rule.kind
        return probabilities_from_logits(logits, kind, temperature=self.temperature)


@dataclass(frozen=True)
class Baselines:
    """All baselines of a model. `ngrams` is None for a model without n-grams."""

    majority: MajorityBaseline
    tfidf: TfidfBaseline
    ngrams: NgramsBaseline | None = None


def tfidf_vectorizer(tokenize: Callable[..., list[str]], **options: object) -> TfidfVectorizer:
    """Return what counts and weights words and pairs of neighbouring words of texts, which `tokenize` takes apart."""
    return TfidfVectorizer(
        tokenizer=tokenize, token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True, **options
    )
