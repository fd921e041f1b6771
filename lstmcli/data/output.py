"""Where predictions are written: standard output, or a file that appears when it is complete and can be resumed.

A file is written as FILE.part. Every MARK_ROWS rows, FILE.part.json notes how many of its bytes are valid; whatever a
kill leaves beyond them is cut off, and the work continues from there. Marks are set at the same rows in every run, so
that a compressed file, in which each stretch between two marks is a member of its own, is the same to the byte whether
it was interrupted or not.
"""

import io
import json
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from lstmcli.data.atomic import atomic_path
from lstmcli.errors import DataError, InterruptedPredictionError, LstmcliError, UsageError, counted
from lstmcli.visible import VisibleText

STANDARD_OUTPUT = "-"

MARK_ROWS = 2048

GZIP_WINDOW = 31  # of zlib: the largest, with gzip's header, in which it writes no time


@dataclass(frozen=True)
class Mark:
    """How far an output is good.

    Attributes:
        job: what was asked for, so that nothing else goes on with it.
        input_rows: rows of the input that are done.
        written_rows: rows of the output.
        num_bytes: of the output.
    """

    job: str
    input_rows: int
    written_rows: int
    num_bytes: int


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
    def __init__(self, file: BinaryIO, place: Path, job: str, done: Mark | None, *, is_compressed: bool) -> None:
        self._members = _GzipMembers(file) if is_compressed else None
        self._raw, self._place, self._job = file, place, job
        self._written_rows = 0 if done is None else done.written_rows
        self._text = io.TextIOWrapper(cast("BinaryIO", self._members or file), encoding="utf-8", newline="\n")
        super().__init__(self._text, done)

    def row_written(self, input_row: int) -> None:
        self._written_rows += 1
        if self._written_rows % MARK_ROWS == 0:
            self.finish_part()
            mark = Mark(self._job, input_row, self._written_rows, self._raw.tell())
            with atomic_path(_mark_path(self._place)) as temporary:
                temporary.write_text(json.dumps(vars(mark)) + "\n", encoding="utf-8")

    def finish_part(self) -> None:
        """Let all that was written so far reach the file."""
        self._text.flush()
        if self._members is not None:
            self._members.end_member()
        self._raw.flush()

    def let_go(self) -> None:
        """Part from the file, so that nothing is written to it any more."""
        with suppress(OSError, ValueError):  # what is left in the buffers belongs to what has failed
            self._text.detach()


class _GzipMembers(io.BufferedIOBase):
    """Compresses into members that each can be read alone; gzip reads them one after the other as one."""

    def __init__(self, file: BinaryIO) -> None:
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
        DataError: the folder is missing or can't be written, or the interrupted run was another job.
        UsageError: what is no file can't be gone on with; spreadsheets can't be written.
    """
    if path is not None and path.lower().endswith((".xlsx", ".xls", ".ods")):
        raise UsageError(f"{path}: spreadsheets can't be written; choose .csv, .tsv or .jsonl.")
    if (
        path is None
        or path == STANDARD_OUTPUT
        or (Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir())
    ):
        if resume:
            raise UsageError("--resume goes on with a file; name it with --output.")
        with _open_stream(path) as stream:
            yield Output(stream)
            stream.flush()
        return
    if Path(path).is_dir() or path.endswith((os.sep, os.altsep or os.sep)):
        example = Path(path) / "predictions.csv"
        raise DataError(f"{path}: is a folder, expected the name of a file to write, such as {example}.")
    with _open_file(Path(path), job, resume=resume) as output:
        yield output


@contextmanager
def _open_stream(path: str | None) -> Iterator[TextIO]:
    """Yield standard output, or a device or a named pipe, which a file must never replace."""
    if path is not None and path != STANDARD_OUTPUT:
        with Path(path).open("wb") as file, _text_stream(file) as text:
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
    target = target.resolve()
    place = target.with_name(f"{target.name}.part")
    done = _read_mark(place, job) if resume else None
    try:
        file = place.open("r+b" if place.exists() else "w+b")  # "wb" would empty what another process is writing
    except OSError as error:
        raise DataError(f"{target}: can't be written ({error.strerror}). Does the folder exist?") from None
    try:
        _claim(file, target)
        file.truncate(0 if done is None else done.num_bytes)
        file.seek(0, os.SEEK_END)
        if done is None:
            _mark_path(place).unlink(missing_ok=True)
        output = _FileOutput(file, place, job, done, is_compressed=target.suffix == ".gz")
        try:
            yield output
            output.finish_part()
        except BaseException as error:
            # An input or a command that is wrong will be another job when it is mended.
            if isinstance(error, DataError | UsageError) or not _mark_path(place).exists():
                place.unlink()
                _mark_path(place).unlink(missing_ok=True)
                if isinstance(error, OSError):
                    error.filename = error.filename or str(target)
                raise
            if isinstance(error, KeyboardInterrupt | OSError | LstmcliError):
                raise _interrupted(error, place) from None
            raise
        finally:
            output.let_go()
        file.close()
    finally:
        with suppress(OSError):  # it tries again to write what has failed before
            file.close()
    if target.exists():
        place.chmod(target.stat().st_mode & 0o7777)
    place.replace(target)
    _mark_path(place).unlink(missing_ok=True)


def _interrupted(error: BaseException, place: Path) -> LstmcliError:
    """Say how to go on."""
    num_rows = json.loads(_mark_path(place).read_text(encoding="utf-8"))["written_rows"]
    advice = f"{counted(num_rows, 'row')} written to {place}; the same command with --resume goes on"
    if isinstance(error, KeyboardInterrupt):
        return InterruptedPredictionError(f"interrupted; {advice}.")
    return LstmcliError(f"{place}: {getattr(error, 'strerror', None) or str(error).rstrip('.')}; {advice}.")


def _mark_path(place: Path) -> Path:
    return place.with_name(f"{place.name}.json")


def _read_mark(place: Path, job: str) -> Mark | None:
    """Return how far an interrupted run came, None if it left nothing.

    Raises:
        DataError: it was another job, or what it left is damaged.
    """
    path = _mark_path(place)
    if not path.exists() or not place.exists():
        return None
    try:
        mark = Mark(**json.loads(path.read_text(encoding="utf-8")))
        is_whole = place.stat().st_size >= mark.num_bytes
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: is damaged ({error}); leave --resume out to start again.") from None
    if mark.job != job or not is_whole:
        raise DataError(
            f"{place}: was begun with another model, input or options; give the same ones, or leave --resume out to "
            "start again."
        )
    return mark


def _claim(file: BinaryIO, target: Path) -> None:
    """Make sure that no other process writes the same file at the same time."""
    if os.name == "nt":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise DataError(f"{target}: is being written by another process.") from None
