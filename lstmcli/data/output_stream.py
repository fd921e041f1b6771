"""What rows are written to, whatever is behind it."""

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from lstmcli.data.marks import Mark


class Output:
    """An open output.

    Attributes:
        stream: to write to.
        done: how far an earlier run came, None for a new output.
    """

    def __init__(self, stream: TextIO, done: "Mark | None" = None) -> None:
        self.stream = stream
        self.done = done

    def row_written(self, input_row: int) -> None:
        """Say that a row is complete, made of row `input_row` of the input, from 1."""
