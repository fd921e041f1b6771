"""Lists in one shell word: items separated by commas, in double quotes where an item holds a comma."""

import csv


def split_list(word: str) -> list[str]:
    """Return the items that are not empty, without the spaces before them."""
    # A line end belongs to an item here as any other character does; the csv module would refuse it.
    rows = csv.reader([word.replace("\r", "\0r").replace("\n", "\0n")], skipinitialspace=True)
    return [item.replace("\0n", "\n").replace("\0r", "\r") for item in next(rows, []) if item]
