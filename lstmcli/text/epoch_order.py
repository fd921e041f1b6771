"""The order of the batches of an epoch over more texts than one wants to shuffle in memory.

Texts are taken in runs of RUN_TEXTS neighbours. The runs are shuffled, and read in pools of many runs, in which all
texts are shuffled. So a batch contains texts from all over the corpus, but those of a pool are read together, one pool
after the other, and only one pool is in memory at a time. docs/scaling.md compares this with shuffling all texts.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

# Neighbours that are read together, so that a disk is not asked for each text alone. Fewer would mix better, and need
# more memory: 8 bytes for each run.
RUN_TEXTS = 32

# A pool ends before it has more texts or tokens than this, if it has any.
MAX_POOL_TEXTS = 1 << 17
MAX_POOL_TOKENS = 1 << 22


class Lengths(Protocol):
    """The number of tokens of each text, in memory or not."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.int64]: ...


class BlockOrder(Sequence[NDArray[np.int64]]):
    """The batches of an epoch, computed one pool at a time; fastest in ascending order.

    Every text is in exactly one batch. All batches but one have `batch_size` texts.
    """

    def __init__(
        self, lengths: Lengths, *, batch_size: int, pool_batches: int, generator: "np.random.Generator"
    ) -> None:
        """Draw the order of the runs.

        Args:
            lengths: of the texts.
            batch_size: number of texts in a batch.
            pool_batches: texts are sorted by length among this many batches.
            generator: of the epoch.
        """
        self._lengths = lengths
        self._batch_size = batch_size
        self._sorted_texts = batch_size * pool_batches
        self._seed = int(generator.integers(1 << 62))
        self._runs = generator.permutation(-(-len(lengths) // RUN_TEXTS))
        self._start_over()

    def _start_over(self) -> None:
        self._pools = self._all_pools()
        self._first, self._batches = 0, list[NDArray[np.int64]]()

    def __len__(self) -> int:
        return -(-len(self._lengths) // self._batch_size)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.int64]: ...

    @overload
    def __getitem__(self, index: slice) -> list[NDArray[np.int64]]: ...

    def __getitem__(self, index: int | slice) -> NDArray[np.int64] | list[NDArray[np.int64]]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(f"expected a batch below {len(self)}, got {index}")
        if index < self._first:
            self._start_over()
        while index >= self._first + len(self._batches):
            self._first += len(self._batches)
            self._batches = next(self._pools)
        return self._batches[index - self._first]

    def _all_pools(self) -> Iterator[list[NDArray[np.int64]]]:
        """Yield the batches of each pool. Texts that do not fill a batch are left to the next pool."""
        left, number, start = np.empty(0, dtype=np.int64), 0, 0
        while start < len(self._runs):
            rows, num_runs = self._rows_of_pool(start)
            start += num_runs
            generator = np.random.default_rng([self._seed, number])
            number += 1
            rows = np.concatenate([left, generator.permutation(rows)])
            is_last = start == len(self._runs)
            end = len(rows) if is_last else len(rows) - len(rows) % self._batch_size
            left = rows[end:]
            batches = self._batches_of(rows[:end])
            yield [batches[place] for place in generator.permutation(len(batches)).tolist()]

    def _rows_of_pool(self, start: int) -> tuple[NDArray[np.int64], int]:
        """Return the texts of the pool that begins with run number `start`, and of how many runs it is."""
        runs = self._runs[start : start + max(1, MAX_POOL_TEXTS // RUN_TEXTS)]
        rows = (runs[:, None] * RUN_TEXTS + np.arange(RUN_TEXTS)).ravel()
        is_text = rows < len(self._lengths)
        tokens = np.zeros(len(rows), dtype=np.int64)
        tokens[is_text] = self._lengths[rows[is_text]]
        totals = np.cumsum(tokens.reshape(len(runs), RUN_TEXTS).sum(axis=1))
        num_runs = max(1, int(np.searchsorted(totals, MAX_POOL_TOKENS, side="right")))
        rows = rows[: num_runs * RUN_TEXTS]
        return rows[rows < len(self._lengths)], num_runs

    def _batches_of(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Divide shuffled rows into batches of similar length; only the last one may be smaller."""
        batches = []
        for start in range(0, len(rows), self._sorted_texts):
            part = rows[start : start + self._sorted_texts]
            part = part[np.argsort(self._lengths[part], kind="stable")]
            batches += [part[first : first + self._batch_size] for first in range(0, len(part), self._batch_size)]
        return batches
