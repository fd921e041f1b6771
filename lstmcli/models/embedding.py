"""The table of word vectors: rows that are trained, and rows that only prediction will meet."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

INITIAL_STD = 0.1


class Embedding(nn.Module):
    """Word vectors for token ids: rows of `weight` first, then rows of `extra`.

    Parameters:
        weight: (training words, size). Row `pad_id` is 0 and stays 0.
        extra: (further words, size), words of a vector file that training never meets. A buffer outside checkpoints.
    """

    def __init__(self, num_words: int, size: int, *, pad_id: int) -> None:
        super().__init__()
        self.pad_id = pad_id
        self.weight = nn.Parameter(torch.empty(num_words, size).normal_(std=INITIAL_STD))
        with torch.no_grad():
            self.weight[pad_id] = 0.0
        self.extra: Tensor
        self.register_buffer("extra", torch.empty(0, size), persistent=False)

    def set_vectors(self, vectors: NDArray[np.float32], known: NDArray[np.bool_], *, frozen: bool) -> None:
        """Start from pretrained vectors.

        Args:
            vectors: (all words, size); those behind the training words become `extra`.
            known: (training words,), True where the file has the word. Other rows keep their random start.
            frozen: whether known rows stay as they are; rows that the file lacks are trained all the same.
        """
        num_trained = len(self.weight)
        is_known = torch.from_numpy(known)
        with torch.no_grad():
            self.weight[is_known] = torch.from_numpy(vectors[:num_trained])[is_known]
        self.extra = torch.from_numpy(vectors[num_trained:]).clone()
        if frozen:
            is_trained = (~is_known).float()[:, None]
            hook = lambda gradient: gradient * is_trained.to(gradient.device)  # noqa: E731
            self.weight.register_hook(hook)  # type: ignore[no-untyped-call]

    def table(self) -> Tensor:
        """Return all rows, (training and further words, size)."""
        return torch.cat([self.weight, self.extra]) if len(self.extra) else self.weight

    def forward(self, token_ids: Tensor) -> Tensor:
        """(batch, time) -> (batch, time, size)."""
        num_trained = len(self.weight)
        if not len(self.extra) or int(token_ids.max()) < num_trained:
            return nn.functional.embedding(token_ids, self.weight, padding_idx=self.pad_id)
        is_extra = token_ids >= num_trained
        trained = nn.functional.embedding(token_ids.masked_fill(is_extra, self.pad_id), self.weight)
        further = nn.functional.embedding((token_ids - num_trained).clamp_min(0), self.extra)
        return torch.where(is_extra[..., None], further, trained)
