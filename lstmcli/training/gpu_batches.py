"""Batches for a GPU: texts in slots of equal size, in one piece of memory that is copied at once."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstmcli.models.gpu.texts import EvenTexts
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import PAD_ID
from lstmcli.training.batch import LabelledBatch, WordBatch, distinct_words

# Sizes are rounded up to multiples of these, so that there are few different ones.
STEPS = 4
WORDS = 256

# Tensors begin at multiples of this many bytes, for which Triton compiles faster access.
ALIGNMENT = 16


class Shape(NamedTuple):
    """The sizes of a batch, on which the shapes of all tensors depend."""

    num_texts: int
    num_steps: int
    num_words: int
    num_labels: int


class EvenBatch(NamedTuple):
    """A batch on the CPU.

    Attributes:
        shape: its sizes.
        memory: all its tensors, one after the other, in memory that a GPU can copy from.
    """

    shape: Shape
    memory: Tensor

    @classmethod
    def of(
        cls, token_ids: TokenIds, rows: NDArray[np.int64], targets: NDArray[np.float32], *, word_dropout: float
    ) -> "EvenBatch":
        """Return the texts of `rows` with `targets` (texts, labels); other arguments as for `batch.word_batch`."""
        words, index, lengths = distinct_words(token_ids, rows, word_dropout=word_dropout)
        num_steps = even_steps(int(lengths.max()))
        shape = Shape(len(rows), num_steps, -(-len(words) // WORDS) * WORDS, targets.shape[1])
        memory = torch.zeros(_places(shape)[-1].end, dtype=torch.uint8, pin_memory=torch.cuda.is_available())
        batch = labelled_batch(shape, memory)
        texts = batch.texts.lengths
        assert isinstance(texts, EvenTexts)
        batch.words.fill_(PAD_ID)
        batch.words[: len(words)] = words
        starts = np.arange(len(rows)) * num_steps
        slots = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(len(index))
        batch.texts.word_index[torch.from_numpy(slots)] = index
        texts.lengths.copy_(torch.from_numpy(lengths))
        texts.starts.copy_(torch.from_numpy(starts))
        longest_first = np.argsort(-lengths, kind="stable")
        texts.spans.copy_(torch.from_numpy(np.stack([starts, lengths])[:, longest_first]))
        batch.targets.copy_(torch.from_numpy(targets))
        return cls(shape, memory)


def even_steps(longest: int) -> int:
    """Return how many slots each text gets in a batch with a longest text of that many tokens."""
    return -(-longest // STEPS) * STEPS


def labelled_batch(shape: Shape, memory: Tensor) -> LabelledBatch:
    """Return the tensors in `memory`, (bytes,), on its device."""
    parts = [memory[each.start : each.end].view(each.dtype).view(each.sizes) for each in _places(shape)]
    words, index, lengths, starts, spans, targets = parts
    texts = WordBatch(words, index, EvenTexts(lengths, starts, spans, shape.num_steps))
    return LabelledBatch(words, texts, targets)


class _Place(NamedTuple):
    """Where a tensor is in the memory of a batch, in bytes."""

    start: int
    end: int
    dtype: torch.dtype
    sizes: tuple[int, ...]


@lru_cache(maxsize=256)
def _places(shape: Shape) -> list[_Place]:
    """Return the places of words, index, lengths, starts, spans and targets."""
    num_texts, num_steps, num_words, num_labels = shape
    tensors: list[tuple[torch.dtype, tuple[int, ...]]] = [
        (torch.int64, (num_words,)),
        (torch.int64, (num_texts * num_steps,)),
        (torch.int64, (num_texts,)),
        (torch.int64, (num_texts,)),
        (torch.int32, (2, num_texts)),
        (torch.float32, (num_texts, num_labels)),
    ]
    places, start = [], 0
    for dtype, sizes in tensors:
        end = start + math.prod(sizes) * dtype.itemsize
        places.append(_Place(start, end, dtype, sizes))
        start = -(-end // ALIGNMENT) * ALIGNMENT
    return places
