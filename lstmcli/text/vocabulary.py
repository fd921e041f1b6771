"""The words that have a row in the embedding table, in the order of the rows."""

from collections.abc import Container, Iterable, Sequence
from typing import Final

PAD_TOKEN: Final = "<pad>"
UNKNOWN_TOKEN: Final = "<unknown>"
PAD_ID: Final = 0
UNKNOWN_ID: Final = 1


class Vocabulary:
    """Words and their ids. Id 0 is padding and id 1 stands for all unknown words."""

    def __init__(self, words: Sequence[str]) -> None:
        """Store all words in the order of their ids, including the two special words.

        Raises:
            ValueError: the special words do not come first, or there are duplicates.
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
        """Select words that occur at least `min_frequency` times in training texts, and `known` words that occur.

        More frequent words come first. Words of equal frequency are in code-point order, so the order of rows in the
        file does not matter.

        Args:
            words: distinct, without the special words.
            counts: how often each word occurs.
            min_frequency: see above.
            max_words: maximum number of words, special words excluded.
            known: for example, the words of a vector file.
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
        """Return one word per line, in which line n (from 0) is the word with id n. Words contain no white space."""
        return "\n".join(self.words) + "\n"

    def extended(self, words: Iterable[str]) -> "Vocabulary":
        """Return a vocabulary with `words` appended, except for those that it already contains."""
        return Vocabulary([*self.words, *dict.fromkeys(word for word in words if word not in self._ids)])

    def id_of(self, word: str) -> int:
        """Return the id of a word, UNKNOWN_ID if it has none."""
        return self._ids.get(word, UNKNOWN_ID)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def __len__(self) -> int:
        return len(self.words)
