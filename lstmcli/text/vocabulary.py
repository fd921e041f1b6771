"""The words that have a row in the embedding table, in the order of the rows."""

from collections.abc import Container, Iterable, Sequence
from typing import Final

PAD_TOKEN: Final = "<pad>"
UNKNOWN_TOKEN: Final = "<unknown>"
PAD_ID: Final = 0
UNKNOWN_ID: Final = 1


class Vocabulary:
    """Words and their ids. Row 0 is padding and row 1 stands for every unknown word."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take all words in id order, the two special ones included.

        Raises:
            ValueError: the special words are not in their places, or a word is there twice.
        """
        if list(words[:2]) != [PAD_TOKEN, UNKNOWN_TOKEN]:
            raise ValueError(f"expected the words to start with {PAD_TOKEN}, {UNKNOWN_TOKEN}, got {list(words[:2])}")
        self.words = list(words)
        self._ids = {word: index for index, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            raise ValueError(f"expected distinct words, got {len(self.words) - len(self._ids)} duplicates")

    @classmethod
    def from_counts(
        cls,
        words: Sequence[str],
        counts: Sequence[int],
        *,
        min_frequency: int,
        max_words: int,
        known: Container[str] = (),
    ) -> "Vocabulary":
        """Take the words that occur `min_frequency` times in training texts, and `known` ones that occur at all.

        More frequent words come first; words of equal frequency are in code-point order, so that the order of rows in
        the file does not matter.

        Args:
            words: distinct, the special ones not among them.
            counts: how often each occurs.
            min_frequency: see above.
            max_words: at most so many.
            known: such as the words of a vector file.
        """
        frequent = [
            (-count, word)
            for word, count in zip(words, counts, strict=True)
            if count >= min_frequency or (count and word in known)
        ]
        frequent.sort()
        return cls([PAD_TOKEN, UNKNOWN_TOKEN, *(word for _, word in frequent[:max_words])])

    @classmethod
    def from_file_content(cls, content: str) -> "Vocabulary":
        """Read what `file_content` wrote."""
        return cls(content.removesuffix("\n").split("\n"))

    def file_content(self) -> str:
        """Return one word a line, line n (from 0) being id n. Words hold no white space."""
        return "\n".join(self.words) + "\n"

    def extended(self, words: Iterable[str]) -> "Vocabulary":
        """Return a vocabulary with new `words` behind the old ones; words already there are passed over."""
        return Vocabulary([*self.words, *dict.fromkeys(word for word in words if word not in self._ids)])

    def id_of(self, word: str) -> int:
        """Return the word's id, UNKNOWN_ID if it has none."""
        return self._ids.get(word, UNKNOWN_ID)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def __len__(self) -> int:
        return len(self.words)
