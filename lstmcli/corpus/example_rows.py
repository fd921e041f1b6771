"""Collects labelled rows of a file into a table, at a few bytes per row."""

import hashlib
from array import array

import numpy as np
import pandas as pd

from lstmcli.corpus.soft_labels import SoftRows
from lstmcli.corpus.texts import TextStore

# The group number of rows without a group.
NO_GROUP = -1


def text_key(text: str) -> int:
    """Return a 64-bit hash that is the same for equal texts, ignoring case and whitespace."""
    folded = " ".join(text.split()).casefold().encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(folded, digest_size=8).digest(), "little", signed=True)


class ExampleRows:
    """Collects rows for a table.

    Attributes:
        store: the texts.
        label_sets: the distinct sets of labels and their numbers.
        soft: the probabilities of the rows, if they are used.
    """

    def __init__(self) -> None:
        self.store = TextStore()
        self.soft: SoftRows | None = None
        self.label_sets: dict[tuple[str, ...], int] = {}
        self._columns = {"line": array("i"), "text_key": array("q"), "label_set": array("i"), "group": array("i")}
        self._groups: dict[str, int] = {"": NO_GROUP}

    def append(self, line: int, text: str, labels: tuple[str, ...], group: str) -> None:
        """Add a row: its line in the file, text, sorted label names, and group ("" for none)."""
        self.store.append(text)
        self._columns["line"].append(line)
        self._columns["text_key"].append(text_key(text))
        self._columns["label_set"].append(self.label_sets.setdefault(labels, len(self.label_sets)))
        self._columns["group"].append(self._groups.setdefault(group, len(self._groups) - 1))

    def table(self) -> pd.DataFrame:
        """Return `Examples.table`. No rows can be added afterwards."""
        table = pd.DataFrame({"text": np.arange(len(self.store), dtype=np.int32)})
        for name in list(self._columns):
            column = self._columns.pop(name)
            table[name] = np.array(column, dtype=np.dtype(column.typecode))
        return table
