"""Tells which keys of texts have occurred before; beyond some hundred thousand, most keys are in a temporary file.

The file is a hash table of buckets. The first bits of a key are the number of its bucket, so the keys of the table are
nearly in order. New keys are collected in memory until they are worth writing the table anew, from its start to its
end, perhaps with twice as many buckets. Keys whose bucket is full stay in memory until then.
"""

import struct
import tempfile
import weakref

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.temporary import temporary_space

# Up to this many new keys stay in memory, at about 70 bytes each, or one for so many keys in the file, if that is more.
MEMORY_KEYS = 1 << 17
STORED_KEYS_PER_NEW_KEY = 128

# Keys of a bucket. Buckets are at most half full on average; then about one in 10,000 is full.
BUCKET_KEYS = 32

# Buckets written at a time.
BLOCK_BUCKETS = 1 << 12

_BUCKET = struct.Struct(f"<{BUCKET_KEYS}Q")
_KEY_BITS = 64
_FREE = 0


class SeenKeys:
    """A set of 64-bit keys."""

    def __init__(self) -> None:
        self._new: set[int] = set()
        self._most_new = MEMORY_KEYS
        self._table: _Table | None = None

    @property
    def num_in_memory(self) -> int:
        """The number of keys that are not in the file."""
        return len(self._new)

    def add(self, key: int) -> bool:
        """Add a signed key; return whether it is new."""
        key %= 1 << _KEY_BITS
        if key in self._new or (self._table is not None and key in self._table):
            return False
        self._new.add(key)
        if len(self._new) > self._most_new:
            self._store()
        return True

    def _store(self) -> None:
        new = np.sort(np.fromiter(self._new, dtype=np.uint64, count=len(self._new)))
        self._table = _Table.with_keys(self._table, new)
        self._new = set(self._table.left_over)
        self._most_new = max(MEMORY_KEYS, self._table.num_keys // STORED_KEYS_PER_NEW_KEY) + len(self._new)


class _Table:
    """The hash table in a file.

    Attributes:
        num_keys: how many are in it.
        left_over: keys that found no place.
    """

    def __init__(self, bits: int) -> None:
        """Start a table of 2^`bits` buckets, which are to be written."""
        self.num_keys = 0
        self.left_over: list[int] = []
        self._bits = bits
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (lives as long as the table)
        weakref.finalize(self, self._file.close)

    @classmethod
    def with_keys(cls, before: "_Table | None", new: NDArray[np.uint64]) -> "_Table":
        """Return a table of the keys of another and of `new` ones, which are in ascending order."""
        bits, num_keys = (0, len(new)) if before is None else (before._bits, before.num_keys + len(new))
        bits_before = bits
        while 2 * num_keys > BUCKET_KEYS << bits:
            bits += 1
        table = cls(bits)
        places, end = _buckets(new, bits_before), 0
        for first in range(0, 1 << bits_before, BLOCK_BUCKETS):
            num = min(BLOCK_BUCKETS, (1 << bits_before) - first)
            start, end = end, int(np.searchsorted(places, first + num))
            stored = [] if before is None else [before._keys(first, num)]
            table._append(np.sort(np.concatenate([*stored, new[start:end]])), num << (bits - bits_before))
        return table

    def __contains__(self, key: int) -> bool:
        self._file.seek((key >> (_KEY_BITS - self._bits)) * _BUCKET.size)
        return key in _BUCKET.unpack(self._file.read(_BUCKET.size)) and key != _FREE

    def _keys(self, first: int, num: int) -> NDArray[np.uint64]:
        """Return the keys in `num` buckets from the `first` on."""
        self._file.seek(first * _BUCKET.size)
        keys = np.frombuffer(self._file.read(num * _BUCKET.size), dtype="<u8").astype(np.uint64)
        stored: NDArray[np.uint64] = keys[keys != _FREE]
        return stored

    def _append(self, keys: NDArray[np.uint64], num: int) -> None:
        """Write the next `num` buckets, with `keys` in ascending order."""
        first = self._file.tell() // _BUCKET.size
        buckets = _buckets(keys, self._bits) - first
        ranks = np.arange(len(keys)) - np.searchsorted(buckets, buckets)
        has_place = (ranks < BUCKET_KEYS) & (keys != _FREE)
        content = np.zeros((num, BUCKET_KEYS), dtype="<u8")
        content[buckets[has_place], ranks[has_place]] = keys[has_place]
        with temporary_space():
            self._file.write(content.tobytes())
        self.num_keys += int(has_place.sum())
        self.left_over += keys[~has_place].tolist()


def _buckets(keys: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    """Return the number of each key's bucket."""
    if not bits:
        return np.zeros(len(keys), dtype=np.int64)
    return (keys >> np.uint64(_KEY_BITS - bits)).astype(np.int64)
