r"""The tokenizer's regular expressions and tables for JavaScript, translated so that they can't drift apart.

The flag `v` of JavaScript (2023) has nested classes, which Python's `[^\W_]` needs.
"""

import re
from typing import Any

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.text import characters, tokenizer

# What white space is in Python. JavaScript's differs in \x1c-\x1f, \x85 and \ufeff.
SPACES = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
CLASSES = {
    "w": "[\\p{L}\\p{N}_]",
    "W": "[^\\p{L}\\p{N}_]",
    "d": "\\p{Nd}",
    "D": "\\P{Nd}",
    "s": f"[{SPACES}]",
    "S": f"[^{SPACES}]",
    "Z": "$",
}

# In a class with the flag v, these must be escaped.
ESCAPED_IN_CLASS = frozenset("()[]{}/|&!#%,:;<=>@`~")
# So that the pattern is ASCII, whatever it matches.
MUST_BE_CODES = re.compile(r"[^\x20-\x7e]")
TOKEN = re.compile(r"\\U[0-9a-fA-F]{8}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\.|\(\?P<|\(\?P=(\w+)\)|.", re.DOTALL)


def to_javascript(pattern: str) -> str:
    """Return a pattern of Python for a JavaScript RegExp with the flag v."""
    translated: list[str] = []
    in_class = False
    tokens = [found.group() for found in TOKEN.finditer(pattern)]
    for place, token in enumerate(tokens):
        if in_class:
            before = tokens[place - 1]
            is_edge = before in "[^" or tokens[place + 1 : place + 2] == ["]"]
            translated.append("\\-" if token == "-" and is_edge else _in_class(token, is_first=before == "["))
            in_class = token != "]"
        else:
            translated.append(_outside(token))
            in_class = token == "["
    return "".join(translated)


def _in_class(token: str, *, is_first: bool) -> str:
    if token in {"]", "-"} or (token == "^" and is_first):
        return token
    if token == "^":
        return "\\^"
    return "\\" + token if token in ESCAPED_IN_CLASS else _character(token)


def _outside(token: str) -> str:
    if token.startswith("(?P="):
        return f"\\k<{token[4:-1]}>"
    return "(?<" if token == "(?P<" else "/" if token == "/" else _character(token)


def _character(token: str) -> str:
    """Translate an escape, or a character that stands for itself or is part of the syntax."""
    if len(token) > 2 and token[0] == "\\":
        return f"\\u{{{int(token[2:], 16):x}}}"
    if len(token) == 2 and token[0] == "\\":
        escaped = token[1]
        if escaped in CLASSES:
            return CLASSES[escaped]
        return escaped if escaped in "\"'" else token
    return MUST_BE_CODES.sub(lambda found: f"\\u{{{ord(found.group()):x}}}", token)


def tokenizer_tables(settings: TokenizerSettings) -> dict[str, Any]:
    """Return what `assets/characters.js` and `assets/tokenizer.js` need besides the settings."""
    is_first = settings.rules == 1
    kinds = tokenizer.FIRST_KINDS if is_first else tokenizer.KINDS
    table = characters.FIRST_CHARACTERS if is_first else characters.CHARACTERS
    return {
        "kinds": list(kinds),
        "pattern": to_javascript("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items())),
        "characters": {chr(code): found for code, found in sorted(table.items())},
        "apostrophes": "" if is_first else characters.ACUTE + characters.KORONIS,
        "space_in_text": None if is_first else to_javascript(characters.SPACE_IN_TEXT),
        "spaces": CLASSES["s"],
        "long_run": characters.LONG_RUN,
        "max_marks": characters.MAX_MARKS,
        "modifier": to_javascript(tokenizer.MODIFIER.pattern),
        "long_letters": to_javascript(tokenizer.REPEATED_LETTER.pattern),
        "long_letter_run": to_javascript(tokenizer.REPEATED_CHARACTER.pattern),
        "camel_parts": to_javascript(tokenizer.CAMEL_PARTS.pattern),
        "endings": list(tokenizer.CONTRACTION_ENDINGS),
        "masks": {"link": tokenizer.LINK_TOKEN, "email": tokenizer.EMAIL_TOKEN, "user": tokenizer.USER_TOKEN},
        "long": tokenizer.LONG_TOKEN,
        "capitals": tokenizer.CAPITALS_TOKEN,
    }
