"""The training objective for labelled texts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lstmcli.models.classifier import Classifier
from lstmcli.models.devices import to_device
from lstmcli.text.token_ids import TokenIds, batches_by_length
from lstmcli.training.backpropagation import add_gradients
from lstmcli.training.batch import LabelledBatch, part_of_batch, word_batch
from lstmcli.training.gpu_batches import EvenBatch
from lstmcli.training.loss import Loss
from lstmcli.training.shares import Share, loss_of_share

EVALUATION_BATCH_SIZE = 256

# Maximum number of token positions in an evaluation batch, so that long documents do not need much more memory.
EVALUATION_BATCH_TOKENS = 32_768


@dataclass(frozen=True)
class LabelledTokens:
    """Texts as token ids with their targets, (texts, labels): booleans, or probabilities or scores for training.

    With weights, the targets of training texts have one more column; see `loss.with_weights`.
    """

    token_ids: TokenIds
    targets: NDArray[np.bool_ | np.float32]


class Classification:
    """Labelled texts for training and for validation; see `loop.Objective`."""

    def __init__(
        self,
        train: LabelledTokens,
        validation: LabelledTokens,
        *,
        loss: Loss,
        score: Callable[[NDArray[np.float32]], dict[str, float]],
        word_dropout: float = 0.0,
        adversarial: float = 0.0,
        device: torch.device,
    ) -> None:
        """Keep the arguments.

        Args:
            train: training rows.
            validation: rows on which the best epoch is selected.
            loss: maps logits and targets to the mean loss.
            score: maps validation logits (texts, labels) to named scores.
            word_dropout: see `word_batch`.
            adversarial: see `backpropagate`.
            device: of the network.
        """
        self.lengths = train.token_ids.lengths_by_row
        self._train = train
        self._validation = validation
        self._loss = loss
        self._score = score
        self._word_dropout = word_dropout
        self._adversarial = adversarial
        self._device = device

    def batch(self, rows: NDArray[np.int64]) -> LabelledBatch:
        """Return the training texts of `rows` with their targets; word dropout uses torch's random state."""
        texts = word_batch(self._train.token_ids, rows, self._device, word_dropout=self._word_dropout)
        targets = torch.from_numpy(self._train.targets[rows]).float()
        return LabelledBatch(texts.words, texts, to_device(targets, self._device))

    def part(self, rows: NDArray[np.int64], share: Share) -> LabelledBatch:
        """Return a share of the same batch, on a CPU, with the words and targets of the whole batch."""
        part, texts = part_of_batch(self._train.token_ids, rows, share, word_dropout=self._word_dropout)
        return LabelledBatch(part.words, texts, torch.from_numpy(self._train.targets[rows]).float(), part)

    def even_batch(self, rows: NDArray[np.int64]) -> EvenBatch:
        """Return the same as `batch`, still on the CPU, for a GPU."""
        return EvenBatch.of(
            self._train.token_ids, rows, self._train.targets[rows].astype(np.float32), word_dropout=self._word_dropout
        )

    def backpropagate(self, model: Classifier, batch: LabelledBatch) -> Tensor:
        """Add the gradients of the batch's loss to the parameters and return the loss, in nats, on the device."""
        if batch.part is None:
            return add_gradients(
                model, batch.texts, lambda logits: self._loss(logits, batch.targets), adversarial=self._adversarial
            )
        loss_of = loss_of_share(self._loss, batch.targets, batch.part.share)
        return add_gradients(model, batch.texts, loss_of, adversarial=self._adversarial, part=batch.part)

    def scores(self, model: nn.Module) -> dict[str, float]:
        """Return the validation scores of `model`, which must be in evaluation mode."""
        return self._score(self.logits(model))

    @torch.no_grad()
    def logits(self, model: nn.Module) -> NDArray[np.float32]:
        """Return (validation texts, labels)."""
        token_ids = self._validation.token_ids
        batches = batches_by_length(
            token_ids.lengths, batch_size=EVALUATION_BATCH_SIZE, max_tokens=EVALUATION_BATCH_TOKENS
        )
        parts = [(rows, model(*word_batch(token_ids, rows, self._device))) for rows in batches]
        logits = np.empty((len(token_ids), parts[0][1].shape[1]), dtype=np.float32)
        for rows, values in parts:  # once all are under way
            logits[rows] = values.cpu().numpy()
        return logits
