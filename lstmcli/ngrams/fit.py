"""Fits the n-gram model: one regression per label or score over hashed n-grams; C is chosen on validation rows."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lstmcli.config.model_settings import OutputKind
from lstmcli.ngrams.features import HashedTokens, pair_occurrences, token_occurrences
from lstmcli.ngrams.regressions import Fit, Targets, fit_logistic, regression_of
from lstmcli.ngrams.score import NgramScorer
from lstmcli.ngrams.table import FeatureKinds, NgramTable
from lstmcli.text.token_ids import TokenIds

# Features in fewer training texts are dropped: they could only memorise one text.
MIN_TEXTS = 2

# Maximum number of entries of the sparse matrix, at about 12 bytes each and four times that while fitting. Texts beyond
# it are dropped at random. With that many texts, the network dominates anyway.
MAX_ENTRIES = 20_000_000

# Entries of a token: itself, a pair with the next token, and one with the token after that.
WORD_ENTRIES = 3

# Values of C are compared on a sample of texts in which entries times labels are at most this, which bounds the time.
MAX_TRIED_NUMBERS = 200_000_000

# Number of texts whose entries are counted at a time.
BLOCK_TEXTS = 1 << 14


class NgramFeatures:
    """The features of the training texts, hashed and weighted, to be fitted with several values of C.

    Attributes:
        rows: numbers of the training texts in use, ascending.
        tokens: the distinct tokens. The caller may have appended more since.
    """

    def __init__(
        self,
        texts: TokenIds,
        tokens: Sequence[str],
        sizes: range,
        *,
        num_buckets: int,
        seed: int,
        kinds: FeatureKinds = FeatureKinds.MARKED,
        known_idf: NDArray[np.float64] | None = None,
        weights: NDArray[np.float64] | None = None,
        further: Any = None,
    ) -> None:
        """Compute the features.

        Args:
            texts: as indices into `tokens`.
            tokens: distinct.
            sizes: of character n-grams.
            num_buckets: a power of two.
            seed: determines which texts are dropped if there are too many.
            kinds: what `texts` contain; negated words are already replaced in them.
            known_idf: (buckets,), of a model to go on from, whose features are kept with these weights; 0 for others.
            weights: (texts,), where a weight of 2 makes a text count as two; None: all count as one.
            further: (texts, features), a scipy matrix in CSR form of what `row_features` there are.
        """
        self.tokens = tokens
        self._sizes = sizes
        self._num_buckets = num_buckets
        self._seed = seed
        self._kinds = kinds
        hashed = HashedTokens.from_tokens(tokens, sizes, num_buckets)
        self.rows = _drawn(_num_entries(texts, np.diff(hashed.starts)), MAX_ENTRIES, seed)
        self._weights = None if weights is None else weights[self.rows]
        self._further = None if further is None else further[self.rows]
        ids, lengths = texts.joined(self.rows)
        words = self._word_counts(ids, lengths, hashed)
        occurrences = token_occurrences(ids, lengths)
        counts = sparse.csr_matrix(
            (occurrences.counts, (occurrences.rows, occurrences.keys)), shape=(len(lengths), len(tokens))
        )
        spelling = sparse.csr_matrix(
            (np.ones(len(hashed.characters)), hashed.characters, hashed.starts), shape=(len(tokens), num_buckets)
        )
        characters = (counts @ spelling).tocsr()
        self._idf = self._inverse_frequencies(words, characters)
        if known_idf is not None:
            self._idf = np.where(known_idf > 0.0, known_idf, self._idf)
        self._used = np.flatnonzero(self._idf)
        squares = self._idf**2
        self._matrix = self._weighted(words, words.multiply(words) @ squares) + self._weighted(
            characters, counts.multiply(counts) @ (spelling @ squares)
        )

    @property
    def idf(self) -> NDArray[np.float64]:
        """The weight of each bucket, (buckets,); 0 for those without a feature."""
        return self._idf

    @property
    def matrix(self) -> Any:
        """The features of `rows`, (rows, features), in CSR form."""
        return self._matrix

    def changed(
        self, table: NgramTable, coefficients: NDArray[np.float64], intercepts: NDArray[np.float64]
    ) -> NgramTable:
        """Return a table of the same buckets with changes of its coefficients, (labels, features), added."""
        rows = table.rows.astype(np.float64)
        rows[self._used, 1:] += (coefficients * self._idf[self._used]).T
        return table._replace(rows=rows.astype(np.float16), intercepts=table.intercepts + intercepts)

    def _inverse_frequencies(self, words: Any, characters: Any) -> NDArray[np.float64]:
        """Return (buckets,), 0 for features in too few texts."""
        num_texts = words.shape[0]
        frequencies = np.bincount(words.indices, minlength=self._num_buckets)
        frequencies += np.bincount(characters.indices, minlength=self._num_buckets)
        is_rare = frequencies < MIN_TEXTS  # a text of weight 2 is still one text, which could be memorised
        if self._weights is not None:
            num_texts = self._weights.sum()
            parts = [(counts.indices, np.diff(counts.indptr)) for counts in (words, characters)]
            of_entries = np.concatenate([np.repeat(self._weights, sizes) for _, sizes in parts])
            frequencies = np.bincount(np.concatenate([each for each, _ in parts]), of_entries, self._num_buckets)
        inverse: NDArray[np.float64] = np.log((1.0 + num_texts) / (1.0 + np.minimum(frequencies, num_texts))) + 1.0
        inverse[is_rare] = 0.0
        return inverse

    def _word_counts(self, ids: NDArray[np.integer], lengths: NDArray[np.int64], hashed: HashedTokens) -> Any:
        tokens = token_occurrences(ids, lengths)
        pairs = pair_occurrences(ids, lengths, hashed.codes, self._num_buckets, self._kinds)
        buckets = np.concatenate([hashed.words(self._num_buckets)[tokens.keys], pairs.keys])
        rows = np.concatenate([tokens.rows, pairs.rows])
        counts = np.concatenate([tokens.counts, pairs.counts])
        return sparse.csr_matrix((counts, (rows, buckets)), shape=(len(lengths), self._num_buckets))

    def _weighted(self, counts: Any, squared_lengths: NDArray[np.float64]) -> Any:
        """Weight by idf, scale to norm 1, and keep the columns in use."""
        scale = 1.0 / np.sqrt(np.where(squared_lengths > 0.0, squared_lengths, 1.0))
        used = counts[:, self._used]
        return (sparse.diags(scale) @ used @ sparse.diags(self._idf[self._used])).tocsr()

    def without(self, columns: NDArray[np.bool_]) -> "NgramFeatures":
        """Return the same without some of the features beside the n-grams, (features,), whose values become 0."""
        other = copy(self)
        other._further = self._further @ sparse.diags((~columns).astype(np.float64))
        return other

    def tried(self, num_labels: int) -> NDArray[np.int64] | None:
        """Return a sample of `rows`, as indices into them, that is enough to choose C; None: all rows."""
        places = _drawn(np.diff(self._matrix.indptr), MAX_TRIED_NUMBERS // num_labels, self._seed)
        return None if len(places) == len(self.rows) else places

    def fit(
        self, targets: Targets, strength: float, places: NDArray[np.int64] | None = None, fit: Fit = fit_logistic
    ) -> NgramTable:
        """Return the fitted table.

        Args:
            targets: (`rows`, labels), booleans, probabilities, or standardised scores.
            strength: the inverse regularisation strength C.
            places: indices into `rows`, to fit on a sample; None: all.
            fit: the regression.
        """
        matrix, weights, further = self._matrix, self._weights, self._further
        if places is not None:
            matrix, targets = matrix[places], targets[places]
            weights = None if weights is None else weights[places]
            further = None if further is None else further[places]
        coefficients, intercepts = fit(matrix, targets, strength, weights, further)
        table = np.zeros((self._num_buckets, 1 + len(intercepts)), dtype=np.float16)
        table[:, 0] = self._idf
        own, others = coefficients[:, : len(self._used)], coefficients[:, len(self._used) :]
        table[self._used, 1:] = (own * self._idf[self._used]).T
        others_if_any = None if further is None else others
        return NgramTable(self._sizes, table, intercepts, kinds=self._kinds, further=others_if_any)


def _num_entries(texts: TokenIds, num_characters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return about how many entries each text has, (texts,): for each distinct token, words and character n-grams."""
    counts = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(texts), BLOCK_TEXTS):
        ids, lengths = texts.joined(np.arange(start, min(start + BLOCK_TEXTS, len(texts))))
        tokens = token_occurrences(ids, lengths)
        counts.append(
            np.bincount(tokens.rows, WORD_ENTRIES + num_characters[tokens.keys], len(lengths)).astype(np.int64)
        )
    return np.concatenate(counts)


def _drawn(num_entries: NDArray[np.integer], most: int, seed: int) -> NDArray[np.int64]:
    """Return random texts with at most `most` entries in total; all texts, if they have no more."""
    order = np.random.default_rng(seed).permutation(len(num_entries))
    return np.sort(order[np.cumsum(num_entries[order], dtype=np.int64) <= most])


@dataclass(frozen=True)
class FittedNgrams:
    """The fitted n-gram model.

    Attributes:
        table: the part that the saved model contains.
        strength: the inverse regularisation strength C that was chosen.
        validation_logits: (validation rows, labels).
        validation_loss: their log loss at the best temperature, or the squared error of scores.
        num_left_out: number of training texts dropped because there were too many.
    """

    table: NgramTable
    strength: float
    validation_logits: NDArray[np.float64]
    validation_loss: float
    num_left_out: int


def fit_ngrams(
    features: NgramFeatures,
    targets: Targets,
    validation: TokenIds,
    validation_targets: Targets,
    *,
    kind: OutputKind,
    strengths: Sequence[float] | None = None,
    validation_further: Any = None,
) -> FittedNgrams:
    """Fit with increasing C until the loss on validation rows no longer falls.

    Args:
        features: of the training texts.
        targets: (training texts, labels), booleans, probabilities, or standardised scores.
        validation: as indices into the tokens of `features`.
        validation_targets: (validation texts, labels), also where `targets` are cumulative.
        kind: of the labels.
        strengths: values of C, ascending, at least one; None: those of the kind.
        validation_further: (validation texts, features), what `features` have beside n-grams, if they have some.
    """
    regression = regression_of(kind)
    strengths = strengths or regression.strengths
    num_texts, num_labels = targets.shape
    targets = targets[features.rows]

    def fitted(strength: float, places: NDArray[np.int64] | None) -> FittedNgrams:
        table = features.fit(targets, strength, places, regression.fit)
        scorer = NgramScorer(table)
        logits = scorer.logits(validation.flat, validation.lengths, scorer.token_rows(features.tokens))
        if table.further is not None:
            logits = logits + validation_further @ table.further.T
        loss = regression.loss(logits, validation_targets)
        return FittedNgrams(table, strength, logits, loss, num_texts - len(targets))

    tried = features.tried(num_labels) if len(strengths) > 1 else None
    best: FittedNgrams | None = None
    for strength in strengths:
        candidate = fitted(strength, tried)
        if best is not None and candidate.validation_loss >= best.validation_loss:
            break
        best = candidate
    if best is None:
        raise ValueError("expected at least one strength")
    return best if tried is None else fitted(best.strength, None)
