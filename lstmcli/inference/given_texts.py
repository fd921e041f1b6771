"""Texts passed by a Python program: checked, and split into blocks."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from math import isnan

# Texts that are computed together: enough to sort by length; the memory for more would bring no speed.
BLOCK_TEXTS = 4096

WANTED = "expected a list of strings"

# The types of None, pandas.NA and pandas.NaT. A missing value may also be a float.
MISSING = ("NoneType", "NAType", "NaTType")


def text_blocks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield blocks of `size` texts; the last one may be smaller. `texts` is read once and lazily.

    Raises:
        TypeError: `texts` is not a collection, or one of them is not a string. Earlier blocks have been yielded.
    """
    check_collection(texts)
    remaining, num_before = iter(texts), 0
    while block := list(islice(remaining, size)):
        for number, text in enumerate(block, start=num_before):
            if not isinstance(text, str):
                raise TypeError(f"{WANTED}, but texts[{number}] is {_described(text)}")
        yield block
        num_before += len(block)


def check_collection(texts: object) -> None:
    """Raise a TypeError, with what to pass instead, if `texts` are no collection."""
    found = type(texts).__name__
    if isinstance(texts, str):
        raise TypeError(f"{WANTED}, got str; for one text, pass [text]")
    if isinstance(texts, bytes | bytearray | memoryview):
        raise TypeError(f"{WANTED}, got {found}; decode it and pass [text]")
    if isinstance(texts, Mapping):
        raise TypeError(f"{WANTED}, got {found}; if the texts are its values, pass list(texts.values())")
    if hasattr(texts, "columns"):  # a data frame of any library; iterating would yield the column names
        raise TypeError(f"{WANTED}, got {found}; pass the column with the texts, such as frame['text']")
    shape = getattr(texts, "shape", None)
    if isinstance(shape, tuple) and len(shape) != 1:
        raise TypeError(f"{WANTED}, got {found} of shape {shape}; pass a one-dimensional array, such as texts.ravel()")
    if not isinstance(texts, Iterable):
        raise TypeError(f"{WANTED}, got {'None' if texts is None else found}")


def is_missing(value: object) -> bool:
    """Whether a value stands for none: None, NaN, or one of those of pandas."""
    return type(value).__name__ in MISSING or (isinstance(value, float) and isnan(value))


def _described(text: object) -> str:
    name = type(text).__name__
    if is_missing(text):
        return f"{text}; replace missing values first, for example with series.fillna('')"
    if isinstance(text, bytes | bytearray):
        return f"{name}; decode it first"
    return f"of type {name}"
