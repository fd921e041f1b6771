"""Tells which keys of texts have occurred before; beyond some hundred thousand, the keys are in a temporary file.

The file is a hash table of buckets. The first bits of a key are the number of its bucket, so that doubling the table
divides each bucket into two neighbours, and the table is rewritten from its start to its end. The few keys whose bucket
is full stay in memory.
"""

import mmap
import struct
import tempfile
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.temporary import temporary_space

# Up to this many keys stay in memory, at about 70 bytes each.
MEMORY_KEYS = 1 << 18

# Keys of a bucket. Buckets are doubled when they are half full on average; then about one in 10,000 is full.
BUCKET_KEYS = 32

# Buckets rewritten at a time.
BLOCK_BUCKETS = 1 << 12

# The table is mapped into memory. After so many look-ups, its pages are given back, of which the system may have mapped
# some more each time.
LOOKUPS_PER_RELEASE = 1 << 8

_BUCKET = struct.Struct(f"<{BUCKET_KEYS}Q")
_KEY = struct.Struct("<Q")
_KEY_BITS = 64
_FREE = 0


class SeenKeys:
    """A set of 64-bit keys."""

    def __init__(self) -> None:
        self._in_memory: set[int] = set()  # all keys, or those that found no place in the table
        self._table: _Table | None = None

    def add(self, key: int) -> bool:
        """Add a signed key; return whether it is new."""
        if key in self._in_memory:
            return False
        if self._table is None:
            self._in_memory.add(key)
            if len(self._in_memory) > MEMORY_KEYS:
                self._move_to_table()
            return True
        return self._add_to_table(key)

    def _move_to_table(self) -> None:
        keys = np.fromiter(self._in_memory, dtype=np.int64, count=len(self._in_memory)).astype(np.uint64)
        self._table = _Table(keys)
        self._in_memory = _signed(self._table.take_left_over())

    def _add_to_table(self, key: int) -> bool:
        assert self._table is not None
        found = self._table.add(key % (1 << _KEY_BITS))
        if found is None:
            self._in_memory.add(key)
        self._in_memory |= _signed(self._table.take_left_over())
        return found is not False


def _signed(keys: list[int]) -> set[int]:
    return {key - (1 << _KEY_BITS) if key >> (_KEY_BITS - 1) else key for key in keys}


class _Table:
    """The hash table in a file, which grows as keys are added."""

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        """Start with these distinct `keys`."""
        self._bits = max(1, (4 * len(keys) // BUCKET_KEYS).bit_length())
        self._left_over: list[int] = []
        self._num_keys, self._num_lookups = len(keys), 0
        with tempfile.TemporaryFile() as file:
            self._write(file, 0, 1 << self._bits, np.sort(keys))
            self._map = _mapped(file)

    def take_left_over(self) -> list[int]:
        """Return the keys that found no place when the table was written, and forget them."""
        found, self._left_over = self._left_over, []
        return found

    def add(self, key: int) -> bool | None:
        """Return whether a key is new, after adding it; None for one that is new, but has no place."""
        place = (key >> (_KEY_BITS - self._bits)) * _BUCKET.size
        bucket = _BUCKET.unpack_from(self._map, place)
        self._count_lookup()
        if key in bucket and key != _FREE:
            return False
        if key == _FREE or bucket[-1] != _FREE:
            return None
        _KEY.pack_into(self._map, place + bucket.index(_FREE) * _KEY.size, key)
        self._num_keys += 1
        if 2 * self._num_keys > BUCKET_KEYS << self._bits:
            self._double()
        return True

    def _count_lookup(self) -> None:
        self._num_lookups += 1
        if self._num_lookups % LOOKUPS_PER_RELEASE == 0:
            self._release()

    def _release(self) -> None:
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)  # the file keeps what was written

    def _double(self) -> None:
        """Write all keys into twice as many buckets."""
        num_buckets = 1 << self._bits
        self._bits += 1
        with tempfile.TemporaryFile() as file:
            for first in range(0, num_buckets, BLOCK_BUCKETS):
                end = min(first + BLOCK_BUCKETS, num_buckets)
                keys = np.frombuffer(self._map[first * _BUCKET.size : end * _BUCKET.size], dtype="<u8")
                self._write(file, 2 * first, 2 * end, np.sort(keys[keys != _FREE]))
                self._release()
            self._map.close()
            self._map = _mapped(file)

    def _write(self, file: BinaryIO, first: int, end: int, keys: NDArray[np.uint64]) -> None:
        """Write the buckets from `first` up to `end`, in which all `keys` belong; these are in ascending order.

        All of the file is written, since a mapped file without room on the disk ends the process.
        """
        buckets = (keys >> np.uint64(_KEY_BITS - self._bits)).astype(np.int64) - first
        ranks = np.arange(len(keys)) - np.searchsorted(buckets, buckets)
        has_place = (ranks < BUCKET_KEYS) & (keys != _FREE)
        table = np.zeros((end - first, BUCKET_KEYS), dtype="<u8")
        table[buckets[has_place], ranks[has_place]] = keys[has_place]
        self._left_over += keys[~has_place].tolist()
        with temporary_space():
            file.write(table.tobytes())
            file.flush()


def _mapped(file: BinaryIO) -> mmap.mmap:
    return mmap.mmap(file.fileno(), 0)
