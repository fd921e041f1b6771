"""The kinds of dropout: whole words, and features with one mask for all time steps."""

import torch
from torch import Tensor, nn


class LockedDropout(nn.Module):
    """Drops the same features at every step of a sequence, so that a step can't lend them to its neighbour.

    Source: Gal and Ghahramani 2016, arXiv 1512.05287.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, time, size) -> the same; kept features grow by 1 / (1 - probability). Does nothing in evaluation."""
        if not self.training or self.probability == 0.0:
            return inputs
        mask = inputs.new_empty(inputs.shape[0], 1, inputs.shape[2]).bernoulli_(1.0 - self.probability)
        return inputs * mask.div_(1.0 - self.probability)


class WordDropout(nn.Module):
    """Replaces words by the unknown word, which also teaches the model what to make of a word never seen.

    Source: Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods".
    """

    def __init__(self, probability: float, *, unknown_id: int, pad_id: int) -> None:
        super().__init__()
        self.probability = probability
        self.unknown_id = unknown_id
        self.pad_id = pad_id

    def forward(self, token_ids: Tensor) -> Tensor:
        """(batch, time) ids -> the same; padding is never replaced. Does nothing in evaluation."""
        if not self.training or self.probability == 0.0:
            return token_ids
        is_dropped = torch.rand(token_ids.shape, device=token_ids.device) < self.probability
        return token_ids.masked_fill(is_dropped & (token_ids != self.pad_id), self.unknown_id)
