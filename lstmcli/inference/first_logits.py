"""The logits of a first stage: of the small network that a model has been distilled into, or else of its n-grams."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.inference.batch_invariant import MAX_ROWS
from lstmcli.inference.network import Network
from lstmcli.inference.one_thread import ONE_THREAD
from lstmcli.inference.predictor import Predictor
from lstmcli.store.first_network import FirstNetwork
from lstmcli.store.model import EMBEDDING
from lstmcli.text.token_ids import TokenIds

Floats = NDArray[np.float64]

# A small network spends much of its time on calling numpy, so it reads more texts together; their states fit the cache.
MOST_ROWS = 3 * MAX_ROWS


class FirstLogits:
    """Computes the first logits of texts, which are cheaper than those of the whole model.

    Attributes:
        digest: of the network, "" for n-grams alone.
        has_ngrams: whether those of the n-grams are part of them.
    """

    def __init__(self, predictor: Predictor, first: FirstNetwork | None) -> None:
        """Prepare.

        Args:
            predictor: with the whole model, which must have n-grams if there is no first network.
            first: the first network of the model, if it has one.
        """
        self._predictor, self._ngram_weight, self.digest = predictor, 1.0, ""
        self._networks: tuple[Network, ...] = ()
        if first is not None:
            model = predictor.model
            weights = {**first.weights, EMBEDDING: model.members[0][EMBEDDING]}
            with ONE_THREAD:  # products must be tested under the conditions of prediction
                guard = next(iter(model.word_guards), None)
                network = Network(first.network, weights, word_guard=guard, most_rows=MOST_ROWS)
            self._networks = (network,)
            self._ngram_weight, self.digest = first.ngram_weight, first.digest
        self.has_ngrams = self._ngram_weight > 0.0

    def of_tokens(self, token_ids: TokenIds, ngrams: Floats | None) -> Floats:
        """Return the logits of texts of known tokens, (texts, outputs); needs a turn of the predictor.

        Args:
            token_ids: of the texts.
            ngrams: their n-gram logits, if these are part of the first ones.
        """
        own = self._predictor.logits_of(self._networks, token_ids) if self._networks else None
        if ngrams is None or not self.has_ngrams:
            assert own is not None  # nothing else is left
            return own
        return ngrams if own is None else own + self._ngram_weight * ngrams

    def of_texts(self, texts: Sequence[str]) -> Floats:
        """Return the logits of texts, (texts, outputs)."""
        numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        predictor, distinct = self._predictor, list(numbers)
        with predictor.turn():
            token_ids = predictor.tokens.encode(distinct)
            ngrams = predictor.ngram_logits(token_ids, predictor.row_outputs(distinct)) if self.has_ngrams else None
            found = self.of_tokens(token_ids, ngrams)
        return found[[numbers[text] for text in texts]]
