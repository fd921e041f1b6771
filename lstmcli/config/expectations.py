"""Descriptions of the values that a setting takes: "a number above 0", "rnn, lstm or peephole"."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from lstmcli.config.model_settings import MAX_COUNT, Limits
from lstmcli.config.thresholds import ThresholdNote

NOUNS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


# Upper limits from here on only protect memory, or keep integers 64-bit.
TECHNICAL_LIMIT = MAX_COUNT


def expectation(hint: Any, *, in_full: bool = False) -> str:
    """Return a description of the values of a field of type `hint`, including technical limits if `in_full`."""
    if get_origin(hint) in {Union, UnionType}:
        return expectation(next(part for part in get_args(hint) if part is not NoneType), in_full=in_full)
    if get_origin(hint) is Annotated:
        of, *notes = get_args(hint)
        if isinstance(notes[0], ThresholdNote):
            return notes[0].expectation
        limits = next(note.limits for note in notes if isinstance(note, Limits))
        limits = {name: limit for name, limit in limits.items() if in_full or limit < TECHNICAL_LIMIT}
        return f"{expectation(of)}{_bounds(limits)}"
    if get_origin(hint) is tuple:
        return "a list"
    choices = choices_of(hint)
    return _either(choices) if choices else NOUNS[hint]


def choices_of(hint: Any) -> list[str]:
    """Return the choices of a field in the order of declaration, or an empty list if its values are free."""
    if hint is bool:
        return ["true", "false"]
    if isinstance(hint, ThresholdNote):
        return list(hint.choices)
    if get_origin(hint) is Annotated:
        return [choice for part in (hint.__origin__, *hint.__metadata__) for choice in choices_of(part)]
    if get_origin(hint) is not Literal:
        return [choice for part in get_args(hint) for choice in choices_of(part)] if get_args(hint) else []
    return [choice for part in get_args(hint) for choice in (choices_of(part) or [str(part)])]


def _either(choices: list[str]) -> str:
    return " or ".join([", ".join(choices[:-1]), choices[-1]]) if len(choices) > 1 else choices[0]


def number_type(hint: Any) -> type | None:
    """Return int or float if the field takes numbers, and None otherwise."""
    if any(isinstance(part, ThresholdNote) for part in get_args(hint)):
        return None
    if get_origin(hint) in {Annotated, Union, UnionType}:
        return next((found for part in get_args(hint) if (found := number_type(part)) is not None), None)
    return hint if hint in (int, float) else None


def _bounds(limits: dict[str, float]) -> str:
    """Return " from 1 to 100", " of at least 1" and the like."""
    if "min_length" in limits:
        return " that is not empty"
    shown = {name: f"{limit:,}" if isinstance(limit, int) else f"{limit:,.10g}" for name, limit in limits.items()}
    if {"ge", "le"} <= shown.keys():
        return f" from {shown['ge']} to {shown['le']}"
    if {"ge", "lt"} <= shown.keys():
        return f" from {shown['ge']} to below {shown['lt']}"
    words = {"ge": "of at least", "gt": "above", "le": "at most", "lt": "below"}
    return " " + " and ".join(f"{words[name]} {limit}" for name, limit in shown.items())
