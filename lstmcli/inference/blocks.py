"""What a stream of rows requires of those who compute blocks of texts, and of those who make cells of the results."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar


class Counted(Protocol):
    """What is computed for a block of texts."""

    @property
    def num_without_known_word(self) -> int:
        """The number of texts without a word that the model knows."""


AnswersT = TypeVar("AnswersT", bound=Counted)
AnswersIn = TypeVar("AnswersIn", bound=Counted, contravariant=True)
AnswersOut = TypeVar("AnswersOut", bound=Counted, covariant=True)


class BlockPool(Protocol[AnswersOut]):
    """Takes blocks of texts and returns what is computed for each, in order, immediately or later."""

    def submit(self, texts: Sequence[str]) -> Sequence[AnswersOut]:
        """Take a block; return the results that are now due, in order."""

    def drain(self) -> Sequence[AnswersOut]:
        """Return all remaining results."""


class CellAdder(Protocol[AnswersIn]):
    """Names and orders the cells that are added to a row; see `answers.Adder`."""

    @property
    def num_uncertain(self) -> int:
        """Rows whose prediction was left empty because of its score."""

    @property
    def names_in_rows(self) -> Sequence[str]:
        """The names of the cells, if they stand beside those of the input."""

    def additions(self, answers: AnswersIn) -> Iterator[Mapping[str, Any]]:
        """Yield the cells of each row, in order."""

    def nothing(self) -> Mapping[str, Any]:
        """Return the cells of a row without a prediction."""

    def check(self, columns: Sequence[str], name: str) -> None:
        """Raise a DataError if one of the cells is already in `columns`, those of the input `name`."""

    def on_unknown_words(self, num_texts: int) -> str:
        """Return what to tell a user about texts without a word that the model knows."""

    def on_uncertain(self, num_rows: int) -> str:
        """Return what to tell a user about rows whose prediction is left empty."""
