"""The parts of a prediction: which inputs there are, and how many shards of each are answered on their own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lstmcli.data.reading import STANDARD_INPUT
from lstmcli.data.remote import is_url, object_state
from lstmcli.data.shards import Shard
from lstmcli.errors import UsageError

# An input has a part for each so many of its bytes: large enough that starting one costs little, small enough that
# little is lost with a worker.
PART_BYTES: Final = 1 << 24

# Each part reads all rows of its input, since only a reader knows where rows end.
MAX_PARTS: Final = 16

EXTENSIONS: Final = {
    "csv": ".csv",
    "csv-semicolon": ".csv",
    "csv-pipe": ".csv",
    "tsv": ".tsv",
    "tsv-raw": ".tsv",
    "jsonl": ".jsonl",
    "text": ".txt",
}


class Input(NamedTuple):
    """An input as it was when the prediction began.

    Attributes:
        name: as the user named it.
        path: where each host finds it.
        num_bytes: its size.
        modified_ns: when it was last modified.
    """

    name: str
    path: str
    num_bytes: int
    modified_ns: int


class Part(NamedTuple):
    """A shard of one input.

    Attributes:
        input: the number of the input, from 1.
        shard: of that input alone.
        file: the name of the output, in the folder of all parts.
    """

    input: int
    shard: Shard
    file: str


def find_inputs(paths: Sequence[str]) -> list[Input]:
    """Return the inputs: files, or URLs of object stores.

    Raises:
        DataError: one of them is not there.
        UsageError: one of them is no file, and can be read only once.
    """
    return [_of_store(path) if is_url(path) else _of_disk(path) for path in paths]


def _of_store(url: str) -> Input:
    return Input(url, url, *object_state(url))


def _of_disk(path: str) -> Input:
    if path == STANDARD_INPUT or not Path(path).is_file():
        raise UsageError("--engine: needs files that all hosts can read, not a pipe.")
    stat = Path(path).stat()
    return Input(path, str(Path(path).absolute()), stat.st_size, stat.st_mtime_ns)


def plan_parts(inputs: Sequence[Input], format_name: str, *, per_input: int | None) -> list[Part]:
    """Return the parts of all inputs, in order.

    Args:
        inputs: to divide.
        format_name: of the output.
        per_input: how many parts each input has; None: by its size.
    """
    parts = []
    for number, each in enumerate(inputs, start=1):
        count = per_input or min(MAX_PARTS, max(1, -(-each.num_bytes // PART_BYTES)))
        for shard in (Shard(index, count) for index in range(1, count + 1)):
            parts.append(Part(number, shard, f"part-{number:05}-{shard.number:03}{EXTENSIONS[format_name]}"))
    return parts
