"""Word-vector files: the entries of any format as words and one matrix, without the unusable ones."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import DataError, counted
from lstmcli.text.vector_entries import Entry, vector_entries

GZIP_MAGIC = b"\x1f\x8b"

# Vectors with a number this many times larger than those of a typical vector are skipped: such a vector is damaged, and
# next to it all others would be rescaled to zero. Squares of larger numbers than MAX_NUMBER can't be added up.
MAX_RATIO = 1e4
MAX_NUMBER = 1e12


@dataclass(frozen=True)
class WordVectors:
    """`words` in the order of the file, usually most frequent first, and their vectors, `matrix` (words, size).

    `notes` are sentences about entries that were skipped.
    """

    words: list[str]
    matrix: NDArray[np.float32]
    notes: tuple[str, ...] = ()

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
        DataError: no such file, a file in another format, a row of a different width, or a truncated file.
    """
    try:
        with path.open("rb") as stream:
            is_zipped = stream.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
            content = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if is_zipped else stream
            return _collect(islice(vector_entries(content, str(path)), max_vectors), normalize, str(path))
    except FileNotFoundError:
        raise DataError(f"{path}: no such word-vector file (embedding.vectors).") from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder, expected a word-vector file (embedding.vectors).") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: can't be read ({error}); the file may be truncated or damaged.") from None


def _collect(entries: Iterator[Entry], normalize: Callable[[str], str], name: str) -> WordVectors:
    rows: dict[str, Entry] = {}
    exact: set[str] = set()
    repeated: list[str] = []
    undecodable: list[Entry] = []
    for entry in entries:
        if entry.word is None:
            undecodable.append(entry)
            continue
        normal = normalize(entry.word)
        if normal not in rows or (entry.word == normal and normal not in exact):
            rows[normal] = entry
        elif normal in exact and entry.word == normal:
            repeated.append(normal)
        if entry.word == normal:
            exact.add(normal)
    if not rows:
        raise DataError(f"{name}: contains no word vectors.")
    matrix = np.stack([entry.vector for entry in rows.values()])
    is_usable = _usable(matrix)
    if not is_usable.any() or not matrix[is_usable].any():
        raise DataError(
            f"{name}: none of its vectors is usable: their numbers are 0, not finite, or far too large. If the file is "
            "binary, the header may announce the wrong size."
        )
    unusable = [entry for entry, usable in zip(rows.values(), is_usable, strict=True) if not usable]
    notes = [
        _skipped(name, undecodable, "not valid UTF-8"),
        _skipped(name, unusable, "not finite, or far too large"),
        _repeated(name, repeated),
    ]
    words = [word for word, usable in zip(rows, is_usable, strict=True) if usable]
    return WordVectors(words, matrix if is_usable.all() else matrix[is_usable], tuple(filter(None, notes)))


def _usable(matrix: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (words,), True where all numbers of a vector are finite and of the usual size."""
    largest = np.maximum(matrix.max(axis=1), -matrix.min(axis=1)).astype(np.float64)  # nan where one number is nan
    finite = np.isfinite(largest)
    not_zero = largest[finite & (largest > 0.0)]
    typical = float(np.median(not_zero)) if len(not_zero) else 0.0
    usable: NDArray[np.bool_] = finite & (largest <= min(MAX_RATIO * typical, MAX_NUMBER))
    return usable


def _skipped(name: str, entries: list[Entry], reason: str) -> str:
    if not entries:
        return ""
    first = entries[0]
    word = "" if first.word is None else f", {first.word!r}"
    return f"{name}: {counted(len(entries), 'vector')} skipped ({reason}), the first at {first.place}{word}"


def _repeated(name: str, words: list[str]) -> str:
    if not words:
        return ""
    repetitions = counted(len(words), "vector")
    return f"{name}: {repetitions} skipped (another vector of the same word), the first of them {words[0]!r}"
