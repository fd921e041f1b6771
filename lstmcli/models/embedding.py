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

    def __init__(self, num_words: int, size: int, *, pad_id: int, sparse: bool = False) -> None:
        """Draw new rows. With `sparse` the gradient of `weight` holds the rows of the batch alone."""
        super().__init__()
        self.sparse = sparse
        self.weight = nn.Parameter(torch.empty(num_words, size).normal_(std=INITIAL_STD))
        with torch.no_grad():
            self.weight[pad_id] = 0.0
        self.extra: Tensor
        self.register_buffer("extra", torch.empty(0, size), persistent=False)
        self.frozen: Tensor | None
        self.register_buffer("frozen", None, persistent=False)

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
            self.frozen = is_known

    def table(self) -> Tensor:
        """Return all rows, (training and further words, size)."""
        return torch.cat([self.weight, self.extra]) if len(self.extra) else self.weight

    def forward(self, words: Tensor) -> Tensor:
        """(words,) distinct ids -> (words, size)."""
        num_trained = len(self.weight)
        is_extra = words >= num_trained
        has_extra = len(self.extra) > 0 and bool(is_extra.any())
        trained = words.masked_fill(is_extra, 0) if has_extra else words
        vectors = nn.functional.embedding(trained, self.weight, sparse=self.sparse)
        if self.frozen is not None:
            vectors = torch.where(self.frozen[trained][:, None], vectors.detach(), vectors)
        if not has_extra:
            return vectors
        further = self.extra[(words - num_trained).clamp_min(0)]
        return torch.where(is_extra[:, None], further, vectors)
