"""Comma-separated lists in one shell word; an item that contains a comma is in double quotes."""

import csv


def split_list(word: str) -> list[str]:
    """Return the non-empty items without leading spaces."""
    # The csv module would reject line breaks, which are ordinary characters here.
    rows = csv.reader([word.replace("\r", "\0r").replace("\n", "\0n")], skipinitialspace=True)
    return [item.replace("\0n", "\n").replace("\0r", "\r") for item in next(rows, []) if item]
