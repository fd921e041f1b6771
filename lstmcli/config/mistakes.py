"""Mistakes in keys and values, as users read them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from lstmcli.config.excerpts import excerpt, shown
from lstmcli.config.expectations import expectation, number_type
from lstmcli.config.keys import FILE_KEYS, MAPPING, KeyPath, sections, type_of
from lstmcli.config.suggestions import suggestion
from lstmcli.config.thresholds import problems_of

# More would scroll the first ones off the screen.
MAX_MISTAKES = 20

# The longest path that Linux accepts, and longer than any name of a column.
MAX_TEXT_CHARACTERS = 4_096

# Python's own stand-ins for the bytes of a file name that is not UTF-8.
SURROGATE = re.compile("[\ud800-\udfff]")
BYTE = re.compile("[\udc80-\udcff]")


def describe(problem: Any, prefix: str, typed: dict[KeyPath, str]) -> str:
    """Return the message of one of pydantic's errors.

    Args:
        problem: the error.
        prefix: the file, for keys that come from there.
        typed: what was typed for the keys that come from the command line.
    """
    key = _key_of(problem)
    # For an unknown section from --set, `typed` has only the full key, which starts with it.
    key = next((other for other in typed if other[: len(key)] == key), key)
    where = place(key, prefix, typed)
    if problem["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        return f"{where}: unknown key.{suggestion(key, sections())}"
    value = shown(problem["input"])
    if problem["type"] == "string_type":
        return f"{where}: expected text, found {value} (put it in quotes)."
    is_large = problem["type"].startswith("less_than")
    wanted = "keys with values below it" if len(key) == 1 else expectation(type_of(key), in_full=is_large)
    return f"{where}: expected {wanted}, got {value}."


def _key_of(problem: Any) -> KeyPath:
    # For a union, pydantic appends the type that it tried; only the first two parts are the key.
    return tuple(str(part) for part in problem["loc"][:2])


def place(key: KeyPath, prefix: str, typed: dict[KeyPath, str]) -> str:
    """Return where the value of `key` was given; arguments are as for `describe`."""
    return typed.get(key, prefix + excerpt(".".join(key)))


def mistakes(raw: Any, problems: Sequence[Any], prefix: str, typed: dict[KeyPath, str]) -> list[str]:
    """Return the messages of pydantic's errors, and of values that pydantic accepts but nothing else would."""
    unfit = dict(_unfit_values(raw))
    found = [f"{place(key, prefix, typed)}: {message}" for key, message in unfit.items()]
    told = {key[:2] for key in unfit}
    others = [problem for problem in problems if _key_of(problem) not in told]
    num_left_out = max(0, len(found) + len(others) - MAX_MISTAKES)
    found = [*found, *(describe(problem, prefix, typed) for problem in others[:MAX_MISTAKES])][:MAX_MISTAKES]
    return [*found, f"and {num_left_out:,} more"] if num_left_out else found


def _unfit_values(raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield the keys whose value has the right type but can't be meant, or no file could be named so."""
    for section, values in raw.items():
        for name, value in values.items() if isinstance(values, dict) else ():
            key = (section, name)
            if isinstance(value, bool) and number_type(type_of(key)) is not None:
                yield key, f"expected {expectation(type_of(key))}, got {shown(value)}."
            for path, message in problems_of(value) if key == MAPPING else ():
                yield (*key, *path), message
            for text in _texts_in(value):
                if isinstance(text, str) and (problem := _text_problem(text, is_file=key in FILE_KEYS)):
                    yield key, problem
                    break


def _texts_in(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else [value]


def _text_problem(text: str, *, is_file: bool) -> str | None:
    if len(text) > MAX_TEXT_CHARACTERS:
        return f"expected at most {MAX_TEXT_CHARACTERS:,} characters, got {len(text):,}."
    if "\0" in text:
        return f"{shown(text)} contains the character U+0000, which is not allowed."
    half = SURROGATE.search(BYTE.sub("", text) if is_file else text)
    if half is not None:
        return f"{shown(text)} contains U+{ord(half.group()):04X}, half of a character; write the character itself."
    return None


def join(problems: list[str]) -> list[str]:
    """Return the lines of one message about all problems."""
    unique = list(dict.fromkeys(problems))
    if len(unique) == 1:
        return unique
    return [_heading(unique), *(f"  {line}" for line in unique)]


def _heading(unique: list[str]) -> str:
    has_more = unique[-1].startswith("and ")
    return f"The first {len(unique) - 1} mistakes:" if has_more else f"{len(unique)} mistakes:"
