"""The texts of files that a first stage is distilled from or calibrated on; labels are not read."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.example_rows import text_key
from lstmcli.corpus.row_texts import RowSelector
from lstmcli.data.columns import BadRowError
from lstmcli.data.reading import Layout, open_records
from lstmcli.errors import DataError
from lstmcli.store.model import SavedModel


def texts_of(
    model: SavedModel, paths: Sequence[str], layouts: Sequence[Layout], text_column: str, *, option: str = ""
) -> Iterator[str]:
    """Yield all texts that the model could predict, with whatever else it reads of their rows.

    Args:
        model: says which columns are read.
        paths: of the files, "-" for standard input.
        layouts: how each is read.
        text_column: of tables.
        option: names what is wanted of them, at the start of an error.

    Raises:
        DataError: one can't be read, or has no such column.
    """
    for path, layout in zip(paths, layouts, strict=True):
        with open_records(path, **layout._asdict(), keeps_broken=True) as source:
            select = RowSelector(source, model.columns, text_column)
            for record in source.records:
                try:
                    text = select(record)
                except BadRowError:
                    continue
                except DataError as error:
                    raise DataError(f"{option}{error}") from None
                yield text


def not_among(texts: Iterable[str], learned: NDArray[np.int64]) -> Iterator[str]:
    """Yield the texts whose keys are not among those that a model has learned from, which are sorted."""
    for text in texts:
        key = text_key(text)
        place = int(np.searchsorted(learned, key))
        if place == len(learned) or learned[place] != key:
            yield text
