"""What a shard notes about itself while it reads and writes."""

import gzip
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from lstmcli import __version__
from lstmcli.data.output import is_stream
from lstmcli.data.shards import DIGEST, Manifest, Shard, run_lengths, write_manifest
from lstmcli.errors import UsageError
from lstmcli.inference.rows import RowStream
from lstmcli.store.model_digest import model_digest

READ_BYTES = 1 << 20


class ShardJob(NamedTuple):
    """A shard, and a digest of the model that answers it; see `store.model_digest`."""

    shard: Shard
    model: str

    @classmethod
    def of_run(cls, shard: Shard, run: Path) -> "ShardJob":
        """Return the shard of a prediction with the model of `run`."""
        return cls(shard, model_digest(run))


class ShardNotes:
    """Collects what the manifest of a shard says."""

    def __init__(self, job: ShardJob, output: str | None, output_format: str, options: Sequence[object]) -> None:
        """Prepare for a shard that is written to `output`; `options` are all that change what is written.

        Raises:
            UsageError: it is no file.
        """
        if output is None or is_stream(output):
            raise UsageError("--shard: needs a file to write, named with --output, for `lstmcli join`.")
        self._job, self._output, self._output_format = job, Path(output), output_format
        self._options = hashlib.sha256(repr([__version__, *options]).encode("utf-8", "surrogateescape")).hexdigest()
        self._inputs: list[Any] = []

    def see_input(self) -> Callable[[bytes], None]:
        """Return what takes all bytes of the next input."""
        self._inputs.append(hashlib.new(DIGEST))
        see: Callable[[bytes], None] = self._inputs[-1].update
        return see

    def write(self, rows: RowStream[Any]) -> None:
        """Write the manifest of the finished output."""
        assert rows.tally is not None
        blocks = rows.tally.counts(rows.num_read)
        write_manifest(
            self._output,
            Manifest(
                shard=self._job.shard.number,
                of=self._job.shard.of,
                model=self._job.model,
                inputs=[digest.hexdigest() for digest in self._inputs],
                options=self._options,
                output_format=self._output_format,
                has_header=rows.has_header,
                input_rows=rows.num_read,
                written_rows=sum(blocks),
                blocks=run_lengths(blocks),
                digest=content_digest(self._output),
            ),
        )


@contextmanager
def open_content(path: Path) -> Iterator[BinaryIO]:
    """Open an output to read its bytes, decompressed."""
    with path.open("rb") as stream:
        if path.suffix == ".gz":
            with gzip.open(stream) as unpacked:
                yield cast("BinaryIO", unpacked)
        else:
            yield stream


def content_digest(path: Path) -> str:
    """Return the digest of an output, before it was compressed."""
    digest = hashlib.new(DIGEST)
    with open_content(path) as stream:
        while found := stream.read(READ_BYTES):
            digest.update(found)
    return digest.hexdigest()
