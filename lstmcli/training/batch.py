"""From rows of the corpus to what the network takes."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstmcli.models.dropout import random_drops
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import UNKNOWN_ID


class WordBatch(NamedTuple):
    """A batch of texts. The network looks up and projects each distinct word once.

    words: (words,), the distinct token ids in ascending order.
    word_index: (tokens,), which of `words` each token is, the texts end to end.
    lengths: (texts,), tokens of each text.
    """

    words: Tensor
    word_index: Tensor
    lengths: Tensor


class LabelledBatch(NamedTuple):
    """A batch of texts with their targets, (texts, labels). `words` are those of `texts`."""

    words: Tensor
    texts: WordBatch
    targets: Tensor


def word_batch(
    token_ids: TokenIds, rows: NDArray[np.int64], device: torch.device, *, word_dropout: float = 0.0
) -> WordBatch:
    """Return the texts of `rows` as a batch.

    Args:
        token_ids: all texts.
        rows: which of them.
        device: where the network is.
        word_dropout: probability that a token is replaced by the unknown word, which also teaches the network what to
            make of a word never seen. Source: Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods".
    """
    ids, lengths = token_ids.joined(rows)
    tokens = torch.from_numpy(ids.astype(np.int64))
    if word_dropout > 0.0:
        tokens.masked_fill_(random_drops(len(tokens), word_dropout, tokens.device), UNKNOWN_ID)
    words, index = torch.unique(tokens, return_inverse=True)
    return WordBatch(words.to(device), index.to(device), torch.from_numpy(lengths).to(device))
