"""A stored vocabulary with a memory-mapped hash table, so that words are looked up without reading all of them.

The index is one array of uint32: the number of words, the slots of the hash table, and the start of each word in the
word list. A slot contains the id of a word plus 1, or 0; a word is in the first free slot from crc32(word) on.
"""

import zlib
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.sealed import MappedFile
from lstmcli.text.vocabulary import PAD_TOKEN, UNKNOWN_ID, UNKNOWN_TOKEN

Index = NDArray[np.uint32]

# So many words are looked up when an index is opened, to notice one that belongs to other words.
NUM_TRIED = 16

# With half of the slots free, a million words need fewer than 100.
MAX_PROBES = 4096

# Files of together so many bytes, as of some 8,000 words, are checked when they are opened, which takes less time than
# checks at each look-up.
CHECKED_AT_ONCE = 1 << 18


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

    def __init__(self, words: MappedFile, index: Index, index_file: MappedFile) -> None:
        """Store a mapped word list and its index, which is all but the header of `index_file`.

        Raises:
            DamagedFileError: they do not match, or are damaged where they are read here.
        """
        self._words, self._index_file = words, index_file
        self._content = memoryview(words.content)
        numbers = np.ascontiguousarray(index).data
        self._header = len(index_file.content) - numbers.nbytes
        self._is_checked = len(words.content) + len(index_file.content) <= CHECKED_AT_ONCE
        if self._is_checked:
            self._check_files()
        self._check_index(0, 1)
        self._num_words = int(numbers[0])
        self._num_slots = _num_slots(self._num_words)
        self._slots = numbers[1 : 1 + self._num_slots]
        self._starts = numbers[1 + self._num_slots :]
        self._check_index(len(numbers) - 1, len(numbers))
        if len(self._starts) != self._num_words + 1 or self._starts[-1] != len(self._content):
            raise words.damaged("is damaged: the word list and its index do not match")
        special = f"{PAD_TOKEN}\n{UNKNOWN_TOKEN}\n".encode()
        words.check(0, min(len(special), len(self._content)))
        if self._content[: len(special)] != special:
            raise words.damaged(f"is damaged: expected the words to start with {PAD_TOKEN}, {UNKNOWN_TOKEN}")
        for number in np.linspace(0, self._num_words - 1, NUM_TRIED).astype(int).tolist():
            self._check_word(number)

    def id_of(self, word: str) -> int:
        """Return the id of a word, UNKNOWN_ID if it has none.

        Raises:
            DamagedFileError: what was read to find it is damaged.
        """
        return self._find(word.encode())

    def _find(self, word: bytes) -> int:
        slot = zlib.crc32(word) % self._num_slots
        for _ in range(min(self._num_slots, MAX_PROBES)):
            if not self._is_checked:
                self._check_index(1 + slot, 2 + slot)
            number = self._slots[slot]
            if not number:
                return UNKNOWN_ID
            if self._word(number - 1) == word:
                return int(number) - 1
            slot = (slot + 1) % self._num_slots
        raise self._index_file.damaged("is damaged: its hash table has no free slots")

    def _word(self, number: int) -> memoryview:
        """Return the word with the id `number`."""
        if number >= self._num_words:
            raise self._index_file.damaged(f"is damaged: word {number} of {self._num_words}")
        if not self._is_checked:
            place = 1 + self._num_slots + number
            self._check_index(place, place + 2)
        start, end = self._starts[number], self._starts[number + 1]
        if not start < end <= len(self._content):
            raise self._index_file.damaged(f"is damaged: word {number} from byte {start} to {end}")
        if not self._is_checked:
            self._words.check(start, end)
        return self._content[start : end - 1]

    def _check_files(self) -> None:
        self._words.check(0, len(self._words.content))
        self._index_file.check(0, len(self._index_file.content))

    def _check_index(self, first: int, end: int) -> None:
        """Check these numbers of the index."""
        self._index_file.check(self._header + 4 * first, self._header + 4 * end)

    def _check_word(self, number: int) -> None:
        word = bytes(self._word(number))
        if self._find(word) != number:
            raise self._index_file.damaged(f"is damaged: it does not lead to word {number}")

    def check(self) -> None:
        """Check all words and the whole index.

        Raises:
            DamagedFileError: something is damaged.
        """
        self._check_files()
        for number in range(self._num_words):
            self._check_word(number)
            try:
                bytes(self._word(number)).decode()
            except UnicodeDecodeError:
                raise self._words.damaged(f"is damaged: word {number} is not UTF-8") from None

    @property
    def words(self) -> list[str]:
        """All words, in the order of their ids; all of them are checked."""
        self.check()
        return [bytes(self._word(number)).decode("utf-8") for number in range(len(self))]

    def __len__(self) -> int:
        return self._num_words
