"""Batches of texts, as the network takes them."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstmcli.models.devices import to_device
from lstmcli.models.dropout import random_drops
from lstmcli.models.gpu.texts import Lengths
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import UNKNOWN_ID
from lstmcli.training.shares import Part, Share


class WordBatch(NamedTuple):
    """A batch of texts. The network looks up and projects each distinct word once.

    words: (words,), the distinct token ids in ascending order.
    word_index: (tokens,), the index in `words` of each token, text after text.
    lengths: (texts,), in tokens; always on the CPU, which plans the work of a GPU. Or texts in even slots, see
        `gpu_batches`.
    """

    words: Tensor
    word_index: Tensor
    lengths: Lengths


class LabelledBatch(NamedTuple):
    """A batch of texts with their targets, (texts, labels). `words` is `texts.words`.

    If several processes share a batch, `texts` are those of the `part` of this one, while `words` and `targets` are
    those of the whole batch.
    """

    words: Tensor
    texts: WordBatch
    targets: Tensor
    part: Part | None = None


def word_batch(
    token_ids: TokenIds, rows: NDArray[np.int64], device: torch.device, *, word_dropout: float = 0.0
) -> WordBatch:
    """Return the texts of `rows` as a batch.

    Args:
        token_ids: of all texts.
        rows: numbers of the texts in the batch.
        device: of the network.
        word_dropout: probability that a token is replaced by the unknown word, which also trains the vector of the
            unknown word. Source: Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods".
    """
    words, index, lengths = distinct_words(token_ids, rows, word_dropout=word_dropout)
    return WordBatch(to_device(words, device), to_device(index, device), torch.from_numpy(lengths))


def part_of_batch(
    token_ids: TokenIds, rows: NDArray[np.int64], share: Share, *, word_dropout: float
) -> tuple[Part, WordBatch]:
    """Return the share of one process, on a CPU, with its texts; other arguments as for `word_batch`.

    Word dropout is drawn for the whole batch, so the words of the batch are the same in all processes.
    """
    words, index, lengths = distinct_words(token_ids, rows, word_dropout=word_dropout)
    own, own_index = torch.unique(index[torch.from_numpy(share.tokens)], return_inverse=True)
    return Part(share, words, own), WordBatch(words[own], own_index, torch.from_numpy(lengths[share.texts]))


def distinct_words(
    token_ids: TokenIds, rows: NDArray[np.int64], *, word_dropout: float
) -> tuple[Tensor, Tensor, NDArray[np.int64]]:
    """Return `words` and `word_index` of a batch, and the lengths of its texts; arguments as for `word_batch`."""
    ids, lengths = token_ids.joined(rows)
    tokens = torch.from_numpy(ids.astype(np.int64))
    if word_dropout > 0.0:
        tokens.masked_fill_(random_drops(len(tokens), word_dropout, tokens.device), UNKNOWN_ID)
    words, index = torch.unique(tokens, return_inverse=True)
    return words, index, lengths
