"""Normalises the characters of a text and splits it at white space, before any token is found.

`unicodedata` is that of the Python that runs, so characters newer than its version of Unicode stay as they are.
"""

import re
import unicodedata
from collections.abc import Callable
from itertools import groupby
from typing import Final

# Combining marks, such as accents and the vowel signs of Indic, Arabic, Thai and similar scripts, which are not \w.
# Between them, there are only letters, digits and unassigned code points.
MARKS: Final = (
    "\u0300-\u034e\u0350-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f"
    "\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711-\u07f3\u07fd\u0816-\u082d\u0859-\u085b\u0898-\u08e1"
    "\u08e3-\u0963\u0981-\u09e3\u09fe-\u0a75\u0a81-\u0ae3\u0afa-\u0b63\u0b82-\u0bd7\u0c00-\u0c63\u0c81-\u0c83"
    "\u0cbc-\u0d4d\u0d57-\u0d63\u0d81-\u0df3\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ecd\u0f18\u0f19\u0f35\u0f37\u0f39"
    "\u0f3e-\u0f84\u0f86-\u0fbc\u0fc6\u102b-\u103e\u1056-\u109d\u135d-\u135f\u1712-\u1734\u1752-\u17d3\u17dd"
    "\u1885-\u193b\u1a17-\u1a1b\u1a55-\u1a7f\u1ab0-\u1b44\u1b6b-\u1b73\u1b80-\u1bf3\u1c24-\u1c37\u1cd0-\u1cd2"
    "\u1cd4-\u1dff\u20d0-\u20dc\u20e1\u20e5-\u20f0\u2cef-\u2cf1\u2d7f-\u2dff\u302a-\u302f\ua66f\ua674-\ua67d"
    "\ua69e-\ua6f1\ua802-\ua827\ua82c\ua880-\ua8c5\ua8e0-\ua8f1\ua8ff-\ua92d\ua947-\ua953\ua980-\ua9c0\ua9e5-\uaa4d"
    "\uaa7b-\uaac1\uaaeb-\uaaef\uaaf5\uaaf6\uabe3-\uabea\uabec\uabed\ufb1e\ufe20-\ufe2f"
    "\U00010a01-\U00010a3f\U00011000-\U00011046\U00011070-\U000110ba\U00011100-\U00011134\U00011180-\U000111c0"
    "\U0001e8d0-\U0001e94a"
)

# Shape the letters beside them in Indic and Arabic scripts, and join emoji.
JOINERS: Final = "\u200c\u200d"

# Half of a surrogate pair, as in JSON of truncated tweets. Such a token cannot be written to a file.
_SURROGATE = re.compile("[\ud800-\udfff]")

_QUOTES = {"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'", "\u201c": '"', "\u201d": '"'}
# Also primes, other kinds of apostrophes, and the quotes of Windows-1252 read as Latin-1.
_MORE_QUOTES = {"\u2032": "'", "\u2035": "'", "\u201b": "'", "\u055a": "'", "\u05f3": "'", "\u0091": "'", "\u0092": "'"}
_MORE_QUOTES |= {"\u201f": '"', "\u0093": '"', "\u0094": '"'}

# The acute accent and the Greek koronis, which are typed as apostrophes. NFKC would make them a space and a combining
# accent.
ACUTE, KORONIS = "\u00b4", "\u1fbd"

# Characters that nobody sees, and that occur within words: soft hyphen, word joiner, variation selectors and the like.
# Few, since a code point whose last bits are those of an ASCII letter slows down the translation of the letter.
_INVISIBLE = [0xAD, 0x34F, 0x61C, 0x180B, 0x180C, 0x180D, 0x180E, 0xFEFF, 0x200B, 0x200E, 0x200F, 0x2060]
_INVISIBLE += range(0xFE00, 0xFE10)
# Those that occur beside words, for a regular expression: marks of direction, tags, rare variation selectors.
INVISIBLE_BESIDE_WORDS: Final = "\u202a-\u202e\u2061-\u206f\ufff9-\ufffb\U000e0000-\U000e01ef"

# Letters and symbols without ink, which look like spaces.
_BLANKS = "\u115f\u1160\u2800"

FIRST_CHARACTERS = str.maketrans(_QUOTES)
CHARACTERS = str.maketrans(
    dict.fromkeys(map(chr, _INVISIBLE), "") | dict.fromkeys(_BLANKS, " ") | _QUOTES | _MORE_QUOTES
)

# Scripts without spaces, in which a zero-width space separates words: Thai, Lao, Tibetan, Burmese, Khmer.
_ZERO_WIDTH_SPACE = "\u200b"
# Patterns of rare texts are compiled when one comes.
SPACE_IN_TEXT = "(?<=[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff])\u200b(?=[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff])"

# Sorting n combining marks takes n * n steps. Runs of LONG_RUN marks are truncated to MAX_MARKS, the limit of the
# Stream-Safe Text Format of Unicode Standard Annex 15; no language needs more than a few.
MAX_MARKS: Final = 30
LONG_RUN: Final = 256
# Marks and what else is not \w; the two voiced sound marks are letters that NFKC turns into marks.
_MAY_BE_MARK = r"[^\w\x00-\u02ff]|[\uff9e\uff9f]"
_MAY_BE_RUN = rf"[\W\uff9e\uff9f]{{{LONG_RUN},}}"


def pieces(text: str) -> list[str]:
    """Return the parts of `text` between white space, with characters normalised for the tokenizer."""
    if not text.isascii():
        if ACUTE in text or KORONIS in text:
            text = text.replace(ACUTE, "'").replace(KORONIS, "'")
        text = _plain(text)
        if _ZERO_WIDTH_SPACE in text:
            text = re.sub(SPACE_IN_TEXT, " ", text)
        text = text.translate(CHARACTERS)
    elif "`" in text:
        text = text.translate(FIRST_CHARACTERS)
    return text.split()


def first_pieces(text: str) -> list[str]:
    """Return the same by the first rules, which keep invisible characters and know fewer apostrophes."""
    if not text.isascii():
        text = _plain(text).translate(FIRST_CHARACTERS)
    elif "`" in text:
        text = text.translate(FIRST_CHARACTERS)
    return text.split()


PIECES: Final[dict[int, Callable[[str], list[str]]]] = {1: first_pieces, 2: pieces}


def _plain(text: str) -> str:
    """Turn compatibility forms (full width, styled letters, ...) into the plain characters seen in training."""
    # A long run is met at every step of half its length, so that ordinary texts need no further look.
    if len(text) >= LONG_RUN and re.search(_MAY_BE_MARK, text[:: LONG_RUN // 2]):
        text = re.sub(_MAY_BE_RUN, _without_long_runs, text)
    return _SURROGATE.sub("\ufffd", unicodedata.normalize("NFKC", text))


def _without_long_runs(found: re.Match[str]) -> str:
    """Return the characters found, but only the first MAX_MARKS of each run of at least LONG_RUN marks."""
    runs = (("".join(run), is_mark) for is_mark, run in groupby(found.group(), _is_mark))
    return "".join(run[:MAX_MARKS] if is_mark and len(run) >= LONG_RUN else run for run, is_mark in runs)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or character in "\uff9e\uff9f"
