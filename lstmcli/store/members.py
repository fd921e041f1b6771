"""The names of the weights of several networks in one file: those of network n start with "n."."""

from typing import TypeVar

Value = TypeVar("Value")


def name_prefix(number: int, num_members: int) -> str:
    """Return what the names of network `number`, from 1, start with."""
    return "" if num_members == 1 else f"{number}."


def by_member(named: dict[str, Value], num_members: int) -> list[dict[str, Value]]:
    """Part the names of all networks."""
    if num_members == 1:
        return [dict(named)]
    parts: list[dict[str, Value]] = [{} for _ in range(num_members)]
    for name, value in named.items():
        number, dot, own = name.partition(".")
        if not (dot and number.isdecimal() and 1 <= int(number) <= num_members):
            raise ValueError(f"weights {name!r:.80} of {num_members} networks")
        parts[int(number) - 1][own] = value
    return parts
