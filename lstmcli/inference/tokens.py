"""A cache of the tokens seen so far, so that each is looked up and hashed only once."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lstmcli.ngrams.negation import is_negated, roles_of, twin_of
from lstmcli.ngrams.score import NgramScorer, TokenRows
from lstmcli.ngrams.table import FeatureKinds
from lstmcli.store.model import SavedModel
from lstmcli.text.encoder import BlockEncoder, GrowingVocabulary
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.tokenizer import Tokenizer, cut
from lstmcli.text.vocabulary import UNKNOWN_ID

Number = TypeVar("Number", np.int64, np.uint64, np.float64)

# Beyond this many distinct tokens, the cache is emptied, so that memory is bounded on endless streams.
MAX_TOKENS = 1 << 16


class KnownTokens:
    """Numbers the distinct tokens of a stream of texts, and stores the word id and n-gram rows of each."""

    def __init__(self, model: SavedModel, scorer: NgramScorer | None) -> None:
        self._model = model
        self._scorer = scorer
        # Only the network truncates long texts; the n-grams use all tokens.
        self._tokenizer = Tokenizer(replace(model.tokenizer, max_tokens=sys.maxsize))
        self._forget()

    def _forget(self) -> None:
        self._growing = GrowingVocabulary()
        self._encode = BlockEncoder(self._tokenizer, self._growing.id_of)
        self._num_known = 0
        self._word_ids = np.empty(0, dtype=np.int64)
        self._roles = np.empty(0, dtype=np.int64)
        self._twins = np.empty(0, dtype=np.int64)
        self._rows = TokenRows(np.empty(0, dtype=np.uint64), np.empty((0, 2, 0)))

    @property
    def ngram_rows(self) -> TokenRows:
        """The n-gram rows of all known tokens, for a model with n-grams."""
        return self._rows

    @property
    def tokenizer(self) -> Tokenizer:
        """Splits texts into all their tokens."""
        return self._tokenizer

    def encode(self, texts: Sequence[str]) -> TokenIds:
        """Return the numbers of all tokens of `texts`, valid until the next call."""
        if len(self._growing.words) > MAX_TOKENS:
            self._forget()
        token_ids = self._encode(texts)
        self._learn()
        return token_ids

    def ngram_ids(self, token_ids: TokenIds) -> NDArray[np.integer]:
        """Return the numbers of all tokens as the n-grams see them, (tokens,), valid until the next call of `encode`.

        In models in which negated words are features of their own, these have numbers of their own too.
        """
        flat = token_ids.flat
        if self._model.ngrams is None or self._model.ngrams.kinds is not FeatureKinds.NEGATED:
            return flat
        mask = is_negated(flat, token_ids.lengths, self._roles)
        if not mask.any():
            return flat
        negated = np.unique(flat[mask])
        for number in negated[self._twins[negated] < 0].tolist():
            self._twins[number] = self._growing.id_of(twin_of(self._growing.words[number]))
        self._learn()
        return np.where(mask, self._twins[flat], flat)

    def _learn(self) -> None:
        """Record what belongs to each new token."""
        new = self._growing.words[self._num_known :]
        if not new:
            return
        id_of = self._model.vocabulary.id_of
        self._word_ids = self._with_new(self._word_ids, np.array([id_of(word) for word in new], dtype=np.int64))
        if self._scorer is not None:
            self._roles = self._with_new(self._roles, roles_of(new))
            self._twins = self._with_new(self._twins, np.full(len(new), -1))
            rows = self._scorer.token_rows(new)
            self._rows = TokenRows(
                self._with_new(self._rows.codes, rows.codes), self._with_new(self._rows.blocks, rows.blocks)
            )
        self._num_known += len(new)

    def _with_new(self, known: NDArray[Number], new: NDArray[Number]) -> NDArray[Number]:
        """Append rows. An array that is too short is doubled, so that rows are rarely copied."""
        end = self._num_known + len(new)
        if end > len(known):
            longer = np.empty((max(end, 2 * len(known)), *new.shape[1:]), dtype=new.dtype)
            if self._num_known:
                longer[: self._num_known] = known[: self._num_known]
            known = longer
        known[self._num_known : end] = new
        return known

    def has_known_word(self, token_ids: TokenIds) -> NDArray[np.bool_]:
        """Return for each text whether it has a word of the model's vocabulary, (texts,)."""
        num_before = np.zeros(len(token_ids.flat) + 1, dtype=np.int64)
        np.cumsum(self._word_ids[token_ids.flat] != UNKNOWN_ID, out=num_before[1:])
        starts, ends = num_before[token_ids.offsets[:-1]], num_before[token_ids.offsets[1:]]
        return np.asarray(ends > starts)

    def word_ids(self, token_ids: TokenIds) -> TokenIds:
        """Return ids in the model's vocabulary, each text truncated to the length that the network reads."""
        settings = self._model.tokenizer
        words = TokenIds(self._word_ids[token_ids.flat], token_ids.offsets)
        if token_ids.lengths.max(initial=0) <= settings.max_tokens:
            return words
        texts = (words.flat[start:end].tolist() for start, end in zip(words.offsets, words.offsets[1:], strict=False))
        return TokenIds.from_texts(cut(ids, max_tokens=settings.max_tokens, keep=settings.cut) for ids in texts)
