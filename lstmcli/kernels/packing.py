"""How the kernels lay ragged sequences out: step after step, longest sequence first, without padding."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Packing(NamedTuple):
    """The order in which kernels hold the tokens of a batch.

    Outside, the tokens of a batch lie text after text. Here all first tokens lie together, then all second ones, and so
    on, with the longest text in front: the rows of a step are the first rows of the step before, and a text that has
    ended is simply not among them any more. The backward direction reads each text from its own last token, so both
    directions have the same number of rows at every step.

    Attributes:
        offsets: (steps + 1,); step t owns the packed rows from `offsets[t]` to `offsets[t + 1]`.
        tokens: (directions, tokens); the token, counted text after text, that stands in each packed row.
        previous: (tokens - texts,); the packed row of the step before, for every packed row from the second step on.
    """

    offsets: tuple[int, ...]
    tokens: NDArray[np.int64]
    previous: NDArray[np.int64]

    @classmethod
    def from_lengths(cls, lengths: NDArray[np.int64], *, num_directions: int) -> "Packing":
        """Pack texts of so many tokens each, (texts,), all at least 1; the second direction is the backward one."""
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
        """Of all texts together."""
        return self.offsets[-1]

    @property
    def num_texts(self) -> int:
        """Rows of the first step."""
        return self.offsets[1]


def chunk_lengths(lengths: NDArray[np.int64], chunk_tokens: int | None) -> NDArray[np.int64]:
    """Return the tokens of each piece, (pieces,), when texts of `lengths` (texts,) are read in pieces, end to end.

    A text becomes as few pieces of at most `chunk_tokens` tokens as it needs, as equal as can be; None: a single one.
    """
    if chunk_tokens is None or lengths.max() <= chunk_tokens:
        return lengths
    counts = -(-lengths // chunk_tokens)
    text = np.repeat(np.arange(len(lengths)), counts)
    number = np.arange(len(text)) - (np.cumsum(counts) - counts)[text]
    shortest, rest = np.divmod(lengths, counts)
    pieces: NDArray[np.int64] = shortest[text] + (number < rest[text])
    return pieces
