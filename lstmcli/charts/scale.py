"""Maps values to positions, and chooses round numbers for the ticks of an axis."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

ScaleName = Literal["linear", "log"]

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Scale:
    """A stretch of numbers from `low` to `high`; with `is_log`, both are logarithms to base 10.

    Attributes:
        low: the value at the start of the axis.
        high: the value at its end, above `low`.
        is_log: whether equal distances are equal ratios.
    """

    low: float
    high: float
    is_log: bool = False

    @classmethod
    def of(cls, values: Iterable[float], name: ScaleName = "linear", *, with_zero: bool = False) -> "Scale":
        """Return a scale that covers all `values` that it can show, with some room if they are all the same."""
        is_log = name == "log"
        shown = [math.log10(value) if is_log else float(value) for value in values if can_show(value, name)]
        if with_zero:
            shown.append(0.0)
        low, high = (min(shown), max(shown)) if shown else (0.0, 1.0)
        if low == high:
            room = 1.0 if is_log else abs(low) or 1.0
            low, high = low - room, high + room
        return cls(low, high, is_log)

    @classmethod
    def between(cls, ends: tuple[float, float]) -> "Scale":
        """Return a linear scale from the lower to the higher of two different numbers."""
        return cls(*ends)

    def position(self, value: float) -> float:
        """Return where `value` is, from 0 to 1."""
        return ((math.log10(value) if self.is_log else value) - self.low) / (self.high - self.low)

    def ticks(self, most: int, *, whole: bool = False) -> list[tuple[float, str]]:
        """Return up to about `most` round values (`whole`: no fractions) within the scale, and how they are written."""
        step = _round_step((self.high - self.low) / max(1, most), whole=self.is_log or whole)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        numbers = [step * index for index in range(first, last + 1)]
        if self.is_log:
            return [(10.0**exponent, _power(round(exponent))) for exponent in numbers]
        texts = _texts(numbers, step)
        return list(zip(numbers, texts, strict=True))


def can_show(value: float, name: ScaleName = "linear") -> bool:
    """Whether `value` has a place on a scale: it is finite, and positive where the scale is logarithmic."""
    return math.isfinite(value) and (name == "linear" or value > 0.0)


def _round_step(step: float, *, whole: bool) -> float:
    """Return the next number from `step` on that is 1, 2 or 5 times a power of ten."""
    if whole and step <= 1.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= step * (1.0 - 1e-9))


def _texts(numbers: Sequence[float], step: float) -> list[str]:
    if numbers and not 1e-5 <= max(map(abs, numbers)) < 1e6:
        return [f"{value:.3g}" for value in numbers]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{value if abs(value) > step / 2 else 0.0:,.{decimals}f}".replace("-", "−") for value in numbers]


def _power(exponent: int) -> str:
    """Write a power of ten, those near 1 as plain numbers."""
    if -2 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(_RAISED)
