r"""Text from elsewhere, made safe to show: control characters become visible escapes such as \x1b and \u202e.

Texts, labels, column names and file names are data of strangers. Shown as they are, they could set a terminal's title,
clear its screen, forge a line of a log, or reverse the order of what a reader sees.
"""

import io
import unicodedata

# Controls, formats (such as those that change the direction of text), surrogates, separators of lines and paragraphs.
UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}

# Formats that spelling needs: the (zero-width) joiner and non-joiner of Persian, Indic scripts and emoji.
JOINERS = "\u200c\u200d"

SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# How Python represents the bytes 0x80 to 0xff of a file name that is not UTF-8 ("surrogateescape").
UNDECODED_BYTES = range(0xDC80, 0xDD00)


def visible(text: str, *, keep: str = "") -> str:
    """Return `text` with escapes for all characters that control a terminal or are invisible, except those in `keep`.

    Backslashes are not doubled, so the result is for reading only.
    """
    if text.isprintable():
        return text
    return "".join(character if character in keep or is_safe(character) else _escape(character) for character in text)


def is_safe(character: str) -> bool:
    """Whether a character can be shown as it is."""
    return character in JOINERS or unicodedata.category(character) not in UNSAFE_CATEGORIES


def _escape(character: str) -> str:
    code = ord(character)
    if code in UNDECODED_BYTES:
        code -= 0xDC00
    if code < 0x100:
        return SHORT_ESCAPES.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class VisibleText(io.TextIOWrapper):
    """A text stream to a terminal, for rows of data: only their tabs and line ends reach the terminal as they are."""

    def write(self, text: str) -> int:
        """Write the visible form of `text`."""
        return super().write(visible(text, keep="\t\n"))
