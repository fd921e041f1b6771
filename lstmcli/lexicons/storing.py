"""A lexicon as a JSON object in a model, checked value by value when it is read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lstmcli.lexicons.lexicon import Lexicon

MAX_CATEGORIES = 10_000


@dataclass(frozen=True)
class StoredLexicon:
    """A lexicon in a model: the number of its entries and categories, and the hash of what is in it."""

    name: str
    num_entries: int
    num_categories: int
    digest: str


def stored_lexicon(lexicon: Lexicon) -> StoredLexicon:
    """Return what there is to say about a lexicon in a model."""
    return StoredLexicon(lexicon.name, len(lexicon.entries), len(lexicon.categories), lexicon.digest)


def lexicon_to_dict(lexicon: Lexicon) -> dict[str, Any]:
    """Return what is stored. The words are one text: a word, its categories and their weights on each line."""
    return {
        "name": lexicon.name,
        "digest": lexicon.digest,
        "categories": list(lexicon.categories),
        "weighted": list(lexicon.weighted),
        "words": "\n".join(_line(entry, weights) for entry, weights in lexicon.entries.items()),
    }


def _line(entry: str, weights: Mapping[int, float]) -> str:
    return "\t".join([entry, *(f"{index}={weight!r}" for index, weight in weights.items())])


def lexicon_from_dict(stored: Mapping[str, Any]) -> Lexicon:
    """Read what `lexicon_to_dict` returned, which may be of unknown origin.

    Raises:
        ValueError, KeyError, TypeError: a value is missing, or not what it should be.
    """
    categories, weighted = stored["categories"], stored["weighted"]
    if not isinstance(categories, list) or not isinstance(weighted, list) or len(categories) > MAX_CATEGORIES:
        raise ValueError("lexicon: expected lists of categories")
    if len(categories) != len(weighted) or not all(isinstance(each, bool) for each in weighted):
        raise ValueError("lexicon: expected a kind for each category")
    name = _name(stored["name"])
    names = tuple(_name(each) for each in categories)
    if len(set(names)) != len(names):
        raise ValueError("lexicon: two categories are the same")
    entries = dict(_entry(line, len(names)) for line in str(stored["words"]).split("\n"))
    found = Lexicon(name, names, tuple(weighted), entries)
    if found.digest != stored["digest"]:
        raise ValueError(f"lexicon {name!r:.80}: its words are not those of its digest")
    return found


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(f"lexicon: expected a name, got {value!r:.80}")
    return value


def _entry(line: str, num_categories: int) -> tuple[str, dict[int, float]]:
    entry, *cells = line.split("\t")
    weights = {}
    for cell in cells:
        index, _, weight = cell.partition("=")
        weights[int(index)] = float(weight)
    if not entry or not weights or not all(0 <= index < num_categories for index in weights):
        raise ValueError(f"lexicon: expected a word and its categories, got {line!r:.80}")
    if not all(map(math.isfinite, weights.values())):
        raise ValueError(f"lexicon: a weight of {entry!r:.80} is no number")
    return entry, weights
