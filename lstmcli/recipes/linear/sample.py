"""The training rows that linear models are fitted on: all of them, or a random part of very many."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.encode import TokenizedTexts

# A linear model of words and word pairs takes an estimated 150 bytes per token while it is fitted.
MAX_TOKENS = 10_000_000


@dataclass(frozen=True)
class LinearRows:
    """Rows to fit linear models on.

    Attributes:
        texts: their tokens.
        numbers: which of all training rows they are, in ascending order; all of them as a slice.
        num_left_out: how many other training rows there are.
    """

    texts: TokenizedTexts
    numbers: NDArray[np.int64] | slice
    num_left_out: int

    @classmethod
    def of(cls, texts: TokenizedTexts, *, seed: int) -> "LinearRows":
        """Return all rows, or random ones that have at most MAX_TOKENS tokens in total, but at least one."""
        if texts.ids.num_tokens <= MAX_TOKENS:
            return cls(texts, slice(None), 0)
        order = np.random.default_rng(seed).permutation(len(texts))
        totals = np.cumsum(np.diff(texts.ids.offsets)[order])
        numbers = np.sort(order[: max(1, int(np.searchsorted(totals, MAX_TOKENS, side="right")))])
        return cls(texts.having(numbers), numbers, len(texts) - len(numbers))

    def those_of(self, values: Any) -> Any:
        """Return the values of these rows, from those of all training rows, in an array or scipy matrix; or None."""
        return None if values is None else values[self.numbers]
