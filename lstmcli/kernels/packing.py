"""How the kernels store sequences of different lengths: step after step, longest first, without padding."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Packing(NamedTuple):
    """The order in which the kernels store the tokens of a batch.

    Elsewhere, the tokens of a batch are stored text after text. Here, all first tokens come first, then all second
    ones, and so on, longest text first. The texts of a step are thus the first rows of the previous step, and a text
    that has ended is no longer among them. The backward direction starts each text at its own last token, so both
    directions have the same number of rows at every step.

    Attributes:
        offsets: (steps + 1,), step t consists of the packed rows from `offsets[t]` to `offsets[t + 1]`.
        tokens: (directions, tokens), the token in each packed row, numbered text after text.
        previous: (tokens - texts,), for every packed row from the second step on, the row of the previous step.
    """

    offsets: tuple[int, ...]
    tokens: NDArray[np.int64]
    previous: NDArray[np.int64]

    @classmethod
    def from_lengths(cls, lengths: NDArray[np.int64], *, num_directions: int) -> "Packing":
        """Pack texts of `lengths` (texts,), at least 1 each; the second direction is the backward one."""
        longest_first = np.argsort(-lengths, kind="stable")
        sorted_lengths = lengths[longest_first]
        steps = np.arange(sorted_lengths[0])
        num_rows = np.searchsorted(-sorted_lengths, -steps, side="left")  # texts longer than t
        offsets = np.concatenate([[0], np.cumsum(num_rows)])
        step = np.repeat(steps, num_rows)
        rank = np.arange(offsets[-1]) - offsets[step]
        first = (np.cumsum(lengths) - lengths)[longest_first][rank]
        tokens = np.empty((num_directions, offsets[-1]), dtype=np.int64)
        tokens[0] = first + step
        if num_directions == 2:
            tokens[1] = first + sorted_lengths[rank] - 1 - step
        later = slice(int(num_rows[0]), None)
        return cls(tuple(offsets.tolist()), tokens, offsets[step[later] - 1] + rank[later])

    @property
    def num_tokens(self) -> int:
        """The number of tokens in all texts."""
        return self.offsets[-1]

    @property
    def num_texts(self) -> int:
        """The number of texts, which all have a first step."""
        return self.offsets[1]


def chunk_lengths(lengths: NDArray[np.int64], chunk_tokens: int | None) -> NDArray[np.int64]:
    """Return the lengths of the pieces into which texts of `lengths` (texts,) are split, (pieces,), text after text.

    A text is split into as few pieces of at most `chunk_tokens` tokens as possible, with lengths as equal as possible.
    None: texts are not split.
    """
    if chunk_tokens is None or lengths.max() <= chunk_tokens:
        return lengths
    counts = -(-lengths // chunk_tokens)
    text = np.repeat(np.arange(len(lengths)), counts)
    number = np.arange(len(text)) - (np.cumsum(counts) - counts)[text]
    shortest, rest = np.divmod(lengths, counts)
    pieces: NDArray[np.int64] = shortest[text] + (number < rest[text])
    return pieces
