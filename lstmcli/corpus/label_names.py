"""The spelling of labels: which spellings are one label, and which look as if they were."""

import json
import re
import unicodedata
from typing import Any

from lstmcli.data.formats.jsonl import SURROGATE

# Controls, soft hyphens, zero-width spaces, byte order marks and marks of direction: nobody sees them. White space is
# none of them, nor are joiners, which shape emoji and the letters of some scripts.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_JOINERS_AND_VARIANTS = re.compile("[\u200c\u200d\ufe00-\ufe0f]")

MISSING_WORDS = {"na", "n/a", "#n/a", "<na>", "nan", "nat", "none", "null", "nil", "undefined", "-", "--", "?"}

# Strings in quotes, separated by commas or, as numpy prints them, by spaces.
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_QUOTED_ITEM = re.compile(_QUOTED)
_LIST = re.compile(rf"[\[({{]\s*(?:(?:{_QUOTED})(?:\s*,\s*|\s+|(?=\s*[\])}}]\Z)))*\s*[\])}}]", re.DOTALL)


def clean_label(text: str) -> str:
    """Return the name of a label as it is compared, shown and stored.

    It is in Unicode's composed form (NFC) and has no invisible characters, no white space at its ends, and otherwise
    single spaces, so that it never breaks a line or a tab-separated field.
    """
    if not (text.isascii() and text.isprintable()):
        text = SURROGATE.sub("\ufffd", _INVISIBLE.sub("", unicodedata.normalize("NFC", text))).strip("\u200c\u200d")
    return " ".join(text.split())


def alike(name: str) -> str:
    """Return what is the same for labels that a reader would take for one."""
    folded = _JOINERS_AND_VARIANTS.sub("", unicodedata.normalize("NFKC", name)).casefold()
    folded = "".join(folded.split())
    try:
        return repr(float(folded)) if folded[-1:].isdigit() else folded
    except ValueError:
        return folded


def listed(text: str) -> list[Any] | None:
    """Return the elements of a list as Python, pandas, numpy or JSON write it in a cell; None if it is no list."""
    text = " ".join(text.split())
    if text[:1] not in {"[", "(", "{"} or not text.endswith(("]", ")", "}")):
        return None
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if isinstance(values, list) and not any(isinstance(value, list | dict) for value in values):
        return values
    if not _LIST.fullmatch(text):
        return None
    return [re.sub(r"\\(.)", r"\1", item[1:-1]) for item in _QUOTED_ITEM.findall(text)]


def quoted(name: str, *, max_characters: int = 60) -> str:
    """Return a label in quotes for a message, with escapes for what is invisible, cut if it is long."""
    shown = repr(name)
    shown = _JOINERS_AND_VARIANTS.sub(lambda found: f"\\u{ord(found.group()):04x}", shown)
    return shown if len(shown) <= max_characters else f"{shown[:max_characters]}..."
