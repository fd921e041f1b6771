"""Word-vector files: GloVe text, word2vec text and binary, fastText .vec, each gzipped or not."""

import gzip
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import DataError

FASTTEXT_MODEL_MAGIC = struct.pack("<i", 793712314)

Entry = tuple[str, NDArray[np.float32]]


@dataclass(frozen=True)
class WordVectors:
    """`words` in the order of the file, usually most frequent first, and their vectors, `matrix` (words, size)."""

    words: list[str]
    matrix: NDArray[np.float32]

    @property
    def size(self) -> int:
        """The width of a vector."""
        return int(self.matrix.shape[1])


def read_vectors(path: Path, *, max_vectors: int, normalize: Callable[[str], str] = str) -> WordVectors:
    """Read the first `max_vectors` words of a file.

    Args:
        path: the file, whose format is detected from its content.
        max_vectors: how many entries to read; files list frequent words first.
        normalize: applied to each word, such as lower-casing. If several words become equal, the one that was already
            in this form is used, otherwise the first.

    Raises:
        DataError: no such file, a fastText model instead of a .vec file, a row of a different width, or a truncated
            file.
    """
    try:
        with path.open("rb") as stream:
            content = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if path.suffix == ".gz" else stream
            entries = islice(_entries(content, str(path)), max_vectors)
            return _collect(entries, normalize, str(path))
    except FileNotFoundError:
        raise DataError(f"{path}: no such word-vector file (embedding.vectors).") from None
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: can't be read ({error}).") from None


def _collect(entries: Iterator[Entry], normalize: Callable[[str], str], name: str) -> WordVectors:
    rows: dict[str, NDArray[np.float32]] = {}
    exact: set[str] = set()
    for word, vector in entries:
        normal = normalize(word)
        if normal not in rows or (word == normal and word not in exact):
            rows[normal] = vector
        if word == normal:
            exact.add(word)
    if not rows:
        raise DataError(f"{name}: contains no word vectors.")
    return WordVectors(list(rows), np.stack(list(rows.values())))


def _entries(stream: BinaryIO, name: str) -> Iterator[Entry]:
    first = stream.readline()
    if first.startswith(FASTTEXT_MODEL_MAGIC):
        raise DataError(f"{name}: is a fastText model, not a vector file; use its .vec file instead.")
    header = first.split()
    if len(header) == 2 and all(part.isdigit() for part in header):
        num_words, size = map(int, header)
        if size == 0:
            raise DataError(f"{name}: the header says that vectors have 0 dimensions.")
        second = stream.readline()
        if _parse_line(second, size) is None:
            yield from _binary_entries(second, stream, num_words, size, name)
        else:
            yield from _text_entries(second, stream, size, name, first_line=2, num_words=num_words)
    else:
        size = len(header) - 1
        if size < 1 or _parse_line(first, size) is None:
            raise DataError(f"{name}: the first line is neither a header nor a word followed by numbers.")
        yield from _text_entries(first, stream, size, name, first_line=1, num_words=None)


def _text_entries(
    first: bytes, stream: BinaryIO, size: int, name: str, *, first_line: int, num_words: int | None
) -> Iterator[Entry]:
    number = first_line
    line = first
    while line:
        entry = _parse_line(line, size)
        if entry is None:
            raise DataError(f"{name}, line {number}: expected a word and {size} numbers, as on the lines before.")
        yield entry
        line = stream.readline()
        number += 1
    found = number - first_line
    if num_words is not None and found < num_words:
        raise DataError(f"{name}: is truncated: the header announces {num_words:,} words, but the file has {found:,}.")


def _parse_line(line: bytes, size: int) -> Entry | None:
    """Split word and numbers from the right, since some files have words that contain spaces."""
    parts = line.rstrip().rsplit(b" ", size)
    if len(parts) != size + 1:
        return None
    try:
        return parts[0].decode("utf-8", errors="replace"), np.array(parts[1:], dtype=np.float32)
    except ValueError:
        return None


def _binary_entries(head: bytes, stream: BinaryIO, num_words: int, size: int, name: str) -> Iterator[Entry]:
    """Read word2vec's binary format: the word, a space, `size` little-endian float32, sometimes a newline."""
    num_bytes = 4 * size
    buffer = head
    for index in range(num_words):
        while True:
            space = buffer.find(b" ")
            if space >= 0 and len(buffer) >= space + 1 + num_bytes:
                break
            more = stream.read(1 << 20)
            if not more:
                raise DataError(
                    f"{name}: is neither a text file of vectors nor a complete binary one: the header announces "
                    f"{num_words:,} words, but {index:,} could be read."
                )
            buffer += more
        word = buffer[:space].lstrip(b"\n").decode("utf-8", errors="replace")
        end = space + 1 + num_bytes
        yield word, np.frombuffer(buffer[space + 1 : end], dtype="<f4").astype(np.float32)
        buffer = buffer[end:]
