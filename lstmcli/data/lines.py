"""Bytes to lines: decoding, and saying so before a read would wait for someone to write."""

import codecs
import gzip
import io
import os
import select
import stat
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from lstmcli.errors import DataError, did_you_mean

GZIP_MAGIC = b"\x1f\x8b"

# Bytes that are read and decoded at a time, at most.
CHUNK_BYTES = 1 << 18

BeforeWaiting = Callable[[], None]


def check_encoding(encoding: str) -> None:
    """Raise DataError unless `encoding` names an encoding of text."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        common = ["utf-8", "utf-16", "cp1252", "latin-1", "cp1251", "gb18030", "shift_jis"]
        raise DataError(
            f"Unknown encoding {encoding!r}.{did_you_mean(encoding, common)} Common ones: {', '.join(common)}."
        ) from None
    try:
        "".encode(encoding)
    except LookupError as error:
        raise DataError(f"Encoding {encoding!r} can't be used: {error}.") from None


def decoded_lines(
    stream: BinaryIO, encoding: str, name: str, before_waiting: BeforeWaiting | None = None
) -> Iterator[str]:
    r"""Yield the lines of `stream` with their ends. Only "\n" ends a line, never a lone "\r" or a Unicode separator.

    Args:
        stream: of bytes.
        encoding: of the text; a byte order mark is dropped.
        name: the input, for messages.
        before_waiting: is called when all complete lines were yielded and no more bytes have come yet.

    Raises:
        DataError: bytes that are not in `encoding` (in UTF-8, after all lines before them); damaged gzip data.
    """
    is_utf8 = codecs.lookup(encoding).name == "utf-8"
    decoder = codecs.getincrementaldecoder("utf-8-sig" if is_utf8 else encoding)()
    num_lines = 0
    unfinished: list[str] = []  # parts of a line whose end has not come yet

    def complete(text: str) -> Iterator[str]:
        nonlocal num_lines
        *ends, rest = text.split("\n")
        if ends:
            num_lines += len(ends)
            yield "".join([*unfinished, ends[0], "\n"])
            unfinished.clear()
            for end in ends[1:]:
                yield end + "\n"
        if rest:
            unfinished.append(rest)

    try:
        for chunk in _chunks(stream, before_waiting):
            yield from complete(decoder.decode(chunk, final=not chunk))
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        if is_utf8:
            yield from complete(before.decode("utf-8" if num_lines or unfinished else "utf-8-sig"))
            before = b""
        raise _undecodable(error, name, num_lines + before.count(b"\n")) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{name}: is damaged or not gzip data ({error}).") from None
    except UnicodeError as error:
        raise DataError(f"{name}: is not {encoding} text ({error}). Try another encoding.") from None
    if unfinished:
        yield "".join(unfinished)


def _undecodable(error: UnicodeDecodeError, name: str, num_lines: int) -> DataError:
    """Say where and what the first byte is that can't be decoded, after `num_lines` good lines."""
    if num_lines == 0 and error.object.startswith(GZIP_MAGIC):
        return DataError(f"{name}: is gzip data; unpack it first, for example with zcat.")
    hint = "utf-16" if error.object[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "cp1252 or latin-1"
    return DataError(
        f"{name}, line {num_lines + 1}: byte 0x{error.object[error.start]:02x} is not {error.encoding}. The file has "
        f"another encoding: try {hint} (train: --set data.encoding=..., predict and evaluate: --encoding ...)."
    )


def _chunks(stream: BinaryIO, before_waiting: BeforeWaiting | None) -> Iterator[bytes]:
    """Yield what `stream` has, as it comes; at the end an empty chunk."""
    waits_for = None if before_waiting is None else _waitable(stream)
    while True:
        if waits_for is not None and before_waiting is not None and not select.select([waits_for], [], [], 0)[0]:
            before_waiting()
        chunk = stream.read1(CHUNK_BYTES)  # type: ignore[attr-defined]  # a BufferedIOBase, as all binary streams here
        yield chunk
        if not chunk:
            return


def _waitable(stream: BinaryIO) -> int | None:
    """Return the file descriptor of a pipe, a terminal or a socket, for which a read may have to wait, else None."""
    try:
        descriptor = stream.fileno()
    except (OSError, io.UnsupportedOperation):
        return None
    if os.name == "nt":  # select knows nothing but sockets there
        return None
    mode = os.fstat(descriptor).st_mode
    return descriptor if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode) else None
