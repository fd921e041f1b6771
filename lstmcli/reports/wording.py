"""How lists and fractions are written in sentences."""

from collections.abc import Sequence


def joined(names: Sequence[str], last: str = "and") -> str:
    """Return "a", "a and b" or "a, b and c", with another word before the last one if wanted."""
    between = ", but " if last == "but" else f" {last} "
    return between.join(filter(None, [", ".join(names[:-1]), names[-1]]))


def percent(fraction: float) -> str:
    """Return "88.7%"."""
    return f"{fraction:.1%}"


def first_ones(names: Sequence[str], most: int) -> str:
    """Return the first names as a list, and how many more there are."""
    if len(names) <= most:
        return joined(names)
    return joined([*names[:most], f"{len(names) - most:,} more"])
