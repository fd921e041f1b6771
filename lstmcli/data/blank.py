"""Tells texts with something to read from blank ones."""

import unicodedata

# Unicode categories of characters that show nothing: controls, format characters such as zero-width spaces, separators.
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Zs", "Zl", "Zp"}

# Characters of other categories that show nothing: fillers, an empty Braille cell, and variation selectors.
_INVISIBLE = {
    "\u034f",
    "\u115f",
    "\u1160",
    "\u17b4",
    "\u17b5",
    "\u2800",
    "\u3164",
    "\uffa0",
    *map(chr, range(0xFE00, 0xFE10)),
}


def is_blank(text: str) -> bool:
    """Whether `text` is empty or has only characters that show nothing, such as white space and zero-width spaces."""
    if text and "!" <= text[0] <= "~":  # nearly every text starts with a visible ASCII character
        return False
    return all(
        character in _INVISIBLE or unicodedata.category(character) in _INVISIBLE_CATEGORIES for character in text
    )
