"""Where predictions are written: standard output, a pipe, a device, or a file (`file_output`)."""

import io
import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from lstmcli.data.output_stream import Output
from lstmcli.errors import DataError, UsageError
from lstmcli.visible import VisibleText

STANDARD_OUTPUT = "-"


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
    refuse_spreadsheet(path)
    if is_stream(path):
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
    from lstmcli.data.file_output import open_file_output  # a prediction to standard output needs none of it

    with open_file_output(_target(path), job, resume=resume) as output:
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
    if is_stream(path):
        number = _descriptor(path)
        taken = [] if number is None or sys.stdout is None else _files(number)
        problem = "is the output, too; name another file, or use --output, which replaces the file at the end."
    else:
        from lstmcli.data.marks import mark_path
        from lstmcli.data.partial import part_path

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


def refuse_spreadsheet(path: str | None) -> None:
    """Raise a UsageError if the extension of `path` is that of a spreadsheet."""
    if path is not None and path.lower().endswith((".xlsx", ".xls", ".ods")):
        raise UsageError(f"{path}: spreadsheets can't be written; choose .csv, .tsv or .jsonl.")


def is_stream(path: str | None) -> bool:
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
