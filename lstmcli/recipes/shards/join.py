"""`lstmcli join`: the outputs of all shards become the output of the whole prediction, to the byte."""

import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path

from lstmcli.data.formats import FORMATS
from lstmcli.data.formats.delimited import Delimited
from lstmcli.data.output import open_output
from lstmcli.data.output_stream import Output
from lstmcli.data.shards import Manifest, manifest_path, read_manifest, written_rows
from lstmcli.errors import DataError, counted
from lstmcli.recipes.cluster.results import parts_by_input
from lstmcli.recipes.shards.manifest import content_digest, open_content

MAX_SHOWN = 10


def join_shards(
    paths: Sequence[Path], output: str | None, *, resume: bool = False, tell: Callable[[str], None] = lambda _: None
) -> None:
    """Write the rows of all shards in the order of the inputs, with one header.

    Args:
        paths: of the outputs, in any order, or of one folder that `lstmcli predict --engine` has written.
        output: a file (.gz: compressed) or standard output, see `open_output`.
        resume: whether to go on where an interrupted join of the same shards has ended.
        tell: is told how much was joined.

    Raises:
        DataError: a shard is missing, repeated, unfinished, damaged or of another prediction.
    """
    if len(paths) == 1 and paths[0].is_dir():
        groups = [_checked(group) for group in parts_by_input(paths[0])]
        _check_headers(groups)
    else:
        groups = [_checked(paths)]
    job = hashlib.sha256(repr([manifest for group in groups for manifest in group.values()]).encode()).hexdigest()
    with open_output(output, job=job, resume=resume) as destination:
        _Joiner(destination).join(groups)
    num_rows = sum(manifest.written_rows for group in groups for manifest in group.values())
    tell(f"joined {counted(num_rows, 'row')} of {sum(map(len, groups))} shards")


Group = dict[Path, Manifest]


def _checked(paths: Sequence[Path]) -> Group:
    """Return all shards of a prediction in their order, after all checks."""
    manifests = {path: read_manifest(path) for path in paths}
    if len(manifests) < len(paths):
        twice = next(path for path, times in Counter(paths).items() if times > 1)
        raise DataError(f"{twice}: is named more than once; name each shard once.")
    check_fit(manifests)
    for path, manifest in manifests.items():
        _check_content(path, manifest)
    return dict(sorted(manifests.items(), key=lambda item: item[1].shard))


def _check_headers(groups: Sequence[Group]) -> None:
    """Raise a DataError if the outputs of different inputs can't stand under one header."""
    first: tuple[Path, str] | None = None
    for group in groups:
        path, manifest = next(iter(group.items()))
        with ExitStack() as opened:
            header = next(_rows(opened, path, manifest)) if manifest.has_header else ""
        first = first or (path, header)
        if header != first[1]:
            raise DataError(
                f"{path}: has other columns than {first[0]}, and a table has one header. Join the parts of each input "
                "alone, or predict with --columns or --output-format jsonl."
            )


def check_fit(manifests: dict[Path, Manifest]) -> None:
    """Raise a DataError, in one line, unless these are all shards of one prediction."""
    first_path, first = next(iter(manifests.items()))
    for path, manifest in manifests.items():
        differs = [
            what
            for what, is_same in (
                ("number of shards", manifest.of == first.of),
                ("model", manifest.model == first.model),
                ("input", (manifest.inputs, manifest.input_rows) == (first.inputs, first.input_rows)),
                ("set of options (or version of lstmcli)", manifest.options == first.options),
                ("output format", manifest.output_format == first.output_format),
                ("header", manifest.has_header == first.has_header),
            )
            if not is_same
        ]
        if differs:
            raise DataError(f"{path}: has another {differs[0]} than {first_path}; join shards of one prediction.")
    found: dict[int, Path] = {}
    for path, manifest in manifests.items():
        if manifest.shard in found:
            raise DataError(f"{path}: is shard {manifest.shard} of {first.of}, and so is {found[manifest.shard]}.")
        found[manifest.shard] = path
    missing = [number for number in range(1, first.of + 1) if number not in found]
    if missing:
        named = ", ".join(map(str, missing[:MAX_SHOWN])) + (", ..." if len(missing) > MAX_SHOWN else "")
        raise DataError(f"{counted(first.of, 'shard')} are needed, but these are not named: {named}. Run or name them.")


def _check_content(path: Path, manifest: Manifest) -> None:
    try:
        digest = content_digest(path)
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror or error}).") from None
    except (EOFError, zlib.error) as error:
        raise DataError(f"{path}: is damaged gzip data ({error}); run the command of this shard again.") from None
    if digest != manifest.digest:
        raise DataError(
            f"{path}: is not what its {manifest_path(path).name} says: it was changed or cut off. Run the command of "
            "this shard again."
        )


def _rows(opened: ExitStack, path: Path, manifest: Manifest) -> Iterator[str]:
    binary = opened.enter_context(open_content(path))
    stream = opened.enter_context(io.TextIOWrapper(binary, encoding="utf-8", newline="\n"))
    layout = FORMATS[manifest.output_format]
    return written_rows(stream, has_quotes=isinstance(layout, Delimited) and layout.has_quotes)


class _Joiner:
    """Writes the rows of groups of shards, one group after the other."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._num_done = 0 if output.done is None else output.done.input_rows
        self._has_header = self._num_done > 0
        self._number = 0

    def join(self, groups: Sequence[Group]) -> None:
        for group in groups:
            with ExitStack() as opened:
                shards = [_rows(opened, path, manifest) for path, manifest in group.items()]
                self._add(shards, list(group.values()))

    def _add(self, shards: Sequence[Iterator[str]], manifests: Sequence[Manifest]) -> None:
        if manifests[0].has_header:
            headers = [next(rows) for rows in shards]
            if not self._has_header:
                self._output.stream.write(headers[0])
                self._has_header = True
        blocks = [manifest.block_rows() for manifest in manifests]
        for block in count():
            shard = block % len(shards)
            num_rows = next(blocks[shard], None)
            if num_rows is None:
                return
            for row in islice(shards[shard], num_rows):
                self._number += 1
                if self._number > self._num_done:
                    self._output.stream.write(row)
                    self._output.row_written(self._number)
