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

from lstmcli.data.encodings import (
    Utf8Detector,
    codec_name,
    contradicting_encoding,
    encoding_advice,
    encoding_setting,
    marked_encoding,
)
from lstmcli.data.kinds import GZIP_START, refuse_other_kinds
from lstmcli.errors import DataError

# Maximum number of bytes read and decoded at a time.
CHUNK_BYTES = 1 << 18

# As many of the first bytes tell what an input is; a first line may be shorter.
HEAD_BYTES = 8

# No line is longer than this, in characters: it would fill the memory, as a file without line ends does.
MAX_LINE_CHARACTERS = 1 << 24

# The characters to which the error handler "surrogateescape" decodes invalid bytes.
UNDECODABLE = re.compile("[\udc80-\udcff]")

# Also stands in the middle of files that were joined.
BYTE_ORDER_MARK = "\ufeff"

BeforeWaiting = Callable[[], None]


class DecodedLines:
    r"""Iterates over the lines of a stream, with their endings. Only "\n" ends a line, not "\r" or a Unicode separator.

    Gzip data are decompressed. A byte order mark outranks the encoding, and is dropped wherever a line starts with it.

    Attributes:
        encoding: of the text; known once the first line has been read.
        has_undecodable: whether invalid bytes were found so far; UNDECODABLE matches them in the lines.
    """

    def __init__(
        self,
        stream: BinaryIO,
        encoding: str,
        name: str,
        *,
        has_columns: bool = False,
        keeps_undecodable: bool = False,
        before_waiting: BeforeWaiting | None = None,
    ) -> None:
        """Prepare to decode.

        Args:
            stream: of bytes.
            encoding: of text without a byte order mark.
            name: the input, for messages.
            has_columns: whether the lines are those of a table or of JSON Lines, not texts of any kind.
            keeps_undecodable: whether bytes that are invalid in `encoding` are kept, if the encoding allows it.
            before_waiting: is called when all complete lines have been yielded and no more bytes have arrived.
        """
        self.has_undecodable = False
        self._stream = stream
        self.encoding = encoding
        self._name = name
        self._has_columns = has_columns
        self._keeps_undecodable = keeps_undecodable
        self._before_waiting = before_waiting
        self._is_marked = False
        self._sample = b""  # of the bytes around the first invalid one
        self._advice: str | None = None  # costs too much to find out for each row
        self._unfinished: list[str] = []  # parts of a line whose end has not arrived yet
        self._num_unfinished = 0  # their characters
        self._num_lines = 0

    def __iter__(self) -> Iterator[str]:
        """Yield the lines.

        Raises:
            DataError: bytes invalid in the encoding (in UTF-8, after all lines before them); another encoding or kind
                of file; a line without an end; damaged gzip data.
        """
        try:
            yield from self._decoded(self._unpacked())
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            if codec_name(self.encoding) == "utf-8":
                yield from self._complete(before.decode("utf-8"))
                before = b""
            self._note_undecodable(error.object[max(0, error.start - 1000) :])
            byte, line = error.object[error.start], self._num_lines + before.count(b"\n") + 1
            raise DataError(f"{self._name}, line {line}: {self.explain(byte)}") from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{self._name}: is damaged gzip data ({error}); copy or download it again.") from None
        except UnicodeError as error:
            raise DataError(f"{self._name}: is not {self.encoding} text ({error}). Try another encoding.") from None
        if self._unfinished:
            yield "".join(self._unfinished)

    def _decoded(self, chunks: Iterator[bytes]) -> Iterator[str]:
        """Yield all lines that have an end."""
        chunk = next(chunks)
        decoder, detector = self._decoder(chunk), self._detector()
        while True:
            if detector is not None and detector.found(chunk):
                raise self._contradiction("utf-8")
            text = decoder.decode(chunk, final=not chunk)
            if self._keeps_undecodable and not text.isascii() and UNDECODABLE.search(text):
                self._note_undecodable(chunk)
            yield from self._complete(text)
            if self._num_unfinished > MAX_LINE_CHARACTERS:
                raise DataError(
                    f"{self._name}, line {self._num_lines + 1}: is longer than {MAX_LINE_CHARACTERS:,} characters. Is "
                    "this a text file? Its lines must end with a newline."
                )
            if not chunk:
                return
            chunk = next(chunks)

    def explain(self, byte: int) -> str:
        """Return why this byte can't be decoded, and what to do."""
        problem = f"byte 0x{byte:02x} is not valid {self.encoding}"
        if self._is_marked:
            return (
                f"{problem}, though the file starts with its byte order mark; the file is damaged or mixes encodings."
            )
        if self._advice is None:
            self._advice = encoding_advice(self._sample, self.encoding)
        return f"{problem}. The file has another encoding: {self._advice}."

    def _unpacked(self) -> Iterator[bytes]:
        """Yield the bytes, decompressed, of which the first chunk tells what they are; an empty one ends them."""
        waits_for = None if self._before_waiting is None else _waitable(self._stream)
        packed = _Chunks(self._stream, waits_for, self._before_waiting)
        head = packed.head()
        if head.startswith(GZIP_START):
            with gzip.open(_Rejoined(head, self._stream)) as unpacked:  # type: ignore[call-overload]  # it can read
                yield from _Chunks(unpacked, waits_for, self._before_waiting).all()
        elif head and self._name.lower().endswith(".gz"):
            raise DataError(f"{self._name}: is not gzip data, or damaged; if it is not compressed, rename it.")
        else:
            yield from packed.all(head)

    def _decoder(self, head: bytes) -> codecs.IncrementalDecoder:
        """Return what decodes text that starts with `head`.

        Raises:
            DataError: it is no text, or has another encoding.
        """
        refuse_other_kinds(head, self._name, has_columns=self._has_columns)
        marked = marked_encoding(head)
        if marked is None:
            contradicting = contradicting_encoding(head, self.encoding)
            if contradicting is not None:
                raise self._contradiction(contradicting)
        else:
            self._is_marked = True
            self.encoding = marked
        return codecs.getincrementaldecoder(self.encoding)(
            "surrogateescape" if self._keeps_undecodable else "strict",
        )

    def _detector(self) -> Utf8Detector | None:
        return None if codec_name(self.encoding).startswith("utf") else Utf8Detector()

    def _contradiction(self, encoding: str) -> DataError:
        way_out = f" Or convert the file: iconv -f {self.encoding} -t utf-8" if encoding == "utf-8" else ""
        return DataError(
            f"{self._name}: looks like {encoding}, not {self.encoding}: try {encoding_setting(encoding)}.{way_out}"
        )

    def _note_undecodable(self, sample: bytes) -> None:
        self.has_undecodable = True
        self._sample = self._sample or sample

    def _complete(self, text: str) -> list[str]:
        """Return the lines that `text` completes."""
        if not text.isascii() and BYTE_ORDER_MARK in text:
            text = self._without_marks(text)
        *ends, rest = text.split("\n")
        lines = []
        if ends:
            self._num_lines += len(ends)
            lines = [end + "\n" for end in ends]
            lines[0] = "".join([*self._unfinished, lines[0]])
            self._unfinished.clear()
            self._num_unfinished = 0
        if rest:
            self._unfinished.append(rest)
            self._num_unfinished += len(rest)
        return lines

    def _without_marks(self, text: str) -> str:
        if not self._unfinished:
            text = text.lstrip(BYTE_ORDER_MARK)
        return re.sub(f"\n{BYTE_ORDER_MARK}+", "\n", text)


class _Chunks:
    """Reads the bytes of a stream as they arrive."""

    def __init__(self, stream: BinaryIO, waits_for: int | None, before_waiting: BeforeWaiting | None) -> None:
        self._stream = stream
        self._waits_for = waits_for
        self._before_waiting = before_waiting

    def _next(self) -> bytes:
        if self._waits_for is not None and self._before_waiting is not None and not _is_ready(self._waits_for):
            self._before_waiting()
        chunk: bytes = self._stream.read1(CHUNK_BYTES)  # type: ignore[attr-defined]  # as all binary streams here have
        return chunk

    def head(self) -> bytes:
        """Return the first bytes: HEAD_BYTES at least, or a line, or all there are."""
        head = b""
        while len(head) < HEAD_BYTES and b"\n" not in head and (chunk := self._next()):
            head += chunk
        return head

    def all(self, head: bytes | None = None) -> Iterator[bytes]:
        """Yield `head`, if it has been read, and the other bytes, then an empty chunk at the end."""
        chunk = self.head() if head is None else head
        yield chunk
        while chunk:
            chunk = self._next()
            yield chunk


class _Rejoined:
    """A stream whose first bytes have been read, as gzip wants it."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes."""
        if not self._head:
            return self._rest.read1(size)  # type: ignore[attr-defined,no-any-return]  # see _Chunks
        start, self._head = self._head[:size], self._head[size:]
        return start


def _is_ready(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


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
