"""The tokens of unlabelled texts, however many, in bounded memory.

Distinct words are numbered, and numbered anew as soon as there are MAX_WORDS of them; the tokens in between are a
segment. Tokens, and the words of each segment with their counts, are in temporary files. `word_merge` adds up the
counts of all segments, so every word is counted exactly, however rare.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.corpus.lines_on_disk import LinesOnDisk
from lstmcli.corpus.numbers_on_disk import NumbersOnDisk
from lstmcli.text.encoder import GrowingVocabulary, TextEncoder
from lstmcli.text.tokenizer import Tokenizer

# Distinct words of a segment, at about 200 bytes each while it is read.
MAX_WORDS = 1 << 17

# Ids in memory at a time.
BLOCK_IDS = 1 << 18


@dataclass(frozen=True)
class Segment:
    """Texts whose words have numbers of their own.

    Attributes:
        ids: places of their tokens among all tokens.
        words: where the words are stored, in the order of their numbers.
        counts: where it is stored how often each of them occurs.
    """

    ids: range
    words: range
    counts: range


class TokenSegments:
    """All tokens of some texts, without a length limit; a text without tokens has one unknown word.

    Attributes:
        segments: which tokens have the same numbers.
        lengths: the number of tokens of each text.
    """

    def __init__(self, texts: Iterable[str], settings: TokenizerSettings) -> None:
        """Tokenise `texts`."""
        self.segments: list[Segment] = []
        self._ids, self.lengths = NumbersOnDisk(np.int32), NumbersOnDisk(np.int32)
        self._words, self._counts = LinesOnDisk(), NumbersOnDisk(np.int64)
        self._take(texts, Tokenizer.without_limit(settings))

    def _take(self, texts: Iterable[str], tokenizer: Tokenizer) -> None:
        # One encoder for all segments: it is part of a cycle, so it would not be freed with its segment.
        numbers = GrowingVocabulary()
        encode = TextEncoder(tokenizer, numbers.id_of)
        segment = _OpenSegment(numbers.words, self._ids, self.lengths)
        for text in texts:
            segment.append(encode(text))
            if len(numbers.words) > MAX_WORDS:
                self._close(segment)
                numbers.start_over()
                encode.forget()
                segment = _OpenSegment(numbers.words, self._ids, self.lengths)
        self._close(segment)

    def _close(self, segment: "_OpenSegment") -> None:
        segment.write()
        start = len(self._counts)
        self._counts.append(segment.counts)
        counts = range(start, len(self._counts))
        ids = range(segment.first_id, len(self._ids))
        self.segments.append(Segment(ids, self._words.append(segment.words), counts))

    def __len__(self) -> int:
        return len(self.lengths)

    def word_counts(self) -> Iterator[tuple[list[str], NDArray[np.int64]]]:
        """Yield the distinct words of each segment, the special ones first, and how often each occurs in it."""
        for segment in self.segments:
            counts = self._counts.read(segment.counts.start, segment.counts.stop)
            yield list(self._words.read(segment.words)), counts

    def places(self, numbers: NDArray[np.int64]) -> list[range]:
        """Return the places of the tokens of texts with these `numbers`, which are in ascending order."""
        found, first_text, first_id, place = list[range](), 0, 0, 0
        for lengths in self.lengths.blocks():
            ends = first_id + np.cumsum(lengths, dtype=np.int64)
            end = int(np.searchsorted(numbers, first_text + len(lengths)))
            rows, place = numbers[place:end] - first_text, end
            found += map(range, (ends - lengths)[rows].tolist(), ends[rows].tolist())
            first_text, first_id = first_text + len(lengths), int(ends[-1])
        return found

    def ids(self, part: range) -> NDArray[np.int32]:
        """Return tokens by their places, numbered as in their segment."""
        return self._ids.read(part.start, part.stop)

    def blocks(self, skipped: list[range]) -> Iterator[tuple[int, NDArray[np.int32]]]:
        """Yield the number of a segment and some of its tokens, all but those that are `skipped`, in their order."""
        for number, segment in enumerate(self.segments):
            start = segment.ids.start
            for gap in [*within(skipped, segment), range(segment.ids.stop, segment.ids.stop)]:
                for first in range(start, gap.start, BLOCK_IDS):
                    yield number, self._ids.read(first, min(first + BLOCK_IDS, gap.start))
                start = gap.stop


def within(parts: list[range], segment: Segment) -> list[range]:
    """Return those of the `parts` that are in the segment; each is in one."""
    return [part for part in parts if part.start in segment.ids]


class _OpenSegment:
    """A segment that is being read.

    Attributes:
        first_id: the place of its first token.
        words: by their numbers.
        counts: (words,), how often each occurs in what is written.
    """

    def __init__(self, words: list[str], ids: NumbersOnDisk, lengths: NumbersOnDisk) -> None:
        self._ids, self._lengths = ids, lengths
        self._block, self._block_lengths = array("i"), array("i")
        self.first_id = len(ids)
        self.words = words
        self.counts = np.zeros(0, dtype=np.int64)

    def append(self, ids: list[int]) -> None:
        """Add a text."""
        self._block.extend(ids)
        self._block_lengths.append(len(ids))
        if len(self._block) >= BLOCK_IDS:
            self.write()

    def write(self) -> None:
        """Write what was added last."""
        ids = np.array(self._block, dtype=np.int32)
        self._ids.append(ids)
        self._lengths.append(np.array(self._block_lengths, dtype=np.int32))
        counts = np.bincount(ids, minlength=len(self.words))
        counts[: len(self.counts)] += self.counts
        self.counts = counts
        del self._block[:], self._block_lengths[:]
