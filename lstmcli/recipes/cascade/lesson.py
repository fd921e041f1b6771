"""What a model says about texts, from which a small network learns to imitate it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.events import StageMoved, Tell
from lstmcli.inference.predictor import PartLogits, Predictor
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.ordinal import cumulative_targets
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.classification import LabelledTokens

# Texts that are answered at a time.
BLOCK_TEXTS = 4096


@dataclass(frozen=True)
class Taught:
    """Texts, and what a model says about them.

    Attributes:
        tokens: with its probabilities as targets, (texts, outputs).
        ngrams: the logits of its n-grams, (texts, outputs); None without any.
        decisions: what it predicts, (texts, labels).
    """

    tokens: LabelledTokens
    ngrams: NDArray[np.float64] | None
    decisions: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.decisions)

    def of(self, rows: slice) -> "Taught":
        """Return some of the texts."""
        numbers = np.arange(len(self))[rows]
        tokens = LabelledTokens(self.tokens.token_ids.of(numbers), self.tokens.targets[rows])
        return Taught(tokens, None if self.ngrams is None else self.ngrams[rows], self.decisions[rows])


def ask(predictor: Predictor, texts: Sequence[str], tell: Tell) -> Taught:
    """Return what a model says about texts."""
    blocks = []
    for start in range(0, len(texts), BLOCK_TEXTS):
        blocks.append(_answer(predictor, texts[start : start + BLOCK_TEXTS]))
        tell(StageMoved("answer", min(1.0, (start + BLOCK_TEXTS) / len(texts))))
    model = predictor.model
    kind = model.labels.output_kind
    probabilities = np.concatenate([block.probabilities for block in blocks])
    targets = probabilities.astype(np.float32)
    if kind == "ordered":
        targets = np.asarray(cumulative_targets(targets), dtype=np.float32)
    ngrams = [block.ngrams for block in blocks if block.ngrams is not None]
    words = _joined([block.words for block in blocks])
    return Taught(
        LabelledTokens(words, targets), np.concatenate(ngrams) if ngrams else None, model.rule.decide(probabilities)
    )


class _Answered(NamedTuple):
    """A block of texts: their words, what the model says about them, and what its n-grams do."""

    words: TokenIds
    probabilities: NDArray[np.float64]
    ngrams: NDArray[np.float64] | None


def _answer(predictor: Predictor, texts: Sequence[str]) -> _Answered:
    with predictor.turn():
        token_ids = predictor.tokens.encode(texts)
        parts: PartLogits = predictor.part_logits(token_ids, predictor.row_outputs(texts))
        logits = predictor.mixed(parts)
        words = predictor.tokens.word_ids(token_ids)
    model = predictor.model
    probabilities = probabilities_from_logits(logits, model.labels.output_kind, temperature=model.temperature)
    predictor.refuse_damaged(probabilities)
    return _Answered(TokenIds(words.flat.astype(np.int32), words.offsets.copy()), probabilities, parts.ngrams)


def _joined(blocks: Sequence[TokenIds]) -> TokenIds:
    lengths = np.concatenate([block.lengths for block in blocks])
    return TokenIds(np.concatenate([block.flat for block in blocks]), np.concatenate([[0], np.cumsum(lengths)]))
