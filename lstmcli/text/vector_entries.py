"""The entries of a word-vector file in its formats: GloVe text, word2vec text and binary, fastText .vec."""

import struct
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import DataError

FASTTEXT_MODEL_MAGIC = struct.pack("<i", 793712314)

BOM = b"\xef\xbb\xbf"

# What other kinds of files start with, and what to do about them.
OTHER_FILES = {
    FASTTEXT_MODEL_MAGIC: "is a fastText model, not a vector file; use its .vec file instead.",
    b"PK\x03\x04": "is a ZIP archive; unpack it, and name the vector file that it contains.",
    b"\xff\xfe": "is in UTF-16; convert it to UTF-8.",
    b"\xfe\xff": "is in UTF-16; convert it to UTF-8.",
}

MAX_LINE_BYTES = 1 << 24
MAX_WORD_BYTES = 1 << 16
MAX_SIZE = 100_000

# Among this many entries of a binary file, fewer than half have words that are not text.
CHECKED_WORDS = 100

CONTROL_CHARACTERS = bytes({*range(32), 127} - set(b"\t\n\v\f\r"))


class Entry(NamedTuple):
    """A word, its vector, and where it was found; the word is None if it is not valid UTF-8."""

    word: str | None
    vector: NDArray[np.float32]
    place: str


def vector_entries(stream: BinaryIO, name: str) -> Iterator[Entry]:
    """Yield the entries of a file.

    Args:
        stream: the file, unpacked.
        name: of the file, for messages.

    Raises:
        DataError: the content is not in one of the formats, or is truncated.
    """
    first = _read_line(stream, name, 1)
    for magic, problem in OTHER_FILES.items():
        if first.startswith(magic):
            raise DataError(f"{name}: {problem}")
    first = first.removeprefix(BOM)
    header = first.split()
    if len(header) == 2 and all(part.isdigit() and len(part) < 16 for part in header):
        yield from _entries_below_header(stream, name, *map(int, header))
    elif not first.strip():
        raise DataError(f"{name}: {'the first line is' if first else 'is'} empty, expected word vectors.")
    else:
        size = _width(first)
        if not size:
            comma = " Numbers must be separated by spaces or tabs and have decimal points." if b"," in first else ""
            raise DataError(
                f"{name}: the first line is neither a header nor a word followed by numbers, as in a word-vector file "
                f"(embedding.vectors).{comma}"
            )
        yield from _text_entries(chain([first], _lines(stream, name, 2)), size, name, first_line=1, num_words=None)


def _entries_below_header(stream: BinaryIO, name: str, num_words: int, size: int) -> Iterator[Entry]:
    if not 0 < size <= MAX_SIZE:
        raise DataError(f"{name}: the header says that vectors have {size:,} dimensions.")
    if not num_words:
        raise DataError(f"{name}: the header announces 0 words.")
    second = stream.readline(MAX_LINE_BYTES)  # of a binary file, some bytes up to one that looks like a newline
    width = _width(second)
    if second and not _is_text(second):
        yield from _binary_entries(second, stream, num_words, size, name)
        return
    if not second:
        raise DataError(f"{name}: there is nothing below the header, which announces {num_words:,} words.")
    if width not in {0, size}:
        raise DataError(
            f"{name}, line 2: expected a word and {size} numbers, as the header announces, but found {width} numbers; "
            "correct or remove the header."
        )
    lines = chain([second], _lines(stream, name, 3))
    yield from _text_entries(lines, size, name, first_line=2, num_words=num_words)


def _read_line(stream: BinaryIO, name: str, number: int) -> bytes:
    line = stream.readline(MAX_LINE_BYTES)
    if len(line) == MAX_LINE_BYTES:
        raise DataError(f"{name}, line {number}: is longer than {MAX_LINE_BYTES:,} bytes; is this a word-vector file?")
    return line


def _lines(stream: BinaryIO, name: str, number: int) -> Iterator[bytes]:
    while line := _read_line(stream, name, number):
        yield line
        number += 1


def _text_entries(
    lines: Iterator[bytes], size: int, name: str, *, first_line: int, num_words: int | None
) -> Iterator[Entry]:
    found = 0
    for number, line in enumerate(lines, start=first_line):
        entry = _parse_line(line, size, f"line {number}")
        if entry is not None:
            found += 1
            yield entry
        elif len(line.split()) == size and line[:1].isspace():
            found += 1  # the word is a space, which no token is
        elif line.strip():
            raise DataError(f"{name}, line {number}: {_problem(line, size)}")
    if num_words is not None and found < num_words:
        raise DataError(
            f"{name}: is truncated: the header announces {num_words:,} words, but the file has {found:,}. Download it "
            "again, or correct the header if it was shortened on purpose."
        )


def _problem(line: bytes, size: int) -> str:
    expected = f"expected a word and {size} numbers, as on the lines before"
    if not line.endswith(b"\n"):
        return f"{expected}, but the last line ends too early; the file is truncated."
    numbers = line.split()[1:]
    wrong = next((part for part in numbers[-size:] if not _is_number(part)), None)
    if wrong is not None and len(numbers) >= size:
        comma = "; numbers must have decimal points" if b"," in wrong else ""
        return f"{expected}, found {wrong.decode('utf-8', errors='replace')!r:.40}{comma}."
    return f"{expected}, found {len(numbers)}."


def _parse_line(line: bytes, size: int, place: str) -> Entry | None:
    """Split word and numbers from the right, since some files have words that contain spaces."""
    parts = line.rsplit(None, size)
    if len(parts) != size + 1:
        return None
    in_word = parts[0].split()[1:] if b" " in parts[0] or b"\t" in parts[0] else ()
    if in_word and all(b"." in part and _is_number(part) for part in in_word):
        return None  # not a word that contains spaces, but a line with more numbers than the others
    try:
        with np.errstate(over="ignore"):  # the number becomes infinite, and its vector is skipped
            vector = np.array(parts[1:], dtype=np.float32)
    except ValueError:
        return None
    return Entry(_decoded(parts[0]), vector, place)


def _decoded(word: bytes) -> str | None:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


def _width(line: bytes) -> int:
    """Return how many numbers follow the word in a line, 0 if it is not a word followed by numbers."""
    parts = line.split()
    num_numbers = next((index for index, part in enumerate(reversed(parts)) if not _is_number(part)), len(parts) - 1)
    return num_numbers if 0 < num_numbers <= MAX_SIZE else 0


def _is_text(line: bytes) -> bool:
    has_control = len(line.translate(None, CONTROL_CHARACTERS)) < len(line)
    return not has_control and (_decoded(line) is not None or _width(line) > 0)


def _binary_entries(head: bytes, stream: BinaryIO, num_words: int, size: int, name: str) -> Iterator[Entry]:
    """Read word2vec's binary format: the word, a space, `size` little-endian float32, sometimes a newline."""
    num_bytes = 4 * size
    buffer, start, num_odd = head, 0, 0
    for index in range(num_words):
        while True:
            space = buffer.find(b" ", start, start + MAX_WORD_BYTES)
            end = space + 1 + num_bytes
            if space >= 0 and len(buffer) >= end:
                break
            more = stream.read(1 << 20) if space >= 0 or len(buffer) - start < MAX_WORD_BYTES else b""
            if not more:
                raise DataError(
                    f"{name}: is neither a text file of vectors nor a complete binary one: the header announces "
                    f"{num_words:,} words, but {index:,} could be read, at {size} numbers each."
                )
            buffer, start = buffer[start:] + more, 0
        word = buffer[start:space].lstrip(b"\n")
        vector = np.frombuffer(buffer[space + 1 : end], dtype="<f4").astype(np.float32)
        start = end
        entry = Entry(_decoded(word), vector, f"word {index + 1:,}")
        if index < CHECKED_WORDS:
            num_odd += entry.word is None or len(word.translate(None, CONTROL_CHARACTERS)) < len(word)
            if 2 * num_odd > CHECKED_WORDS or (index + 1 == num_words and 2 * num_odd > num_words):
                raise DataError(f"{name}: most words are not text; the header may announce the wrong size.")
        yield entry
