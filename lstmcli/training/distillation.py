"""The training objective for texts with the sentence vectors of a teacher."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lstmcli.models.classifier import Classifier
from lstmcli.text.token_ids import TokenIds, batches_by_length
from lstmcli.training.backpropagation import backpropagate
from lstmcli.training.batch import LabelledBatch, part_of_batch, word_batch
from lstmcli.training.shares import Share, loss_of_share

EVALUATION_BATCH_SIZE = 256
EVALUATION_BATCH_TOKENS = 32_768

# Vectors in memory at a time when their mean is computed.
BLOCK_ROWS = 4_096


class Vectors(Protocol):
    """A table of vectors, which may be larger than memory."""

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.float32]:
        """Return the vectors of `rows`, (rows, size)."""


@dataclass(frozen=True)
class TaughtTexts:
    """Texts as token ids, and the row of each in the teacher's `vectors`."""

    token_ids: TokenIds
    vectors: Vectors
    rows: NDArray[np.int64]

    def mean(self) -> NDArray[np.float32]:
        """Return the mean vector, (size,)."""
        blocks = [self.rows[start : start + BLOCK_ROWS] for start in range(0, len(self.rows), BLOCK_ROWS)]
        total = sum(self.vectors[block].sum(axis=0, dtype=np.float64) for block in blocks)
        return np.asarray(total / len(self.rows), dtype=np.float32)


class Distillation:
    """The outputs of a classifier learn to point where the teacher's vectors do; see `loop.Objective`.

    The loss is the mean of 1 - cosine. The mean of the teacher's vectors is subtracted from them first: it is long, and
    says nothing about any text.
    """

    def __init__(
        self, train: TaughtTexts, validation: TaughtTexts, *, word_dropout: float = 0.0, device: torch.device
    ) -> None:
        """Keep the arguments.

        Args:
            train: texts to learn from.
            validation: texts on which the best epoch is selected.
            word_dropout: see `word_batch`.
            device: of the network.
        """
        self.lengths = train.token_ids.lengths_by_row
        self._train = train
        self._validation = validation
        self._centre = train.mean()
        self._word_dropout = word_dropout
        self._device = device

    def batch(self, rows: NDArray[np.int64]) -> LabelledBatch:
        """Return the training texts of `rows` with the teacher's vectors; word dropout uses torch's random state."""
        texts = word_batch(self._train.token_ids, rows, self._device, word_dropout=self._word_dropout)
        return LabelledBatch(texts.words, texts, self._targets(self._train, rows))

    def part(self, rows: NDArray[np.int64], share: Share) -> LabelledBatch:
        """Return a share of the same batch, on a CPU, with the words and vectors of the whole batch."""
        part, texts = part_of_batch(self._train.token_ids, rows, share, word_dropout=self._word_dropout)
        return LabelledBatch(part.words, texts, self._targets(self._train, rows), part)

    def backpropagate(self, model: Classifier, batch: LabelledBatch) -> float:
        """Add the gradients of the batch's loss to the parameters and return the loss."""
        if batch.part is None:
            return backpropagate(model, batch.texts, lambda outputs: _loss(outputs, batch.targets), adversarial=0.0)
        loss_of = loss_of_share(_loss, batch.targets, batch.part.share)
        return backpropagate(model, batch.texts, loss_of, adversarial=0.0)

    @torch.no_grad()
    def scores(self, model: nn.Module) -> dict[str, float]:
        """Return the mean cosine on the validation texts of `model`, which must be in evaluation mode."""
        token_ids, total = self._validation.token_ids, 0.0
        batches = batches_by_length(
            token_ids.lengths, batch_size=EVALUATION_BATCH_SIZE, max_tokens=EVALUATION_BATCH_TOKENS
        )
        for rows in batches:
            outputs = model(*word_batch(token_ids, rows, self._device))
            total += float(_cosines(outputs, self._targets(self._validation, rows)).sum())
        return {"cosine": total / len(token_ids)}

    def _targets(self, texts: TaughtTexts, rows: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(texts.vectors[texts.rows[rows]] - self._centre).to(self._device)


def _loss(outputs: Tensor, targets: Tensor) -> Tensor:
    return 1.0 - _cosines(outputs, targets).mean()


def _cosines(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.cosine_similarity(outputs, targets, dim=1)
