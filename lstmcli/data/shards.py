"""Shards of one prediction, FILE.shard.json, the manifest beside the output of each, and how they become one output.

Shard I of N answers every N-th block of SHARD_ROWS rows of the inputs, from block I on. Its manifest says of which
prediction it is a shard, how many rows it wrote for each of its blocks, and what the digest of its output is.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

from lstmcli.errors import DataError

SHARD_ROWS: Final = 2048

# Their outputs are open at the same time when they are joined. Each shard reads all rows, so more bring little.
MAX_SHARDS: Final = 512

# A billion rows of which every block has another number of rows take less.
MAX_MANIFEST_BYTES: Final = 1 << 24

DIGEST: Final = "sha256"


class Shard(NamedTuple):
    """One of `of` shards; `number` is from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, word: str) -> "Shard":
        """Return the shard 2 of 8 for "2/8".

        Raises:
            ValueError: it is no shard.
        """
        number, _, count = word.partition("/")
        if not (number.isascii() and number.isdigit() and count.isascii() and count.isdigit()):
            raise ValueError(f"expected a shard such as 2/8, got {word!r}")
        shard = cls(int(number), int(count))
        if not 1 <= shard.number <= shard.of <= MAX_SHARDS:
            raise ValueError(f"expected a shard from 1/N to N/N, N at most {MAX_SHARDS}, got {word!r}")
        return shard

    def takes(self, row: int) -> bool:
        """Whether the shard answers this row of the inputs, from 1."""
        return ((row - 1) // SHARD_ROWS) % self.of == self.number - 1

    def num_blocks(self, rows: int) -> int:
        """Return how many of the blocks of so many rows are those of the shard."""
        return max(0, -(-(-(-rows // SHARD_ROWS) - self.number + 1) // self.of))


class Tally:
    """Counts the rows that are written for each block of a shard."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._counts: list[int] = []

    def add(self, row: int) -> None:
        """Count this row of the inputs, which the shard takes, as one that is written."""
        block = (row - 1) // SHARD_ROWS // self._shard.of
        if block >= len(self._counts):
            self._counts.extend([0] * (block + 1 - len(self._counts)))
        self._counts[block] += 1

    def counts(self, num_rows: int) -> list[int]:
        """Return the number of written rows for each block, where the inputs have `num_rows` rows."""
        return self._counts + [0] * (self._shard.num_blocks(num_rows) - len(self._counts))


@dataclass(frozen=True)
class Manifest:
    """What is known about a finished shard.

    Attributes:
        shard: its number, from 1.
        of: the number of shards.
        model: a digest of all files that the prediction depends on.
        inputs: a digest of the content of each input.
        options: a digest of all options that change the output, and the version of lstmcli.
        output_format: of the rows.
        has_header: whether the output starts with one.
        input_rows: rows of the inputs, those of other shards too.
        written_rows: rows of the output, without the header.
        blocks: the number of rows in the output for each block, as [rows, number of such blocks] one after the other.
        digest: of the output, before it is compressed.
    """

    shard: int
    of: int
    model: str
    inputs: list[str]
    options: str
    output_format: str
    has_header: bool
    input_rows: int
    written_rows: int
    blocks: list[list[int]]
    digest: str

    def block_rows(self) -> Iterator[int]:
        """Yield the number of rows in the output for each block of the shard."""
        for rows, times in self.blocks:
            for _ in range(times):
                yield rows

    def check(self) -> None:
        """Raise ValueError or TypeError unless all facts fit together."""
        for each in fields(self):
            wanted = each.type if isinstance(each.type, type) else list
            if type(getattr(self, each.name)) is not wanted:
                raise TypeError(f"{each.name} has another type")
        shard = Shard(self.shard, self.of)
        pairs = [(rows, times) for rows, times in self.blocks]
        if not all(type(number) is int and number >= 0 for pair in pairs for number in pair):
            raise ValueError("blocks are no numbers")
        if not 1 <= shard.number <= shard.of <= MAX_SHARDS or any(rows > SHARD_ROWS for rows, _ in pairs):
            raise ValueError("a number is out of range")
        num_blocks, num_rows = sum(times for _, times in pairs), sum(rows * times for rows, times in pairs)
        if num_blocks != shard.num_blocks(self.input_rows) or num_rows != self.written_rows:
            raise ValueError("its blocks don't add up to its rows")


def run_lengths(numbers: Sequence[int]) -> list[list[int]]:
    """Return [number, times] for each run of equal `numbers`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][0] == number:
            found[-1][1] += 1
        else:
            found.append([number, 1])
    return found


def manifest_path(output: Path) -> Path:
    """Return the path of FILE.shard.json."""
    return output.with_name(f"{output.name}.shard.json")


def write_manifest(output: Path, manifest: Manifest) -> None:
    """Write the manifest beside the finished `output`."""
    from lstmcli.data.atomic import atomic_path  # loads tempfile, which few predictions need

    with atomic_path(manifest_path(output)) as temporary:
        temporary.write_text(json.dumps(asdict(manifest)) + "\n", encoding="utf-8")


def read_manifest(output: Path) -> Manifest:
    """Return the manifest beside `output`.

    Raises:
        DataError: there is none, or it is damaged.
    """
    path = manifest_path(output)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_MANIFEST_BYTES + 1)
        if len(content) > MAX_MANIFEST_BYTES:
            raise ValueError("it is too long")
        stored: dict[str, Any] = json.loads(content)
        manifest = Manifest(**stored)
        manifest.check()
    except FileNotFoundError:
        raise DataError(
            f"{output}: there is no {path.name} beside it, so it is no finished output of `lstmcli predict --shard`. "
            "Run the command of this shard again."
        ) from None
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}).") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: is damaged ({error!s:.100}); run the command of this shard again.") from None
    return manifest


def written_rows(stream: TextIO, *, has_quotes: bool) -> Iterator[str]:
    """Yield the rows of a written table with their line ends; quoted cells may have line breaks."""
    if not has_quotes:
        yield from stream
        return
    pending: list[str] = []
    for line in stream:
        if '"' in line and line.count('"') % 2:
            pending.append(line)
            if len(pending) > 1:
                yield "".join(pending)
                pending.clear()
        elif pending:
            pending.append(line)
        else:
            yield line
    if pending:  # damaged, which the digest has told
        yield "".join(pending)
