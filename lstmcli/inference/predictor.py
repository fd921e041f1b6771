"""Texts to probabilities and labels, with a saved model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.batches import TokenIds, batches_by_length
from lstmcli.inference.network import Network
from lstmcli.metrics.decisions import DecisionRule, decision_scores, probabilities_from_logits
from lstmcli.model_format import SavedModel, read_model
from lstmcli.text.encoder import TextEncoder
from lstmcli.text.tokenizer import Tokenizer

# Measured on texts of 20 words: larger batches gain little and hold more memory.
DEFAULT_BATCH_SIZE = 256

# A batch holds at most this many token positions, so that long documents don't multiply its memory.
MAX_BATCH_TOKENS = 32_768


@dataclass(frozen=True)
class Predictions:
    """`probabilities` and `decisions` are (texts, labels), `scores` (texts,): how sure each decision is."""

    probabilities: NDArray[np.float64]
    decisions: NDArray[np.bool_]
    scores: NDArray[np.floating]


class Predictor:
    """Row n of every result belongs to text n, whatever the batches were."""

    def __init__(self, model: SavedModel, *, batch_size: int = DEFAULT_BATCH_SIZE) -> None:
        self.model = model
        self._encode = TextEncoder.for_vocabulary(Tokenizer(model.tokenizer), model.vocabulary)
        self._network = Network(model)
        self._batch_size = batch_size

    @classmethod
    def open(cls, run: Path, *, batch_size: int = DEFAULT_BATCH_SIZE) -> "Predictor":
        """Open a run directory or a model folder.

        Raises:
            RunDirectoryError: see `read_model`.
        """
        return cls(read_model(run), batch_size=batch_size)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return (texts, labels)."""
        token_ids = TokenIds.from_texts(map(self._encode, texts))
        logits = np.empty((len(texts), len(self.model.labels.names)), dtype=np.float64)
        lengths = token_ids.lengths
        for rows in batches_by_length(lengths, batch_size=self._batch_size, max_tokens=MAX_BATCH_TOKENS):
            logits[rows] = self._network.logits(*token_ids.joined(rows))
        return probabilities_from_logits(logits, self.model.labels.kind, temperature=self.model.temperature)

    def predict(self, texts: Sequence[str], *, rule: DecisionRule | None = None) -> Predictions:
        """Return probabilities and what `rule` (default: the model's own) makes of them."""
        probabilities = self.probabilities(texts)
        decisions = (rule or self.model.rule).decide(probabilities)
        return Predictions(probabilities, decisions, decision_scores(probabilities, decisions))
