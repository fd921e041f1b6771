"""Pretrained weights in a quarter of the space: word vectors in int8, all else in float16.

Each word vector has a scale of its own, so that the largest of its numbers becomes 127 or -127. Its numbers are then
wrong by at most 0.4% of the largest one.
"""

from typing import Final

import numpy as np

from lstmcli.kernels.weights import Weights

TABLE: Final = "embedding.weight"
SCALES: Final = "embedding.scales"

LARGEST: Final = 127

# The types of compact weights, by the names that safetensors has for them.
COMPACT_TYPES: Final = frozenset({"F16", "I8"})


def compressed(weights: Weights) -> Weights:
    """Return compact weights: `embedding.weight` in int8 with `embedding.scales` (words,), all others in float16."""
    table = weights[TABLE].astype(np.float32)
    scales = (np.abs(table).max(axis=1) / LARGEST).astype(np.float16)
    divisors = np.where(scales > 0, scales, np.float16(1)).astype(np.float32)
    numbers = np.clip(np.rint(table / divisors[:, None]), -LARGEST, LARGEST).astype(np.int8)
    others = {name: value.astype(np.float16) for name, value in weights.items() if name != TABLE}
    return {**others, TABLE: numbers, SCALES: scales}


def expanded(weights: Weights) -> Weights:
    """Return weights in float32, from compact ones or such as they were.

    Raises:
        ValueError: the scales do not fit the word vectors.
    """
    others = {name: value.astype(np.float32) for name, value in weights.items() if name not in {TABLE, SCALES}}
    table = weights[TABLE].astype(np.float32)
    if weights[TABLE].dtype == np.int8:
        scales = weights.get(SCALES)
        if scales is None or scales.shape != (len(table),):
            raise ValueError("scales of the word vectors are missing or not as many as the words")
        table *= scales.astype(np.float32)[:, None]
    return {**others, TABLE: table}
