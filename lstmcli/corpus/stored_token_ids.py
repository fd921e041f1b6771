"""Token ids of a corpus that stay in a temporary file."""

from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.numbers_on_disk import NumbersOnDisk
from lstmcli.text.epoch_order import MAX_POOL_TOKENS, RUN_TEXTS
from lstmcli.text.token_ids import TokenIds

# So many token ids of texts that were read last stay in memory: those of a pool of an epoch, and of its neighbours.
CACHED_TOKENS = MAX_POOL_TOKENS + (MAX_POOL_TOKENS >> 2)


# Offsets of more texts than this are not in memory.
MEMORY_TEXTS = 1 << 20


def token_ids_of(ids: NumbersOnDisk, lengths: NumbersOnDisk) -> TokenIds:
    """Return texts with these lengths, end to end in `ids`; in memory unless they are many."""
    if ids.is_small and len(lengths) <= MEMORY_TEXTS:
        return TokenIds(ids.all(), np.concatenate([[0], np.cumsum(lengths.all(), dtype=np.int64)]))
    return StoredTokenIds(ids, lengths)


class _Run(NamedTuple):
    """The ids of RUN_TEXTS neighbouring texts, and where each of them starts and ends."""

    flat: NDArray[Any]
    starts: list[int]


class StoredLengths:
    """The number of tokens of each text, in a file."""

    def __init__(self, lengths: NumbersOnDisk) -> None:
        self._lengths = lengths

    def __len__(self) -> int:
        return len(self._lengths)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        runs, places = np.unique(rows // RUN_TEXTS, return_inverse=True)
        table = np.zeros((len(runs), RUN_TEXTS), dtype=np.int64)
        for place, run in enumerate(runs.tolist()):
            found = self.of_run(run)
            table[place, : len(found)] = found
        return table[places, rows % RUN_TEXTS]

    def of_run(self, run: int) -> NDArray[Any]:
        """Return the lengths of the texts of a run."""
        return self._lengths.read(run * RUN_TEXTS, min((run + 1) * RUN_TEXTS, len(self._lengths)))


class StoredTokenIds(TokenIds):
    """Texts as token ids, of which memory holds what was read last, and 8 bytes for each RUN_TEXTS texts.

    `flat` maps all ids into memory and `offsets` computes all of them, for what can't do without.

    Attributes:
        num_in_memory: the number of ids that were read last, and kept.
    """

    def __init__(self, ids: NumbersOnDisk, lengths: NumbersOnDisk) -> None:
        """Take the ids of all texts, and the lengths of the texts."""
        self._ids, self._lengths = ids, lengths
        totals = [np.zeros(1, dtype=np.int64)]
        for block in lengths.blocks():  # of a multiple of RUN_TEXTS texts
            totals.append(np.add.reduceat(block.astype(np.int64), np.arange(0, len(block), RUN_TEXTS)))
        self._starts = np.cumsum(np.concatenate(totals))
        self._cache: OrderedDict[int, _Run] = OrderedDict()
        self.num_in_memory = 0

    @property
    def flat(self) -> NDArray[np.integer]:
        """All ids, text after text."""
        return self._ids.mapped()

    @property
    def offsets(self) -> NDArray[np.int64]:
        """(texts + 1,), where each text starts."""
        return np.concatenate([[0], np.cumsum(self._lengths.all(), dtype=np.int64)])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """See `TokenIds`."""
        return self._lengths.all().astype(np.int64)

    @property
    def lengths_by_row(self) -> StoredLengths:
        """See `TokenIds`."""
        return StoredLengths(self._lengths)

    @property
    def num_tokens(self) -> int:
        """See `TokenIds`."""
        return len(self._ids)

    def __len__(self) -> int:
        return len(self._lengths)

    def joined(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
        """See `TokenIds`."""
        parts = [np.empty(0, dtype=self._ids.dtype)]
        for row in rows.tolist():
            run = self._run(row // RUN_TEXTS)
            place = row % RUN_TEXTS
            parts.append(run.flat[run.starts[place] : run.starts[place + 1]])
        return np.concatenate(parts), np.array([len(part) for part in parts[1:]], dtype=np.int64)

    def _run(self, number: int) -> _Run:
        run = self._cache.get(number)
        if run is not None:
            self._cache.move_to_end(number)
            return run
        flat = self._ids.read(int(self._starts[number]), int(self._starts[number + 1]))
        starts = [0, *np.cumsum(self.lengths_by_row.of_run(number)).tolist()]
        run = self._cache[number] = _Run(flat, starts)
        self.num_in_memory += len(flat)
        while self.num_in_memory > CACHED_TOKENS and len(self._cache) > 1:
            _, oldest = self._cache.popitem(last=False)
            self.num_in_memory -= len(oldest.flat)
        return run
