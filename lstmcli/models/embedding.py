"""The table of word vectors: trained rows, and rows of words that occur only in prediction."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

INITIAL_STD = 0.1


class Embedding(nn.Module):
    """Word vectors for token ids: rows of `weight` first, then rows of `extra`.

    Parameters:
        weight: (training words, size). Row `pad_id` is 0 and stays 0.
        extra: (further words, size), for words that are not in the training texts. A buffer that is not checkpointed.
    """

    def __init__(self, num_words: int, size: int, *, pad_id: int, sparse: bool = False) -> None:
        """Draw new rows. With `sparse`, the gradient of `weight` contains only the rows of the batch."""
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
            vectors: (all words, size); those after the training words become `extra`.
            known: (training words,), True for words with a pretrained vector. Other rows keep their random vectors.
            frozen: whether known rows stay fixed. Other rows are trained in any case.
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
        """(words,), distinct ids -> (words, size)."""
        num_trained = len(self.weight)
        is_extra = words >= num_trained
        # On a GPU, asking whether there are any would wait for all work before.
        has_extra = len(self.extra) > 0 and (words.is_cuda or bool(is_extra.any()))
        trained = words.masked_fill(is_extra, 0) if has_extra else words
        vectors = nn.functional.embedding(trained, self.weight, sparse=self.sparse)
        if self.frozen is not None:
            vectors = torch.where(self.frozen[trained][:, None], vectors.detach(), vectors)
        if not has_extra:
            return vectors
        further = self.extra[(words - num_trained).clamp_min(0)]
        return torch.where(is_extra[:, None], further, vectors)
