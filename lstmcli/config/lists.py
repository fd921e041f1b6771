"""Comma-separated lists in one shell word; an item that contains a comma is in double quotes."""

import csv

from lstmcli.errors import UsageError


def split_list(word: str) -> list[str]:
    """Return the non-empty items without leading spaces.

    Raises:
        UsageError: an item has more than 131,072 characters.
    """
    # The csv module would reject line breaks, which are ordinary characters here.
    rows = csv.reader([word.replace("\r", "\0r").replace("\n", "\0n")], skipinitialspace=True)
    try:
        items = next(rows, [])
    except csv.Error as error:
        raise UsageError(f"a list of {len(word):,} characters can't be read ({error}).") from None
    return [item.replace("\0n", "\n").replace("\0r", "\r") for item in items if item]
