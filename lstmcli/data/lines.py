"""Decodes bytes into lines, and calls back before a read that would block."""

import codecs
import gzip
import io
import os
import re
import select
import stat
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from lstmcli.errors import DataError, did_you_mean

GZIP_MAGIC = b"\x1f\x8b"

# Maximum number of bytes read and decoded at a time.
CHUNK_BYTES = 1 << 18

# The characters to which the error handler "surrogateescape" decodes invalid bytes.
UNDECODABLE = re.compile("[\udc80-\udcff]")

BeforeWaiting = Callable[[], None]


def check_encoding(encoding: str) -> None:
    """Raise DataError unless `encoding` names a text encoding."""
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


class DecodedLines:
    r"""Iterates over the lines of a stream, with their endings. Only "\n" ends a line, not "\r" or a Unicode separator.

    Attributes:
        encoding: of the text.
        has_undecodable: whether invalid bytes were found so far; UNDECODABLE matches them in the lines.
    """

    def __init__(
        self,
        stream: BinaryIO,
        encoding: str,
        name: str,
        *,
        keeps_undecodable: bool = False,
        before_waiting: BeforeWaiting | None = None,
    ) -> None:
        """Prepare to decode.

        Args:
            stream: of bytes.
            encoding: of the text; a byte order mark is dropped.
            name: the input, for messages.
            keeps_undecodable: whether bytes that are invalid in `encoding` are kept, if the encoding allows it.
            before_waiting: is called when all complete lines have been yielded and no more bytes have arrived.
        """
        self.has_undecodable = False
        self._stream = stream
        self.encoding = encoding
        self._name = name
        self._keeps_undecodable = keeps_undecodable
        self._before_waiting = before_waiting
        self._is_utf8 = codecs.lookup(encoding).name == "utf-8"
        self._unfinished: list[str] = []  # parts of a line whose end has not arrived yet
        self._num_lines = 0

    def __iter__(self) -> Iterator[str]:
        """Yield the lines.

        Raises:
            DataError: bytes invalid in the encoding (in UTF-8, after all lines before them); damaged gzip data.
        """
        errors = "surrogateescape" if self._keeps_undecodable else "strict"
        decoder = codecs.getincrementaldecoder("utf-8-sig" if self._is_utf8 else self.encoding)(errors)
        try:
            for chunk in _chunks(self._stream, self._before_waiting):
                if self._is_utf8 and not self._num_lines:
                    self._refuse(chunk)
                text = decoder.decode(chunk, final=not chunk)
                self._note_undecodable(text)
                yield from self._complete(text)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            if self._is_utf8:
                yield from self._complete(
                    before.decode("utf-8" if self._num_lines or self._unfinished else "utf-8-sig")
                )
                before = b""
            raise _undecodable(error, self._name, self._num_lines + before.count(b"\n")) from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{self._name}: is damaged or not gzip data ({error}).") from None
        except UnicodeError as error:
            raise DataError(f"{self._name}: is not {self.encoding} text ({error}). Try another encoding.") from None
        if self._unfinished:
            yield "".join(self._unfinished)

    def _refuse(self, first: bytes) -> None:
        """Raise DataError if the first bytes show that this is not UTF-8 text at all."""
        if first.startswith(GZIP_MAGIC):
            raise DataError(f"{self._name}: is gzip data; decompress it first, for example with zcat.")
        if first[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            raise DataError(
                f"{self._name}, line 1: byte 0x{first[0]:02x} is not valid utf-8. The file has another encoding: try "
                "--encoding utf-16 (data.encoding)."
            )

    def _note_undecodable(self, text: str) -> None:
        if self._keeps_undecodable and not text.isascii() and UNDECODABLE.search(text):
            self.has_undecodable = True

    def _complete(self, text: str) -> Iterator[str]:
        *ends, rest = text.split("\n")
        if ends:
            self._num_lines += len(ends)
            yield "".join([*self._unfinished, ends[0], "\n"])
            self._unfinished.clear()
            for end in ends[1:]:
                yield end + "\n"
        if rest:
            self._unfinished.append(rest)


def _undecodable(error: UnicodeDecodeError, name: str, num_lines: int) -> DataError:
    """Return an error that locates the first invalid byte, which comes after `num_lines` valid lines."""
    return DataError(
        f"{name}, line {num_lines + 1}: byte 0x{error.object[error.start]:02x} is not valid {error.encoding}. The file "
        "has another encoding: try --encoding cp1252 or --encoding latin-1 (data.encoding)."
    )


def _chunks(stream: BinaryIO, before_waiting: BeforeWaiting | None) -> Iterator[bytes]:
    """Yield the bytes of `stream` as they arrive, then an empty chunk at the end."""
    waits_for = None if before_waiting is None else _waitable(stream)
    while True:
        if waits_for is not None and before_waiting is not None and not select.select([waits_for], [], [], 0)[0]:
            before_waiting()
        chunk = stream.read1(CHUNK_BYTES)  # type: ignore[attr-defined]  # a BufferedIOBase, as all binary streams here
        yield chunk
        if not chunk:
            return


def _waitable(stream: BinaryIO) -> int | None:
    """Return the file descriptor of a pipe, terminal or socket, from which a read may block, else None."""
    try:
        descriptor = stream.fileno()
    except (OSError, io.UnsupportedOperation):
        return None
    if os.name == "nt":  # where select supports only sockets
        return None
    mode = os.fstat(descriptor).st_mode
    return descriptor if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode) else None
