"""A stored vocabulary with a memory-mapped hash table, so that words are looked up without reading all of them.

The index is one array of uint32: the number of words, the slots of the hash table, and the start of each word in the
word list. A slot contains the id of a word plus 1, or 0; a word is in the first free slot from crc32(word) on.
"""

import zlib
from collections.abc import Sequence
from itertools import accumulate
from mmap import mmap

import numpy as np
from numpy.typing import NDArray

from lstmcli.text.vocabulary import PAD_TOKEN, UNKNOWN_ID, UNKNOWN_TOKEN

Index = NDArray[np.uint32]


def index_words(words: Sequence[str]) -> Index:
    """Return the index of distinct words in the order of their ids, stored as `Vocabulary.file_content`."""
    num_slots = _num_slots(len(words))
    encoded = [word.encode() for word in words]
    slots = [0] * num_slots
    for number, word in enumerate(encoded, start=1):
        slot = zlib.crc32(word) % num_slots
        while slots[slot]:
            slot = (slot + 1) % num_slots
        slots[slot] = number
    starts = accumulate((len(word) + 1 for word in encoded), initial=0)
    return np.array([len(words), *slots, *starts], dtype=np.uint32)


def _num_slots(num_words: int) -> int:
    return 1 << (2 * num_words).bit_length()  # at least half are free, so most look-ups take one step


class StoredVocabulary:
    """The words of a file and their ids, with the same look-up as `Vocabulary`."""

    def __init__(self, content: bytes | mmap, index: Index) -> None:
        """Store a word list and its index, both possibly memory-mapped.

        Raises:
            ValueError: they do not match.
        """
        self._content = memoryview(content)
        numbers = np.ascontiguousarray(index).data
        self._num_words = int(numbers[0]) if len(numbers) else 0
        self._num_slots = _num_slots(self._num_words)
        self._slots = numbers[1 : 1 + self._num_slots]
        self._starts = numbers[1 + self._num_slots :]
        special = f"{PAD_TOKEN}\n{UNKNOWN_TOKEN}\n".encode()
        if len(self._starts) != self._num_words + 1 or self._starts[-1] != len(self._content):
            raise ValueError("the word list and its index do not match")
        if self._content[: len(special)] != special:
            raise ValueError(f"expected the words to start with {PAD_TOKEN}, {UNKNOWN_TOKEN}")

    def id_of(self, word: str) -> int:
        """Return the id of a word, UNKNOWN_ID if it has none."""
        encoded = word.encode()
        slot = zlib.crc32(encoded) % self._num_slots
        while number := self._slots[slot]:
            if self._content[self._starts[number - 1] : self._starts[number] - 1] == encoded:
                return int(number) - 1
            slot = (slot + 1) % self._num_slots
        return UNKNOWN_ID

    def __len__(self) -> int:
        return self._num_words
