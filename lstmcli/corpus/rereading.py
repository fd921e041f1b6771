"""Reads labelled files once more, for the cells that `Examples` does not keep."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.columns import CellSelector
from lstmcli.corpus.examples import Examples
from lstmcli.data.formats import Record
from lstmcli.data.reading import STANDARD_INPUT, Source, open_records
from lstmcli.errors import DataError


def can_read_again(path: str) -> bool:
    """Whether `path` is no pipe, whose content comes once."""
    return path != STANDARD_INPUT and not Path(path).is_fifo()


def read_again(
    examples: Examples, paths: Sequence[str], settings: DataSettings
) -> Iterator[tuple[Source, Record, int | None]]:
    """Yield every row of the files, with the number of its example, or None if it is none of the examples.

    Args:
        examples: what `read_examples` returned, with all of its rows.
        paths: as for `read_examples`.
        settings: as for `read_examples`.

    Raises:
        DataError: a file can't be read, or has changed since.
    """
    lines, texts = examples.table["line"].to_numpy(), iter(examples.texts)
    file_of_row = np.searchsorted(examples.ends, examples.table["text"].to_numpy(), side="right")
    num_records = number = 0
    for file, path in enumerate(paths):
        with open_records(path, format_name=settings.format, encoding=settings.encoding) as source:
            selector = CellSelector(source, settings, soft=False, needs_group=False)
            for record in source.records:
                num_records += 1
                if number == len(lines) or file_of_row[number] != file or lines[number] != record.line:
                    yield source, record, None
                    continue
                if selector.select(record).text != next(texts):
                    raise _changed(path)
                yield source, record, number
                number += 1
    if number != len(lines) or num_records != examples.num_rows:
        raise _changed(examples.name)


def _changed(name: str) -> DataError:
    return DataError(f"{name}: has changed while it was read; run the command again.")
