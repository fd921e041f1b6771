"""What rows are written to, whatever is behind it."""

import sys
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

    @property
    def rows_at_once(self) -> int:
        """The most rows that may be written before `rows_written` is told of them."""
        return sys.maxsize

    def rows_written(self, input_row: int, num_rows: int = 1) -> None:
        """Say that more rows are complete, the last one made of row `input_row` of the input, from 1."""
