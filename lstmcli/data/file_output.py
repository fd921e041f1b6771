"""A file of predictions, which appears when it is complete and can be resumed.

It is written as FILE.part (`partial`). Every MARK_ROWS rows it could be cut off and continued; the last such place is
marked about once a second. These places are at the same rows in every run, so that a compressed file, in which each
stretch between two of them is a member of its own, is the same to the byte whether it was interrupted or not.
"""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from lstmcli.data.output_stream import Output
from lstmcli.data.partial import Part
from lstmcli.errors import DataError, InterruptedPredictionError, LstmcliError, UsageError, counted

MARK_ROWS = 2048

GZIP_WINDOW = 31  # of zlib: the largest, with gzip's header, in which it writes no time

# What ends the work but not for good.
RESUMABLE = KeyboardInterrupt, OSError, MemoryError, LstmcliError


class _FileOutput(Output):
    def __init__(self, part: Part, *, is_compressed: bool) -> None:
        self._members = _GzipMembers(part) if is_compressed else None
        self._part = part
        self._written_rows = 0 if part.done is None else part.done.written_rows
        self._text = io.TextIOWrapper(cast("BinaryIO", self._members or part), encoding="utf-8", newline="\n")
        super().__init__(self._text, part.done)

    @property
    def rows_at_once(self) -> int:
        return MARK_ROWS - self._written_rows % MARK_ROWS

    def rows_written(self, input_row: int, num_rows: int = 1) -> None:
        self._written_rows += num_rows
        if self._written_rows % MARK_ROWS == 0:
            self.finish_part()
            self._part.reached(input_row, self._written_rows)

    def finish_part(self) -> None:
        """Let all that was written so far reach the file."""
        self._text.flush()
        if self._members is not None:
            self._members.end_member()

    def let_go(self) -> None:
        """Part from the file, so that nothing is written to it any more."""
        with suppress(OSError, ValueError):  # what is left in the buffers belongs to what has failed
            self._text.detach()


class _GzipMembers(io.BufferedIOBase):
    """Compresses into members that each can be read alone; gzip reads them one after the other as one."""

    def __init__(self, file: Part) -> None:
        self._file = file
        self._compressor: zlib._Compress | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._compressor is None:
            self._compressor = zlib.compressobj(wbits=GZIP_WINDOW)
        self._file.write(self._compressor.compress(data))
        return len(data)

    def end_member(self) -> None:
        if self._compressor is not None:
            self._file.write(self._compressor.flush())
            self._compressor = None


@contextmanager
def open_file_output(target: Path, job: str, *, resume: bool) -> Iterator[Output]:
    """Open `target` for writing; see `output.open_output`, which also says what may be a file."""
    part = Part(target, job, resume=resume)
    output = _FileOutput(part, is_compressed=target.suffix == ".gz")
    try:
        yield output
        output.finish_part()
        part.finish()
    except BaseException as error:
        # Once a wrong input or command is corrected, it is another job. The rows of an earlier process are kept.
        is_mistake = isinstance(error, DataError | UsageError)
        if is_mistake and part.done is None:
            part.discard()
        elif part.keep() and not is_mistake and isinstance(error, RESUMABLE):
            raise _interrupted(error, part) from None
        if isinstance(error, OSError):
            error.filename = error.filename or str(target)
        raise
    finally:
        output.let_go()
        part.let_go()


def _interrupted(error: BaseException, part: Part) -> LstmcliError:
    """Say how to go on."""
    advice = (
        f"{counted(part.marked.written_rows, 'row')} written to {part.path}; the same command with --resume goes on"
    )
    if isinstance(error, KeyboardInterrupt):
        return InterruptedPredictionError(f"interrupted; {advice}.")
    reason = "not enough memory" if isinstance(error, MemoryError) else getattr(error, "strerror", None) or str(error)
    return LstmcliError(f"{part.path}: {reason.rstrip('.')}; {advice}.")
