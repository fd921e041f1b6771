"""What a model says about texts, from which a small network learns to imitate it."""

from collections.abc import Sequence
from dataclasses import dataclass

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
class Lesson:
    """Texts with the probabilities of a model as targets.

    Attributes:
        train: texts to learn from.
        held_out: others, on which the imitation is measured.
        held_out_ngrams: the logits of its n-grams; None without any.
        held_out_decisions: what it predicts, (texts, labels).
    """

    train: LabelledTokens
    held_out: LabelledTokens
    held_out_ngrams: NDArray[np.float64] | None
    held_out_decisions: NDArray[np.bool_]


@dataclass(frozen=True)
class _Answered:
    """A block of texts: their words, and what the model says about them."""

    words: TokenIds
    logits: NDArray[np.float64]
    ngrams: NDArray[np.float64] | None


def learn_from(predictor: Predictor, texts: Sequence[str], num_held_out: int, tell: Tell) -> Lesson:
    """Answer all texts, of which the first `num_held_out` are held out."""
    blocks = []
    for start in range(0, len(texts), BLOCK_TEXTS):
        blocks.append(_answer(predictor, texts[start : start + BLOCK_TEXTS]))
        tell(StageMoved("answer", min(1.0, (start + BLOCK_TEXTS) / len(texts))))
    model = predictor.model
    kind = model.labels.output_kind
    logits = np.concatenate([block.logits for block in blocks])
    probabilities = probabilities_from_logits(logits, kind)
    targets = probabilities.astype(np.float32)
    if kind == "ordered":
        targets = np.asarray(cumulative_targets(targets), dtype=np.float32)
    ngrams = [block.ngrams[:num_held_out] for block in blocks if block.ngrams is not None]
    words = _joined([block.words for block in blocks])
    held_out, train = np.arange(num_held_out), np.arange(num_held_out, len(texts))
    return Lesson(
        train=LabelledTokens(words.of(train), targets[train]),
        held_out=LabelledTokens(words.of(held_out), targets[held_out]),
        held_out_ngrams=np.concatenate(ngrams)[:num_held_out] if ngrams else None,
        held_out_decisions=model.rule.decide(probabilities[held_out]),
    )


def _answer(predictor: Predictor, texts: Sequence[str]) -> _Answered:
    with predictor.turn():
        token_ids = predictor.tokens.encode(texts)
        parts: PartLogits = predictor.part_logits(token_ids, predictor.row_outputs(texts))
        logits = predictor.mixed(parts) / predictor.model.temperature
        words = predictor.tokens.word_ids(token_ids)
    predictor.refuse_damaged(logits)
    return _Answered(TokenIds(words.flat.astype(np.int32), words.offsets.copy()), logits, parts.ngrams)


def _joined(blocks: Sequence[TokenIds]) -> TokenIds:
    lengths = np.concatenate([block.lengths for block in blocks])
    return TokenIds(np.concatenate([block.flat for block in blocks]), np.concatenate([[0], np.cumsum(lengths)]))
