"""Where predictions are written: standard output, or a file that appears when it is complete and can be resumed.

A file is written as FILE.part (`partial`). Every MARK_ROWS rows it could be cut off and continued; the last such place
is marked about once a second. These places are at the same rows in every run, so that a compressed file, in which each
stretch between two of them is a member of its own, is the same to the byte whether it was interrupted or not.
"""

import io
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from lstmcli.data.marks import Mark, mark_path
from lstmcli.data.partial import Part, part_path
from lstmcli.errors import DataError, InterruptedPredictionError, LstmcliError, UsageError, counted
from lstmcli.visible import VisibleText

STANDARD_OUTPUT = "-"

MARK_ROWS = 2048

GZIP_WINDOW = 31  # of zlib: the largest, with gzip's header, in which it writes no time

# What ends the work but not for good.
RESUMABLE = KeyboardInterrupt, OSError, MemoryError, LstmcliError


class Output:
    """An open output.

    Attributes:
        stream: to write to.
        done: how far an earlier run came, None for a new output.
    """

    def __init__(self, stream: TextIO, done: Mark | None = None) -> None:
        self.stream = stream
        self.done = done

    def row_written(self, input_row: int) -> None:
        """Say that a row is complete, made of row `input_row` of the input, from 1."""


class _FileOutput(Output):
    def __init__(self, part: Part, *, is_compressed: bool) -> None:
        self._members = _GzipMembers(part) if is_compressed else None
        self._part = part
        self._written_rows = 0 if part.done is None else part.done.written_rows
        self._text = io.TextIOWrapper(cast("BinaryIO", self._members or part), encoding="utf-8", newline="\n")
        super().__init__(self._text, part.done)

    def row_written(self, input_row: int) -> None:
        self._written_rows += 1
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
def open_output(path: str | None, *, job: str = "", resume: bool = False) -> Iterator[Output]:
    """Open a UTF-8 output to `path` (None or STANDARD_OUTPUT, or a file; .gz: compressed).

    A file is moved to its place at the end. An interruption, a full disk or a process that dies leaves what is needed
    to go on; an error in the input leaves nothing.

    Args:
        path: of the output.
        job: what is asked for, in words of the caller's.
        resume: whether to go on with what an interrupted run with the same `job` has left, if it has left something.

    Raises:
        DataError: the folder is missing or can't be written, the partial output is not ours or is being written, or
            what an interrupted run has left is damaged or was another job.
        UsageError: what is no file can't be gone on with; spreadsheets can't be written.
    """
    if path is not None and path.lower().endswith((".xlsx", ".xls", ".ods")):
        raise UsageError(f"{path}: spreadsheets can't be written; choose .csv, .tsv or .jsonl.")
    if _is_stream(path):
        if resume:
            raise UsageError("--resume goes on with a file; name it with --output.")
        with _open_stream(path) as stream:
            yield Output(stream)
            stream.flush()
        return
    assert path is not None
    if Path(path).is_dir() or path.endswith((os.sep, os.altsep or os.sep)):
        example = Path(path) / "predictions.csv"
        raise DataError(f"{path}: is a folder, expected the name of a file to write, such as {example}.")
    with _open_file(_target(path), job, resume=resume) as output:
        yield output


def check_output(path: str | None, inputs: Sequence[str], standard_input: str) -> None:
    """Check that writing to `path` changes none of the `inputs` before they are read.

    A file may be written to itself, since it is replaced when all is read.

    Args:
        path: see `open_output`.
        inputs: their paths.
        standard_input: what stands for standard input among them.

    Raises:
        DataError: one of them is the partial output, its mark, or the file that standard output goes to.
    """
    if _is_stream(path):
        number = _descriptor(path)
        taken = [] if number is None or sys.stdout is None else _files(number)
        problem = "is the output, too; name another file, or use --output, which replaces the file at the end."
    else:
        part = part_path(_target(str(path)))
        taken = [*_files(part), *_files(mark_path(part))]
        problem = f"is where rows for {path} are kept until it is complete; rename the input, or choose another output."
    for name in inputs:
        files = _files(0 if name == standard_input else name)
        if any(os.path.samestat(file, other) for file in files for other in taken):
            raise DataError(f"{name}: {problem}")


def _files(file: str | Path | int) -> list[os.stat_result]:
    """Return the status of a plain file in a list, or an empty list."""
    try:
        status = os.stat(file)  # noqa: PTH116  # also of a descriptor
    except OSError:
        return []
    return [status] if stat.S_ISREG(status.st_mode) else []


def _is_stream(path: str | None) -> bool:
    """Whether `path` is standard output, or a device or a named pipe, which a file must never replace."""
    if path is None or _descriptor(path) is not None:
        return True
    return Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()


def _descriptor(path: str | None) -> int | None:
    """Return the number of the open file that `path` stands for, or None."""
    if path in {None, STANDARD_OUTPUT, "/dev/stdout"}:
        return 1
    number = re.fullmatch(r"/(?:dev|proc/self)/fd/(\d{1,9})", str(path))
    return 2 if path == "/dev/stderr" else int(number[1]) if number else None


def _target(path: str) -> Path:
    """Return the file to write: a symbolic link is kept, and the file it points to is replaced."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise DataError(f"{path}: is a symbolic link that points to itself; name another file.")
    return target


@contextmanager
def _open_stream(path: str | None) -> Iterator[TextIO]:
    number = _descriptor(path)
    if number != 1:
        # By its name, an open file would be emptied.
        descriptor = os.open(str(path), os.O_WRONLY) if number is None else os.dup(number)
        with os.fdopen(descriptor, "wb") as file, _text_stream(file) as text:
            yield text
        return
    if sys.stdout is None:
        raise DataError("standard output is closed; name a file with --output.")
    stream = _text_stream(sys.stdout.buffer)
    try:
        yield stream
    finally:
        stream.detach()


def _text_stream(file: BinaryIO) -> io.TextIOWrapper:
    """Return a UTF-8 stream. Only a terminal would act on control characters; elsewhere, data is left as it is."""
    kind = VisibleText if file.isatty() else io.TextIOWrapper
    return kind(file, encoding="utf-8", newline="\n")


@contextmanager
def _open_file(target: Path, job: str, *, resume: bool) -> Iterator[Output]:
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
