"""Texts without punctuation or emoji."""

import re
import unicodedata

# Joins or colours what stands before it.
JOINERS = {"\u200d", "\ufe0e", "\ufe0f", "\u20e3"}
SKIN_TONES = range(0x1F3FB, 0x1F400)
FLAGS = range(0x1F1E6, 0x1F200)

SPACES = re.compile(r"[ \t]{2,}")


def without_punctuation(text: str) -> str:
    """Remove punctuation but for what is inside words, names of users and hashtags; several spaces become one."""
    kept = [mark for at, mark in enumerate(text) if not _is_punctuation(text, at)]
    return _tidied("".join(kept), text)


def without_emoji(text: str) -> str:
    """Remove emoji, with what joins and colours them; several spaces become one."""
    return _tidied("".join(mark for mark in text if not _is_emoji(mark)), text)


def _tidied(changed: str, text: str) -> str:
    return text if changed == text else SPACES.sub(" ", changed).strip()


def _is_punctuation(text: str, at: int) -> bool:
    if not unicodedata.category(text[at]).startswith("P") or text[at] in "@#_":
        return False
    is_inside = 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()
    return not is_inside


def _is_emoji(mark: str) -> bool:
    number = ord(mark)
    if mark in JOINERS or number in SKIN_TONES or number in FLAGS:
        return True
    # Symbols such as ° and © are below, arrows and dingbats above.
    return number >= 0x2190 and unicodedata.category(mark) == "So"
