"""Values from files that strangers may have written, as messages show them: on one line, and not at full length."""

from typing import Any

MAX_VALUE_CHARACTERS = 80
MAX_TYPED_CHARACTERS = 200


def excerpt(text: str, most: int = MAX_VALUE_CHARACTERS) -> str:
    """Return `text` with at most `most` characters, shortened in the middle, and escaped if it can't be printed."""
    if len(text) > most:
        text = f"{text[: most - most // 3]}...{text[len(text) - most // 3 + 3 :]}"
    return text if text.isprintable() else "".join(each if each.isprintable() else _escaped(each) for each in text)


def shown(value: Any) -> str:
    """Return a value as YAML would name it: null, true, 3, 'text'."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        return excerpt(repr(value))
    except (ValueError, RecursionError):  # more digits than Python converts, or a list in a list in a list ...
        return f"a value of type {type(value).__name__}"


def _escaped(character: str) -> str:
    return repr(character)[1:-1]
